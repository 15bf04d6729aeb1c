"""Two ways to compute one array, as a block of a report."""

import numpy as np

from scratchvae.gradcheck.report import BlockReport, Diagnosis


def compared(
    name, got, expected, slack, rtol, diagnose=None, *, note="", unit=1.0, n_checked=None, code="ok"
):
    """The block that says whether two arrays agree.

    An entry passes if |got - expected| <= rtol max(unit, |expected|) + slack.

    Parameters
    ----------
    name : str
    got : array
        By the code that is checked.
    expected : array
        What it should be, of the same shape.
    slack : array or float
        How far `expected` may be off, absolute.
    rtol : float
    diagnose : callable, optional
        () -> Diagnosis, asked if an entry does not pass.
    note : str
        What to say of a block that passes.
    unit : float
        Below which sizes a difference is absolute: 1 for logarithms, 0 where there is no such size.
    n_checked : int, optional
        By default the number of entries.
    code : str
        Of a block that passes.

    Returns
    -------
    BlockReport
        Of the worst entry; `uncertainty` is its slack.
    """
    got, expected = np.asarray(got, np.float64), np.asarray(expected, np.float64)
    slack = np.broadcast_to(np.asarray(slack, np.float64), expected.shape)
    with np.errstate(invalid="ignore"):
        gap = np.abs(got - expected)
    gap = np.where(got == expected, 0.0, gap)  # two infinities of one sign agree
    size = np.maximum(unit, np.maximum(np.abs(got), np.abs(expected)))
    passes = gap <= rtol * size + slack
    # What passes within the slack has no larger error than can be seen.
    visible = np.where(passes, np.maximum(size, slack / rtol), size)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.where(gap == 0, 0.0, gap / visible)
    error = np.where(passes, np.minimum(error, rtol), error)
    worst = np.unravel_index(np.argmax(np.where(np.isnan(error), np.inf, error)), error.shape)
    numbers = float(got[worst]), float(expected[worst]), float(error[worst])
    passed = bool(passes.all())
    diagnosis = Diagnosis(code, note) if passed else _found(diagnose)
    index = tuple(map(int, worst)) if expected.ndim else None
    return BlockReport(
        name,
        expected.shape,
        n_checked or expected.size,
        index,
        *numbers,
        passed,
        diagnosis,
        float(slack[worst]),
    )


def _found(diagnose):
    return (
        Diagnosis("unexplained", "no simple mistake explains the difference")
        if diagnose is None
        else diagnose()
    )


def failed(name, shape, diagnosis):
    """The block of a check that could not be made."""
    return BlockReport(name, tuple(shape), 0, None, np.nan, np.nan, np.nan, False, diagnosis)


def nonfinite_in(array, what):
    """A Diagnosis that says where `array` is not finite; None if it is everywhere."""
    bad = ~np.isfinite(array)
    if not bad.any():
        return None
    first = tuple(map(int, np.argwhere(bad)[0]))
    where = f"{int(bad.sum())} of {bad.size} entries, the first at {first}" if array.ndim else None
    message = f"{what} is not finite" + (f": {where}" if where else f": {float(array)}")
    return Diagnosis("nonfinite", message, where=where)
