"""Right numbers in wrong places: transposed, exchanged with another block, shifted; and wrong numbers in some places."""

import numpy as np

from scratchvae.gradcheck.diagnosis.whole import factor_of
from scratchvae.gradcheck.report import Diagnosis


def transposed(block, evidence):
    """The block holds its own transpose, in memory."""
    if block.whole.ndim < 2 or min(np.sort(block.shape)[-2:]) < 2:
        return None
    turned = block.whole.reshape(block.shape[::-1]).T
    return _rearranged(block, turned, "transposed", "the block holds the transpose of the gradient")


def _rearranged(block, candidate, code, message, **more):
    """A diagnosis if `candidate`, the code's numbers elsewhere, is the gradient up to a factor."""
    values = candidate.ravel()[block.index]
    factor = factor_of(values, block.n, block.e)
    if (
        factor is None
        or factor == 0
        or np.count_nonzero(block.visible) < 2
        or not block.fits(values / factor)
    ):
        return None
    if abs(factor - 1) <= 10 * block.close:
        return Diagnosis(code, message, **more)
    return Diagnosis(code, f"{message}, and is {factor:.6g} times too large", factor=factor, **more)


def swapped(block, evidence):
    """Another block of the same size holds this one's gradient, or this one holds another's."""
    for name, other in evidence.analytic.items():
        if name == block.name or other.size != block.whole.size or np.array_equal(other, block.whole):
            continue
        candidates = [other] + ([other.T] if other.ndim == 2 else [])
        for candidate in candidates:
            if np.count_nonzero(block.visible) >= 1 and block.fits(candidate.ravel()[block.index]):
                message = f"this block's gradient stands in block {name!r}: the two are exchanged"
                return Diagnosis("swapped", message, term=name)
    for name, other in evidence.failing.items():
        if name != block.name and other.shape == block.shape and np.array_equal(other.index, block.index):
            if np.any(np.abs(other.n) > 4 * other.e) and other.fits(block.a):
                return Diagnosis("swapped", f"this block holds the gradient of block {name!r}", term=name)
    for name, other in evidence.analytic.items():
        if (
            name != block.name
            and other.shape == block.shape
            and np.any(other)
            and name not in evidence.failing
        ):
            if block.fits(block.a, other.ravel()[block.index]):
                return Diagnosis("swapped", f"this block holds the gradient of block {name!r}", term=name)
    return None


def shifted(block, evidence):
    """The entries stand one place further, or in the opposite order, along an axis."""
    for axis, n in enumerate(block.shape):
        if n < 3:
            continue
        for shift in (1, -1):
            where = f"shifted by one along axis {axis}"
            found = _rearranged(
                block, np.roll(block.whole, shift, axis), "rows", f"the entries are {where}", where=where
            )
            if found is None:
                found = _shifted_open(block, shift, axis, where)
            if found is not None:
                return found
        where = f"in the opposite order along axis {axis}"
        found = _rearranged(
            block, np.flip(block.whole, axis), "rows", f"the entries are {where}", where=where
        )
        if found is not None:
            return found
    return None


def _shifted_open(block, shift, axis, where):
    """Shifted, with something else at the end that was left free."""
    rolled = np.roll(block.whole, shift, axis).ravel()[block.index]
    place = block.places()[axis]
    inner = place != (0 if shift == 1 else block.shape[axis] - 1)
    matching = np.abs(rolled - block.n) <= 4 * block.e + block.close * np.abs(block.n)
    if inner.sum() < 3 or not matching[inner].all() or not np.any(block.wrong[inner]):
        return None
    if np.ptp(block.n[inner]) <= 1e-3 * np.abs(block.n[inner]).max():
        return None  # all the same: nothing tells a shift
    return Diagnosis("rows", f"the entries are {where}", where=where)


def some_entries(block, evidence):
    """Only some rows, columns or entries are wrong."""
    visible, wrong = block.visible, block.wrong & block.visible
    n_wrong, n_seen = int(wrong.sum()), int(visible.sum())
    if n_wrong == 0 or n_wrong == n_seen:
        return None
    where = _structure(block, visible, wrong)
    if where is None:
        if n_wrong > 0.5 * n_seen:
            return None
        where = _entries(block, wrong, n_seen)
    how = _how(block, wrong)
    return Diagnosis("rows", f"only {where} wrong{how}; the rest is right", where=where)


def _structure(block, visible, wrong):
    """Words for the set of wrong places if it is whole rows, columns, the diagonal or a triangle."""
    places = block.places()
    if len(block.shape) == 2 and block.shape[0] == block.shape[1] and block.shape[0] > 1:
        row, column = places
        for name, inside in (
            ("the diagonal is", row == column),
            ("the upper triangle is", row < column),
            ("the lower triangle is", row > column),
            ("everything off the diagonal is", row != column),
            ("the upper triangle with the diagonal is", row <= column),
            ("the lower triangle with the diagonal is", row >= column),
        ):
            if _mostly(wrong, inside, visible):
                return name
    for axis in range(len(block.shape)):
        if len(block.shape) == 1:
            break
        bad = [i for i in np.unique(places[axis]) if wrong[visible & (places[axis] == i)].sum() > 0]
        inside = np.isin(places[axis], bad)
        whole = len(bad) < len(np.unique(places[axis][visible]))
        if bad and whole and wrong.sum() >= 0.6 * (inside & visible).sum():
            return _named(
                bad,
                block.shape[axis],
                "row" if axis == 0 else "column" if axis == 1 else f"axis-{axis} slice",
            )
    return None


def _mostly(wrong, inside, visible):
    """Whether the wrong places are those inside, but for some that are right by accident."""
    inside = inside & visible
    return inside.any() and not wrong[visible & ~inside].any() and wrong.sum() >= 0.8 * inside.sum()


def _named(bad, n, kind):
    plural = "s" if len(bad) > 1 else ""
    verb = "are" if len(bad) > 1 else "is"
    if len(bad) == 1 and bad[0] in (0, n - 1):
        return f"the {'first' if bad[0] == 0 else 'last'} {kind} ({bad[0]}) is"
    shown = ", ".join(str(int(i)) for i in bad[:6]) + (f", ... ({len(bad)} in all)" if len(bad) > 6 else "")
    return f"{kind}{plural} {shown} {verb}"


def _entries(block, wrong, n_seen):
    places = [tuple(map(int, place)) for place in zip(*(axis[wrong] for axis in block.places()), strict=True)]
    if len(block.shape) == 1:
        return _named(
            [place[0] for place in places], block.shape[0], "entry" if len(places) == 1 else "entrie"
        )
    shown = ", ".join(map(str, places[:4])) + (", ..." if len(places) > 4 else "")
    return f"{len(places)} of {n_seen} entries ({shown}) are"


def _how(block, wrong):
    """What the wrong entries are instead."""
    a, n = block.a[wrong], block.n[wrong]
    if not np.any(a):
        return " (zero: forgotten)"
    factor = factor_of(a, n, block.e[wrong])
    if factor is not None and np.allclose(a, factor * n, rtol=1e-3, atol=1e-6 * np.abs(n).max()):
        if abs(factor + 1) < 1e-3:
            return " (of the wrong sign)"
        return f" ({factor:.4g} times too large)" if len(a) > 1 or abs(factor) in (2, 0.5) else ""
    return ""
