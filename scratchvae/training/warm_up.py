"""The warm-up of KL's weight in a run: which bound it makes of the one that is asked for."""

from scratchvae import optim
from scratchvae.bounds import VAE_BOUNDS, AnalyticKL, BetaAnalyticKL, BetaElbo, Elbo
from scratchvae.optim.config import Configured
from scratchvae.optim.schedules import Schedule
from scratchvae.validation import choose, positive_int

#: How beta rises from 0, by name: functions (beta, steps) that give a schedule.
WARM_UPS = {
    "linear": lambda beta, steps: optim.Linear(0.0, beta, steps),
    "cyclic": lambda beta, steps: optim.Cyclic(beta, steps),
}
#: The bound with a weight of KL for the one that is asked for.
WEIGHED = {
    Elbo: BetaElbo,
    AnalyticKL: BetaAnalyticKL,
    BetaElbo: BetaElbo,
    BetaAnalyticKL: BetaAnalyticKL,
}


def warmed_up(bound, kl_warm_up, steps_an_epoch, epochs):
    """The bound that a run maximises.

    Parameters
    ----------
    bound : Bound
    kl_warm_up : None, int or str
        Epochs in which KL's weight rises from 0: 10 or "linear:10", or "cyclic:40" for four times within 40.
    steps_an_epoch, epochs : int
        Of the run.

    Raises
    ------
    ValueError
        If it makes no sense, the bound has no weight of KL, or the run is over before the warm-up is.
    """
    if kl_warm_up is not None:
        bound = _weighed(bound, *_parsed(kl_warm_up), steps_an_epoch)
    if bound.warm_up_steps > epochs * steps_an_epoch:
        raise ValueError(
            f"the warm-up of KL takes {bound.warm_up_steps} steps, but the run of {epochs} epochs has "
            f"{epochs * steps_an_epoch}, so it would never end: shorten the one or lengthen the other."
        )
    return bound


def _parsed(kl_warm_up):
    """(kind of schedule, epochs)."""
    name, number = "linear", kl_warm_up
    if isinstance(kl_warm_up, str) and ":" in kl_warm_up:
        name, _, number = kl_warm_up.partition(":")
    kind = choose(WARM_UPS, name, "kl_warm_up")
    try:
        return kind, positive_int(int(number) if isinstance(number, str) else number, "its epochs")
    except ValueError:
        raise ValueError(
            "kl_warm_up takes a whole number of epochs of at least 1, as in 10, 'linear:10' or 'cyclic:40', "
            f"not {kl_warm_up!r}."
        ) from None


def _weighed(bound, kind, epochs, steps_an_epoch):
    weighed = WEIGHED.get(type(bound))
    if weighed is None:
        raise ValueError(
            "kl_warm_up needs a bound in which KL stands by itself: elbo, analytic_kl, beta:4 or "
            f"beta_analytic_kl:4, not {type(bound).__name__}."
        )
    beta = getattr(bound, "beta", 1.0)
    if isinstance(beta, Schedule):
        raise ValueError(f"kl_warm_up came beside a bound that has its own, {beta!r}: give one of them.")
    return weighed(kind(beta, epochs * steps_an_epoch))


def name_of(bound):
    """A bound as a checkpoint holds it: its name, with its numbers and schedule if it has some."""
    if isinstance(bound, Configured):
        return bound.config
    names = {kind: name for name, kind in VAE_BOUNDS.items()}
    return names.get(type(bound), type(bound).__name__)
