"""The planar flow: noise is pushed along one direction, by how far it lies along another."""

from typing import NamedTuple

import numpy as np

from scratchvae.broadcasting import unbroadcast
from scratchvae.reparam.base import Reparameterization
from scratchvae.reparam.products import dot
from scratchvae.reparam.roots import increasing_root
from scratchvae.reparam.scalars import above_minus_one, tanh_and_slope


class Direction(NamedTuple):
    """u^ and what it was made of; all but the first three (..., 1)."""

    u: np.ndarray  # (..., L)
    w: np.ndarray  # (..., L)
    u_hat: np.ndarray  # (..., L)
    x: np.ndarray  # w^T u
    norm: np.ndarray  # |w|^2
    share: np.ndarray  # (m(x) - x) / |w|^2
    m: np.ndarray  # w^T u^
    gap: np.ndarray  # 1 + m
    root: np.ndarray  # sqrt(1 + x^2)


class Cache(NamedTuple):
    eps: np.ndarray  # in the shape of z, (..., L)
    direction: Direction
    t: np.ndarray  # tanh(w^T eps + b), (..., 1)
    slope: np.ndarray  # 1 - t^2, (..., 1)
    det: np.ndarray  # (..., 1)
    eps_shape: tuple
    lam_shape: tuple


class Planar(Reparameterization):
    """z = eps + u^ tanh(w^T eps + b), lam = (u, w, b).

    The plane w^T eps + b = 0 stays; what lies on either side of it is moved along u^, away from the plane
    or towards it (Rezende & Mohamed 2015, section 4.1). dz/deps = I + u^ psi^T with psi = h' w,
    h' = 1 - t^2, t = tanh(w^T eps + b), is the identity and a matrix of rank one, for which the matrix
    determinant lemma gives

        log|det dz/deps| = log(1 + h' w^T u^)             cost O(L), a general determinant O(L^3)

    0 < h' <= 1, so the map is invertible for every eps if w^T u^ > -1. A free u is moved along w until
    that holds (appendix A.1 there), with a function m above -1:

        u^ = u + (m(x) - x) w / |w|^2,    x = w^T u,      so that w^T u^ = m(x)

    - The division is by |w| squared. By |w| alone, as several public implementations have had it (Pyro
      until its pull request 2192), w^T u^ = x + (m(x) - x) |w|, which may be below -1: the map folds over,
      and the density it reports no longer integrates to one.
    - The paper's m(x) = -1 + log(1 + e^x) has m(0) = log 2 - 1, not 0: u^ grows as 1 / |w| when w goes to
      zero, just where an encoder begins. m(x) = x + sqrt(1 + x^2) - 1 has m(0) = 0 and m'(0) = 1, so
      m(x) - x = x^2 / (1 + sqrt(1 + x^2)) and u^ goes to u, with a gradient that stays bounded. To |w|^2 the
      smallest normal number is added, so that at w = 0 it is 0 / 0 = 0.

    Near the edge, w^T u^ = -1 and h' = 1, the determinant is a small difference of large numbers. As
    h' = 1 - t^2 it is also a sum of positive ones, with the gap 1 + m known to full precision:

        1 + h' m = t^2 + h' (1 + m)

    and u^ is put together from the part of u across w and m w / |w|^2, so that w^T u^ is m to rounding.

    Backward, with the determinant D = 1 + h' m and da = h' dt for a = w^T eps + b:

        du^ = t dz       dt = u^^T dz - 2 t m dlog_det / D       dm = h' dlog_det / D
        db = da          dw = eps da                             deps = dz + w da

    and through u^ = u + c w, with c = (m - x) / |w|^2, dc = w^T du^ and q = dc / |w|^2:

        dx = (m' - 1) q + m' dm       du = du^ + w dx       dw += c du^ + u dx - 2 c q w

    The inverse is one equation of one number. w^T z + b = a + m tanh(a) =: y, whose right side increases
    in a, and a lies between y - |m| and y + |m|; then eps = z - u^ tanh(a).

    Parameters
    ----------
    n_latent : int
    """

    spec = "planar"

    def __init__(self, n_latent):
        super().__init__(n_latent)
        self.n_params = 2 * self.n_latent + 1

    def initial(self, rng):
        """A random plane and a small u: at u = w = 0 no gradient would ever move either."""
        u, w = rng.standard_normal((2, self.n_latent)) / np.sqrt(self.n_latent)
        return np.concatenate([0.1 * u, w, [0.0]])

    def _direction(self, lam):
        """u^ of Eq. (40) and its pieces, of lam's leading axes."""
        n = self.n_latent
        u, w = lam[..., :n], lam[..., n : 2 * n]
        x, norm = dot(w, u), dot(w, w) + np.finfo(lam.dtype).tiny
        m, gap, root = above_minus_one(x)
        across = u - x / norm * w
        across = across - dot(w, across) / norm * w  # again, for what rounding left along w
        share = x * x / (1 + root) / norm
        return Direction(u, w, across + m / norm * w, x, norm, share, m, gap, root)

    def forward(self, lam, eps):
        """Return z (..., L), log_det (...) and the cache, for lam (..., 2 L + 1) and eps (..., L)."""
        lam, eps = self.checked(lam, eps)
        direction = self._direction(lam)
        t, slope = tanh_and_slope(dot(direction.w, eps) + lam[..., -1:])
        z = eps + direction.u_hat * t  # Eq. (40)
        det = t * t + slope * direction.gap
        log_det = np.log(det)[..., 0]  # Eq. (41)
        return (
            z,
            log_det,
            Cache(np.broadcast_to(eps, z.shape), direction, t, slope, det, eps.shape, lam.shape),
        )

    def backward(self, cache, dz, dlog_det):
        """Return dlam (..., 2 L + 1) and deps (..., L) for the two incoming gradients."""
        eps, direction, t, slope, det, eps_shape, lam_shape = cache
        w, shape, lead = direction.w, direction.w.shape, (*lam_shape[:-1], 1)
        ddet = dlog_det[..., None] / det  # Eq. (41')
        dt = dot(direction.u_hat, dz) - 2 * t * direction.m * ddet  # Eq. (40'), Eq. (41')
        da = slope * dt
        du_hat, dm = unbroadcast(t * dz, shape), unbroadcast(slope * ddet, lead)  # Eq. (40'), Eq. (41')
        du, dw = _direction_backward(direction, du_hat, dm)
        dlam = np.concatenate([du, dw + unbroadcast(da * eps, shape), unbroadcast(da, lead)], axis=-1)
        return dlam, unbroadcast(dz + da * w, eps_shape)

    def inverse(self, lam, z):
        """Return eps; the root to 4 machine epsilons of max(1, |a|), eps to that by |u^| / D.

        Raises
        ------
        ValueError
            If lam or z is not finite.
        """
        lam, z = self.checked(lam, z)
        direction = self._direction(lam)
        y, m = np.broadcast_arrays(dot(direction.w, z) + lam[..., -1:], direction.m)

        def residual(a):
            t, slope = tanh_and_slope(a)
            return a + m * t - y, t * t + slope * direction.gap

        a = increasing_root(residual, y - np.abs(m), y + np.abs(m))
        return z - direction.u_hat * np.tanh(a)

    def solve_transposed(self, cache, v):
        """J^-T v = v - psi (u^^T v) / D, by the formula of Sherman & Morrison (1950)."""
        direction = cache.direction
        return v - (cache.slope * dot(direction.u_hat, v) / cache.det) * direction.w

    def grad_log_q(self, cache):
        """d log q / dz = J^-T (-eps - d log|det| / deps), where d log|det| / deps = -2 t m h' w / D."""
        along_w = 2 * cache.t * cache.direction.m * cache.slope / cache.det
        return self.solve_transposed(cache, along_w * cache.direction.w - cache.eps)


def _direction_backward(direction, du_hat, dm):
    """(du, dw) for the incoming gradients of u^ and of m."""
    u, w, _, x, norm, share, _, gap, root = direction
    q = dot(w, du_hat) / norm  # Eq. (40')
    dx = q * x / root + dm * gap / root  # Eq. (40')
    return du_hat + dx * w, share * du_hat + dx * u - 2 * share * q * w  # Eq. (40')
