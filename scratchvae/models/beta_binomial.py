"""A probability from counts of successes."""

import functools
from typing import NamedTuple

import numpy as np
import scipy
from scipy.special import betaln, digamma, polygamma

from scratchvae.constraints import Interval
from scratchvae.distributions import densities
from scratchvae.models.checks import positive
from scratchvae.models.exact import ExactModel, ExactPosterior
from scratchvae.models.log_gamma import log_gamma_draws
from scratchvae.numerics import sigmoid, softplus
from scratchvae.validation import finite, last_axis, numeric_array, real


class LogitBeta(NamedTuple):
    """p ~ Beta(a, b), of z = logit p.

    The Jacobian dp/dz = p (1 - p) raises both powers by one; with s the sigmoid, log s(z) = -softplus(-z)
    and 1 - s(z) = s(-z),

        log p(z) = a log s(z) + b log s(-z) - log B(a, b)
        d/dz = a s(-z) - b s(z)

    log p = log g1 - log(g1 + g2) for independent gamma variables of shapes a and b, so z = log g1 - log g2:
    E z = digamma(a) - digamma(b), Var z = trigamma(a) + trigamma(b).
    """

    a: float
    b: float

    def log_prob(self, z):
        """log p(z), (...), for z (..., 1)."""
        z = z[..., 0]
        return -self.a * softplus(-z) - self.b * softplus(z) - betaln(self.a, self.b)

    def grad_log_prob(self, z):
        """Its gradient, (..., 1)."""
        return self.a * sigmoid(-z) - self.b * sigmoid(z)

    def sample(self, n, rng):
        """Draw z (n, 1)."""
        return log_gamma_draws(self.a, (n, 1), rng) - log_gamma_draws(self.b, (n, 1), rng)

    def mean(self):
        """E z, (1,)."""
        return np.array([digamma(self.a) - digamma(self.b)])

    def cov(self):
        """Var z, (1, 1)."""
        return np.array([[polygamma(1, self.a) + polygamma(1, self.b)]])


class BetaBinomial(ExactModel):
    """k_g successes of n_g trials, k_g ~ Binomial(n_g, p), one p for all groups g; p ~ Beta(a, b).

    The posterior is Beta(a + k, b + n - k), where k and n are the sums over the groups (Gelman et al. 2013,
    section 2.4); the evidence is

        log p(k_1, ..., k_G) = sum_g log C(n_g, k_g) + log B(a + k, b + n - k) - log B(a, b)

    Seen by inference is z = logit p, in which the likelihood and its derivative are

        log p(k|z) = sum_g [log C(n_g, k_g) + k_g z - n_g log(1 + e^z)]
        d/dz = sum_g [k_g - n_g sigmoid(z)]

    Groups that may differ in p are not this model's: pooled, they count as one.

    Parameters
    ----------
    successes, trials : int or array (G,) of whole numbers
        0 <= successes <= trials; one number of trials may serve all groups.
    a, b : float
        Above zero. Beta(1, 1) is uniform.

    Raises
    ------
    ValueError
        If a count is no whole number, or out of its range.

    Examples
    --------
    >>> exact = BetaBinomial(successes=7, trials=10).exact_posterior()
    >>> round(float(exact.marginals["p"].mean()), 4)  # (1 + 7) / (2 + 10)
    0.6667
    """

    def __init__(self, successes, trials, a=1.0, b=1.0):
        self.parameters = {"p": Interval(0, 1)}
        self.successes, self.trials = _counts(successes, trials)
        self.n_data = self.successes.size
        self.density = LogitBeta(positive(a, "a"), positive(b, "b"))  # of the prior

    def log_prior(self, z):
        """log Beta(p; a, b) + log p (1 - p), (...): the log-determinant is the second term."""
        return self.density.log_prob(z)

    def grad_log_prior(self, z):
        """Its gradient, (..., 1)."""
        return self.density.grad_log_prob(z)

    def log_likelihood(self, z, rows=None):
        """log p(k|z) of these groups, by default of all, (...)."""
        return self._terms(z, rows)[0].sum(axis=-1)

    def grad_log_likelihood(self, z, rows=None):
        """Its gradient, (..., 1)."""
        return self._terms(z, rows)[1].sum(axis=-1, keepdims=True)

    def _terms(self, z, rows):
        rows = slice(None) if rows is None else rows
        return densities.binomial_logit(self.successes.ravel()[rows], self.trials.ravel()[rows], z)

    def sample_prior(self, n, rng):
        """Draw z (n, 1) from the prior."""
        return self.density.sample(n, rng)

    def simulate(self, z, rng):
        """Draw successes (...) or (..., G), as this model's own are a number or an array, for z (..., 1)."""
        z = last_axis(real(z, "z"), "z", 1)
        p = sigmoid(z if self.trials.ndim else z[..., 0])
        return rng.binomial(self.trials, p)

    @property
    def data(self):
        """The data, of the form that `simulate` gives."""
        return self.successes

    def with_data(self, successes, *, trials=None):
        """The same model with other successes, of as many trials unless told."""
        return BetaBinomial(successes, self.trials if trials is None else trials, *self.density)

    @functools.cached_property
    def posterior(self):
        """p(z|k), a `LogitBeta`."""
        k, n = self.successes.sum(), self.trials.sum()
        return LogitBeta(float(self.density.a + k), float(self.density.b + (n - k)))

    def exact_posterior(self):
        """Return p(z|k) as an `ExactPosterior`; the marginal of p is the beta distribution."""
        q = self.posterior
        return ExactPosterior(q.mean(), q.cov(), q.log_prob, q.sample, {"p": scipy.stats.beta(q.a, q.b)})

    def log_evidence(self):
        """Return log p(k_1, ..., k_G), nats: the formula of the class."""
        log_choose = densities.binomial_logit(self.successes, self.trials, 0.0)[0] + np.log(2) * self.trials
        return float(log_choose.sum() + betaln(*self.posterior) - betaln(*self.density))

    def updated(self, successes, *, trials=None):
        """The model of the new successes, of as many trials unless told, whose prior is this posterior."""
        return BetaBinomial(successes, self.trials if trials is None else trials, *self.posterior)

    def predictive(self, trials=1):
        """p(k_new|k), the successes of so many new trials: a frozen `scipy.stats.betabinom`."""
        return scipy.stats.betabinom(_whole(trials, "trials"), *self.posterior)


def _whole(value, name):
    array = np.asarray(finite(numeric_array(value, name), name))
    if (array < 0).any() or (array != np.floor(array)).any():
        raise ValueError(f"{name} must be whole numbers of at least 0, not {value!r}.")
    return array.astype(np.int64)


def _counts(successes, trials):
    successes, trials = _whole(successes, "successes"), _whole(trials, "trials")
    if successes.ndim > 1 or successes.size == 0 or trials.shape not in ((), successes.shape):
        raise ValueError(
            "successes must be a number or (G,), and trials a number or of the same shape, "
            f"not {successes.shape} and {trials.shape}."
        )
    trials = np.broadcast_to(trials, successes.shape)
    if (successes > trials).any():
        first = np.argmax(successes > trials)
        raise ValueError(f"successes cannot exceed trials: {successes.flat[first]} of {trials.flat[first]}.")
    return successes, trials
