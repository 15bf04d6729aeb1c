"""A gradient against finite differences, block by block."""

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from scratchvae.gradcheck.numerical import STEPS, directional_derivative, value_at
from scratchvae.gradcheck.report import BlockReport, Report
from scratchvae.validation import choose, finite, in_range, numeric_array, positive_int, seeded

#: Above this many coordinates "auto" probes some coordinates and some directions of each block.
ALL_UP_TO = 2000
MODES = ("auto", "all", "sample", "directions")
#: The note on a probe that passes because nothing can be seen there.
LOST = "lost in the rounding of the function"


def check(function, theta, gradient, blocks=None, *, mode="auto", n_probes=10, rtol=1e-6, seed=0):
    """Compare a gradient with finite differences of the function it belongs to.

    Parameters
    ----------
    function : callable
        array like `theta` -> float. It must be deterministic: no noise drawn inside.
    theta : array
        The point. It is copied to float64 and never changed.
    gradient : callable or array
        array like `theta` -> array like `theta`; or its value at `theta`.
    blocks : dict, optional
        {name: (slice of the flat vector, shape)}; by default all is one block, "theta".
    mode : {"auto", "all", "sample", "directions"}
        Probe every coordinate; `n_probes` random ones in each block; or `n_probes` random
        directions in each block, which see every coordinate at once but cannot name one. "auto" is
        "all" up to 2,000 coordinates and above it "sample" and "directions" together.
    n_probes : int
    rtol : float
        The largest relative error that passes, in (0, 1).
    seed : int
        Of the sample or the directions.

    Returns
    -------
    Report

    Raises
    ------
    ValueError
        If `theta`, the blocks or an option make no sense, or the function does not return a number.
        A gradient of the wrong shape is no error but a report that has not passed.

    Notes
    -----
    A probe that disagrees is repeated with smaller steps. The disagreement of a wrong derivative stays
    as it is, while that of a kink inside the step (ReLU) goes away. So a smaller step acquits only if
    the disagreement has shrunk to a quarter at least, and only while the rounding error, which grows
    as the step shrinks, could not have hidden it.

    The rounding error is taken from the size of the function's value. A function that subtracts large
    numbers to get a small one, or computes in float32, is less exact than that and may fail. A
    derivative smaller than the rounding error passes unseen, and one that is not much larger is seen only
    to a few digits: it passes if it is wrong by less than the rounding error. The report's note says both.

    Examples
    --------
    >>> report = check(lambda t: float((t**2).sum()), np.arange(3.0), lambda t: 2 * t)
    >>> report.passed
    True
    """
    theta = _point(theta)
    blocks = _blocks(blocks, theta)
    choose(dict.fromkeys(MODES), mode, "mode of the gradient check")
    if mode == "auto" and theta.size <= ALL_UP_TO:
        mode = "all"
    n_probes = positive_int(n_probes, "n_probes")
    rtol = in_range(rtol, "rtol", 0, 1, low_open=True, high_open=True)
    rng = seeded(seed)
    analytic = gradient(theta.copy()) if callable(gradient) else gradient
    analytic = np.asarray(numeric_array(analytic, "the gradient"), dtype=np.float64)
    if analytic.shape != theta.shape:
        return Report((_wrong_shape(analytic, theta),), rtol)
    probes = _Probes(function, theta, analytic.ravel(), rtol)
    found = []
    for name, (block, shape) in blocks.items():
        directions = _directions(mode, block, theta.ravel(), n_probes, rng)
        found.append(probes.worst_of(name, block, shape, directions))
    return Report(tuple(found), rtol)


def _point(theta):
    theta = np.array(finite(numeric_array(theta, "theta"), "theta"), dtype=np.float64)
    if theta.size == 0:
        raise ValueError("theta is empty: there is no derivative to check; give at least one parameter.")
    return theta


def _blocks(blocks, theta):
    """Every block as (slice, shape), the slice with both ends written out."""
    if blocks is None:
        return {"theta": (slice(0, theta.size), theta.shape)}
    if not isinstance(blocks, Mapping):
        raise ValueError(f"blocks must be a dict of (slice, shape) by name, not {blocks!r}.")
    found = {}
    for name, entry in blocks.items():
        try:
            block, shape = entry
            start, stop, stride = block.indices(theta.size)
            size = math.prod(shape)
        except (AttributeError, TypeError, ValueError):
            raise ValueError(f"block {name!r} must be (slice, shape), not {entry!r}.") from None
        if stride != 1 or size == 0 or stop - start != size:
            raise ValueError(
                f"block {name!r} is {block} of {theta.size} coordinates, which does not hold its shape "
                f"{tuple(shape)}; give a contiguous slice of that size, above zero."
            )
        found[name] = slice(start, stop), tuple(map(int, shape))
    if not found:
        raise ValueError("blocks is empty: name at least one, or leave it out.")
    return found


def _directions(mode, block, theta, n_probes, rng):
    """The directions to probe in a block: a coordinate's number, or a dense vector."""
    if mode == "all":
        return range(block.start, block.stop)
    size, directions = block.stop - block.start, []
    if mode in ("sample", "auto"):
        directions += list(block.start + rng.choice(size, min(n_probes, size), replace=False))
    if mode in ("directions", "auto"):
        directions += [_random_direction(block, theta, rng) for _ in range(n_probes)]
    return directions


