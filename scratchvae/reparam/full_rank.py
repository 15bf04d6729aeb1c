"""The Gaussian of full covariance: z = mu + C eps with C lower triangular."""

from typing import NamedTuple

import numpy as np

from scratchvae.broadcasting import unbroadcast
from scratchvae.reparam.base import Affine
from scratchvae.reparam.products import outer_sum, solve_lower, times, transposed


class Cache(NamedTuple):
    factor: np.ndarray  # C, (..., L, L)
    eps: np.ndarray  # in the shape of z, (..., L)
    lam_shape: tuple
    eps_shape: tuple


class FullRank(Affine):
    """z = mu + C eps, C lower triangular with diagonal e^(log_diag), so that z ~ N(mu, C C^T).

    Every covariance has exactly one such factor, its Cholesky factor. lam packs mu (L), log_diag (L)
    and the entries below the diagonal row by row, L (L - 1) / 2. z_i depends on eps_1, ..., eps_i only:
    the Jacobian C is triangular, its determinant the product of the diagonal,

        log|det dz/deps| = sum_i log_diag_i                                   cost O(L)

    With z_i = mu_i + sum_(j<=i) C_ij eps_j,

        dmu = dz     dC_ij = dz_i eps_j (j <= i)     dlog_diag_i = dC_ii C_ii + dlog_det     deps = C^T dz

    (Kucukelbir et al. 2017, section 2.4; Challis & Barber 2013.)

    Parameters
    ----------
    n_latent : int
    """

    spec = "full_rank"
    takes_full_factor = True

    def __init__(self, n_latent):
        super().__init__(n_latent)
        self.n_params = 2 * self.n_latent + self.n_latent * (self.n_latent - 1) // 2
        self.below = np.tril_indices(self.n_latent, -1)

    def factor(self, lam):
        """C (..., L, L)."""
        n = self.n_latent
        factor = np.zeros((*lam.shape[:-1], n, n), lam.dtype)
        factor[..., np.arange(n), np.arange(n)] = np.exp(lam[..., n : 2 * n])
        factor[..., *self.below] = lam[..., 2 * n :]
        return factor

    def split(self, lam):
        """mu, C, and the lam of z = eps."""
        return lam[: self.n_latent], self.factor(lam), np.zeros_like(lam)

    def forward(self, lam, eps):
        """Return z (..., L), log_det (...) and the cache, for lam (..., n_params) and eps (..., L)."""
        lam, eps = self.checked(lam, eps)
        n, factor = self.n_latent, self.factor(lam)
        z = lam[..., :n] + times(factor, eps)  # Eq. (24)
        log_det = np.broadcast_to(lam[..., n : 2 * n].sum(axis=-1), z.shape[:-1])  # Eq. (25)
        return z, log_det, Cache(factor, np.broadcast_to(eps, z.shape), lam.shape, eps.shape)

    def backward(self, cache, dz, dlog_det):
        """Return dlam (..., n_params) and deps (..., L) for the two incoming gradients."""
        factor, eps, lam_shape, eps_shape = cache
        deps = unbroadcast(times(transposed(factor), dz), eps_shape)  # Eq. (24')
        lead, n = factor.shape[:-2], self.n_latent
        dmu = unbroadcast(dz, (*lead, n))
        # One matrix for all, as in a fit, is a single product, with nothing to arrange.
        dfactor = outer_sum(dz, eps, lead) if lead else dz.reshape(-1, n).T @ eps.reshape(-1, n)  # Eq. (24')
        diagonal = np.diagonal(dfactor, axis1=-2, axis2=-1) * np.diagonal(factor, axis1=-2, axis2=-1)
        dlog_diag = diagonal + unbroadcast(dlog_det, lam_shape[:-1])[..., None]  # Eq. (25')
        return np.concatenate([dmu, dlog_diag, dfactor[..., *self.below]], axis=-1), deps

    def solve_transposed(self, cache, v):
        """C^-T v by back substitution, O(L^2)."""
        return _solve_upper(transposed(cache.factor), v)

    def inverse(self, lam, z):
        """Return eps = C^-1 (z - mu) by forward substitution, O(L^2)."""
        return solve_lower(self.factor(lam), z - lam[..., : self.n_latent])


def _solve_upper(factor, b):
    """x of C x = b for upper triangular C: the same from the last to the first."""
    turned = solve_lower(factor[..., ::-1, ::-1], b[..., ::-1])
    return turned[..., ::-1]
