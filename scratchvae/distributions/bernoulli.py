"""The Bernoulli distribution of binary pixels, by its logits."""

from typing import NamedTuple

import numpy as np

from scratchvae import kernels
from scratchvae.broadcasting import fold
from scratchvae.distributions.base import Likelihood
from scratchvae.numerics import sigmoid


class Cache(NamedTuple):
    x: np.ndarray  # (..., D)
    params: np.ndarray  # the logits l, (..., D)
    residual: np.ndarray  # x - sigmoid(l), (..., D)


class Bernoulli(Likelihood):
    """x_d in {0, 1} with p(x_d = 1) = sigmoid(l_d).

    log p = x log s + (1 - x) log(1 - s) with s = sigmoid(l). As log s = l - log(1 + e^l) and
    log(1 - s) = -log(1 + e^l),

        log p = x l - log(1 + e^l)            d log p / dl = x - s            d log p / dx = l

    which stays finite for every finite logit. (The derivative with respect to x is that of the
    formula, read as a function of a real x.)
    """

    spec = "bernoulli"

    def forward(self, x, params):
        """Return log p(x | logits) and the cache; the residual comes from the same pass."""
        x, params = self.fitting(x, params)
        x_rows, logit_rows, _, batch = fold(x, params)
        log_p, residual = kernels.active().bernoulli_log_prob_and_grad(x_rows, logit_rows)  # Eq. (14)
        return log_p.reshape(batch), Cache(x, params, residual.reshape(*batch, -1))

    def grad_params(self, cache):
        return cache.residual  # Eq. (14')

    def grad_x(self, cache):
        return cache.params

    def log_prob(self, x, params):
        """log p(x | logits), without the gradient's memory."""
        x, params = self.fitting(x, params)
        x_rows, logit_rows, _, batch = fold(x, params)
        return kernels.active().bernoulli_log_prob(x_rows, logit_rows).reshape(batch)  # Eq. (14)

    def mean(self, params):
        """p(x = 1)."""
        return sigmoid(params)

    def sample(self, params, rng):
        """Draw x given the logits, in their dtype."""
        return (rng.random(params.shape) < sigmoid(params)).astype(params.dtype)

    def fit_params(self, x):
        """The logit of each pixel's mean, log (m / (1 - m)); x may be gray, of probabilities."""
        mean = super().fit_params(x).clip(0.001, 0.999)
        return np.log(mean / (1 - mean))

    def check(self, x):
        """Raise a ValueError unless x is of zeros and ones; say what to do with gray pixels."""
        if ((x == 0) | (x == 1)).all():
            return
        needs = "a Bernoulli likelihood needs x of 0 and 1 only, but"
        low, high = x.min(), x.max()
        if low < 0 or high > 1:
            hint = " They look like bytes: divide by 255 first, then binarize." if 1 < high <= 255 else ""
            raise ValueError(f"{needs} x runs from {low} to {high}.{hint}")
        gray = x[(x != 0) & (x != 1)]
        raise ValueError(
            f"{needs} {gray.size} of {x.size} entries are gray (such as {gray[0]:.4g}): binarize them "
            "(binarization='dynamic' in training, or scratchvae.data.binarization.fixed), or choose another "
            "likelihood, such as 'normal' or 'categorical'."
        )
