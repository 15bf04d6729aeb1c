"""A gradient against finite differences, block by block."""

import math

import numpy as np

from scratchvae.gradcheck.numerical import STEPS, directional_derivative
from scratchvae.gradcheck.report import BlockReport, Report
from scratchvae.validation import choose, positive_int

#: Above this many coordinates "auto" probes a sample of each block.
ALL_UP_TO = 2000


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
        directions in each block, which see every coordinate at once. "auto" is "all" up to 2,000
        coordinates and "sample" above.
    n_probes : int
    rtol : float
        The largest relative error that passes.
    seed : int
        Of the sample or the directions.

    Returns
    -------
    Report

    Notes
    -----
    A wrong derivative stays wrong at every step, while a kink inside the step (ReLU) disappears as
    the step shrinks. So a probe that disagrees is repeated with smaller steps before it counts.

    Examples
    --------
    >>> report = check(lambda t: float((t**2).sum()), np.arange(3.0), lambda t: 2 * t)
    >>> report.passed
    True
    """
    theta = np.array(theta, dtype=np.float64)
    blocks = {"theta": (slice(0, theta.size), theta.shape)} if blocks is None else blocks
    mode = _mode(mode, theta.size)
    analytic = gradient(theta.copy()) if callable(gradient) else gradient
    analytic = np.asarray(analytic, dtype=np.float64)
    if analytic.shape != theta.shape:
        return Report((_wrong_shape(analytic, theta),), rtol)
    rng = np.random.default_rng(seed)
    probes = _Probes(function, theta, analytic.ravel(), rtol)
    found = []
    for name, (block, shape) in blocks.items():
        directions = _directions(mode, block, theta.size, positive_int(n_probes, "n_probes"), rng)
        found.append(probes.worst_of(name, block, shape, directions))
    return Report(tuple(found), rtol)


def _mode(mode, size):
    choose(dict.fromkeys(("auto", "all", "sample", "directions")), mode, "mode of the gradient check")
    if mode == "auto":
        return "all" if size <= ALL_UP_TO else "sample"
    return mode


def _directions(mode, block, size, n_probes, rng):
    """The directions to probe in a block: a coordinate's number, or a dense unit vector."""
    start, stop, _ = block.indices(size)
    if mode == "all":
        return range(start, stop)
    if mode == "sample":
        return start + rng.choice(stop - start, min(n_probes, stop - start), replace=False)
    return [_unit_vector(start, stop, size, rng) for _ in range(n_probes)]


def _unit_vector(start, stop, size, rng):
    direction = np.zeros(size)
    direction[start:stop] = rng.standard_normal(stop - start)
    return direction / np.linalg.norm(direction)


def _wrong_shape(analytic, theta):
    note = f"the gradient has shape {analytic.shape}, but theta has {theta.shape}"
    return BlockReport("theta", theta.shape, 0, None, np.nan, np.nan, np.nan, False, note)


class _Probes:
    """Derivatives along directions, the code's own beside the numerical one."""

    def __init__(self, function, theta, analytic, rtol):
        self.function, self.theta, self.analytic, self.rtol = function, theta, analytic, rtol

    def worst_of(self, name, block, shape, directions):
        """Probe all directions and report on the worst."""
        results = [(*self.probe(direction), direction) for direction in directions]
        error, analytic, numeric, direction = max(
            results, key=lambda result: np.inf if np.isnan(result[0]) else result[0]
        )
        index = None
        if np.ndim(direction) == 0 and math.prod(shape) > 0:
            start = block.indices(self.theta.size)[0]
            index = tuple(map(int, np.unravel_index(direction - start, shape)))
        note = "" if np.isfinite(error) else "not finite"
        passed = bool(error <= self.rtol)
        return BlockReport(name, tuple(shape), len(results), index, analytic, numeric, error, passed, note)

    def probe(self, direction):
        """Relative error, analytic and numeric derivative along one direction."""
        dense, unit = self._dense(direction)
        analytic = float(np.dot(self.analytic, dense.ravel()))
        for step in STEPS:
            numeric, rounding = directional_derivative(self.function, self.theta, dense, step * unit)
            mismatch = abs(analytic - numeric)
            visible = max(abs(analytic), abs(numeric), rounding / self.rtol)
            error = 0.0 if mismatch == 0 else mismatch / visible  # NaN stays NaN
            if error <= self.rtol:
                break
        return error, analytic, numeric

    def _dense(self, direction):
        """The direction in theta's shape, and the length that a relative step is measured by."""
        if np.ndim(direction) == 1:
            return direction.reshape(self.theta.shape), 1.0
        dense = np.zeros(self.theta.size)
        dense[direction] = 1.0
        return dense.reshape(self.theta.shape), max(1.0, abs(self.theta.ravel()[direction]))
