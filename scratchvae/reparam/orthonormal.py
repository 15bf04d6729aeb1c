"""Matrices of orthonormal columns, Q^T Q = I, from free numbers."""

from typing import NamedTuple

import numpy as np

from scratchvae.reparam.householder import Householder
from scratchvae.reparam.products import transposed

#: Bjorck's steps in one round, and the most rounds. A singular value grows by 3/2 in a step while it is
#: small: 1e-16 needs 90 steps.
STEPS_A_ROUND, MAX_ROUNDS = 6, 16
#: The largest |s^2 - 1| from which a round is the last: it becomes 0.22, 0.04, 1e-3, 1e-6, 7e-13, 3e-25.
NEAR = 0.5


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


class Round(NamedTuple):
    q: np.ndarray  # what the round was given, (..., L, M)
    grams: tuple  # S_0, S_1, ..., (..., M, M)
    products: tuple  # P_0 = I, P_1, ..., (..., M, M); the last is what q is multiplied by


class BjorckCache(NamedTuple):
    scale: np.ndarray  # (..., 1, 1)
    rounds: tuple
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
    100 steps of one product each.)

    A step multiplies Q by T = (3 I - S) / 2, S = Q^T Q, and so S becomes T S T: what follows can be computed
    from S alone, and M is small beside L. A round takes several steps on M x M matrices,

        S_0 = Q^T Q,    T_k = (3 I - S_k) / 2,    S_k+1 = T_k S_k T_k,    P_k+1 = P_k T_k,    P_0 = I

    and then Q <- Q P once. As the next round begins with the true Q^T Q, rounding is not handed on. The last
    round is the first that begins near the identity.

    Backward, for one round with the incoming gradient G: dP = Q^T G, and from the last step to the first

        dT_k = P_k^T dP_k+1 + dS_k+1 T_k S_k + S_k T_k dS_k+1      dP_k = dP_k+1 T_k
        dS_k = T_k dS_k+1 T_k - dT_k / 2

    as S and T are symmetric, and then dQ = G P^T + Q (dS_0 + dS_0^T). dA = dQ / c: c counts as constant, for
    the nearest orthonormal matrix of A and of A / c is the same.

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
        q, rounds = a / scale, []
        for _ in range(MAX_ROUNDS):
            rounds.append(_round(q))
            q = q @ rounds[-1].products[-1]
            if not _distance_from_identity(rounds[-1].grams[0]) > NEAR:  # NaN passes on
                return q, BjorckCache(scale, tuple(rounds), lam.shape)
        raise ValueError(
            f"the columns of a {self.n_latent} x {self.rank} matrix in lam, with ones added on its diagonal, "
            "are linearly dependent, so no orthonormal matrix is nearest to it; change lam."
        )

    def backward(self, cache, dq):
        """Return dlam (..., L M)."""
        for one in reversed(cache.rounds):
            dq = _round_backward(one, dq)
        return (dq / cache.scale).reshape(cache.lam_shape)


def _round(q):
    """Several steps on S = Q^T Q in place of Q."""
    gram = transposed(q) @ q
    grams, products = [gram], [np.broadcast_to(np.eye(gram.shape[-1], dtype=gram.dtype), gram.shape)]
    for k in range(STEPS_A_ROUND):
        step = _step(grams[k])
        products.append(products[k] @ step)
        grams.append(step @ grams[k] @ step)
    return Round(q, tuple(grams), tuple(products))


def _round_backward(one, dq):
    """The gradient by what the round was given, for that by what it gave."""
    q, grams, products = one
    dproduct, dgram = transposed(q) @ dq, np.zeros_like(grams[0])
    for k in reversed(range(STEPS_A_ROUND)):
        step = _step(grams[k])
        right = dgram @ step
        dstep = transposed(products[k]) @ dproduct + right @ grams[k] + grams[k] @ step @ dgram
        dproduct, dgram = dproduct @ step, step @ right - 0.5 * dstep
    return dq @ transposed(products[-1]) + q @ (dgram + transposed(dgram))


def _step(gram):
    """T = (3 I - S) / 2."""
    return 1.5 * np.eye(gram.shape[-1], dtype=gram.dtype) - 0.5 * gram


def _bound_of_spectral_norm(a):
    """sqrt(|A|_1 |A|_inf), (..., 1, 1); never zero."""
    size = np.abs(a)
    columns = np.einsum("...ij->...j", size).max(axis=-1)
    rows = np.einsum("...ij->...i", size).max(axis=-1)
    return np.maximum(np.sqrt(columns * rows), np.finfo(a.dtype).tiny)[..., None, None]


def _distance_from_identity(gram):
    """The largest row sum of |S - I|, at least its spectral norm."""
    return np.abs(gram - np.eye(gram.shape[-1], dtype=gram.dtype)).sum(axis=-1).max(initial=0)
