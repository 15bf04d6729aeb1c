"""The mean and the precision of normal data."""

import functools
from typing import NamedTuple

import numpy as np
import scipy
from scipy.special import digamma, gammaln, polygamma

from scratchvae.constraints import Positive, Real
from scratchvae.distributions.normal import HALF_LOG_2PI
from scratchvae.models.checks import positive, vector
from scratchvae.models.exact import ExactModel, ExactPosterior
from scratchvae.models.log_gamma import log_gamma_draws
from scratchvae.validation import in_range, last_axis, real


class NormalGammaDensity(NamedTuple):
    """precision ~ Gamma(shape, rate), mu | precision ~ N(mu0, 1 / (kappa precision)).

    It is a density of z = (mu, log precision). With l = log precision and d = mu - mu0, the density over
    (mu, precision) times the Jacobian e^l, which makes precision^(shape - 1) into e^(shape l), is

        log p(z) = shape log rate - log Gamma(shape) + shape l - rate e^l
                   + (log kappa + l - log(2 pi)) / 2 - kappa e^l d^2 / 2
        d/dmu = -kappa e^l d
        d/dl  = shape + 1/2 - e^l (rate + kappa d^2 / 2)
    """

    mu0: float
    kappa: float
    shape: float
    rate: float

    def log_prob(self, z):
        """log p(z), (...), for z (..., 2)."""
        mu, log_precision = z[..., 0], z[..., 1]
        half_square = 0.5 * self.kappa * (mu - self.mu0) ** 2
        constant = self.shape * np.log(self.rate) - gammaln(self.shape) + 0.5 * np.log(self.kappa)
        power = (self.shape + 0.5) * log_precision
        return constant - HALF_LOG_2PI + power - np.exp(log_precision) * (self.rate + half_square)

    def grad_log_prob(self, z):
        """Its gradient, (..., 2)."""
        precision, d = np.exp(z[..., 1]), z[..., 0] - self.mu0
        dlog_precision = self.shape + 0.5 - precision * (self.rate + 0.5 * self.kappa * d * d)
        return np.stack([-self.kappa * precision * d, dlog_precision], axis=-1)

    def sample(self, n, rng):
        """Draw z (n, 2)."""
        log_precision = log_gamma_draws(self.shape, n, rng) - np.log(self.rate)
        sigma = np.exp(-0.5 * log_precision) / np.sqrt(self.kappa)
        return np.stack([self.mu0 + sigma * rng.standard_normal(n), log_precision], axis=-1)

    def mean(self):
        """E z, (2,); E mu does not exist (nan) for shape <= 1/2, where mu's Student-t has no mean."""
        mu = self.mu0 if self.shape > 0.5 else np.nan
        return np.array([mu, digamma(self.shape) - np.log(self.rate)])

    def cov(self):
        """Cov z, (2, 2): diagonal, since E[mu | precision] is the same for every precision.

        Var mu = rate / (kappa (shape - 1)), infinite for shape <= 1; Var log precision = trigamma(shape).
        """
        var_mu = self.rate / (self.kappa * (self.shape - 1)) if self.shape > 1 else np.inf
        return np.diag([var_mu, polygamma(1, self.shape)])

    def marginals(self):
        """Of mu, Student's t of 2 shape degrees of freedom; of the precision, the gamma."""
        scale = np.sqrt(self.rate / (self.shape * self.kappa))
        mu = scipy.stats.t(2 * self.shape, self.mu0, scale)
        return {"mu": mu, "precision": scipy.stats.gamma(self.shape, scale=1 / self.rate)}


