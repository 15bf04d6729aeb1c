"""Shapes: samples, batch, feature. What forward broadcasts, backward sums."""

import math

import numpy as np


def unbroadcast(gradient, shape):
    """Sum `gradient` over the axes along which an array of `shape` was repeated.

    Broadcasting copies one entry to many places; by the chain rule its gradient is the sum over
    those places.
    """
    extra = gradient.ndim - len(shape)
    gradient = gradient.sum(axis=tuple(range(extra))) if extra else gradient
    repeated = tuple(i for i, size in enumerate(shape) if size == 1 and gradient.shape[i] != 1)
    return gradient.sum(axis=repeated, keepdims=True) if repeated else gradient


def fold(small, large):
    """Bring two arrays with broadcasting leading axes to the kernels' shapes (B, n) and (K, B, m).

    The kernels know one repetition only: `small` is used again for each of the K samples in `large`.
    Any other pattern is first written out in full.

    Parameters
    ----------
    small : array (..., n)
    large : array (..., m)

    Returns
    -------
    small : array (B, n)
    large : array (K, B, m)
    lead : tuple
        The leading shape that B counts: that of `small`, or all of `batch` if it was written out.
    batch : tuple
        The common leading shape, of K * B places.
    """
    lead, batch = small.shape[:-1], large.shape[:-1]
    if batch[len(batch) - len(lead) :] != lead:  # else `lead` is its end already
        batch = np.broadcast_shapes(lead, batch)
    if large.shape[:-1] != batch:
        large = np.broadcast_to(large, batch + large.shape[-1:])
    if batch[len(batch) - len(lead) :] != lead:
        small = np.broadcast_to(small, batch + small.shape[-1:])
        lead = batch
    n_batch = math.prod(lead)
    n_samples = math.prod(batch[: len(batch) - len(lead)])
    return (
        np.ascontiguousarray(small).reshape(n_batch, small.shape[-1]),
        np.ascontiguousarray(large).reshape(n_samples, n_batch, large.shape[-1]),
        lead,
        batch,
    )


def beside(x, c):
    """x (..., n) and what it is conditioned on, c (..., C), in one row: (..., n + C); x itself if c is None.

    An affine map of the two is x W_x + c W_c + b: a bias of its own for each c.
    """
    if c is None:
        return x
    c = np.broadcast_to(c, (*x.shape[:-1], c.shape[-1]))
    return np.concatenate([x, c], axis=-1)  # Eq. (58)


def row_blocks(n, size=4096):
    """Slices that cover n rows, at most `size` rows each, so that memory stays bounded."""
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]
