"""The support of a density, axis by axis, laid on the unit interval and on the whole line."""

import math
from typing import NamedTuple

import numpy as np


class Axis(NamedTuple):
    """One axis from `low` to `high`, either of them infinite, and where on it the density lies.

    Attributes
    ----------
    low, high : float
    centre, width : float
        Of the bulk of the density; what lies far from it is laid near the ends of (0, 1).
    marks : tuple of float
        Places besides, between which the density may change.
    """

    low: float
    high: float
    centre: float = 0.0
    width: float = 1.0
    marks: tuple = ()

    @property
    def reach(self):
        """The distance from a finite end over which half of (0, 1) is spread."""
        end = self.low if math.isfinite(self.low) else self.high
        return max(abs(self.centre - end), self.width)

    def from_unit(self, u):
        """x and log dx/du for u in (0, 1).

        Finite ends: a line. One end a: x = a + s u / (1 - u), dx/du = s / (1 - u)^2. None: with t = 2 u - 1,
        x = c + s t / (1 - t^2), dx/dt = s (1 + t^2) / (1 - t^2)^2.
        """
        if math.isfinite(self.low) and math.isfinite(self.high):
            span = self.high - self.low
            return self.low + span * u, np.full_like(u, math.log(span))
        if math.isfinite(self.low):
            return self.low + self.reach * u / (1 - u), math.log(self.reach) - 2 * np.log1p(-u)
        if math.isfinite(self.high):
            return self.high - self.reach * (1 - u) / u, math.log(self.reach) - 2 * np.log(u)
        t, rest = 2 * u - 1, 4 * u * (1 - u)  # 1 - t^2
        slope = np.log(2 * self.width) + np.log1p(t * t) - 2 * np.log(rest)
        return self.centre + self.width * t / rest, slope

    def to_unit(self, x):
        """The u of `from_unit`."""
        x = np.clip(x, self.low, self.high)
        if math.isfinite(self.low) and math.isfinite(self.high):
            return (x - self.low) / (self.high - self.low)
        if math.isfinite(self.low):
            return (x - self.low) / (x - self.low + self.reach)
        if math.isfinite(self.high):
            return self.reach / (self.high - x + self.reach)
        y = (x - self.centre) / self.width
        return 0.5 + y / (1 + np.sqrt(1 + 4 * y * y))

    def to_line(self, x):
        """A free number v for x in the open axis (log of a distance, or logit), and log dx/dv."""
        if math.isfinite(self.low) and math.isfinite(self.high):
            left, right = np.log(x - self.low), np.log(self.high - x)
            return left - right, left + right - math.log(self.high - self.low)
        if math.isfinite(self.low):
            v = np.log(x - self.low)
            return v, v
        if math.isfinite(self.high):
            v = np.log(self.high - x)
            return v, v
        return x, np.zeros_like(x)

    def from_line(self, v):
        """The x of `to_line`."""
        with np.errstate(over="ignore"):
            if math.isfinite(self.low) and math.isfinite(self.high):
                return self.low + (self.high - self.low) / (1 + np.exp(-v))
            if math.isfinite(self.low):
                return self.low + np.exp(v)
            if math.isfinite(self.high):
                return self.high - np.exp(v)
        return v

    def candidates(self):
        """Points spread over all scales, where a search may begin."""
        if math.isfinite(self.low) and math.isfinite(self.high):
            return self.low + (self.high - self.low) * np.linspace(0.02, 0.98, 33)
        away = np.logspace(-4, 6, 21)
        if math.isfinite(self.low):
            return self.low + away
        if math.isfinite(self.high):
            return self.high - away
        return np.concatenate([-away[::-1], [0.0], away])


def located(axes, log_prob):
    """The axes with the mode's place and its width on each, found by search in the free coordinates.

    Parameters
    ----------
    axes : sequence of Axis
    log_prob : callable
        x (n, d) -> (n,).
    """

    def height(v):
        """log of the density of v, with which a density that is infinite at an end has a mode inside."""
        x, slope = from_line(axes, v)
        with np.errstate(all="ignore"):
            value = log_prob(x) + slope
        return np.where(np.isfinite(value), value, -np.inf)

    grid = np.meshgrid(*(axis.to_line(axis.candidates())[0] for axis in axes), indexing="ij")
    points = np.stack([part.ravel() for part in grid], axis=-1)
    heights = height(points)
    if not np.isfinite(heights).any():
        return tuple(axes)
    mode = _climbed(height, points[np.argmax(heights)])
    widths = _widths(height, mode)
    found = []
    for axis, v, width in zip(axes, mode, widths, strict=True):
        low, x, high = (float(axis.from_line(np.array(v + step))) for step in (-width, 0.0, width))
        width = max(high - x, x - low, 1e-300)
        if math.isfinite(x) and math.isfinite(width):
            axis = axis._replace(centre=x, width=width)
        found.append(axis)
    return tuple(found)


def from_line(axes, v):
    """x (n, d) of the free coordinates v (n, d), and the sum of log dx/dv (n,)."""
    x = np.stack([axis.from_line(v[:, i]) for i, axis in enumerate(axes)], axis=-1)
    with np.errstate(all="ignore"):
        slopes = [axis.to_line(x[:, i])[1] for i, axis in enumerate(axes)]
    return x, sum(slopes)


def _climbed(height, start, n_rounds=60):
    """A local maximum: steps along each axis, of many sizes at once, the best of them taken."""
    sizes = np.logspace(-6, 3, 28)
    steps = np.concatenate([-sizes, sizes])
    x, best = start.copy(), height(start[None])[0]
    for _ in range(n_rounds):
        before = best
        for i in range(len(x)):
            trial = np.repeat(x[None], len(steps), axis=0)
            trial[:, i] += steps * max(1.0, abs(x[i]))
            heights = height(trial)
            k = int(np.argmax(heights))
            if heights[k] > best:
                x, best = trial[k], heights[k]
        if best <= before + 1e-3:
            break
    return x


def _widths(height, mode):
    """How far along each axis the density falls by a factor of e, on the side where it is further."""
    sizes, top, widths = np.logspace(-9, 9, 109), height(mode[None])[0], []
    for i in range(len(mode)):
        sides = []
        for sign in (-1, 1):
            trial = np.repeat(mode[None], len(sizes), axis=0)
            trial[:, i] += sign * sizes
            fallen = height(trial) < top - 1
            sides.append(sizes[np.argmax(fallen)] if fallen.any() else sizes[0])
        widths.append(max(sides))
    return widths
