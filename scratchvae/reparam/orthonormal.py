"""Matrices of orthonormal columns, Q^T Q = I, from free numbers."""

from typing import NamedTuple

import numpy as np

from scratchvae.reparam.householder import Householder
from scratchvae.reparam.products import transposed

#: Of Bjorck's iteration. A singular value grows by 3/2 each time while it is small: 1e-16 needs 90.
MAX_STEPS = 100


class ByReflections:
    """Q = H_L ... H_1, (L, L), a product of L Householder reflections.

    The columns of Q are where the reflections bring the unit vectors; so both passes are those of the map.

    Parameters
    ----------
    n_latent : int
        L, and the number of columns.
    """

    def __init__(self, n_latent):
        self.rank = n_latent
        self.reflections = Householder(n_latent, n_latent)
        self.n_params = self.reflections.n_params

    def forward(self, lam):
        """Return Q (..., L, L) for lam (..., L^2), and the cache."""
        units = np.eye(self.rank, dtype=lam.dtype).reshape(self.rank, *(1,) * (lam.ndim - 1), self.rank)
        columns, _, cache = self.reflections.forward(lam, units)  # (L, ..., L)
        return np.moveaxis(columns, 0, -1), cache

    def backward(self, cache, dq):
        """Return dlam (..., L^2)."""
        dcolumns = np.moveaxis(dq, -1, 0)
        return self.reflections.backward(cache, dcolumns, np.zeros_like(dcolumns[..., 0]))[0]


class BjorckCache(NamedTuple):
    scale: np.ndarray  # (..., 1, 1)
    steps: tuple  # what each iteration was given, (..., L, M)
    lam_shape: tuple


class ByBjorck:
    """Q (L, M), the orthonormal matrix nearest to A = E + lam, by Bjorck & Bowie's iteration (1971).

    E is the first M columns of the identity, so that lam = 0 gives Q = E. From Q = A / c,

        Q <- Q (I + (I - Q^T Q) / 2) = (3 Q - Q Q^T Q) / 2

    leaves the singular vectors as they are and takes each singular value s to s (3 - s^2) / 2. That rises
    from 0 to 1 over 0 < s <= 1, with slope zero at 1: once near, the error is squared each time, 1 - s to
    3 (1 - s)^2 / 2. All s <= 1 is ensured by c = sqrt(|A|_1 |A|_inf), the largest column sum times the
    largest row sum, which is at least the spectral norm (Golub & Van Loan 2013, section 2.3.3) and is 1 at
    A = E. (The authors of the Sylvester flow divide by the Frobenius norm, at least as large, and run up to
    100 steps too.) Steps end with the first that began within the square root of a machine epsilon.

    Backward, with S = Q^T Q, G the incoming gradient and K = Q^T G,

        dQ = 3 G / 2 - (G S + Q (K + K^T)) / 2

    for each step from the last to the first, and dA = dQ / c: c counts as constant, for the nearest
    orthonormal matrix of A and of A / c is the same.

    Parameters
    ----------
    n_latent : int
        L.
    rank : int
        M, at most L.
    """

    def __init__(self, n_latent, rank):
        self.n_latent, self.rank = n_latent, rank
        self.n_params = n_latent * rank

    def forward(self, lam):
        """Return Q (..., L, M) for lam (..., L M), and the cache.

        Raises
        ------
        ValueError
            If the columns of A are linearly dependent.
        """
        a = lam.reshape(*lam.shape[:-1], self.n_latent, self.rank)
        a = a + np.eye(self.n_latent, self.rank, dtype=lam.dtype)
        scale = _bound_of_spectral_norm(a)
        q, steps = a / scale, []
        for _ in range(MAX_STEPS):
            steps.append(q)
            gram = transposed(q) @ q
            q = 1.5 * q - 0.5 * (q @ gram)
            if not _distance_from_identity(gram) > np.sqrt(np.finfo(q.dtype).eps):  # NaN passes on
                return q, BjorckCache(scale, tuple(steps), lam.shape)
        raise ValueError(
            f"the columns of a {self.n_latent} x {self.rank} matrix in lam, with ones added on its diagonal, "
            "are linearly dependent, so no orthonormal matrix is nearest to it; change lam."
        )

    def backward(self, cache, dq):
        """Return dlam (..., L M)."""
        for q in reversed(cache.steps):
            along = transposed(q) @ dq
            dq = 1.5 * dq - 0.5 * (dq @ (transposed(q) @ q) + q @ (along + transposed(along)))
        return (dq / cache.scale).reshape(cache.lam_shape)


def _bound_of_spectral_norm(a):
    """sqrt(|A|_1 |A|_inf), (..., 1, 1); never zero."""
    size = np.abs(a)
    columns = size.sum(axis=-2, keepdims=True).max(axis=-1, keepdims=True)
    rows = size.sum(axis=-1, keepdims=True).max(axis=-2, keepdims=True)
    return np.maximum(np.sqrt(columns * rows), np.finfo(a.dtype).tiny)


def _distance_from_identity(gram):
    return np.abs(gram - np.eye(gram.shape[-1], dtype=gram.dtype)).max(initial=0)
