"""Only some rows, columns or entries of a block are wrong."""

import numpy as np

from scratchvae.gradcheck.diagnosis.factors import factor_of
from scratchvae.gradcheck.report import Diagnosis

#: Of the entries of a wrong row, so many must be wrong; the rest may be right by accident.
MOSTLY = 0.6


def some_entries(block, evidence):
    """Rows, columns, a triangle, the diagonal, or scattered entries."""
    visible = block.visible
    wrong = block.wrong & visible
    n_wrong, n_seen = int(wrong.sum()), int(visible.sum())
    if n_wrong == 0 or n_wrong == n_seen:
        return None
    where = _structure(block, visible, wrong)
    if where is None:
        if n_wrong > 0.5 * n_seen:
            return None
        where = _entries(block, wrong, n_seen)
    factor, how = _how(block, wrong)
    return Diagnosis("rows", f"only {where} wrong{how}; the rest is right", factor=factor, where=where)


def _structure(block, visible, wrong):
    """Words for the set of wrong places if it is whole rows, columns, the diagonal or a triangle."""
    if len(block.shape) == 2 and block.shape[0] == block.shape[1] > 1:
        for name, inside in _regions(*block.places()):
            if _is_where(inside, wrong, visible):
                return name
    for axis in range(len(block.shape) if len(block.shape) > 1 else 0):
        found = _slices(block, axis, visible, wrong)
        if found is not None:
            return found
    return None


def _regions(row, column):
    yield "the diagonal is", row == column
    yield "the upper triangle is", row < column
    yield "the lower triangle is", row > column
    yield "everything off the diagonal is", row != column
    yield "the upper triangle with the diagonal is", row <= column
    yield "the lower triangle with the diagonal is", row >= column


def _is_where(inside, wrong, visible):
    """Whether the wrong places are those inside, but for some that are right by accident."""
    inside = inside & visible
    return bool(inside.any() and not wrong[visible & ~inside].any() and wrong.sum() >= 0.8 * inside.sum())


def _slices(block, axis, visible, wrong):
    """Whole rows, or columns."""
    place = block.places()[axis]
    bad = np.unique(place[wrong])
    inside = np.isin(place, bad) & visible
    if len(bad) == len(np.unique(place[visible])) or wrong.sum() < MOSTLY * inside.sum():
        return None
    kind = ("row", "column")[axis] if axis < 2 else f"axis-{axis} slice"
    return _named(bad, block.shape[axis], kind)


def _named(bad, n, kind):
    if len(bad) == 1 and bad[0] in (0, n - 1):
        return f"the {'first' if bad[0] == 0 else 'last'} {kind} ({bad[0]}) is"
    shown = ", ".join(str(int(i)) for i in bad[:6]) + (f", ... ({len(bad)} in all)" if len(bad) > 6 else "")
    plural = {"entry": "entries"}.get(kind, f"{kind}s")
    return f"{plural if len(bad) > 1 else kind} {shown} {'are' if len(bad) > 1 else 'is'}"


def _entries(block, wrong, n_seen):
    places = [tuple(map(int, place)) for place in zip(*(axis[wrong] for axis in block.places()), strict=True)]
    if len(block.shape) == 1:
        return _named([place[0] for place in places], block.shape[0], "entry")
    shown = ", ".join(map(str, places[:4])) + (", ..." if len(places) > 4 else "")
    return f"{len(places)} of {n_seen} entries ({shown}) {'are' if len(places) > 1 else 'is'}"


def _how(block, wrong):
    """(factor or None, words) for what the wrong entries are instead."""
    a, n = block.a[wrong], block.n[wrong]
    if not np.any(a):
        return 0.0, " (zero: forgotten)"
    if np.ptp(np.abs(a)) <= 1e-9 * np.abs(a).max() and len(a) > 2 and np.all(np.abs(a) < np.abs(n)):
        return None, f" (clipped at {abs(a[0]):.6g})"
    factor = factor_of(a, n, block.e[wrong])
    if factor is None or not np.allclose(a, factor * n, rtol=1e-3, atol=1e-6 * np.abs(n).max()):
        return None, ""
    if abs(factor + 1) < 1e-3:
        return -1.0, " (of the wrong sign)"
    if len(a) == 1 and min(abs(factor - k) for k in (0.5, 2, -2, -0.5)) > 1e-3:
        return None, ""
    return factor, f" ({factor:.4g} times what they should be)"
