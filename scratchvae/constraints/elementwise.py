"""Constraints on each number alone: none, positive, within an interval."""

import math

import numpy as np

from scratchvae.constraints.base import Constraint
from scratchvae.constraints.bijections import BIJECTIONS
from scratchvae.validation import choose, in_range


class Elementwise(Constraint):
    """theta_i = low + width y(z_i) for a bijection y; log|det| = sum_i (log y'(z_i) + log width)."""

    low, width = 0.0, 1.0

    def __init__(self, shape, bijection):
        super().__init__(shape)
        self.bijection = BIJECTIONS[bijection]()

    def forward(self, z):
        """Return theta, log_det and the cache."""
        y, log_slope, cache = self.bijection.forward(z)
        theta = y if self.width == 1 and self.low == 0 else self.low + self.width * y
        log_det = log_slope.sum(axis=-1) + self.size * math.log(self.width)
        return theta.reshape((*z.shape[:-1], *self.shape)), log_det, cache

    def backward(self, cache, dtheta, dlog_det):
        """Return dz; the one dlog_det goes to every entry's slope."""
        dlog_det = np.asarray(dlog_det)
        dy = self.width * np.reshape(dtheta, (*dlog_det.shape, self.size))
        return self.bijection.backward(cache, dy, dlog_det[..., None])

    def free(self, theta):
        lead = theta.shape[: theta.ndim - len(self.shape)]
        return self.bijection.inverse((theta.reshape((*lead, self.size)) - self.low) / self.width)


class Real(Elementwise):
    """Any real number: theta = z, log|det| = 0."""

    words = "real"

    def __init__(self, shape=None):
        super().__init__(shape, "identity")


class Positive(Elementwise):
    """theta > 0.

    Parameters
    ----------
    shape : int, tuple of int or None
    by : {"exp", "softplus"}
        theta = e^z, on whose scale a ratio is a distance; or log(1 + e^z).
    """

    words = "positive"

    def __init__(self, shape=None, by="exp"):
        choose(dict.fromkeys(("exp", "softplus")), by, "map to positive numbers")
        super().__init__(shape, by)

    def allows(self, theta):
        return theta > 0


class Interval(Elementwise):
    """low < theta < high, by theta = low + (high - low) sigmoid(z).

    Parameters
    ----------
    low, high : float
    shape : int, tuple of int or None
    """

    def __init__(self, low=0.0, high=1.0, shape=None):
        super().__init__(shape, "sigmoid")
        self.low = in_range(low, "low", -math.inf, math.inf, low_open=True, high_open=True)
        self.high = in_range(high, "high", self.low, math.inf, low_open=True, high_open=True)
        self.width = self.high - self.low

    @property
    def words(self):
        return f"between {self.low:g} and {self.high:g}"

    def allows(self, theta):
        return (theta > self.low) & (theta < self.high)

    def __repr__(self):
        shape = f", shape={self.shape}" if self.shape else ""
        return f"Interval({self.low:g}, {self.high:g}{shape})"
