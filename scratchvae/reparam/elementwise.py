"""A bijection of each coordinate alone: the constraints' own functions as maps of noise."""

from typing import NamedTuple

import numpy as np

from scratchvae.broadcasting import unbroadcast
from scratchvae.constraints import BIJECTIONS
from scratchvae.reparam.base import Reparameterization
from scratchvae.validation import choose


class Cache(NamedTuple):
    eps: np.ndarray  # in the shape of z, (..., L)
    inner: object  # the bijection's
    log_slope: np.ndarray  # (..., L)
    lam_shape: tuple
    eps_shape: tuple


class Elementwise(Reparameterization):
    """z_i = y(eps_i) for an increasing function y: identity, exp, softplus, sigmoid or tanh.

    The Jacobian is diagonal: log|det dz/deps| = sum_i log y'(eps_i), cost O(L). The function and its
    log-slope are those that constrain the parameters of a Bayesian model (Eq. 34): at the end of a chain
    of maps they make a density of positive or bounded z. It has no parameters: lam is (..., 0).

        deps_i = dz_i y'(eps_i) + dlog_det (log y')'(eps_i)

    Parameters
    ----------
    n_latent : int
    bijection : str
    """

    def __init__(self, n_latent, bijection="softplus"):
        super().__init__(n_latent)
        choose(BIJECTIONS, bijection, "bijection")
        self.name, self.bijection, self.n_params = bijection, BIJECTIONS[bijection](), 0

    @property
    def spec(self):
        return f"elementwise:{self.name}"

    def forward(self, lam, eps):
        """Return z (..., L), log_det (...) and the cache, for lam (..., 0) and eps (..., L)."""
        lam, eps = self.checked(lam, eps)
        batch = np.broadcast_shapes(lam.shape[:-1], eps.shape[:-1])
        full = np.broadcast_to(eps, (*batch, self.n_latent))
        z, log_slope, inner = self.bijection.forward(full)
        return z, log_slope.sum(axis=-1), Cache(full, inner, log_slope, lam.shape, eps.shape)  # Eq. (34)

    def backward(self, cache, dz, dlog_det):
        """Return dlam (..., 0) and deps (..., L) for the two incoming gradients."""
        deps = self.bijection.backward(cache.inner, dz, dlog_det[..., None])  # Eq. (34')
        return np.zeros(cache.lam_shape, deps.dtype), unbroadcast(deps, cache.eps_shape)

    def solve_transposed(self, cache, v):
        """J^-T v = v / y'."""
        return v * np.exp(-cache.log_slope)

    def inverse(self, lam, z):
        """Return eps = y^-1(z); a ValueError where z is outside of y's range."""
        lam, z = self.checked(lam, z)
        with np.errstate(invalid="ignore", divide="ignore"):
            eps = self.bijection.inverse(z)
        if not np.isfinite(eps).all():
            raise ValueError(
                f"z must lie inside the range of {self.name}, but holds {z.min():.4g} to {z.max():.4g}."
            )
        batch = np.broadcast_shapes(lam.shape[:-1], z.shape[:-1])
        return np.broadcast_to(eps, (*batch, self.n_latent))