def _random_direction(block, theta, rng):
    """Normal in each coordinate, relative to its size, so that no step is lost beside a large theta."""
    direction = np.zeros(theta.size)
    direction[block] = rng.standard_normal(block.stop - block.start)
    return np.maximum(1, np.abs(theta)) * direction / np.linalg.norm(direction)


def _wrong_shape(analytic, theta):
    note = f"the gradient has shape {analytic.shape}, but theta has {theta.shape}"
    return BlockReport("theta", theta.shape, 0, None, np.nan, np.nan, np.nan, False, note)


class _Probe(NamedTuple):
    """What was found along one direction."""

    error: float
    analytic: float
    numeric: float
    note: str
    seen_to: float = 0.0  # the rounding error, if it is only for its sake that the derivative passes


class _Try(NamedTuple):
    """One attempt at a derivative, with one step."""

    error: float
    numeric: float
    mismatch: float


class _Probes:
    """Derivatives along directions, the code's own beside the numerical one."""

    def __init__(self, function, theta, analytic, rtol):
        self.function, self.theta, self.analytic, self.rtol = function, theta, analytic, rtol
        values = [value_at(function, theta.copy()) for _ in range(2)]
        self.fault = _fault_of(*values)

    def worst_of(self, name, block, shape, directions):
        """Probe all directions and report on the worst."""
        results = [self.probe(direction) for direction in directions]
        i = max(range(len(results)), key=lambda i: _rank(results[i].error))
        worst, direction, index = results[i], directions[i], None
        if np.ndim(direction) == 0:
            index = tuple(map(int, np.unravel_index(direction - block.start, shape)))
        passed = bool(worst.error <= self.rtol) and not self.fault
        note = self.fault or (_unseen(results, worst) if passed else worst.note)
        numbers = worst.analytic, worst.numeric, worst.error
        return BlockReport(name, shape, len(results), index, *numbers, passed, note)

    def probe(self, direction):
        """The derivative along one direction, by the code and by differences."""
        dense, unit, analytic = self._along(direction)
        tried = []
        for step in STEPS:
            numeric, rounding = directional_derivative(self.function, self.theta, dense, step * unit)
            mismatch = abs(analytic - numeric)
            visible = max(abs(analytic), abs(numeric), rounding / self.rtol)
            error = _relative(mismatch, visible)
            if error <= self.rtol and (not tried or _acquits(mismatch, rounding, tried[0].mismatch)):
                size = max(abs(analytic), abs(numeric))
                note = LOST if mismatch > 0 and size <= rounding else ""
                seen_to = rounding if mismatch > self.rtol * size and not note else 0.0
                return _Probe(error, analytic, numeric, note, seen_to)
            tried.append(_Try(error, numeric, mismatch))
            if len(tried) > 1 and abs(numeric - tried[-2].numeric) <= rounding:
                break  # it has settled: a smaller step has nothing to add
        best = _steadiest(tried)
        error = tried[0].error if np.isfinite(tried[0].error) else best.error
        return _Probe(error, analytic, best.numeric, _note(analytic, tried))

    def _along(self, direction):
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


def _rank(error):
    return np.inf if np.isnan(error) else error


def _unseen(results, worst):
    """What passed because of rounding: derivatives lost in it, or seen only to a few digits.

    The latter is said if it concerns the worst probe or most probes.
    """
    notes, n = [], len(results)
    n_lost = sum(result.note == LOST for result in results)
    if n_lost:
        notes.append(f"{n_lost} of {n} {LOST}")
    coarse = [result.seen_to for result in results if result.seen_to]
    if coarse and (worst.seen_to or 2 * len(coarse) > n):
        notes.append(f"{len(coarse)} of {n} seen only to +-{max(coarse):.0e}")
    return ", ".join(notes)


def _relative(mismatch, visible):
    if not np.isfinite(mismatch):
        return math.nan
    return mismatch / visible if mismatch else 0.0


def _acquits(mismatch, rounding, first):
    """Whether the agreement at a smaller step outweighs the disagreement at the first."""
    left_the_domain = not np.isfinite(first)
    return left_the_domain or (4 * mismatch <= first and rounding <= 4 * first)


def _fault_of(value, again):
    """What makes every comparison worthless, or an empty string."""
    if not np.isfinite(value):
        return f"the function itself is {value} at theta"
    if value != again:
        return "two calls at the same theta differ: draw all noise before the check"
    return ""


def _steadiest(tried):
    """The attempt whose step changed the numerical derivative least."""
    changes = [abs(after.numeric - before.numeric) for before, after in pairwise(tried)]
    finite = [change if np.isfinite(change) else np.inf for change in changes]
    return tried[1 + int(np.argmin(finite))]


def _note(analytic, tried):
    """Why a probe failed, where the numbers cannot say it."""
    numeric = [attempt.numeric for attempt in tried if np.isfinite(attempt.numeric)]
    if not np.isfinite(analytic):
        return "the gradient is not finite"
    if not numeric:
        return "the function is not finite beside theta"
    if max(numeric) - min(numeric) > tried[0].mismatch / 2:
        return "the numerical derivative does not settle: a kink, noise, or float32 in the function?"
    return ""
