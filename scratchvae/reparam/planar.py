"""The planar flow: noise is pushed along one direction, by how far it lies along another."""

from typing import NamedTuple

import numpy as np

from scratchvae import kernels
from scratchvae.broadcasting import fold, unbroadcast
from scratchvae.numerics import above_minus_one, dot, tanh_and_slope
from scratchvae.reparam.base import Reparameterization
from scratchvae.reparam.roots import increasing_root


class Cache(NamedTuple):
    eps: np.ndarray  # in the shape of z, (..., L)
    lam: np.ndarray  # (B, 2 L + 1)
    u_hat: np.ndarray  # (B, L)
    x: np.ndarray  # w^T u, (B, 1)
    norm: np.ndarray  # |w|^2, (B, 1)
    a: np.ndarray  # w^T eps + b, (K, B, 1)
    lead: tuple  # the leading axes that B counts
    lam_shape: tuple
    eps_shape: tuple


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

    def forward(self, lam, eps):
        """Return z (..., L), log_det (...) and the cache, for lam (..., 2 L + 1) and eps (..., L).

        Leading axes broadcast: one lam serves many eps, or each datum has its own.
        """
        lam, eps = self.checked(lam, eps)
        lam_rows, eps_rows, lead, batch = fold(lam, eps)  # (B, 2 L + 1), (K, B, L)
        z, log_det, *inner = kernels.active().planar_forward(lam_rows, eps_rows)  # Eq. (40), Eq. (41)
        cache = Cache(eps_rows.reshape(*batch, -1), lam_rows, *inner, lead, lam.shape, eps.shape)
        return z.reshape(*batch, -1), log_det.reshape(batch), cache

    def backward(self, cache, dz, dlog_det):
        """Return dlam (..., 2 L + 1) and deps (..., L) for the two incoming gradients."""
        rows = (*cache.a.shape[:2], self.n_latent)  # (K, B, L)
        dlam, deps = kernels.active().planar_backward(  # Eq. (40'), Eq. (41')
            cache.lam,
            cache.eps.reshape(rows),
            cache.u_hat,
            cache.x,
            cache.norm,
            cache.a,
            np.ascontiguousarray(dz).reshape(rows),
            np.ascontiguousarray(dlog_det).reshape(rows[:-1]),
        )
        dlam = unbroadcast(dlam.reshape(*cache.lead, -1), cache.lam_shape)
        return dlam, unbroadcast(deps.reshape(cache.eps.shape), cache.eps_shape)

    def inverse(self, lam, z):
        """Return eps; the root to 4 machine epsilons of max(1, |a|), eps to that by |u^| / D.

        Raises
        ------
        ValueError
            If lam or z is not finite.
        """
        lam, z = self.checked(lam, z)
        lam_rows, z_rows, _, batch = fold(lam, z)
        u_hat, x, _ = kernels.active().planar_direction(lam_rows)
        m, gap, _ = above_minus_one(x)
        y = dot(self._w(lam_rows), z_rows) + lam_rows[:, -1:]

        def residual(a):
            t, slope = tanh_and_slope(a)
            return a + m * t - y, t * t + slope * gap

        a = increasing_root(residual, y - np.abs(m), y + np.abs(m))
        return (z_rows - u_hat * np.tanh(a)).reshape(*batch, -1)

    def _w(self, lam):
        return lam[..., self.n_latent : -1]

    def solve_transposed(self, cache, v):
        """J^-T v = v - psi (u^^T v) / D, by the formula of Sherman & Morrison (1950)."""
        _, slope, _, det = _at(cache)
        v = v.reshape(*cache.a.shape[:2], -1)  # (K, B, L)
        solution = v - slope * dot(cache.u_hat, v) / det * self._w(cache.lam)
        return solution.reshape(cache.eps.shape)

    def grad_log_q(self, cache):
        """d log q / dz = J^-T (-eps - d log|det| / deps), where d log|det| / deps = -2 t m h' w / D."""
        t, slope, m, det = _at(cache)
        along_w = 2 * t * m * slope / det * self._w(cache.lam)  # (K, B, L)
        return self.solve_transposed(cache, along_w.reshape(cache.eps.shape) - cache.eps)


def _at(cache):
    """t, h' = 1 - t^2, m and the determinant D = t^2 + h' (1 + m), each for the K draws of B lam."""
    t, slope = tanh_and_slope(cache.a)
    m, gap, _ = above_minus_one(cache.x)
    return t, slope, m, t * t + slope * gap
