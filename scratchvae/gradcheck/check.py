"""A gradient against finite differences, block by block, with a diagnosis of what is wrong."""

import math
import time
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from scratchvae.gradcheck.diagnosis import diagnose_all, summary_of
from scratchvae.gradcheck.diagnosis.evidence import Evidence, checked_terms
from scratchvae.gradcheck.guards import guarded_gradient, guarded_value
from scratchvae.gradcheck.probes import FLOAT32_ATOL, FLOAT32_RTOL, Probes, random_direction, shows_float32
from scratchvae.gradcheck.report import OK, BlockReport, Diagnosis, Report
from scratchvae.validation import choose, finite, in_range, numeric_array, positive_int, seeded

#: Above this many coordinates, or if they would take longer than so many seconds, "auto" probes some
#: coordinates and some directions of each block.
ALL_UP_TO, SECONDS = 2000, 4.0
#: Evaluations of the function for one coordinate of a right gradient.
EVALUATIONS = 4
MODES = ("auto", "all", "sample", "directions")


def check(
    function,
    theta,
    gradient,
    blocks=None,
    terms=None,
    *,
    mode="auto",
    n_probes=10,
    rtol=1e-6,
    sizes=None,
    seed=0,
):
    """Compare a gradient with finite differences of the function it belongs to, and say what is wrong.

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
    terms : dict, optional
        The parts of a sum, {name: (value, gradient)}, each a callable or what it gives at `theta`; the value
        may be None. With them a missing, extra or scaled term is named.
    mode : {"auto", "all", "sample", "directions"}
        Probe every coordinate; `n_probes` random ones in each block; or `n_probes` random
        directions in each block, which see every coordinate at once but cannot name one. "auto" is
        "all" up to 2,000 coordinates if that takes less than four seconds, else "sample" and
        "directions" together.
    n_probes : int
    rtol : float
        The largest relative error that passes, in (0, 1), where the numerical derivative can show it.
    sizes : dict, optional
        Numbers that a forgotten factor might be, by name: {"batch": 32, "samples": 5, "sigma": 0.3}.
    seed : int
        Of the sample or the directions.

    Returns
    -------
    Report
        Each block with its `diagnosis`: a code of ``report.CODES``, a sentence, and a factor or a term.
        A block passes with the code "kink" if all its probes lie on kinks, and "precision" if all its derivatives
        are lost in the noise of the function.

    Raises
    ------
    ValueError
        If `theta`, the blocks, the terms or an option make no sense, or the function does not return a
        number. A gradient of the wrong shape is no error but a report that has not passed.

    Notes
    -----
    No tolerance need be guessed: the numerical derivative comes with an estimate of its error, from
    Richardson's extrapolation (Ridders 1982) and from the function's noise, which is measured
    (More & Wild 2011). A mismatch counts if it exceeds both that error and `rtol`. A gradient of float32
    is held against what float32 can show, some four digits.

    Examples
    --------
    >>> report = check(lambda t: float((t**2).sum()), np.arange(3.0), lambda t: t)
    >>> report.passed, report.blocks[0].diagnosis.code, report.blocks[0].diagnosis.factor
    (False, 'scale', 0.5)
    """
    theta = _point(theta)
    blocks = _blocks(blocks, theta)
    terms = checked_terms(terms, theta)
    choose(dict.fromkeys(MODES), mode, "mode of the gradient check")
    n_probes = positive_int(n_probes, "n_probes")
    rtol = in_range(rtol, "rtol", 0, 1, low_open=True, high_open=True)
    started = time.perf_counter()
    value, fault = guarded_value(function, theta)
    seconds = (time.perf_counter() - started) / 2
    analytic, gradient_fault = guarded_gradient(function, gradient, theta)
    fault = fault or gradient_fault or _fault_of_value(value)
    wrong_shape = _shape_of(analytic, theta)
    if wrong_shape is not None:
        return Report((_unprobed("theta", theta.shape, wrong_shape),), rtol)
    if fault is not None:
        found = tuple(_unprobed(name, shape, fault) for name, (_, shape) in blocks.items())
        return Report(found, rtol, fault.message)
    if mode == "auto" and theta.size <= ALL_UP_TO and theta.size * EVALUATIONS * seconds <= SECONDS:
        mode = "all"
    session = _Session(function, gradient, theta, analytic, rtol, value, seed)
    found = [session.probe(name, *entry, mode, n_probes) for name, entry in blocks.items()]
    return _diagnosed(session, found, blocks, terms, sizes or {})


