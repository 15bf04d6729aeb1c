"""Smooth increasing functions of one number, entry by entry, with the logarithm of their slope.

A map that acts on each entry alone has a diagonal Jacobian, so log|det| is the sum of log y'(a). Each
class has

    forward(a) -> (y, log_slope, cache)        all of a's shape
    backward(cache, dy, dlog_slope) -> da      by the chain rule, da = dy y' + dlog_slope (log y')'
    inverse(y) -> a

y stays inside its open range for every finite a. Where rounding would put it on the end (e^-800 = 0), it
is kept at the nearest number that a density and its derivatives can still be computed at; log y' and the
derivatives remain those of the exact function.
"""

import math

import numpy as np

from scratchvae.numerics import sigmoid, softplus


def smallest(dtype):
    """The smallest y > 0 that is given: 1 / y is far from overflow."""
    return np.finfo(dtype).tiny / np.finfo(dtype).eps


def between(y, low, high):
    """y, kept off the ends low and high of its open range."""
    low, high = y.dtype.type(low), y.dtype.type(high)
    least = max(np.nextafter(low, high), low + smallest(y.dtype))
    most = min(np.nextafter(high, low), high - smallest(y.dtype))
    return np.clip(y, least, most)


class Identity:
    """y = a, slope 1."""

    def forward(self, a):
        """Return y, log y' and the cache."""
        return a, np.zeros_like(a), None

    def backward(self, cache, dy, dlog_slope):
        return dy

    def inverse(self, y):
        return y


class Exp:
    """y = e^a > 0. Its slope is y itself: log y' = a, (log y')' = 1."""

    def forward(self, a):
        """Return y, log y' and the cache."""
        largest = -np.log(smallest(a.dtype))
        y = np.exp(np.clip(a, -largest, largest))
        return y, a, y

    def backward(self, cache, dy, dlog_slope):
        return dy * cache + dlog_slope

    def inverse(self, y):
        return np.log(y)


class Softplus:
    """y = log(1 + e^a) > 0, which grows as a, not as e^a.

    y' = s(a), the sigmoid; log y' = -log(1 + e^-a); (log y')' = 1 - s(a) = s(-a).
    """

    def forward(self, a):
        """Return y, log y' and the cache."""
        return np.maximum(softplus(a), smallest(a.dtype)), -softplus(-a), a

    def backward(self, cache, dy, dlog_slope):
        return dy * sigmoid(cache) + dlog_slope * sigmoid(-cache)

    def inverse(self, y):
        return y + np.log(-np.expm1(-y))  # log(e^y - 1)


class Sigmoid:
    """y = low + (high - low) s(a), in (low, high), with s(a) = 1 / (1 + e^-a).

    s' = s(a) s(-a), so with the width w = high - low

        y' = w s(a) s(-a)        log y' = log w - |a| - 2 log(1 + e^-|a|)        (log y')' = s(-a) - s(a)

    y is computed from the end that it is near to, high - w s(-a) for a > 0, and so is its inverse,
    log(y - low) - log(high - y): an end at zero loses no digits.

    Parameters
    ----------
    low, high : float
    """

    def __init__(self, low=0.0, high=1.0):
        self.low, self.high, self.width = low, high, high - low

    def forward(self, a):
        """Return y, log y' and the cache."""
        left, right = sigmoid(a), sigmoid(-a)
        y = np.where(a < 0, self.low + self.width * left, self.high - self.width * right)
        log_slope = math.log(self.width) - np.abs(a) - 2 * np.log1p(np.exp(-np.abs(a)))
        return between(y, self.low, self.high), log_slope, (left, right)

    def backward(self, cache, dy, dlog_slope):
        """Return da."""
        left, right = cache
        return dy * self.width * left * right + dlog_slope * (right - left)

    def inverse(self, y):
        return np.log(y - self.low) - np.log(self.high - y)


class Tanh:
    """y = tanh a, in (-1, 1).

    y' = 1 - y^2 = 4 s(2a) s(-2a), which loses nothing where y is nearly 1; log y' = 2 (log 2 - |a| -
    log(1 + e^-2|a|)); (log y')' = -2 y.
    """

    def forward(self, a):
        """Return y, log y' and the cache."""
        y = np.tanh(a)
        log_slope = 2 * (math.log(2) - np.abs(a) - np.log1p(np.exp(-2 * np.abs(a))))
        return between(y, -1, 1), log_slope, (y, 4 * sigmoid(2 * a) * sigmoid(-2 * a))

    def backward(self, cache, dy, dlog_slope):
        """Return da."""
        y, slope = cache
        return dy * slope - 2 * dlog_slope * y

    def inverse(self, y):
        return np.arctanh(y)


#: The bijections by name.
BIJECTIONS = {kind.__name__.lower(): kind for kind in (Identity, Exp, Softplus, Sigmoid, Tanh)}
