"""A gradient against finite differences, block by block, with a diagnosis of what is wrong."""

import time
from dataclasses import replace

import numpy as np

from scratchvae.gradcheck.arguments import blocks_of, point, shape_fault, sizes_of, terms_of
from scratchvae.gradcheck.diagnosis import diagnose_all, summary_of
from scratchvae.gradcheck.diagnosis.evidence import Evidence
from scratchvae.gradcheck.guards import guarded_gradient, guarded_value
from scratchvae.gradcheck.report import OK, BlockReport, Diagnosis, Report
from scratchvae.gradcheck.session import Session
from scratchvae.validation import choose, in_range, positive_int

MODES = ("auto", "all", "sample", "directions", "mixed")


def check(
    function,
    theta,
    gradient,
    blocks=None,
    terms=None,
    *,
    mode="auto",
    n_probes=None,
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
        array like `theta` -> array like `theta`; or its value at `theta`. With a callable more mistakes can
        be named, because it can be called elsewhere.
    blocks : dict, optional
        {name: (slice of the flat vector, shape)}; by default all is one block, "theta".
    terms : dict, optional
        Parts of a sum, {name: (value, gradient)}, each a callable or what it gives at `theta`; either may
        be None. With them a missing, extra or scaled term is named; what they leave is "everything else".
    mode : {"auto", "all", "sample", "directions", "mixed"}
        Probe every coordinate; `n_probes` random ones in each block; `n_probes` random directions
        in each block, which see every coordinate at once but cannot name one; or both. "auto" is "all" up to
        2,000 coordinates if that takes less than three seconds, else "mixed".
    n_probes : int, optional
        By default 10, or fewer, but two, if they would take longer than three seconds.
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
        A block that passes has the code "ok"; or "kink" if all its probes lie on kinks, or "precision" if all
        its derivatives are lost in the noise of the function: there nothing could be compared.

    Raises
    ------
    ValueError
        If `theta`, the blocks, the terms or an option make no sense, the function does not return a
        number, or the gradient fails. A gradient of the wrong shape is no error but a report that has not
        passed.

    Notes
    -----
    No tolerance need be guessed: the numerical derivative comes with an estimate of its error, from
    Richardson's extrapolation (Ridders, Advances in Engineering Software 4, 1982) and from the function's
    noise, which is measured (More & Wild, SIAM Journal on Scientific Computing 33, 2011). A mismatch
    counts if it exceeds four such errors and `rtol`. A gradient of float32 is held against what float32
    can show, some four digits.

    On a kink (relu at zero) every value between the one-sided slopes is a subgradient and passes; the kinks
    are counted. One nearby is no kink: the steps shrink until they are on one side of it.

    Examples
    --------
    >>> report = check(lambda t: float((t**2).sum()), np.arange(3.0), lambda t: t)
    >>> diagnosis = report.blocks[0].diagnosis
    >>> report.passed, diagnosis.code, round(diagnosis.factor, 6)
    (False, 'scale', 0.5)
    """
    theta = point(theta)
    blocks, terms, sizes = blocks_of(blocks, theta), terms_of(terms), sizes_of(sizes)
    choose(dict.fromkeys(MODES), mode, "mode of the gradient check")
    n_probes = None if n_probes is None else positive_int(n_probes, "n_probes")
    rtol = in_range(rtol, "rtol", 0, 1, low_open=True, high_open=True)
    started = time.perf_counter()
    value, fault = guarded_value(function, theta)
    seconds = (time.perf_counter() - started) / 2
    analytic, gradient_fault = guarded_gradient(function, gradient, theta)
    analytic, wrong_shape = shape_fault(analytic, theta)
    fault = wrong_shape or fault or gradient_fault or _not_finite(value)
    if fault is not None:
        found = tuple(_unprobed(name, shape, fault) for name, (_, shape) in blocks.items())
        return Report(found, rtol, fault.message if len(found) > 1 else "")
    session = Session(function, gradient, theta, analytic, rtol, value, seed, seconds)
    plan = session.planned(mode, n_probes, len(blocks))
    probed = {name: session.probe(part, *plan) for name, (part, _) in blocks.items()}
    return _report(session, blocks, probed, terms, sizes)


def _not_finite(value):
    if np.isfinite(value):
        return None
    return Diagnosis("nonfinite", f"the function itself is {value} at theta")


def _unprobed(name, shape, diagnosis):
    return BlockReport(name, shape, 0, None, np.nan, np.nan, np.nan, False, diagnosis)


def _report(session, blocks, probed, terms, sizes):
    """The report, with a diagnosis of every block that has not passed."""
    found = {name: _block(session, name, *entry, probed[name]) for name, entry in blocks.items()}
    failing = [name for name, block in found.items() if not block.passed]
    summary = ""
    if failing:
        diagnoses = diagnose_all(Evidence(session, blocks, probed, failing, terms, sizes))
        found.update({name: replace(found[name], diagnosis=diagnoses[name]) for name in failing})
        summary = summary_of(diagnoses, len(blocks))
    return Report(tuple(found.values()), session.rtol, summary)


def _block(session, name, block, shape, probes):
    """The verdict on one block, by its worst probe."""
    direction, worst = max(probes, key=lambda probe: (not probe[1].passed, _rank(probe[1].error)))
    index = None
    if np.ndim(direction) == 0:
        index = tuple(map(int, np.unravel_index(direction - block.start, shape)))
    results = [result for _, result in probes]
    passed = all(result.passed for result in results)
    kinks = sum(result.is_kink for result in results)
    diagnosis = _of_passed(session, results, kinks) if passed else OK
    numbers = worst.analytic, worst.numeric, worst.error
    return BlockReport(
        name, shape, len(results), index, *numbers, passed, diagnosis, float(worst.uncertainty), kinks
    )


def _rank(error):
    return np.inf if np.isnan(error) else error


def _of_passed(session, results, kinks):
    """Of a block that passed: ok, or that nothing could be seen; with what passed unseen."""
    n, lost = len(results), sum(result.is_lost for result in results)
    if kinks == n:
        return Diagnosis("kink", f"all {n} probes lie on kinks of the function: nothing was compared")
    if lost == n:
        return Diagnosis(
            "precision", f"all {n} derivatives are lost in the noise of the function: nothing is seen"
        )
    notes = []
    if kinks:
        notes.append(f"{kinks} of {n} on a kink, left out")
    if session.float32:
        notes.append("float32: held against some four digits")
    if lost:
        notes.append(f"{lost} of {n} lost in the noise of the function")
    blurred = [result.uncertainty for result in results if result.is_blurred]
    if blurred:
        notes.append(f"{len(blurred)} of {n} seen only to +-{max(blurred):.0e}")
    return Diagnosis("ok", ", ".join(notes))
