"""The Poisson distribution of counts, by its log rate."""

from typing import NamedTuple

import numpy as np

from scratchvae.distributions.base import Likelihood


class Cache(NamedTuple):
    x: np.ndarray  # counts, (..., D)
    params: np.ndarray  # log rates, (..., D)
    rate: np.ndarray  # (..., D)


class Poisson(Likelihood):
    """x_d in {0, 1, 2, ...} with mean e^(l_d); params = l, the log rates.

    log p = x l - e^l - log x!, so d log p / dl = x - e^l. x is discrete: dx is None.
    """

    spec = "poisson"
    differentiable_in_x = False
    takes_levels = True

    def forward(self, x, params):
        """Return log p(x | log rate) and the cache."""
        from scipy.special import gammaln

        x, params = self.fitting(x, params)
        rate = np.exp(params)
        log_factorial = gammaln(x + 1)
        log_p = (x * params - rate - log_factorial).sum(axis=-1)  # Eq. (16)
        return log_p, Cache(x, params, rate)

    def grad_params(self, cache):
        return cache.x - cache.rate  # Eq. (16')

    def mean(self, params):
        """The rate."""
        return np.exp(params)

    def sample(self, params, rng):
        """Draw counts, in the log rates' dtype."""
        return rng.poisson(np.exp(params)).astype(params.dtype)

    def fit_params(self, x):
        """The logarithm of each mean count."""
        return np.log(super().fit_params(x).clip(0.001))

    def check(self, x):
        """Raise a ValueError unless x is of counts."""
        if x.min() < 0 or not (x == np.floor(x)).all():
            bad = x[(x < 0) | (x != np.floor(x))]
            raise ValueError(
                f"a Poisson likelihood needs counts 0, 1, 2, ..., but {bad.size} of {x.size} entries are not "
                f"(such as {bad[0]:.4g})."
            )