class NormalGamma(ExactModel):
    """x_i ~ N(mu, 1 / precision), i = 1..N, both unknown; z = (mu, log precision).

        precision ~ Gamma(shape0, rate0)         mu | precision ~ N(mu0, 1 / (kappa0 precision))

    kappa0 counts the observations that the prior's mean is worth. The posterior is of the same form
    (Bishop 2006, section 2.3.6; Murphy 2007, "Conjugate Bayesian analysis of the Gaussian distribution",
    section 3), with m = mean of x and S = sum_i (x_i - m)^2

        kappa_N = kappa0 + N              mu_N = (kappa0 mu0 + N m) / kappa_N
        shape_N = shape0 + N / 2          rate_N = rate0 + S / 2 + kappa0 N (m - mu0)^2 / (2 kappa_N)

    and the evidence is the ratio of the normalisers,

        log p(x) = log Gamma(shape_N) - log Gamma(shape0) + shape0 log rate0 - shape_N log rate_N
                   + (log kappa0 - log kappa_N) / 2 - N log(2 pi) / 2

    The likelihood, with l = log precision, and its gradient:

        log p(x|z) = N (l - log(2 pi)) / 2 - e^l (S + N (m - mu)^2) / 2
        d/dmu = e^l N (m - mu)            d/dl = N / 2 - e^l (S + N (m - mu)^2) / 2

    The precision 1 / sigma^2 is named as such; `NormalInverseGammaRegression` speaks of sigma.

    Parameters
    ----------
    x : array (N,)
    mu0 : float
    kappa0, shape0, rate0 : float
        Above zero.

    Raises
    ------
    ValueError
        If x holds NaN, or one of the three is not above zero.

    Examples
    --------
    >>> exact = NormalGamma([1.0, 2.0, 3.0]).exact_posterior()
    >>> round(float(exact.mean[0]), 6), round(float(exact.marginals["precision"].mean()), 6)
    (1.5, 0.714286)
    """

    def __init__(self, x, mu0=0.0, kappa0=1.0, shape0=1.0, rate0=1.0):
        self.parameters = {"mu": Real(), "precision": Positive()}
        self.x = vector(x, "x")
        self.n_data = len(self.x)
        self.density = NormalGammaDensity(  # of the prior
            in_range(mu0, "mu0", -np.inf, np.inf, low_open=True, high_open=True),
            positive(kappa0, "kappa0"),
            positive(shape0, "shape0"),
            positive(rate0, "rate0"),
        )

    def log_prior(self, z):
        """log p(mu, precision) + log precision, (...): the log-determinant is the second term."""
        return self.density.log_prob(z)

    def grad_log_prior(self, z):
        """Its gradient, (..., 2)."""
        return self.density.grad_log_prob(z)

    def log_likelihood(self, z, rows=None):
        """log p(x|z) of these rows, by default of all, (...)."""
        n, mean, squares = _sufficient(self.x, rows)
        half_square = 0.5 * (squares + n * (mean - z[..., 0]) ** 2)
        return n * (0.5 * z[..., 1] - HALF_LOG_2PI) - np.exp(z[..., 1]) * half_square

    def grad_log_likelihood(self, z, rows=None):
        """Its gradient, (..., 2)."""
        n, mean, squares = _sufficient(self.x, rows)
        precision, d = np.exp(z[..., 1]), mean - z[..., 0]
        return np.stack([precision * n * d, 0.5 * n - 0.5 * precision * (squares + n * d * d)], axis=-1)

    def sample_prior(self, n, rng):
        """Draw z (n, 2) from the prior."""
        return self.density.sample(n, rng)

    def simulate(self, z, rng):
        """Draw x (..., N) for each z (..., 2)."""
        z = last_axis(real(z, "z"), "z", 2)
        sigma = np.exp(-0.5 * z[..., 1:])
        return z[..., :1] + sigma * rng.standard_normal((*z.shape[:-1], self.n_data))

    @property
    def data(self):
        """The data, of the form that `simulate` gives."""
        return self.x

    def with_data(self, x):
        """The same model with other data (N,)."""
        return NormalGamma(x, *self.density)

    @functools.cached_property
    def posterior(self):
        """p(z|x), a `NormalGammaDensity`."""
        mu0, kappa0, shape0, rate0 = self.density
        n, mean, squares = _sufficient(self.x)
        kappa = kappa0 + n
        mu = (kappa0 * mu0 + n * mean) / kappa
        rate = rate0 + 0.5 * squares + 0.5 * kappa0 * n * (mean - mu0) ** 2 / kappa
        return NormalGammaDensity(float(mu), kappa, shape0 + 0.5 * n, float(rate))

    def exact_posterior(self):
        """Return p(z|x), normal-gamma, as an `ExactPosterior`."""
        q = self.posterior
        return ExactPosterior(q.mean(), q.cov(), q.log_prob, q.sample, q.marginals())

    def log_evidence(self):
        """Return log p(x), nats: the formula of the class."""
        _, kappa0, shape0, rate0 = self.density
        _, kappa, shape, rate = self.posterior
        log_gammas = gammaln(shape) - gammaln(shape0)
        log_rates = shape0 * np.log(rate0) - shape * np.log(rate)
        return float(log_gammas + log_rates + 0.5 * np.log(kappa0 / kappa) - self.n_data * HALF_LOG_2PI)

    def updated(self, x):
        """The model of the new data x whose prior is this posterior."""
        return NormalGamma(x, *self.posterior)

    def predictive(self):
        """p(x_new|x) of one new datum: Student's t, a frozen `scipy.stats.t`.

        2 shape_N degrees of freedom, location mu_N, scale^2 = rate_N (1 + 1 / kappa_N) / shape_N.
        """
        mu, kappa, shape, rate = self.posterior
        return scipy.stats.t(2 * shape, mu, np.sqrt(rate * (1 + 1 / kappa) / shape))


def _sufficient(x, rows=None):
    """Number, mean, and sum of squares about the mean: all that the likelihood knows of the data."""
    x = x if rows is None else x[rows]
    mean = x.mean()
    return len(x), mean, ((x - mean) ** 2).sum()
