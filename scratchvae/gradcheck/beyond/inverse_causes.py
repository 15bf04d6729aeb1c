"""Why an inverse does not give x back: hypotheses from the simplest on."""

from typing import NamedTuple

import numpy as np

from scratchvae.gradcheck.report import Diagnosis


class Evidence(NamedTuple):
    """What came back.

    Attributes
    ----------
    forward : callable
        x (n, L) -> y (n, L).
    points : array (n, L)
        What x should be.
    y, x : arrays
        forward(points), and what the inverse makes of it.
    jacobian : array (n, L, L)
    rtol : float
    """

    forward: object
    points: np.ndarray
    y: np.ndarray
    x: np.ndarray
    jacobian: np.ndarray
    rtol: float

    def same(self, a, b):
        """Whether two arrays agree, all entries."""
        return bool(np.all(np.abs(a - b) <= 1e-6 * np.maximum(1, np.abs(b))))


def cause_of(evidence):
    """The Diagnosis of an inverse that is wrong somewhere, looking at the features that do not come back."""
    shape = evidence.points.shape
    e = evidence._replace(y=evidence.y.reshape(shape), x=evidence.x.reshape(shape))
    off = np.abs(e.x - e.points) > 1e-6 * np.maximum(1, np.abs(e.points))
    wrong = np.flatnonzero(off.any(axis=0)) if off.any() else np.arange(shape[-1])
    where = _where(wrong, shape[-1])
    for hypothesis in (_nothing, _twice, _order, _mirrored, _slope, _moved, _scaled):
        diagnosis = hypothesis(e, wrong, where)
        if diagnosis is not None:
            return diagnosis
    return _some(e, off, wrong, where)


def _where(wrong, n_features):
    if len(wrong) == n_features:
        return "in every feature"
    shown = ", ".join(map(str, wrong[:6])) + (", ..." if len(wrong) > 6 else "")
    return f"in feature{'s' if len(wrong) > 1 else ''} {shown}"


def _nothing(e, wrong, where):
    if not e.same(e.x[:, wrong], e.y[:, wrong]):
        return None
    return Diagnosis(
        "zero", f"the inverse does nothing {where}: it returns the y that it is given", where=where
    )


def _twice(e, wrong, where):
    with np.errstate(all="ignore"):
        again = np.asarray(e.forward(e.y))
    if not e.same(e.x[:, wrong], again[:, wrong]):
        return None
    return Diagnosis("swapped", f"the inverse applies the map once more, forwards, {where}", where=where)


def _order(e, wrong, where):
    """Each wrong feature is another one of x."""
    source = [
        next((j for j in range(e.x.shape[1]) if e.same(e.x[:, i], e.points[:, j])), None) for i in wrong
    ]
    if None in source:
        return None
    moved = ", ".join(f"{i} holds {j}" for i, j in list(zip(wrong, source, strict=True))[:6])
    return Diagnosis("swapped", f"the features come back in another order: {moved}", where=where)


def _mirrored(e, wrong, where):
    if not e.same(e.x[:, wrong], -e.points[:, wrong]):
        return None
    return Diagnosis("sign", f"the sign is wrong {where}: x comes back as -x", factor=-1.0, where=where)


def _slope(e, wrong, where):
    """x comes back times its slope to a power: not divided by it, or multiplied instead."""
    slopes = np.abs(np.diagonal(e.jacobian, axis1=-2, axis2=-1))[:, wrong]
    if np.all(np.abs(slopes - 1) < 1e-6):
        return None
    words = {
        1: "the division by the slope is forgotten",
        2: "it is multiplied by the slope, where it should be divided",
        -1: "it is divided by the slope twice",
    }
    for power, story in words.items():
        if e.same(e.x[:, wrong], e.points[:, wrong] * slopes**power):
            return Diagnosis(
                "scale", f"x comes back times its slope to the power {power} {where}: {story}", where=where
            )
    return None


def _moved(e, wrong, where):
    shift = np.median(e.x[:, wrong] - e.points[:, wrong], axis=0)
    if len(e.x) < 2 or not e.same(e.x[:, wrong], e.points[:, wrong] + shift):
        return None
    amount = f"{shift[0]:+.6g}" if np.ptp(shift) < 1e-9 else f"{shift.min():+.3g} to {shift.max():+.3g}"
    message = f"x comes back moved by {amount} {where}: a shift at the wrong place or of the wrong size"
    return Diagnosis("extra_term", message, term=amount, where=where)


def _scaled(e, wrong, where):
    """One factor for each feature."""
    x, points = e.x[:, wrong], e.points[:, wrong]
    factors = (x * points).sum(axis=0) / np.maximum((points**2).sum(axis=0), 1e-300)
    if len(x) < 2 or not e.same(x, factors * points):
        return None
    one = np.ptp(factors) < 1e-6 * np.abs(factors).max()
    amount = f"{factors[0]:.6g}" if one else f"{factors.min():.3g} to {factors.max():.3g}"
    message = f"x comes back times {amount} {where}"
    return Diagnosis("scale", message, factor=float(factors[0]) if one else None, where=where)


def _some(e, off, wrong, where):
    """Nothing fits: say which features, and at how many points."""
    clues = (
        f"wrong {where}",
        f"at {int(off.any(axis=1).sum())} of {len(off)} points",
        f"off by {np.abs(e.x - e.points).max():.3g} at most",
    )
    digits = off.any() and np.abs(e.x - e.points).max() < 1e-3
    if digits or not off.any():
        message = (
            "x comes back to a few digits only: an iteration that stops too early, or float32 in between"
        )
        return Diagnosis("precision", f"{message} ({', '.join(clues)})", where=where, clues=clues)
    code = "unexplained" if len(wrong) == off.shape[1] else "rows"
    return Diagnosis(code, f"x does not come back ({', '.join(clues)})", where=where, clues=clues)
