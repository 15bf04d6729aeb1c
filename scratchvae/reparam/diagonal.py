"""The diagonal Gaussian: z = mu + sigma eps, whose Jacobian is diag(sigma)."""

from typing import NamedTuple

import numpy as np

from scratchvae import kernels
from scratchvae.broadcasting import fold, unbroadcast
from scratchvae.distributions import kl
from scratchvae.distributions.normal import HALF_LOG_2PI
from scratchvae.reparam.base import Affine


class Cache(NamedTuple):
    eps: np.ndarray  # (K, B, L)
    sigma: np.ndarray  # (B, L)
    lead: tuple  # the leading axes that B counts
    batch: tuple  # the common leading axes of lam and eps
    lam_shape: tuple
    eps_shape: tuple


class Diagonal(Affine):
    """z_i = mu_i + e^(log_sigma_i) eps_i, lam = (mu, log_sigma) packed along the last axis.

    Each z_i depends on its own eps_i alone, so dz/deps is diagonal and its determinant the product
    of sigma_i:

        log|det dz/deps| = sum_i log_sigma_i            cost O(L), a general determinant O(L^3)

    With dz and dlog_det coming in, the chain rule gives

        dmu = dz        dlog_sigma = dz sigma eps + dlog_det        deps = dz sigma

    (Kingma & Welling 2014, section 2.4; Rezende et al. 2014.)

    Parameters
    ----------
    n_latent : int
    """

    spec = "diagonal"
    factorises = True

    def __init__(self, n_latent):
        super().__init__(n_latent)
        self.n_params = 2 * self.n_latent

    def factor(self, lam):
        """diag(sigma), (..., L, L)."""
        return np.exp(lam[..., self.n_latent :, None]) * np.eye(self.n_latent, dtype=lam.dtype)

    def split(self, lam):
        """mu, sigma, and the lam of z = eps."""
        return lam[: self.n_latent], np.exp(lam[self.n_latent :]), np.zeros_like(lam)

    def forward(self, lam, eps):
        """Return z (..., L), log_det (...) and the cache, for lam (..., 2 L) and eps (..., L).

        Leading axes broadcast: one lam serves many eps, or each datum has its own.
        """
        lam, eps = self.checked(lam, eps)
        lam_rows, eps_rows, lead, batch = fold(lam, eps)  # (B, 2 L), (K, B, L)
        z, log_det, sigma = kernels.active().diagonal_forward(lam_rows, eps_rows)  # Eq. (8), Eq. (9)
        cache = Cache(eps_rows, sigma, lead, batch, lam.shape, eps.shape)
        return z.reshape(*batch, -1), log_det.reshape(batch), cache

    def backward(self, cache, dz, dlog_det):
        """Return dlam (..., 2 L) and deps (..., L) for the two incoming gradients."""
        rows = cache.eps.shape  # (K, B, L)
        dlam, deps = kernels.active().diagonal_backward(  # Eq. (8'), Eq. (9')
            cache.eps,
            cache.sigma,
            np.ascontiguousarray(dz).reshape(rows),
            np.ascontiguousarray(dlog_det).reshape(rows[:-1]),
        )
        dlam = unbroadcast(dlam.reshape(*cache.lead, -1), cache.lam_shape)
        return dlam, unbroadcast(deps.reshape(*cache.batch, -1), cache.eps_shape)

    def solve_transposed(self, cache, v):
        """J^-T v = v / sigma."""
        return (v.reshape(cache.eps.shape) / cache.sigma).reshape(*cache.batch, -1)

    def grad_log_q(self, cache):
        """d log q / dz_i = -(z_i - mu_i) / sigma_i^2 = -eps_i / sigma_i."""
        return self.solve_transposed(cache, -cache.eps)  # Eq. (13')

    def log_q_by_coordinate(self, cache):
        """log q_i(z_i) of each coordinate, (..., L): q is their product."""
        log_q = -0.5 * cache.eps**2 - HALF_LOG_2PI - np.log(cache.sigma)  # Eq. (13)
        return log_q.reshape(*cache.batch, -1)

    def score_by_coordinate(self, cache, weights):
        """sum over draws of weights_i d log q_i(z_i) / dlam, for weights (..., L), with z held fixed.

        d/dmu_i = eps_i / sigma_i;  d/dlog_sigma_i = eps_i^2 - 1: Eq. (13').
        """
        eps, sigma = cache.eps, cache.sigma
        weights = np.reshape(weights, eps.shape)
        dlam = np.concatenate([weights * eps / sigma, weights * (eps * eps - 1)], axis=-1).sum(axis=0)
        return unbroadcast(dlam.reshape(*cache.lead, -1), cache.lam_shape)

    def inverse(self, lam, z):
        """Return eps = (z - mu) / sigma."""
        mu, log_sigma = np.split(lam, 2, axis=-1)
        return (z - mu) * np.exp(-log_sigma)

    def mean_and_sigma(self, lam):
        """Mean and standard deviation of z under q."""
        mu, log_sigma = np.split(lam, 2, axis=-1)
        return mu, np.exp(log_sigma)

    # KL(q || N(0, I)) has a closed form for this map, which the bound "analytic_kl" asks for.
    kl_forward = staticmethod(kl.forward)
    kl_backward = staticmethod(kl.backward)
