"""Simulation-based calibration: does the posterior hold the truth as often as it says, over the prior?"""

import sys
import warnings
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from scratchvae.evaluation.uniformity import BAND, LEVEL, Bins, RankTest
from scratchvae.validation import choose, generator, whole_number

#: The least numbers of simulations and of draws, and of simulations that have not failed.
LEAST_SIMULATIONS, LEAST_DRAWS, LEAST_LEFT = 20, 9, 10
#: Parameters that are drawn if none are named.
MOST_DRAWN = 12


@dataclass(frozen=True, eq=False)
class Calibration:
    """The ranks of true parameters among posterior draws, and what they tell.

    Attributes
    ----------
    ranks : array (S, P)
        How many of the draws lie below the truth, from 0 to `n_draws`, for each simulation whose fit did
        not fail and each number in the parameters.
    names : tuple of str
        The P names.
    n_draws : int
    n_failed, n_not_converged : int
        Fits that raised an error, which are left out, and those that ran out of steps, which are not. If
        failing depends on the truth or the data, the ranks of the others are not uniform even for an
        exact method.
    """

    ranks: np.ndarray
    names: tuple
    n_draws: int
    n_failed: int = 0
    n_not_converged: int = 0

    @property
    def bins(self):
        """The bins of the test and of the histograms, with the band of 99%: a `Bins`."""
        return Bins.of(self.n_draws + 1, len(self.ranks))

    @property
    def tests(self):
        """{name: RankTest}; of all together, a calibrated posterior has one flagged with probability 0.01."""
        bins, level = self.bins, LEVEL / len(self.names)
        return {
            name: RankTest.of(name, ranks, self.n_draws + 1, bins, level)
            for name, ranks in zip(self.names, self.ranks.T, strict=True)
        }

    def __getitem__(self, name):
        return choose(self.tests, name, "parameter")

    @property
    def passed(self):
        """Whether no parameter is flagged. More simulations see smaller errors."""
        return all(test.passed for test in self.tests.values())

    def plot(self, names=None):
        """Draw the histogram of ranks of each parameter with the band of 99% for each bin.

        U-shaped: the posterior is too narrow. A hump: too wide. Rising to the right: too low.

        Parameters
        ----------
        names : sequence of str, optional
            By default the first twelve.

        Returns
        -------
        matplotlib Figure
        """
        from scratchvae import plotting

        chosen = list(self.names[:MOST_DRAWN]) if names is None else list(names)
        known = {name: i for i, name in enumerate(self.names)}
        columns = [choose(known, name, "parameter") for name in chosen]
        bins = self.bins
        return plotting.rank_histograms(
            self.ranks[:, columns], chosen, bins.edges, bins.expected, bins.low, bins.high, BAND
        )

    def __str__(self):
        lines = [f"{len(self.ranks)} simulations, ranks among {self.n_draws} posterior draws"]
        if self.n_failed:
            lines.append(
                f"{self.n_failed} more fits failed and are left out: if that depends on the truth, ranks "
                "need not be uniform."
            )
        if self.n_not_converged:
            lines.append(f"{self.n_not_converged} fits ran out of steps: allow more (steps=...).")
        return "\n".join([*lines, *(test.sentence for test in self.tests.values())])


