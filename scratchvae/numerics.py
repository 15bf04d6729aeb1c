"""Small numerical pieces that several floors use."""

import numpy as np


def log_sum_exp(a, axis):
    """log sum e^a along `axis`, with the largest term taken out so that nothing overflows.

    An all-minus-infinity slice gives minus infinity.
    """
    largest = np.max(a, axis=axis, keepdims=True)
    shift = np.where(np.isfinite(largest), largest, 0)
    with np.errstate(divide="ignore"):  # log 0 = -inf is the right answer
        total = np.log(np.exp(a - shift).sum(axis=axis, keepdims=True)) + shift
    return np.squeeze(total, axis=axis)


def sigmoid(a):
    """1 / (1 + e^-a), written with e^-|a| so that it neither overflows nor loses its small values."""
    small = np.exp(-np.abs(a))
    return np.where(a >= 0, 1, small) / (1 + small)


def softplus(a):
    """log(1 + e^a) = max(a, 0) + log(1 + e^-|a|)."""
    return np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a)))


def gate(a):
    """sigmoid(a), 1 - sigmoid(a) and log sigmoid(a), none of them by a difference.

    With e^a = up / down, where up = e^min(a, 0) and down = e^-max(a, 0) do not overflow, they are
    up / (up + down), down / (up + down) and min(a, 0) - log(1 + up down).
    """
    below = np.minimum(a, 0)
    up, down = np.exp(below), np.exp(-np.maximum(a, 0))
    total = up + down
    return up / total, down / total, below - np.log1p(up * down)


def dot(a, b):
    """The inner product of the last axes, kept as an axis of one: (..., 1)."""
    return np.einsum("...i,...i->...", a, b)[..., None]


# --- scalar functions that keep flows invertible, exact up to the edge of what is invertible ---------


def above_minus_one(x):
    """A number above -1 from a free one, m(x) = x + sqrt(1 + x^2) - 1, in pieces that do not cancel.

    m rises from -1 to infinity, m(0) = 0 and m'(0) = 1: near zero it changes nothing. Below, 1 + m falls
    as 1 / (2 |x|) only, so floating point holds it apart from zero for every x. With the root
    s = sqrt(1 + x^2),

        1 + m = x + s = 1 / (s - x)      m = x (2 + m) / (1 + s)
        m - x = x^2 / (1 + s)        m' = (1 + m) / s         m' - 1 = x / s

    The second form of 1 + m is for x < 0.

    Parameters
    ----------
    x : array

    Returns
    -------
    m, gap, root : arrays
        m, the distance 1 + m from the edge, and s.
    """
    root = np.hypot(1, x)
    gap = np.where(x < 0, 1 / (root + np.abs(x)), x + root)
    return x * (1 + gap) / (1 + root), gap, root


def tanh_and_slope(a):
    """tanh(a) and its derivative 1 - tanh(a)^2 = 4 k / (1 + k)^2, k = e^(-2|a|), exact in the tails."""
    k = np.exp(-2 * np.abs(a))
    return np.tanh(a), 4 * k / (1 + k) ** 2
