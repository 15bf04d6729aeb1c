"""Smooth increasing functions of one number, entry by entry, with the logarithm of their slope.

A map that acts on each entry alone has a diagonal Jacobian, so log|det| is the sum of log y'(a). Each
class has

    forward(a) -> (y, log_slope, cache)        all of a's shape
    backward(cache, dy, dlog_slope) -> da      by the chain rule, da = dy y' + dlog_slope (log y')'
    inverse(y) -> a
"""

import numpy as np

from scratchvae.numerics import sigmoid, softplus


class Identity:
    """y = a, slope 1."""

    def forward(self, a):
        return a, np.zeros_like(a), None

    def backward(self, cache, dy, dlog_slope):
        return dy

    def inverse(self, y):
        return y


class Exp:
    """y = e^a > 0. Its slope is y itself: log y' = a, (log y')' = 1."""

    def forward(self, a):
        y = np.exp(a)
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
        return softplus(a), -softplus(-a), a

    def backward(self, cache, dy, dlog_slope):
        return dy * sigmoid(cache) + dlog_slope * sigmoid(-cache)

    def inverse(self, y):
        return y + np.log(-np.expm1(-y))  # log(e^y - 1)


class Sigmoid:
    """y = s(a) = 1 / (1 + e^-a), in (0, 1).

    y' = s (1 - s); log y' = -log(1 + e^-a) - log(1 + e^a); (log y')' = 1 - 2 s.
    """

    def forward(self, a):
        y = sigmoid(a)
        return y, -softplus(-a) - softplus(a), y

    def backward(self, cache, dy, dlog_slope):
        return dy * cache * (1 - cache) + dlog_slope * (1 - 2 * cache)

    def inverse(self, y):
        return np.log(y) - np.log1p(-y)


class Tanh:
    """y = tanh a, in (-1, 1).

    y' = 1 - y^2; log y' = 2 (log 2 - a - log(1 + e^-2a)), which loses nothing where y is nearly 1;
    (log y')' = -2 y.
    """

    def forward(self, a):
        y = np.tanh(a)
        return y, 2 * (np.log(a.dtype.type(2)) - a - softplus(-2 * a)), y

    def backward(self, cache, dy, dlog_slope):
        return dy * (1 - cache * cache) - 2 * dlog_slope * cache

    def inverse(self, y):
        return np.arctanh(y)


#: The bijections by name.
BIJECTIONS = {kind.__name__.lower(): kind for kind in (Identity, Exp, Softplus, Sigmoid, Tanh)}
