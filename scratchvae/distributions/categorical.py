"""The categorical distribution over gray levels, by its logits."""

from typing import NamedTuple

import numpy as np

from scratchvae.distributions.base import Likelihood
from scratchvae.numerics import log_sum_exp
from scratchvae.validation import positive_int


class Cache(NamedTuple):
    x: np.ndarray  # levels, (..., D)
    params: np.ndarray  # logits, (..., D C)
    log_p: np.ndarray  # log p of every level, (..., D, C)
    level: np.ndarray  # x as an index, (..., D, 1)


class Categorical(Likelihood):
    """x_d in {0, ..., C - 1}; params holds C logits for each entry, entry by entry.

    log p = l_x - log sum_c e^(l_c), so d log p / dl_c = [c = x] - p_c. x is discrete: dx is None.

    Parameters
    ----------
    n_levels : int
        C, from 2 to 256.
    """

    differentiable_in_x = False
    takes_levels = True

    def __init__(self, n_levels=256):
        self.n_levels = positive_int(n_levels, "the number of gray levels")
        if not 2 <= self.n_levels <= 256:
            raise ValueError(f"the number of gray levels must be from 2 to 256, not {n_levels}.")

    @property
    def spec(self):
        return f"categorical:{self.n_levels}"

    def n_params(self, n_data):
        """C logits for each entry."""
        return n_data * self.n_levels

    def forward(self, x, params):
        """Return log p(x | logits) and the cache."""
        x, params = self.fitting(x, params)
        self.check(x)
        log_p = self._log_softmax(params)  # (..., D, C)
        batch = np.broadcast_shapes(x.shape, log_p.shape[:-1])
        level = np.broadcast_to(x, batch)[..., None].astype(np.intp)
        chosen = np.take_along_axis(np.broadcast_to(log_p, (*batch, self.n_levels)), level, axis=-1)
        return chosen[..., 0].sum(axis=-1), Cache(x, params, log_p, level)  # Eq. (15)

    def grad_params(self, cache):
        """[c = x] - p_c for every level c of every entry, (..., D C)."""
        grad = np.broadcast_to(-np.exp(cache.log_p), (*cache.level.shape[:-1], self.n_levels)).copy()
        chosen = np.take_along_axis(grad, cache.level, axis=-1)
        np.put_along_axis(grad, cache.level, chosen + 1, axis=-1)  # Eq. (15')
        return grad.reshape(*grad.shape[:-2], -1)

    def _log_softmax(self, params):
        logits = params.reshape(*params.shape[:-1], -1, self.n_levels)
        return logits - log_sum_exp(logits, axis=-1)[..., None]

    def mean(self, params):
        """The expected level, sum_c c p_c."""
        p = np.exp(self._log_softmax(params))
        return p @ np.arange(self.n_levels, dtype=p.dtype)

    def sample(self, params, rng):
        """Draw a level for each entry, in the logits' dtype."""
        # The largest of the logits, each with Gumbel noise added, is a draw (Gumbel 1954).
        logits = params.reshape(*params.shape[:-1], -1, self.n_levels)
        return np.argmax(logits + rng.gumbel(size=logits.shape), axis=-1).astype(params.dtype)

    def fit_params(self, x):
        """The logarithm of each level's share of an entry, counted once more than it is seen."""
        counts = np.stack([(np.asarray(x) == level).sum(axis=0) for level in range(self.n_levels)], axis=-1)
        return np.log((counts + 1) / (len(x) + self.n_levels)).reshape(-1)

    def check(self, x):
        """Raise a ValueError unless x is of whole numbers from 0 to C - 1."""
        top = self.n_levels - 1
        if (x == np.floor(x)).all() and x.min() >= 0 and x.max() <= top:
            return
        raise ValueError(
            f"a categorical likelihood of {self.n_levels} levels needs x of whole numbers from 0 to {top}, "
            f"but x runs from {x.min():.4g} to {x.max():.4g}"
            f"{'' if (x == np.floor(x)).all() else ' with fractions'}: give the gray levels themselves."
        )

    def encoder_input(self, x):
        """The levels scaled to [0, 1], which suits a network better than 0 to 255."""
        return x / x.dtype.type(self.n_levels - 1)
