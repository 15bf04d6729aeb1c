"""Products of matrices with vectors, where one matrix may serve many vectors."""

import numpy as np

from scratchvae.broadcasting import unbroadcast


def times(matrix, vectors):
    """matrix (..., n, m) @ vector (..., m) for every vector, (..., n)."""
    if matrix.ndim == 2:
        return vectors @ matrix.T
    return np.einsum("...ij,...j->...i", matrix, vectors)


def transposed(matrix):
    """The matrix with its two last axes exchanged."""
    return np.swapaxes(matrix, -1, -2)


def outer_sum(a, b, lead):
    """a b^T, (*lead, n, m), summed over all vectors a (..., n), b (..., m) that share one matrix.

    The axes before those of `lead` are summed within the product of matrices, A^T B.
    """
    batch = np.broadcast_shapes(a.shape[:-1], b.shape[:-1])
    size = len(batch) - len(lead)
    a, b = (np.broadcast_to(v, (*batch, v.shape[-1])).reshape(-1, *batch[size:], v.shape[-1]) for v in (a, b))
    product = np.moveaxis(a, 0, -1) @ np.moveaxis(b, 0, -2)
    return unbroadcast(product, (*lead, a.shape[-1], b.shape[-1]))


def solve_lower(matrix, b):
    """x of C x = b for lower triangular C (..., n, n), each x_i from those before it, O(n^2)."""
    x = np.zeros(np.broadcast_shapes(b.shape, matrix.shape[:-1]), b.dtype)
    for i in range(b.shape[-1]):
        known = np.einsum("...j,...j->...", matrix[..., i, :i], x[..., :i])
        x[..., i] = (b[..., i] - known) / matrix[..., i, i]
    return x
