"""Posterior predictive checks: do data that the fitted model makes look like the data that came?"""

import math
from dataclasses import dataclass

import numpy as np

from scratchvae.validation import finite, generator, has_shape, numeric_array

#: A tail probability closer to 0 or 1 than this is a misfit (Gelman et al. 2013, section 6.3: "less than
#: 0.01 or more than 0.99"), ...
MISFIT = 0.01
#: ... closer than this, unusual.
UNUSUAL = 0.05
#: Two values this close, relatively, are a tie: sums of the same numbers differ by rounding.
TIE = 1e-12


@dataclass(frozen=True, eq=False)
class PredictiveCheck:
    """A statistic of the observed data beside those of data that the model makes.

    Attributes
    ----------
    name : str
        Of the statistic.
    observed : float
        T(x).
    replicated : array (S,)
        T(x_rep), one for each posterior draw.
    """

    name: str
    observed: float
    replicated: np.ndarray

    @property
    def p(self):
        """The tail probability P(T(x_rep) >= T(x) | x), of which ties count one half (the mid-p value).

        With the half, a statistic of few values is not called extreme for its ties alone: a statistic
        that always agrees has p = 1/2.
        """
        ties = np.isclose(self.replicated, self.observed, rtol=TIE, atol=0.0)
        above = (self.replicated > self.observed) & ~ties
        return float(above.mean() + 0.5 * ties.mean())

    @property
    def p_error(self):
        """The Monte Carlo standard error of p for S independent draws, sqrt(p (1 - p) / S)."""
        return math.sqrt(self.p * (1 - self.p) / len(self.replicated))

    @property
    def sentence(self):
        """The result in words."""
        low, high = np.quantile(self.replicated, [0.05, 0.95])
        facts = (
            f"{self.name} is {self.observed:.4g} in the data and {low:.4g} to {high:.4g} in nine of ten "
            f"replications (p = {self.p:.3f}, {len(self.replicated):,} draws)"
        )
        return f"{facts}: {_verdict(self.p)}"

    def plot(self, ax):
        """Draw the replications as a histogram, the observed value as a line; return `ax`."""
        from scratchvae import plotting

        return plotting.predictive_histogram(ax, self.replicated, self.observed, self.name, self.p)

    def __str__(self):
        return self.sentence


def _verdict(p):
    tail = min(p, 1 - p)
    side = "too small" if p < 0.5 else "too large"
    if tail < MISFIT:
        return f"the model does not reproduce it, its values are {side}."
    if tail < UNUSUAL:
        return f"unusual under the model, whose values are mostly {side}."
    return "no misfit shows in this statistic."


def predictive_check(model, z, statistic, rng, observed=None, name=None):
    """Compare a statistic of the data with its posterior predictive distribution.

    For each posterior draw z_s a data set of the same form is drawn, x_rep ~ p(x | z_s), and

        p = P(T(x_rep) >= T(x) | x), estimated by the share of draws s with T(x_rep_s) >= T(x)

    (Rubin 1984; Gelman, Meng & Stern 1996; Gelman et al., Bayesian Data Analysis, 2013, section
    6.3). Choose a T that the model does not fit by itself: the largest value, the number of zeros, a
    correlation of neighbours. Of a normal model with free mean the mean always agrees.

    p is not the probability that the model is true, and for a true model it is not uniform: the data
    have been used twice, for z and for T(x), which draws p towards 1/2 (Meng 1994). A p near 0 or 1
    is evidence of a misfit; one near 1/2 is not evidence of a good model.

    Parameters
    ----------
    model : BayesianModel
        With ``simulate(z, rng)``.
    z : array (S, L)
        Posterior draws: ``q.sample(1000, rng)``.
    statistic : callable
        data -> a number; called with what ``simulate`` gives for one z.
    rng : numpy.random.Generator
        Of the replications.
    observed : data, optional
        By default ``model.data``, if the model has an attribute of this name.
    name : str, optional
        Of the statistic, by default the function's own.

    Returns
    -------
    PredictiveCheck

    Raises
    ------
    ValueError
        If z is not (S, L), the observed data are not known, or the statistic is not a finite number.
    """
    z = finite(numeric_array(z, "z"), "z")
    z = has_shape(z, "z", (None, model.n_latent), "(S, L)")
    rng, observed = generator(rng), _observed(model, observed)
    name = name or _name_of(statistic)
    of_data = _value(statistic, observed, name, "the observed data")
    replicated = [_value(statistic, model.simulate(row, rng), name, "a replication") for row in z]
    return PredictiveCheck(name, of_data, np.array(replicated))


def _observed(model, observed):
    observed = getattr(model, "data", None) if observed is None else observed
    if observed is None:
        raise ValueError(
            f"{type(model).__name__} has no attribute `data`; give the observed data as observed=..., in the "
            "form that its simulate(z, rng) gives."
        )
    return observed


def _name_of(statistic):
    if not callable(statistic):
        raise ValueError(
            "statistic must be a function of the data that gives a number, such as numpy.max, "
            f"not {statistic!r}."
        )
    name = getattr(statistic, "__name__", "T")
    return "T" if name == "<lambda>" else name


def _value(statistic, data, name, what):
    value = np.asarray(statistic(data))
    if value.size != 1 or value.dtype.kind not in "buif" or not np.isfinite(value).all():
        shown = repr(value.item()) if value.size == 1 else f"an array of shape {value.shape}"
        raise ValueError(f"the statistic {name} must give one finite number, but gave {shown} for {what}.")
    return float(value.reshape(()))
