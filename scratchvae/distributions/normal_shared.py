"""The normal distribution whose one standard deviation, the same for all entries and data, is learned."""

from typing import NamedTuple

import numpy as np

from scratchvae.distributions.base import Likelihood
from scratchvae.distributions.normal import HALF_LOG_2PI
from scratchvae.parameters import Parameters
from scratchvae.validation import in_range


class Cache(NamedTuple):
    x: np.ndarray  # (..., D)
    params: np.ndarray  # mu, (..., D)
    u: np.ndarray  # the standardised residual (x - mu) / sigma, (..., D)
    sigma: float


class NormalShared(Likelihood):
    """x_d ~ N(mu_d, sigma^2); params = mu, and log_sigma is one weight of the likelihood itself.

    With u = (x - mu) / sigma, as for `Normal`,

        log p = sum_d (-u_d^2 / 2 - log_sigma - log(2 pi) / 2)
        d/dx = -u / sigma        d/dmu = u / sigma        d/dlog_sigma = sum_d (u_d^2 - 1)

    and as all data share it, its derivative is summed over all of them. At the optimum sigma^2 is the mean
    squared residual. With linear networks the model is probabilistic PCA (Tipping & Bishop 1999; Lucas et
    al. 2019), where a sigma that is fixed too large makes latent dimensions collapse. sigma cannot run to
    zero for the sake of a few entries, as those of `Normal` can.

    Parameters
    ----------
    sigma : float
        Where it begins, above zero.

    Attributes
    ----------
    parameters : Parameters
        One block, "log_sigma", of one number.

    Examples
    --------
    >>> likelihood = NormalShared(sigma=2.0)
    >>> likelihood.parameters["log_sigma"]
    array([0.69314718])
    """

    def __init__(self, sigma=1.0):
        self.begins_at = in_range(sigma, "sigma", 0, np.inf, low_open=True, high_open=True)
        self.attach(Parameters(self.shapes()))
        self.initialize(None)

    @property
    def spec(self):
        return "normal_shared" if self.begins_at == 1 else f"normal_shared:{self.begins_at!r}"

    def shapes(self):
        """One block of one number."""
        return {"log_sigma": (1,)}

    def attach(self, parameters, prefix=""):
        """Let log_sigma lie in `parameters`, under `prefix` + "log_sigma"."""
        self.parameters, self.block = parameters, f"{prefix}log_sigma"

    def initialize(self, rng):
        """Let sigma begin where it was asked to; nothing is drawn."""
        self.parameters[self.block] = np.log([self.begins_at])

    @property
    def log_sigma(self):
        """The weight as it stands, a number of the parameters' dtype."""
        return self.parameters[self.block][0]

    def forward(self, x, params):
        """Return log p(x | mu) and the cache."""
        x, params = self.fitting(x, params)
        log_sigma = params.dtype.type(self.log_sigma)
        sigma = np.exp(log_sigma)
        u = (x - params) / sigma
        log_p = (-0.5 * u * u - log_sigma - HALF_LOG_2PI).sum(axis=-1)  # Eq. (13)
        return log_p, Cache(x, params, u, sigma)

    def backward(self, cache, dlog_p, need_dx=True):
        """Write the gradient of log_sigma, return (dx, dparams)."""
        u = cache.u
        each = np.einsum("...d,...d->...", u, u) - u.shape[-1]  # sum_d (u_d^2 - 1), (...)
        self.parameters.gradient(self.block)[...] = (dlog_p * each).sum()  # Eq. (13')
        return super().backward(cache, dlog_p, need_dx)

    def grad_params(self, cache):
        return cache.u / cache.sigma  # Eq. (13')

    def grad_x(self, cache):
        return -cache.u / cache.sigma  # Eq. (13')

    def mean(self, params):
        """mu."""
        return params

    def sample(self, params, rng):
        """Draw mu + sigma eps."""
        sigma = np.exp(params.dtype.type(self.log_sigma))
        return params + sigma * rng.standard_normal(params.shape).astype(params.dtype)
