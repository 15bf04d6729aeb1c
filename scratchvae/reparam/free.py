"""A map whose weights are a part of lam."""

from typing import NamedTuple

import numpy as np

from scratchvae.broadcasting import unbroadcast
from scratchvae.reparam.base import Reparameterization


class Cache(NamedTuple):
    inner: tuple
    eps: np.ndarray  # in the shape of z
    weights: np.ndarray  # those of the forward pass


class Free(Reparameterization):
    """lam = (lam of the map, its weights) as one vector (n_params,), for a fit that has no encoder.

    There nothing tells the two apart: all are numbers that one optimizer moves.

    Parameters
    ----------
    reparam : Reparameterization
    """

    def __init__(self, reparam):
        super().__init__(reparam.n_latent)
        self.reparam = reparam
        self.n_weights = 0 if reparam.parameters is None else len(reparam.parameters)
        self.n_params = reparam.n_params + self.n_weights

    @property
    def spec(self):
        return self.reparam.spec

    def initial(self, rng):
        """The map's own lam and freshly drawn weights."""
        self.reparam.initialize(rng)
        weights = self.reparam.parameters.value if self.n_weights else []
        return np.concatenate([self.reparam.initial(rng), weights])

    def _inner(self, lam):
        """The map's own lam; its weights are put in their place."""
        lam, weights = lam[: self.reparam.n_params], lam[self.reparam.n_params :]
        if self.n_weights:
            self.reparam.parameters.value = weights
        return lam, weights

    def forward(self, lam, eps):
        """Return z (..., L), log_det (...) and the cache, for lam (n_params,) and eps (..., L)."""
        lam, weights = self._inner(lam)
        z, log_det, inner = self.reparam.forward(lam, eps)
        return z, log_det, Cache(inner, np.broadcast_to(eps, z.shape), weights.copy())

    def backward(self, cache, dz, dlog_det):
        """Return dlam (n_params,) and deps (..., L)."""
        if self.n_weights:
            self.reparam.parameters.value = cache.weights  # another forward may have come between
        dlam, deps = self.reparam.backward(cache.inner, dz, dlog_det)
        gradient = self.reparam.parameters.grad if self.n_weights else []
        return np.concatenate([unbroadcast(dlam, (self.reparam.n_params,)), gradient]), deps

    def inverse(self, lam, z):
        """Return eps."""
        return self.reparam.inverse(self._inner(lam)[0], z)

    def solve_transposed(self, cache, v):
        """J^-T v."""
        if self.n_weights:
            self.reparam.parameters.value = cache.weights
        return self.reparam.solve_transposed(cache.inner, v)

    def grad_log_q(self, cache):
        """The map's own."""
        if self.n_weights:
            self.reparam.parameters.value = cache.weights
        return self.reparam.grad_log_q(cache.inner)

    def split(self, lam):
        """The map's own, the weights left as they are."""
        mean, factor, rest = self.reparam.split(lam[: self.reparam.n_params])
        return mean, factor, np.concatenate([rest, lam[self.reparam.n_params :]])

    def __repr__(self):
        return f"Free({self.reparam!r})"