class _Session:
    """One check: the point, the probes, and the random numbers."""

    def __init__(self, function, gradient, theta, analytic, rtol, value, seed):
        self.rng = seeded(seed)
        raw = np.asarray(analytic)
        self.float32 = shows_float32(raw)
        self.analytic = raw.astype(np.float64).ravel()
        self.rtol = max(rtol, FLOAT32_RTOL) if self.float32 else rtol
        self.function, self.gradient, self.theta = function, gradient, theta
        self.probes = Probes(function, theta, self.analytic, self.rtol, value, self.rng)

    def probe(self, name, block, shape, mode, n_probes):
        """All probes of one block: (name, block, shape, directions, results)."""
        directions = self._directions(mode, block, n_probes)
        results = [self.probes.along(direction, self.atol(block)) for direction in directions]
        return name, block, shape, directions, results

    def atol(self, block):
        """What is too small to be seen beside the block's other entries in float32."""
        if not self.float32:
            return 0.0
        entries = self.analytic[block]
        entries = entries[np.isfinite(entries)]
        return FLOAT32_ATOL * float(np.sqrt(np.mean(entries**2))) if entries.size else 0.0

    def _directions(self, mode, block, n_probes):
        """The directions to probe in a block: a coordinate's number, or a dense vector."""
        if mode == "all":
            return list(range(block.start, block.stop))
        size, directions = block.stop - block.start, []
        if mode in ("sample", "auto"):
            chosen = self.rng.choice(size, min(n_probes, size), replace=False)
            directions += [int(block.start + i) for i in chosen]
        if mode in ("directions", "auto"):
            theta = self.theta.ravel()
            directions += [random_direction(block, theta, self.rng) for _ in range(n_probes)]
        return directions


def _diagnosed(session, found, blocks, terms, sizes):
    """The report, with a diagnosis of every block that has not passed."""
    reports = {entry[0]: _block_report(session, *entry) for entry in found}
    failing = [name for name, report in reports.items() if not report.passed]
    if failing:
        evidence = Evidence(session, blocks, found, failing, terms, sizes)
        diagnoses = diagnose_all(evidence)
        for name in failing:
            reports[name] = replace(reports[name], diagnosis=diagnoses[name])
        return Report(tuple(reports.values()), session.rtol, summary_of(diagnoses, len(blocks)))
    return Report(tuple(reports.values()), session.rtol)


def _block_report(session, name, block, shape, directions, results):
    """The verdict on one block, by its worst probe."""
    i = max(range(len(results)), key=lambda i: (not results[i].passed, _rank(results[i].error)))
    worst, direction, index = results[i], directions[i], None
    if np.ndim(direction) == 0:
        index = tuple(map(int, np.unravel_index(direction - block.start, shape)))
    passed = all(result.passed for result in results)
    kinks = sum(result.is_kink for result in results)
    diagnosis = _of_passed(session, results, kinks) if passed else OK
    numbers = worst.analytic, worst.numeric, worst.error
    return BlockReport(
        name, shape, len(results), index, *numbers, passed, diagnosis, float(worst.uncertainty), kinks
    )


def _of_passed(session, results, kinks):
    """Of a block that passed: ok, or that nothing could be seen."""
    n = len(results)
    if kinks == n:
        return Diagnosis("kink", f"all {n} probes lie on kinks of the function: nothing was compared")
    lost = [result for result in results if _is_lost(result)]
    notes = []
    if kinks:
        notes.append(f"{kinks} of {n} on a kink, left out")
    if session.float32:
        notes.append("float32: held against some four digits")
    if lost:
        notes.append(f"{len(lost)} of {n} lost in the noise of the function")
    blurred = [
        result.uncertainty
        for result in results
        if not _is_lost(result)
        and not result.is_kink
        and result.uncertainty > session.rtol * abs(result.numeric)
    ]
    if blurred and 2 * len(blurred) > n:
        notes.append(f"{len(blurred)} of {n} seen only to +-{max(blurred):.0e}")
    if len(lost) == n and any(result.analytic or result.numeric for result in results):
        return Diagnosis("precision", "every derivative is lost in the noise of the function")
    return Diagnosis("ok", ", ".join(notes))


def _is_lost(result):
    """Whether the derivative is smaller than the error of the numerical one, and not just zero."""
    size = max(abs(result.analytic), abs(result.numeric))
    return not result.is_kink and result.analytic != result.numeric and size <= result.uncertainty


# --- what comes in ------------------------------------------------------------------------------


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


def _shape_of(analytic, theta):
    """What is wrong with the gradient's shape, as a Diagnosis; None if nothing is."""
    array = None if analytic is None else np.asarray(analytic)
    if array is None or array.dtype.kind not in "buif":
        came = "nothing (None)" if analytic is None else f"{type(analytic).__name__} of {array.dtype}"
        return Diagnosis(
            "shape", f"the gradient must be an array of real numbers like theta, but it is {came}"
        )
    if array.shape != theta.shape:
        message = f"the gradient has shape {array.shape}, but theta has {theta.shape}"
        hint = " (it is transposed)" if array.shape == theta.shape[::-1] else ""
        return Diagnosis("shape", message + hint)
    return None


def _fault_of_value(value):
    if np.isfinite(value):
        return None
    return Diagnosis("nonfinite", f"the function itself is {value} at theta")


def _unprobed(name, shape, diagnosis):
    return BlockReport(name, shape, 0, None, np.nan, np.nan, np.nan, False, diagnosis)


def _rank(error):
    return np.inf if np.isnan(error) else error