def simulation_based_calibration(
    model, n_simulations=200, n_draws=99, *, rng=None, fit=None, progress=True, **fit_options
):
    """Check a way of inference on data simulated from the model itself.

    For each simulation the truth is drawn from the prior and data from the likelihood,

        z ~ p(z),   x ~ p(x|z),   z_1, ..., z_n ~ q(z),   q the fit to x

    so that (z, x) is a draw of p(z, x), and z given x one of p(z|x). If q is p(z|x), then z is one of
    n + 1 exchangeable draws: the rank of any function of it among those of z_1, ..., z_n is uniform on
    0, ..., n. So a histogram of ranks that is not flat shows that q is not the posterior, or that density,
    sampler and data do not belong to one model. (Cook, Gelman & Rubin 2006; Talts, Betancourt, Simpson,
    Vehtari & Gelman 2018, "Validating Bayesian inference algorithms with simulation-based calibration",
    theorem 1.) The functions here are the parameters in their own space.

    What it does not show: flat ranks are necessary and not enough (a q that is the prior has them), and
    they are an average over the prior, so that errors may cancel and no word is said of your data.

    Parameters
    ----------
    model : BayesianModel
        With `sample_prior`, `simulate` and `with_data`.
    n_simulations : int
        At least 20. With S of them a bias of 6 / sqrt(S) posterior sd is seen almost surely.
    n_draws : int
        n. That n + 1 has many divisors gives bins of the same width.
    rng : numpy.random.Generator, optional
        ``default_rng(0)`` if not given. Each simulation has its own child of it.
    fit : callable, optional
        model -> an object with ``sample(n, rng)``, in place of `scratchvae.fit`: the exact posterior of a
        conjugate model is ``lambda model: model.exact_posterior()``.
    progress : bool
        Whether to show a progress bar (on a terminal only).
    **fit_options
        For `scratchvae.fit`: ``family="full_rank"``, ``steps=2000``, ...

    Returns
    -------
    Calibration

    Raises
    ------
    ValueError
        If an argument makes no sense, or fewer than ten fits succeed; the last error is then its cause.

    Examples
    --------
    >>> import scratchvae as sv
    >>> model = sv.models.NormalMean([0.0, 0.0], sigma=1.0)
    >>> found = simulation_based_calibration(model, fit=lambda model: model.exact_posterior())
    >>> found.passed
    True
    """
    n_simulations = whole_number(n_simulations, "n_simulations", LEAST_SIMULATIONS)
    n_draws = whole_number(n_draws, "n_draws", LEAST_DRAWS)
    rng = generator(np.random.default_rng(0) if rng is None else rng)
    fitted = _fit_by(fit, fit_options)
    ranks, last_error, n_not_converged = [], None, 0
    hidden = not progress or sys.stderr is None
    for child in tqdm(rng.spawn(n_simulations), unit="fit", disable=True if hidden else None):
        try:
            found, converged = _simulate_one(model, fitted, n_draws, child)
        except (ValueError, ArithmeticError) as error:  # a fit that diverged, data that no model takes
            last_error = error
            continue
        ranks.append(found)
        n_not_converged += not converged
    if len(ranks) < LEAST_LEFT:
        raise ValueError(
            f"only {len(ranks)} of {n_simulations} fits succeeded, too few to tell anything. The last failed "
            f"with: {last_error}"
        ) from last_error
    return Calibration(
        np.array(ranks), tuple(model.space.names), n_draws, n_simulations - len(ranks), n_not_converged
    )


def _fit_by(fit, options):
    """A function (model, rng) -> q."""
    if fit is None:
        from scratchvae import vi

        return lambda model, rng: vi.fit(model, rng=rng, progress=False, **options)
    if options:
        raise ValueError(
            f"{next(iter(options))!r} is an option of scratchvae.fit, in whose place fit=... stands: give it "
            "inside of your function."
        )
    return lambda model, rng: fit(model)


def _simulate_one(model, fit, n_draws, rng):
    """The ranks (P,) of one simulated truth, and whether the fit converged."""
    z = model.sample_prior(1, rng)[0]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "the fit has not converged")  # it is counted
        q = fit(model.with_data(model.simulate(z, rng)), rng)
    truth, draws = parameters_of(model, z), parameters_of(model, q.sample(n_draws, rng))
    if not np.isfinite(draws).all():
        raise ValueError("the posterior's draws are NaN or infinite.")
    return ranks_of(truth, draws, rng), getattr(q, "converged", True)


def parameters_of(model, z):
    """The parameters in their own space, (..., P), of z (..., L)."""
    return model.space.flatten(model.space.forward(z)[0])


def ranks_of(truth, draws, rng):
    """How many of the draws (n, P) lie below the truth (P,); a tie counts by lot, so that it is uniform."""
    below, equal = (draws < truth).sum(axis=0), (draws == truth).sum(axis=0)
    return below + rng.integers(0, equal + 1)
