"""Reflections: maps that turn noise and keep every volume."""

from typing import NamedTuple

import numpy as np

from scratchvae.broadcasting import unbroadcast
from scratchvae.numerics import dot
from scratchvae.reparam.base import Reparameterization
from scratchvae.validation import positive_int


class Cache(NamedTuple):
    eps: np.ndarray  # in the shape of z, (..., L)
    v: np.ndarray  # (..., n, L)
    moved: np.ndarray  # whether v depends on lam, (..., n, 1)
    path: tuple  # what each reflection was given, n arrays (..., L)
    eps_shape: tuple
    lam_shape: tuple


class Householder(Reparameterization):
    """z = H_n ... H_1 eps, the reflections H_k = I - 2 v_k v_k^T / |v_k|^2.

    H turns round what lies along v and leaves the rest. It is symmetric, orthogonal and its own inverse,
    so a product of such maps keeps lengths and volumes (Tomczak & Welling 2016):

        log|det dz/deps| = 0                              cost of the map O(n L)

    Alone it does nothing, for N(0, I) looks the same from every side: z ~ N(0, I) again. After a diagonal
    map it gives Q (mu + sigma eps) with Q = H_n ... H_1, the Gaussian N(Q mu, Q diag(sigma^2) Q^T): a
    full covariance from a diagonal one. L reflections reach every orthogonal Q but for the sign of its
    determinant, and so every covariance.

    lam packs n vectors of L numbers, and v_k = lam_k + e with a unit vector e: for v_k = lam_k, lam = 0
    would have no direction, and every small lam an arbitrary one. The unit vectors come in pairs,
    e_1, e_1, e_2, e_2, ..., so that at lam = 0 each reflection undoes the one before and z = eps. If n is
    odd, the entry that the last one would turn round is turned round beforehand: no single reflection,
    whose determinant is -1, is near the identity, but it is near another reflection.

    With y' = H y = y - 2 s v, s = v^T y / |v|^2, and q = v^T dy' / |v|^2,

        dy = H dy' = dy' - 2 q v
        dv = -2 (s dy' + q y - 2 s q v)

    the three terms from v itself, from v^T y, and from |v|^2. v^T dv = 0: the length of v does not
    matter.

    Parameters
    ----------
    n_latent : int
    n_reflections : int
        n.
    """

    def __init__(self, n_latent, n_reflections=1):
        super().__init__(n_latent)
        self.n_reflections = positive_int(n_reflections, "the number of reflections")
        self.n_params = self.n_reflections * self.n_latent
        axes = np.arange(self.n_reflections) // 2 % self.n_latent
        self.units = np.eye(self.n_latent)[axes]  # (n, L)
        self.signs = 1 - 2 * self.units[-1] if self.n_reflections % 2 else np.ones(self.n_latent)

    @property
    def spec(self):
        return f"householder:{self.n_reflections}"

    def initial(self, rng):
        """Small random vectors: at zero, those of one pair of reflections would stay equal."""
        return 0.1 * rng.standard_normal(self.n_params)

    def vectors(self, lam):
        """v (..., n, L), and whether lam moves it: a v too short to have a direction is the unit vector."""
        units = self.units.astype(lam.dtype)
        v = lam.reshape(*lam.shape[:-1], *units.shape) + units
        moved = dot(v, v) > np.finfo(lam.dtype).tiny
        return np.where(moved, v, units), moved

    def forward(self, lam, eps):
        """Return z (..., L), log_det = 0 (...) and the cache, for lam (..., n L) and eps (..., L)."""
        lam, eps = self.checked(lam, eps)
        v, moved = self.vectors(lam)
        full = np.broadcast_to(eps, (*np.broadcast_shapes(lam.shape[:-1], eps.shape[:-1]), self.n_latent))
        z, path = full * self.signs.astype(lam.dtype), []
        for k in range(self.n_reflections):
            path.append(z)
            z = _reflect(v[..., k, :], z)  # Eq. (39)
        cache = Cache(full, v, moved, tuple(path), eps.shape, lam.shape)
        return z, np.zeros(z.shape[:-1], z.dtype), cache

    def backward(self, cache, dz, dlog_det):
        """Return dlam (..., n L) and deps (..., L); log_det is constant, its gradient goes nowhere."""
        dv = np.empty_like(cache.v)
        for k in reversed(range(self.n_reflections)):
            dv_k, dz = _reflect_backward(cache.v[..., k, :], cache.path[k], dz)
            dv[..., k, :] = unbroadcast(dv_k, dv[..., k, :].shape)
        deps = dz * self.signs.astype(dz.dtype)
        return np.where(cache.moved, dv, 0).reshape(cache.lam_shape), unbroadcast(deps, cache.eps_shape)

    def inverse(self, lam, z):
        """Return eps: the same reflections from the last to the first."""
        lam, z = self.checked(lam, z)
        v, _ = self.vectors(lam)
        for k in reversed(range(self.n_reflections)):
            z = _reflect(v[..., k, :], z)
        return z * self.signs.astype(lam.dtype)

    def solve_transposed(self, cache, v):
        """J^-T v = J v, as J is orthogonal."""
        v = v * self.signs.astype(v.dtype)
        for k in range(self.n_reflections):
            v = _reflect(cache.v[..., k, :], v)
        return v

    def grad_log_q(self, cache):
        """d log q / dz = -Q eps = -z."""
        return self.solve_transposed(cache, -cache.eps)

    def mean_and_sigma(self, lam):
        """Zeros and ones, (..., L): z is a standard normal."""
        mean = np.zeros((*lam.shape[:-1], self.n_latent), lam.dtype)
        return mean, np.ones_like(mean)


def _reflect(v, y):
    """H y = y - 2 v (v^T y) / |v|^2."""
    return y - (2 * dot(v, y) / dot(v, v)) * v


def _reflect_backward(v, y, dy_out):
    """(dv, dy) for the incoming gradient of H y."""
    length = dot(v, v)
    s, q = dot(v, y) / length, dot(v, dy_out) / length
    dv = -2 * (s * dy_out + q * y - 2 * s * q * v)  # Eq. (39')
    return dv, dy_out - 2 * q * v  # Eq. (39')
