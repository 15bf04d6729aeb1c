"""Bidirectional Monte Carlo: simulated data, whose log p(x) is caught between two bounds."""

from dataclasses import dataclass

import numpy as np

from scratchvae.evaluation.annealing.ais import (
    annealed_importance_sampling,
    reverse_annealed_importance_sampling,
)
from scratchvae.evaluation.by_datum import by_datum, stopping
from scratchvae.evaluation.kept import Results
from scratchvae.evaluation.statistics import mean_and_error, shown
from scratchvae.validation import positive_int, whole_number


@dataclass(frozen=True)
class Bracket:
    """log p(x) of n simulated data from below and from above.

    Attributes
    ----------
    lower, lower_error : array (n,)
        By annealing from the base to the posterior, nats, with the standard error between chains.
    upper, upper_error : array (n,)
        By annealing from the z of which x was simulated back to the base.
    n_total : int
        How many data were asked for: more than n after an interruption.
    n_chains, n_temperatures, n_leapfrog : int
    """

    lower: np.ndarray
    lower_error: np.ndarray
    upper: np.ndarray
    upper_error: np.ndarray
    n_total: int
    n_chains: int
    n_temperatures: int
    n_leapfrog: int

    @property
    def gap(self):
        """upper - lower, an `Estimate` over the data: on average the sum of what both are off."""
        return mean_and_error(self.upper - self.lower)

    def __str__(self):
        partial = "" if len(self.lower) == self.n_total else f" (PARTIAL: of {self.n_total} asked for)"
        return (
            f"log p(x) of {len(self.lower)} simulated data{partial} lies between "
            f"{shown(mean_and_error(self.lower))} and {shown(mean_and_error(self.upper))} nats; "
            f"the gap is {shown(self.gap)} ({self.n_chains} chains, {self.n_temperatures} temperatures)"
        )


FIELDS = ("lower", "lower_error", "upper", "upper_error")


def bidirectional_monte_carlo(
    model,
    n_data=10,
    *,
    n_chains=32,
    n_temperatures=500,
    n_leapfrog=5,
    base="prior",
    seed=0,
    results=None,
    threads=None,
    progress=None,
):
    """Catch log p(x) of data that the model itself simulates between two bounds.

    z* is drawn from p(z) and x from p(x|z*): then z* is an exact draw of p(z|x). Annealing forward gives a
    lower bound of log p(x) in expectation, annealing back from z* an upper one, by the same temperatures and
    moves. If they meet, annealing with these settings is accurate on data of this kind; on real data, for
    which there is no z*, the forward bound is then trusted as far as those are alike.

    Parameters
    ----------
    model : BayesianModel, or a function from i to the model of datum i
        With `sample_prior`, `simulate` and `with_data`. For a VAE ``DecoderPosterior(vae, x)`` of any x; a
        conditional one simulates data of the label of that x, so give it as a function.
    n_data : int
        How many data are simulated.
    n_chains, n_temperatures, n_leapfrog, base
        As for `annealed_importance_sampling`. The base is that of all simulated data: a fit to the model's
        own data would be far from most of their posteriors.
    seed : int
        Datum i has the generator ``default_rng([seed, 2, i])``.
    results, threads, progress
        As for `evidence_of_each`.

    Returns
    -------
    Bracket

    References
    ----------
    Grosse, Ghahramani & Adams (2015), Sandwiching the marginal likelihood using bidirectional Monte Carlo,
    arXiv:1511.02543; Wu et al. (2017), section 4.3, for decoders.
    """
    settings = {
        "n_chains": positive_int(n_chains, "n_chains"),
        "n_temperatures": positive_int(n_temperatures, "n_temperatures"),
        "n_leapfrog": positive_int(n_leapfrog, "n_leapfrog"),
    }
    n_data, seed = positive_int(n_data, "n_data"), whole_number(seed, "seed")
    results = Results(n_data) if results is None else results

    def both_ways(rows):
        rng = np.random.default_rng([seed, 2, int(rows[0])])
        options = {**settings, "base": base, "rng": rng, "stopped": stopping(results)}
        z, simulated = _simulated(model(int(rows[0])) if callable(model) else model, rng)
        lower = annealed_importance_sampling(simulated, **options).estimate
        upper = reverse_annealed_importance_sampling(simulated, z, **options).estimate
        return dict(zip(FIELDS, ([value] for value in (*lower, *upper)), strict=True))

    by_datum(both_ways, results, 1, threads=threads, progress=progress)
    return bracket_so_far(results, settings)


def bracket_so_far(results, settings):
    """The `Bracket` of the data that are done."""
    return Bracket(**{name: results[name] for name in FIELDS}, n_total=results.n_data, **settings)


def _simulated(model, rng):
    """z* (L,) from the prior, and the model of a datum simulated from it."""
    try:
        z = np.asarray(model.sample_prior(1, rng))[0]
        return z, model.with_data(model.simulate(z, rng))
    except NotImplementedError as error:
        raise ValueError(f"data cannot be simulated: {error}") from None
