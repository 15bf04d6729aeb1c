"""The Sylvester flow: many planar flows at once, through a triangular bottleneck."""

from typing import NamedTuple

import numpy as np

from scratchvae.broadcasting import unbroadcast
from scratchvae.numerics import dot, tanh_and_slope
from scratchvae.reparam.base import Reparameterization
from scratchvae.reparam.orthonormal import ByBjorck, ByReflections
from scratchvae.reparam.products import outer_sum, solve_lower, times, transposed
from scratchvae.reparam.roots import increasing_root
from scratchvae.reparam.triangles import TrianglePair, Triangles
from scratchvae.validation import choose, positive_int

#: The rank where none is given, if there are as many latents.
DEFAULT_RANK = 8


class Cache(NamedTuple):
    eps: np.ndarray  # in the shape of z, (..., L)
    q: np.ndarray  # Q, (..., L, M)
    q_cache: tuple
    triangles: Triangles  # R and R~, (..., M, M)
    y: np.ndarray  # Q^T eps, (..., M)
    t: np.ndarray  # tanh(R~ y + b), (..., M)
    slope: np.ndarray  # 1 - t^2, (..., M)
    det: np.ndarray  # its factors D_i, (..., M)
    eps_shape: tuple
    lam_shape: tuple


class Sylvester(Reparameterization):
    """z = eps + Q R tanh(R~ Q^T eps + b), Q (L, M) with orthonormal columns, R and R~ upper triangular.

    A layer of M hidden units with a residual connection, where a planar flow has one (van den Berg,
    Hasenclever, Tomczak & Welling 2018). With t = tanh(R~ Q^T eps + b), h = 1 - t^2, H = diag(h),

        dz/deps = I + Q W Q^T,    W = R H R~

    By Sylvester's identity det(I_L + A B) = det(I_M + B A) with A = Q and B = W Q^T, and as Q^T Q = I, its
    determinant is that of I_M + W. W is a product of triangular matrices, so triangular, with the diagonal
    r_ii h_i r~_ii:

        log|det dz/deps| = sum_i log(1 + h_i r_ii r~_ii)      cost O(M), a general determinant O(L^3)

    **Invertible** is the map if r_ii r~_ii > -1, for 0 < h_i <= 1. As in the authors' code (`diag_activation`
    in its models/VAE.py), r_ii = tanh(d_i) and r~_ii = tanh(d~_i), so that |r_ii r~_ii| < 1. As in the planar
    flow, each factor is also a sum of positive numbers, with 1 + r r~ known to full precision:

        D = 1 + h r r~ = t^2 + h (1 + r r~)

    lam packs the numbers of Q, of R and R~ (see `TrianglePair`) and b. lam = 0 gives z = eps.

    Backward, with y = Q^T eps, a = R~ y + b and c = R t:

        dc = Q^T dz             dR = dc t^T                  dt = R^T dc - 2 t r r~ dlog_det / D
        da = h dt               dR~ = da y^T    db = da      dy = R~^T da
        dQ = dz c^T + eps dy^T                               deps = dz + Q dy
        dr_ii += r~_ii h_i dlog_det / D_i                    dr~_ii += r_ii h_i dlog_det / D_i

    where only the triangles of dR and dR~ count; from Q on to lam, see `ByBjorck` and `ByReflections`.

    The inverse: Q^T z = y + R tanh(R~ y + b) is triangular, one equation of one number for each y_i, from
    the last to the first. What lies across the columns of Q is unchanged, so eps = z - Q R tanh(R~ y + b).

    Parameters
    ----------
    n_latent : int
    rank : int, optional
        M, from 1 to L, and by default 8 or L, whichever is less: a draw costs O(L M), and lam has L M numbers
        for Q. With reflections it is L.
    by : {"orthogonal", "householder"}
        How Q is made: by Bjorck's iteration, or as a product of L reflections.
    """

    def __init__(self, n_latent, rank=None, by="orthogonal"):
        super().__init__(n_latent)
        ways = {"orthogonal": self._by_bjorck, "householder": self._by_reflections}
        self.basis = choose(ways, by, "way to make Q")(rank)
        self.by, self.rank = by, self.basis.rank
        self.pair = TrianglePair(self.rank)
        self.ends = np.cumsum([self.basis.n_params, self.pair.n_params, self.rank])
        self.n_params = int(self.ends[-1])

    def _by_bjorck(self, rank):
        rank = positive_int(min(self.n_latent, DEFAULT_RANK) if rank is None else rank, "the rank")
        if rank > self.n_latent:
            raise ValueError(f"the rank must be at most the number of latents, {self.n_latent}, not {rank}.")
        return ByBjorck(self.n_latent, rank)

    def _by_reflections(self, rank):
        if rank not in (None, self.n_latent):
            raise ValueError(
                f"a product of reflections is a square matrix: the rank must be the number of latents, "
                f'{self.n_latent}, not {rank!r}; by="orthogonal" takes a lower one.'
            )
        return ByReflections(self.n_latent)

    @property
    def spec(self):
        return "householder_sylvester" if self.by == "householder" else f"sylvester:{self.rank}"

    def initial(self, rng):
        """R near zero and R~ near 0.76 I: z is near eps, and R has a gradient. At R~ = 0 it had none."""
        lam = 0.1 * rng.standard_normal(self.n_params)
        lam[self.ends[1] - self.rank : self.ends[1]] += 1  # d~
        return lam

    def _pieces(self, lam):
        """Q (..., L, M), its cache, the triangles and b (..., M)."""
        q_lam, triangles_lam, b = np.split(lam, self.ends[:-1], axis=-1)
        return *self.basis.forward(q_lam), self.pair.forward(triangles_lam), b

    def forward(self, lam, eps):
        """Return z (..., L), log_det (...) and the cache, for lam (..., n_params) and eps (..., L)."""
        lam, eps = self.checked(lam, eps)
        q, q_cache, triangles, b = self._pieces(lam)
        y = times(transposed(q), eps)
        t, slope = tanh_and_slope(times(triangles.r_tilde, y) + b)
        z = eps + times(q, times(triangles.r, t))  # Eq. (44)
        det = t * t + slope * triangles.gap
        log_det = np.log(det).sum(axis=-1)  # Eq. (45)
        full = np.broadcast_to(eps, z.shape)
        return z, log_det, Cache(full, q, q_cache, triangles, y, t, slope, det, eps.shape, lam.shape)

    def backward(self, cache, dz, dlog_det):
        """Return dlam (..., n_params) and deps (..., L) for the two incoming gradients."""
        eps, q, q_cache, triangles, y, t, slope, det, eps_shape, lam_shape = cache
        r, r_tilde, gap, _ = triangles
        lead, share = lam_shape[:-1], dlog_det[..., None] / det
        dc = times(transposed(q), dz)  # Eq. (44')
        dt = times(transposed(r), dc) - 2 * t * (gap - 1) * share  # Eq. (44'), Eq. (45')
        da = slope * dt
        dy = times(transposed(r_tilde), da)
        dq = outer_sum(dz, times(r, t), lead) + outer_sum(eps, dy, lead)  # Eq. (44')
        dr, dr_tilde = outer_sum(dc, t, lead), outer_sum(da, y, lead)  # Eq. (44')
        db, dgap = (unbroadcast(v, (*lead, self.rank)) for v in (da, slope * share))
        dtriangles = self.pair.backward(triangles, dr, dr_tilde, dgap)
        dlam = np.concatenate([self.basis.backward(q_cache, dq), dtriangles, db], axis=-1)
        return dlam, unbroadcast(dz + times(q, dy), eps_shape)

    def inverse(self, lam, z):
        """Return eps; each root to 4 machine epsilons of max(1, |y_i|).

        Raises
        ------
        ValueError
            If lam or z is not finite.
        """
        lam, z = self.checked(lam, z)
        q, _, triangles, b = self._pieces(lam)
        target = times(transposed(q), z)
        y, t = np.zeros_like(target), np.zeros_like(target)
        for i in reversed(range(self.rank)):
            here, later = slice(i, i + 1), slice(i + 1, None)
            rest = target[..., here] - dot(triangles.r[..., i, later], t[..., later])
            shift = b[..., here] + dot(triangles.r_tilde[..., i, later], y[..., later])
            y[..., here], t[..., here] = _solve_row(triangles, i, rest, shift)
        return z - times(q, times(triangles.r, t))

    def solve_transposed(self, cache, v):
        """J^-T v = v + Q ((I + W)^-T - I) Q^T v, for J = I + Q W Q^T and Q^T Q = I.

        I + W is triangular with the diagonal D: O(M^3) for W, and O(M^2 + L M) for the rest.
        """
        triangles, i = cache.triangles, np.arange(self.rank)
        w = (triangles.r * cache.slope[..., None, :]) @ triangles.r_tilde
        w[..., i, i] = cache.det
        along = times(transposed(cache.q), v)
        return v + times(cache.q, solve_lower(transposed(w), along) - along)

    def grad_log_q(self, cache):
        """d log q / dz = J^-T (-eps - d log|det| / deps), the last Q dy of `backward` at dz = 0."""
        da = -2 * cache.slope * cache.t * (cache.triangles.gap - 1) / cache.det
        dy = times(transposed(cache.triangles.r_tilde), da)
        return self.solve_transposed(cache, -cache.eps - times(cache.q, dy))


class HouseholderSylvester(Sylvester):
    """The Sylvester flow whose Q is a product of L reflections, with M = L.

    Parameters
    ----------
    n_latent : int
    """

    def __init__(self, n_latent):
        super().__init__(n_latent, by="householder")


def _solve_row(triangles, i, target, shift):
    """(y, t) of y + r_ii t = target, t = tanh(r~_ii y + shift), (..., 1); y is within |r_ii| of target."""
    row = (
        triangles.r[..., i, i : i + 1],
        triangles.r_tilde[..., i, i : i + 1],
        triangles.gap[..., i : i + 1],
    )
    r, r_tilde, gap, target = np.broadcast_arrays(*row, target)

    def residual(y):
        t, slope = tanh_and_slope(r_tilde * y + shift)
        return y + r * t - target, t * t + slope * gap

    y = increasing_root(residual, target - np.abs(r), target + np.abs(r))
    return y, np.tanh(r_tilde * y + shift)
