"""Normal distributions: standard, diagonal with a learned scale, diagonal with a fixed one."""

import math
from typing import NamedTuple

import numpy as np

from scratchvae.distributions.base import Likelihood
from scratchvae.validation import in_range

# A Python float: NumPy's own float64 would turn float32 arrays into float64.
HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


class StandardNormal:
    """N(0, I): the prior p(z) and the noise p(eps).

    log p(z) = sum_i (-z_i^2 / 2 - log(2 pi) / 2), so d log p / dz_i = -z_i.
    """

    spec = "standard_normal"

    # It has no parameters; priors that have some are in `scratchvae.priors`.
    shared = ()

    def shapes(self):
        return {}

    def attach(self, parameters, prefix=""):
        pass

    def initialize(self, rng):
        pass

    def forward(self, z):
        """Return log p(z), (...), and the cache: z itself, (..., L)."""
        constant = z.dtype.type(HALF_LOG_2PI * z.shape[-1])
        return -0.5 * np.einsum("...i,...i->...", z, z) - constant, z  # Eq. (13)

    def backward(self, cache, dlog_p):
        """Return dz = -z dlog_p."""
        return -cache * dlog_p[..., None]  # Eq. (13')

    def log_prob(self, z):
        """log p(z), (...), in nats."""
        return self.forward(np.asarray(z))[0]

    def entropy(self, n):
        """E[-log p] of n entries, n (1 + log 2 pi) / 2, in nats."""
        return n * (0.5 + HALF_LOG_2PI)

    def sample(self, shape, rng, dtype="float64"):
        """Draw an array of that shape."""
        return rng.standard_normal(shape, dtype)


class Cache(NamedTuple):
    x: np.ndarray  # (..., D)
    params: np.ndarray  # (mu, log_sigma), (..., 2 D); or mu, (..., D)
    u: np.ndarray  # the standardised residual (x - mu) / sigma, (..., D)
    sigma: np.ndarray | float


class Normal(Likelihood):
    """x_d ~ N(mu_d, sigma_d^2), params = (mu, log_sigma) packed along the last axis.

    With u = (x - mu) / sigma,

        log p = -u^2 / 2 - log_sigma - log(2 pi) / 2
        d/dx = -u / sigma        d/dmu = u / sigma        d/dlog_sigma = u^2 - 1

    the last because du/dlog_sigma = -u. This likelihood has no upper bound: a decoder that reproduces
    some x_d exactly can raise it for ever by lowering sigma_d.
    """

    spec = "normal"

    def n_params(self, n_data):
        """mu and log_sigma for each entry."""
        return 2 * n_data

    def forward(self, x, params):
        """Return log p(x | mu, log_sigma) and the cache."""
        x, params = self.fitting(x, params)
        mu, log_sigma = np.split(params, 2, axis=-1)  # (..., D) each
        sigma = np.exp(log_sigma)
        u = (x - mu) / sigma
        log_p = (-0.5 * u * u - log_sigma - HALF_LOG_2PI).sum(axis=-1)  # Eq. (13)
        return log_p, Cache(x, params, u, sigma)

    def grad_params(self, cache):
        dmu, dlog_sigma = cache.u / cache.sigma, cache.u * cache.u - 1  # Eq. (13')
        return np.concatenate([dmu, dlog_sigma], axis=-1)

    def grad_x(self, cache):
        return -cache.u / cache.sigma  # Eq. (13')

    def mean(self, params):
        """mu."""
        return np.split(params, 2, axis=-1)[0]

    def sample(self, params, rng):
        """Draw mu + sigma eps."""
        mu, log_sigma = np.split(params, 2, axis=-1)
        return mu + np.exp(log_sigma) * rng.standard_normal(mu.shape).astype(mu.dtype)

    def fit_params(self, x):
        """Mean and log standard deviation of each entry."""
        return np.concatenate([super().fit_params(x), np.log(np.std(x, axis=0).clip(0.001))])


class NormalFixed(Likelihood):
    """x_d ~ N(mu_d, sigma^2) with one known sigma; params = mu.

    Parameters
    ----------
    sigma : float
        Standard deviation, above zero.
    """

    def __init__(self, sigma=1.0):
        self.sigma = in_range(sigma, "sigma", 0, np.inf, low_open=True, high_open=True)

    @property
    def spec(self):
        return f"normal_fixed:{self.sigma!r}"

    def forward(self, x, params):
        """Return log p(x | mu) and the cache."""
        x, params = self.fitting(x, params)
        u = (x - params) / self.sigma
        log_p = (-0.5 * u * u - (math.log(self.sigma) + HALF_LOG_2PI)).sum(axis=-1)  # Eq. (13)
        return log_p, Cache(x, params, u, self.sigma)

    def grad_params(self, cache):
        return cache.u / cache.sigma  # Eq. (13')

    def grad_x(self, cache):
        return -cache.u / cache.sigma  # Eq. (13')

    def mean(self, params):
        """mu."""
        return params

    def sample(self, params, rng):
        """Draw mu + sigma eps."""
        return params + self.sigma * rng.standard_normal(params.shape).astype(params.dtype)
