"""Scalar functions that keep flows invertible, exact up to the edge of what is invertible."""

import numpy as np


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
