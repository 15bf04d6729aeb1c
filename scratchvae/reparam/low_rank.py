"""The Gaussian of diagonal plus low-rank covariance."""

from typing import NamedTuple

import numpy as np

from scratchvae.broadcasting import unbroadcast
from scratchvae.reparam.base import Affine
from scratchvae.validation import positive_int


class Cache(NamedTuple):
    sigma: np.ndarray  # (..., L)
    v: np.ndarray  # (..., L, r)
    core: np.ndarray  # I + V^T V, (..., r, r)
    eps: np.ndarray  # in the shape of z, (..., L)
    along: np.ndarray  # V^T eps, (..., r)
    y: np.ndarray  # eps + V V^T eps, (..., L)
    lam_shape: tuple
    eps_shape: tuple


class LowRank(Affine):
    """z = mu + sigma (eps + V V^T eps): a Gaussian that stretches noise along r directions.

    lam packs mu (L), log_sigma (L) and V (L, r) row by row. With S = diag(sigma), the factor is
    C = S (I + V V^T) and the covariance

        C C^T = S^2 + S V (2 I + V^T V) V^T S

    a diagonal plus a matrix of rank r; every such covariance can be written so. I + V V^T has all its
    eigenvalues above one, so the map can always be inverted. Its determinant is one of r x r numbers
    (the matrix determinant lemma, det(I_L + V V^T) = det(I_r + V^T V)):

        log|det dz/deps| = sum_i log_sigma_i + log det(I + V^T V)             cost O(L r^2 + r^3)

    With y = eps + V a, a = V^T eps, and dy = sigma dz:

        dmu = dz     dlog_sigma = dy y + dlog_det     deps = dy + V V^T dy
        dV = dy a^T + eps (V^T dy)^T + 2 dlog_det V (I + V^T V)^-1

    the last from d log det M = tr(M^-1 dM). (Ong, Nott & Smith 2018 draw from a diagonal plus
    low-rank Gaussian with L + r numbers of noise; here it takes L, as a map that has an inverse must.)

    Parameters
    ----------
    n_latent : int
    rank : int
        r, from 1 to L.
    """

    def __init__(self, n_latent, rank=1):
        super().__init__(n_latent)
        self.rank = positive_int(rank, "the rank")
        if self.rank > self.n_latent:
            raise ValueError(f"the rank must be at most the number of latents, {n_latent}, not {rank}.")
        self.n_params = (2 + self.rank) * self.n_latent

    @property
    def spec(self):
        return f"low_rank:{self.rank}"

    def _parts(self, lam):
        n = self.n_latent
        v = lam[..., 2 * n :].reshape(*lam.shape[:-1], n, self.rank)
        return lam[..., :n], lam[..., n : 2 * n], v

    def factor(self, lam):
        """C = S (I + V V^T), (..., L, L)."""
        _, log_sigma, v = self._parts(lam)
        identity = np.eye(self.n_latent, dtype=lam.dtype)
        return np.exp(log_sigma)[..., None] * (identity + v @ np.swapaxes(v, -1, -2))

    def initial(self, rng):
        """mu = 0, sigma = 1, and a small random V: at V = 0 its gradient would be zero for ever."""
        v = 0.1 * rng.standard_normal(self.n_latent * self.rank)
        return np.concatenate([np.zeros(2 * self.n_latent), v])

    def split(self, lam):
        """mu, sigma, and the lam of z = eps + V V^T eps."""
        mu, log_sigma, _ = self._parts(lam)
        return mu, np.exp(log_sigma), np.concatenate([np.zeros(2 * self.n_latent), lam[2 * self.n_latent :]])

    def forward(self, lam, eps):
        """Return z (..., L), log_det (...) and the cache, for lam (..., n_params) and eps (..., L)."""
        lam, eps = self.checked(lam, eps)
        mu, log_sigma, v = self._parts(lam)
        sigma, core = np.exp(log_sigma), np.eye(self.rank, dtype=lam.dtype) + np.swapaxes(v, -1, -2) @ v
        along = np.einsum("...ir,...i->...r", v, eps)
        y = eps + np.einsum("...ir,...r->...i", v, along)
        z = mu + sigma * y  # Eq. (26)
        log_det = log_sigma.sum(axis=-1) + np.linalg.slogdet(core)[1]  # Eq. (27)
        cache = Cache(sigma, v, core, np.broadcast_to(eps, z.shape), along, y, lam.shape, eps.shape)
        return z, np.broadcast_to(log_det, z.shape[:-1]), cache

    def backward(self, cache, dz, dlog_det):
        """Return dlam (..., n_params) and deps (..., L) for the two incoming gradients."""
        sigma, v, core, eps, along, y, lam_shape, eps_shape = cache
        dy = sigma * dz
        dy_along = np.einsum("...ir,...i->...r", v, dy)
        deps = dy + np.einsum("...ir,...r->...i", v, dy_along)  # Eq. (26')
        dv = dy[..., :, None] * along[..., None, :] + eps[..., :, None] * dy_along[..., None, :]  # Eq. (26')
        dlog_det = unbroadcast(dlog_det, lam_shape[:-1])
        dv = unbroadcast(dv, v.shape) + 2 * dlog_det[..., None, None] * (v @ np.linalg.inv(core))  # Eq. (27')
        dlog_sigma = unbroadcast(dy * y, sigma.shape) + dlog_det[..., None]  # Eq. (26'), Eq. (27')
        blocks = [unbroadcast(dz, sigma.shape), dlog_sigma, dv.reshape(*sigma.shape[:-1], -1)]
        return np.concatenate(blocks, axis=-1), unbroadcast(deps, eps_shape)

    def solve_transposed(self, cache, v):
        """C^-T v = S^-1 (I + V V^T)^-1 v, as I + V V^T is symmetric; O(L r)."""
        return _unstretch(cache.v, cache.core, v) / cache.sigma

    def inverse(self, lam, z):
        """Return eps = (I + V V^T)^-1 S^-1 (z - mu), O(L r)."""
        mu, log_sigma, v = self._parts(lam)
        core = np.eye(self.rank, dtype=lam.dtype) + np.swapaxes(v, -1, -2) @ v
        return _unstretch(v, core, (z - mu) * np.exp(-log_sigma))


def _unstretch(v, core, y):
    """(I + V V^T)^-1 y = y - V (I + V^T V)^-1 V^T y: the identity of Woodbury (1950)."""
    along = np.einsum("...ir,...i->...r", v, y)
    shrunk = np.einsum("...rs,...s->...r", np.linalg.inv(core), along)
    return y - np.einsum("...ir,...r->...i", v, shrunk)
