"""Constraints on each number alone: none, positive, within an interval."""

import math

import numpy as np

from scratchvae.constraints.base import Constraint
from scratchvae.constraints.bijections import BIJECTIONS, Identity, Sigmoid
from scratchvae.validation import choose, in_range


class Elementwise(Constraint):
    """theta_i = y(z_i) for a bijection y; log|det| = sum_i log y'(z_i)."""

    def __init__(self, shape, bijection):
        super().__init__(shape)
        self.bijection = bijection

    def forward(self, z):
        """Return theta, log_det and the cache."""
        z = self.free_numbers(z)
        theta, log_slope, cache = self.bijection.forward(z)
        return theta.reshape((*z.shape[:-1], *self.shape)), log_slope.sum(axis=-1), cache

    def backward(self, cache, dtheta, dlog_det):
        """Return dz; the one dlog_det goes to every entry's slope."""
        dlog_det = np.asarray(dlog_det)
        dtheta = np.reshape(dtheta, (*dlog_det.shape, self.size))
        return self.bijection.backward(cache, dtheta, dlog_det[..., None])

    def free(self, theta):
        lead = theta.shape[: theta.ndim - len(self.shape)]
        return self.bijection.inverse(theta.reshape((*lead, self.size)))


class Real(Elementwise):
    """Any real number: theta = z, log|det| = 0."""

    words = "real"

    def __init__(self, shape=None):
        super().__init__(shape, Identity())


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
        super().__init__(shape, BIJECTIONS[by]())
        self.by = by

    def allows(self, theta):
        return theta > 0

    def __repr__(self):
        plain = super().__repr__()
        if self.by == "exp":
            return plain
        return f"{plain[:-1]}{', ' if self.shape else ''}by={self.by!r})"


class Interval(Elementwise):
    """low < theta < high, by theta = low + (high - low) sigmoid(z).

    Parameters
    ----------
    low, high : float
    shape : int, tuple of int or None
    """

    def __init__(self, low=0.0, high=1.0, shape=None):
        self.low = in_range(low, "low", -math.inf, math.inf, low_open=True, high_open=True)
        self.high = in_range(high, "high", self.low, math.inf, low_open=True, high_open=True)
        in_range(self.high - self.low, "high - low", 0, math.inf, high_open=True)
        if np.nextafter(self.low, self.high) == self.high:
            raise ValueError(f"no number lies between low and high, {self.low!r} and {self.high!r}.")
        super().__init__(shape, Sigmoid(self.low, self.high))

    @property
    def words(self):
        return f"between {self.low:g} and {self.high:g}"

    def allows(self, theta):
        return (theta > self.low) & (theta < self.high)

    def __repr__(self):
        shape = self.shape[0] if len(self.shape) == 1 else self.shape
        return f"Interval({self.low:g}, {self.high:g}{f', shape={shape}' if self.shape else ''})"
