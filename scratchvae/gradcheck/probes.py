"""Derivatives along directions, the code's own beside the numerical one, and the verdict on each."""

import math
from typing import NamedTuple

import numpy as np

from scratchvae.gradcheck.numerical import STEP, best_estimate, extrapolate, noise_level, value_at

#: A slope that jumps by more than this share of itself, and no less at half the step, is a kink.
JUMP = 1e-3
#: What float32 can show: digits of an entry, and of the largest entries of its block.
FLOAT32_RTOL, FLOAT32_ATOL = 3e-4, 3e-5


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
        The function has no derivative here. The probe says nothing, unless `analytic` lies outside the slopes
        on either side.
    """

    analytic: float
    numeric: float
    error: float
    uncertainty: float
    passed: bool
    is_kink: bool = False


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
        units = np.maximum(1, np.abs(theta))
        directions = [units * rng.standard_normal(theta.shape) / math.sqrt(theta.size) for _ in range(2)]
        self.noise = max(noise_level(function, theta, direction) for direction in directions)

    def along(self, direction, atol=0.0):
        """Probe a coordinate, given by its number, or a dense direction."""
        dense, unit, analytic = self._resolved(direction)

        def line(t):
            return value_at(self.function, self.theta + t * dense)

        first = extrapolate(line, STEP * unit, self.noise, 2, self.value)
        size = max(abs(analytic), abs(first.value))
        seen = first.rounding <= self.rtol * size + atol
        if abs(analytic - first.value) <= self.rtol * size + atol and seen and not _jumps(first):
            return self._verdict(analytic, first, atol)
        best = best_estimate(line, unit, self.noise, self.value, self.rtol * size)
        if best is None:
            return Probe(analytic, math.nan, math.nan, math.inf, False)
        slopes = self._kink(line, unit, best)
        if slopes is not None:
            inside = slopes[0] - best.error <= analytic <= slopes[1] + best.error
            if inside:
                return Probe(analytic, best.value, 0.0, best.error, True, True)
        return self._verdict(analytic, best, atol)

    def _verdict(self, analytic, estimate, atol):
        mismatch, size = abs(analytic - estimate.value), max(abs(analytic), abs(estimate.value))
        if not math.isfinite(mismatch):
            return Probe(analytic, estimate.value, math.nan, estimate.error, False)
        allowed = self.rtol * size + 4 * estimate.error + atol
        passed = mismatch <= allowed
        # What passes within the error of the numerical derivative has no larger error than can be seen.
        visible = max(size, (4 * estimate.error + atol) / self.rtol) if passed else size
        error = mismatch / visible if mismatch else 0.0
        return Probe(analytic, estimate.value, error, estimate.error, passed)

    def _kink(self, line, unit, best):
        """(lower, upper) one-sided slope if the function has a kink right here, else None."""
        for step in (1e-5, 1e-7):
            h = step * unit
            estimate = extrapolate(line, h, self.noise, 2, self.value)
            if not all(map(math.isfinite, estimate.jumps)) or not _jumps(estimate):
                return None
        jump = estimate.jumps[1]
        half = abs(jump) / 2
        if half <= 4 * estimate.rounding:
            return None
        return estimate.value - half, estimate.value + half

    def _resolved(self, direction):
        """The direction in theta's shape, the length that steps are relative to, the code's derivative."""
        if np.ndim(direction) == 1:
            inside = direction != 0  # what is infinite in another block is no matter here
            with np.errstate(invalid="ignore"):
                analytic = float((self.analytic[inside] * direction[inside]).sum())
            return direction.reshape(self.theta.shape), 1.0, analytic
        dense = np.zeros(self.theta.size)
        dense[direction] = 1.0
        unit = max(1.0, abs(float(self.theta.ravel()[direction])))
        return dense.reshape(self.theta.shape), unit, float(self.analytic[direction])


def _jumps(estimate):
    """Whether the right slope exceeds the left one by as much at half the step as at the whole one."""
    whole, half = map(abs, estimate.jumps)
    if not (math.isfinite(whole) and math.isfinite(half)):
        return False
    large = JUMP * abs(estimate.value) + 4 * estimate.rounding
    return half > 0.75 * whole and half > large


def random_direction(block, theta, rng):
    """Normal in each coordinate, relative to its size, so that no step is lost beside a large theta."""
    direction = np.zeros(theta.size)
    direction[block] = rng.standard_normal(block.stop - block.start)
    return np.maximum(1, np.abs(theta)) * direction / np.linalg.norm(direction)


def shows_float32(analytic):
    """Whether an array is of float32, or holds nothing but numbers of float32 that are no short ones."""
    if analytic.dtype in (np.float32, np.float16):
        return True
    finite = analytic[np.isfinite(analytic) & (analytic != 0)]
    if finite.size == 0:
        return False
    with np.errstate(over="ignore", under="ignore"):
        exact = finite.astype(np.float32).astype(np.float64) == finite
        short = np.round(finite, 3) == finite
    return bool(exact.all() and not short.all())
