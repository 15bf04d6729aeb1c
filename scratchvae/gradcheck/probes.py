"""Derivatives along directions, the code's own beside the numerical one, and the verdict on each."""

import math
from typing import NamedTuple

import numpy as np

from scratchvae.gradcheck.noise import measured_noise
from scratchvae.gradcheck.numerical import (
    EPS,
    ERRORS,
    STEP,
    Line,
    best_estimate,
    extrapolate,
    jumps_at,
    quick_estimate,
    value_near,
)

#: What float32 can show: digits of an entry, and of the largest entries of its block.
FLOAT32_RTOL, FLOAT32_ATOL = 3e-4, 3e-5
#: A derivative that is known to less than this, relative, is said to be blurred.
BLURRED = 1e-4
#: What a quick probe may be off, relative.
QUICK = 1e-6
#: How many last digits of the function make a slope.
FLOOR = 4
#: A kink is a jump of the slope at both of these steps.
AT_KINK = (1e-5, 1e-7)


class Probe(NamedTuple):
    """What was found along one direction.

    Attributes
    ----------
    analytic, numeric : float
    error : float
        The mismatch relative to the larger of the two, or to what can be seen.
    uncertainty : float
        Of `numeric`, absolute; infinite where the function is not finite.
    passed : bool
    is_kink : bool
        The function has no derivative here, and `analytic` lies between the slopes on either side.
    floor : float
        A slope so small is rounding: some last digits of the function over a unit of the coordinate.
    """

    analytic: float
    numeric: float
    error: float
    uncertainty: float
    passed: bool
    is_kink: bool = False
    floor: float = 0.0

    @property
    def is_lost(self):
        """Whether the derivative is smaller than the error of the numerical one, and not just zero."""
        return self._is_rough and not self._is_seen and abs(self.analytic) > self.floor

    @property
    def is_blurred(self):
        """Whether the derivative is seen, but not sharply."""
        return self._is_rough and self._is_seen and self.uncertainty > BLURRED * abs(self.numeric)

    @property
    def _is_seen(self):
        return max(abs(self.analytic), abs(self.numeric)) > ERRORS * self.uncertainty

    @property
    def _is_rough(self):
        return not self.is_kink and self.analytic != self.numeric and self.uncertainty > self.floor


class Probes:
    """One point of one function, probed again and again.

    Parameters
    ----------
    function : callable
    theta : array
    analytic : array, flat
    rtol : float
    value : float
        function(theta).
    rng : numpy.random.Generator
        Of the directions along which noise is measured.
    """

    def __init__(self, function, theta, analytic, rtol, value, rng):
        self.function, self.theta, self.analytic = function, theta, analytic
        self.rtol, self.value = rtol, value
        self.noise = measured_noise(function, theta, units_of(theta), rng)

    def along(self, direction, part, atol=0.0, quick=False):
        """Probe a coordinate, given by its number, or a dense direction inside a part of the flat vector.

        A quick one is no verdict: some digits of a derivative that is known to be wrong.
        """
        line, analytic = self._dense(direction, part) if np.ndim(direction) else self._coordinate(direction)
        first = extrapolate(line, STEP * line.unit, 2)
        size = max((abs(slope) for slope in (analytic, first.value) if math.isfinite(slope)), default=0.0)
        wanted = self.rtol * size + atol
        agrees = abs(analytic - first.value) <= wanted
        if agrees and first.rounding <= wanted and not jumps_at(first):
            return self._verdict(analytic, first._replace(truncation=0.0), atol, line.unit)
        best = quick_estimate(line, QUICK * size) if quick else best_estimate(line, wanted)
        if best is None:
            return Probe(analytic, math.nan, math.nan, math.inf, False)
        kink = _kink(line) if jumps_at(best) or best.error > wanted else None
        if kink is None:
            return self._verdict(analytic, best, atol, line.unit)
        either_side = abs(kink.jumps[1]) / 2
        if abs(analytic - kink.value) <= either_side + kink.rounding + wanted:
            return Probe(analytic, kink.value, 0.0, kink.rounding, True, True)
        if jumps_at(best):  # no more than the two slopes is uncertain
            best = kink._replace(truncation=either_side / ERRORS)
        return self._verdict(analytic, best, atol, line.unit)

    def _verdict(self, analytic, estimate, atol, unit):
        mismatch, size = abs(analytic - estimate.value), max(abs(analytic), abs(estimate.value))
        if not math.isfinite(mismatch):
            return Probe(analytic, estimate.value, math.nan, estimate.error, False)
        blur = ERRORS * estimate.error + atol
        passed = mismatch <= self.rtol * size + blur
        # What passes within the error of the numerical derivative has no larger error than can be seen.
        visible = max(size, blur / self.rtol) if passed else size
        error = mismatch / visible if mismatch else 0.0
        floor = FLOOR * EPS * abs(self.value) / unit
        return Probe(analytic, estimate.value, error, estimate.error, passed, False, floor)

    def _dense(self, direction, part):
        """The function along a direction, and the code's derivative along it."""

        def along(t):
            moved = self.theta.copy()
            moved.reshape(-1)[part] += t * direction
            return value_near(self.function, moved)

        with np.errstate(invalid="ignore"):
            analytic = float(self.analytic[part] @ direction)
        return Line(along, self.value, 1.0, self.noise), analytic

    def _coordinate(self, i):
        place = np.unravel_index(i, self.theta.shape)

        def along(t):
            moved = self.theta.copy()
            moved[place] += t
            return value_near(self.function, moved)

        unit = float(units_of(self.theta[place]))
        return Line(along, self.value, unit, self.noise), float(self.analytic[i])


def units_of(theta):
    """The length that a step in each coordinate is relative to: its size, at least one."""
    return np.maximum(1.0, np.abs(theta))


def _kink(line):
    """The estimate at the smallest step if the function has a kink right here, else None."""
    for step in AT_KINK:
        estimate = extrapolate(line, step * line.unit, 2)
        if not jumps_at(estimate):
            return None
    return estimate


def random_direction(theta, rng):
    """Normal in each coordinate, relative to its size, so that no step is lost beside a large theta."""
    direction = rng.standard_normal(theta.size)
    return units_of(theta) * direction / np.linalg.norm(direction)


def gradient_direction(theta, analytic):
    """Along the code's own gradient, in each coordinate's units; None where that is zero or not finite."""
    units = units_of(theta)
    with np.errstate(all="ignore"):
        steepest = units * analytic
        length = np.linalg.norm(steepest)
    return units * steepest / length if 0 < length < np.inf else None
