"""Two upper triangular matrices whose product has a diagonal above -1, from free numbers."""

from typing import NamedTuple

import numpy as np

from scratchvae.numerics import tanh_and_slope


class Triangles(NamedTuple):
    """R and R~, and what the derivatives need of their diagonals."""

    r: np.ndarray  # (..., M, M)
    r_tilde: np.ndarray  # (..., M, M)
    gap: np.ndarray  # 1 + r_ii r~_ii, (..., M)
    slopes: np.ndarray  # of the tanh of d and of d~, (..., 2, M)


class TrianglePair:
    """R and R~ (M, M) with r_ii = tanh(d_i) and r~_ii = tanh(d~_i), so that |r_ii r~_ii| < 1.

    lam packs the entries of R above the diagonal row by row, those of R~, d and d~. (So in the code of
    van den Berg et al. 2018, but there R and R~ share one matrix, of which they take the two halves.)

    Parameters
    ----------
    rank : int
        M.
    """

    def __init__(self, rank):
        self.rank = rank
        self.above = np.triu_indices(rank, 1)
        self.n_above = len(self.above[0])
        self.n_params = 2 * self.n_above + 2 * rank

    def forward(self, lam):
        """Return R, R~ and their pieces, for lam (..., n_params)."""
        above, above_tilde, diagonals = np.split(lam, [self.n_above, 2 * self.n_above], axis=-1)
        d = diagonals.reshape(*lam.shape[:-1], 2, self.rank)
        on, slopes = tanh_and_slope(d)
        r, r_tilde = self._upper(above, on[..., 0, :]), self._upper(above_tilde, on[..., 1, :])
        return Triangles(r, r_tilde, one_plus_product_of_tanh(d[..., 0, :], d[..., 1, :]), slopes)

    def backward(self, triangles, dr, dr_tilde, dgap):
        """Return dlam (..., n_params) for the incoming gradients of R, of R~, and of 1 + r_ii r~_ii.

        The last reaches r_ii by r~_ii, and r~_ii by r_ii; what lies below the diagonal is no number of lam.
        """
        don = _diagonal(dr) + _diagonal(triangles.r_tilde) * dgap  # Eq. (45')
        don_tilde = _diagonal(dr_tilde) + _diagonal(triangles.r) * dgap  # Eq. (45')
        dd = np.stack([don, don_tilde], axis=-2) * triangles.slopes
        blocks = [dr[..., *self.above], dr_tilde[..., *self.above], dd.reshape(*dd.shape[:-2], -1)]
        return np.concatenate(blocks, axis=-1)

    def _upper(self, above, on):
        """The matrix (..., M, M) of the entries above the diagonal and on it."""
        matrix = np.zeros((*on.shape, self.rank), on.dtype)
        matrix[..., np.arange(self.rank), np.arange(self.rank)] = on
        matrix[..., *self.above] = above
        return matrix


def one_plus_product_of_tanh(d, d_tilde):
    """1 + tanh(d) tanh(d~) = cosh(d + d~) / (cosh(d) cosh(d~)), with k = e^(-2|d|) and k~.

    (1 + k) (1 + k~) times that is 2 (k + k~) for d and d~ of opposite signs, else 2 (1 + k k~): no term
    cancels where the product is near -1.
    """
    k, k_tilde = np.exp(-2 * np.abs(d)), np.exp(-2 * np.abs(d_tilde))
    opposite = (d < 0) != (d_tilde < 0)
    return 2 * np.where(opposite, k + k_tilde, 1 + k * k_tilde) / ((1 + k) * (1 + k_tilde))


def _diagonal(matrix):
    return np.diagonal(matrix, axis1=-2, axis2=-1)
