"""The radial flow: noise is drawn to one point, or pushed away from it."""

from typing import NamedTuple

import numpy as np

from scratchvae.broadcasting import unbroadcast
from scratchvae.numerics import above_minus_one, dot
from scratchvae.reparam.base import Reparameterization

#: log_alpha counts as this at most, and as minus this at least: beyond, alpha or its inverse would overflow.
MAX_LOG_ALPHA = 40.0


class Cache(NamedTuple):
    eps: np.ndarray  # in the shape of z, (..., L)
    y: np.ndarray  # eps - z0, (..., L)
    unit: np.ndarray  # y / |y|, zero at y = 0, (..., L)
    rho: np.ndarray  # |y| / alpha, (..., 1)
    alpha: np.ndarray  # (..., 1), as the next three
    m: np.ndarray
    gap: np.ndarray  # 1 + m
    root: np.ndarray  # sqrt(1 + beta^2)
    across: np.ndarray  # A, (..., 1)
    along: np.ndarray  # B, (..., 1)
    eps_shape: tuple
    lam_shape: tuple


class Radial(Reparameterization):
    """z = eps + beta^ (eps - z0) / (alpha + r), r = |eps - z0|, lam = (z0, log_alpha, beta).

    Noise moves on the rays from z0: outwards for beta^ > 0, which leaves a hole there, inwards for
    beta^ < 0, which makes a peak (Rezende & Mohamed 2015, section 4.1). alpha = e^(log_alpha) is the reach.
    With y = eps - z0, rho = r / alpha, h = 1 / (1 + rho), m = beta^ / alpha,

        z = eps + m h y           dz/deps = A (I - y y^T / r^2) + B y y^T / r^2

    where A = 1 + m h stretches the L - 1 directions across the ray, and the derivative of the distance from
    z0, B = d(A r) / dr = 1 + m h^2, stretches along it: so

        log|det dz/deps| = (L - 1) log A + log B          cost O(L), a general determinant O(L^3)

    **Invertible** is the map if the distance A r increases, B > 0 for every rho >= 0. h <= 1 with equality
    at rho = 0, so m > -1 is needed and enough, that is, beta^ > -alpha; and then A > 0 too. It takes
    m = beta + sqrt(1 + beta^2) - 1, which is above -1, and zero with slope one at beta = 0. (The paper's
    beta^ = -alpha + log(1 + e^beta) is no identity at beta = 0.) Near the edge, with 1 + m exact,

        A = (rho + 1 + m) h        B = (rho^2 + 2 rho + 1 + m) h^2

    are sums of positive numbers. Backward, as dm of A is h and of B is h^2:

        dA = y^T dz + (L - 1) dlog_det / A                 dB = dlog_det / B
        dm = h dA + h^2 dB                                 dh = m dA + 2 m h dB
        drho = -h^2 dh                                     dy = m h dz + (y / r) drho / alpha
        deps = dz + dy      dz0 = -dy      dlog_alpha = -rho drho      dbeta = (1 + m) / sqrt(1 + beta^2) dm

    The reach counts as e^40 where log_alpha is above 40, and as e^-40 where it is below -40: no lam then
    makes log|det| infinite, and none that is of use is changed.

    At r = 0, log|det| has a kink as |y| has, and y / r counts as zero.

    The inverse is in closed form. The distance R = |z - z0| / alpha = rho (rho + 1 + m) / (1 + rho) is a
    quadratic in rho, rho^2 + (1 + m - R) rho - R = 0, with one root that is not negative; and
    eps = z0 + (z - z0) / A.

    Parameters
    ----------
    n_latent : int
    """

    spec = "radial"

    def __init__(self, n_latent):
        super().__init__(n_latent)
        self.n_params = self.n_latent + 2

    def initial(self, rng):
        """Small random numbers: at beta = 0, neither z0 nor alpha has a gradient."""
        return 0.1 * rng.standard_normal(self.n_params)

    def _parts(self, lam):
        """z0 (..., L); alpha and beta, (..., 1)."""
        log_alpha = np.clip(lam[..., -2:-1], -MAX_LOG_ALPHA, MAX_LOG_ALPHA)
        return lam[..., :-2], np.exp(log_alpha), lam[..., -1:]

    def forward(self, lam, eps):
        """Return z (..., L), log_det (...) and the cache, for lam (..., L + 2) and eps (..., L)."""
        lam, eps = self.checked(lam, eps)
        z0, alpha, beta = self._parts(lam)
        m, gap, root = above_minus_one(beta)
        y = eps - z0
        r = np.sqrt(dot(y, y))
        rho = r / alpha
        h = 1 / (1 + rho)
        z = eps + m * h * y  # Eq. (42)
        across, along = (rho + gap) * h, (rho * h) * ((rho + 2) * h) + gap * h * h
        log_det = ((self.n_latent - 1) * np.log(across) + np.log(along))[..., 0]  # Eq. (43)
        full, unit = np.broadcast_to(eps, z.shape), y / np.where(r > 0, r, 1)
        cache = Cache(full, y, unit, rho, alpha, m, gap, root, across, along, eps.shape, lam.shape)
        return z, log_det, cache

    def backward(self, cache, dz, dlog_det):
        """Return dlam (..., L + 2) and deps (..., L) for the two incoming gradients."""
        _, y, unit, rho, alpha, m, gap, root, across, along, eps_shape, lam_shape = cache
        h, dlog_det, lead = 1 / (1 + rho), dlog_det[..., None], (*lam_shape[:-1], 1)
        dacross = dot(y, dz) + (self.n_latent - 1) * dlog_det / across  # Eq. (42'), Eq. (43')
        dalong = dlog_det / along  # Eq. (43')
        dm = h * dacross + h * h * dalong  # Eq. (42'), Eq. (43')
        drho = -m * h * h * (dacross + 2 * h * dalong)  # Eq. (42'), Eq. (43')
        dy = m * h * dz + unit * drho / alpha  # Eq. (42')
        dbeta = gap / root * unbroadcast(dm, lead)
        dlog_alpha = unbroadcast(-rho * drho, lead)
        dz0 = -unbroadcast(dy, (*lam_shape[:-1], self.n_latent))
        return np.concatenate([dz0, dlog_alpha, dbeta], axis=-1), unbroadcast(dz + dy, eps_shape)

    def inverse(self, lam, z):
        """Return eps by the quadratic's root; of its two forms the one in which nothing cancels."""
        lam, z = self.checked(lam, z)
        z0, alpha, beta = self._parts(lam)
        _, gap, _ = above_minus_one(beta)
        y = z - z0
        distance = np.sqrt(dot(y, y)) / alpha
        half = (distance - gap) / 2
        far = np.abs(half) + np.hypot(half, np.sqrt(distance))  # never zero, for gap > 0
        rho = np.where(half > 0, far, distance / far)
        return z0 + y * (1 + rho) / (rho + gap)

    def solve_transposed(self, cache, v):
        """J^-T v = v / A + (1 / B - 1 / A) u u^T v, u = y / r: J is symmetric, and u an eigenvector."""
        return v / cache.across + (1 / cache.along - 1 / cache.across) * dot(cache.unit, v) * cache.unit

    def grad_log_q(self, cache):
        """d log q / dz = J^-T (-eps - d log|det| / deps).

        The last is (y / r) / alpha times d log|det| / drho = -m h^2 ((L - 1) / A + 2 h / B).
        """
        h = 1 / (1 + cache.rho)
        drho = -cache.m * h * h * ((self.n_latent - 1) / cache.across + 2 * h / cache.along)
        return self.solve_transposed(cache, -cache.eps - drho / cache.alpha * cache.unit)
