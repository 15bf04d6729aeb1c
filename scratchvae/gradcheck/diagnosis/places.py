"""Right numbers in wrong places: transposed, exchanged with another block, shifted."""

from itertools import permutations

import numpy as np

from scratchvae.gradcheck.diagnosis.factors import factor_of
from scratchvae.gradcheck.report import Diagnosis


def transposed(block, evidence):
    """The block holds its own transpose, in memory."""
    long = [axis for axis, n in enumerate(block.shape) if n > 1]
    if len(long) < 2:
        return None
    for order in permutations(range(len(block.shape))):
        if [axis for axis in order if axis in long] == long:
            continue
        candidate = block.whole.reshape([block.shape[axis] for axis in order])
        turned = np.transpose(candidate, np.argsort(order))
        found = _rearranged(block, turned, "transposed", "the block holds the transpose of the gradient")
        if found is not None:
            return found
    return None


def _rearranged(block, candidate, code, message, **more):
    """A diagnosis if `candidate`, the code's numbers elsewhere, is the gradient up to a factor."""
    values = candidate.ravel()[block.index]
    factor = factor_of(values, block.n, block.e)
    if factor is None or factor == 0 or not block.fits(values / factor):
        return None
    if not _tells(block) or np.count_nonzero(block.visible) < 2:
        return None
    if abs(factor - 1) <= 10 * block.close:
        return Diagnosis(code, message, **more)
    times = "and has the wrong sign" if abs(factor + 1) < 1e-3 else f"times {factor:.6g}"
    return Diagnosis(code, f"{message}, {times}", factor=factor, **more)


def _tells(block):
    """Whether the gradient's entries differ, so that their order shows."""
    return np.ptp(block.n) > 1e-3 * np.abs(block.n).max(initial=0)


def swapped(block, evidence):
    """Another block of the same size holds this one's gradient, or this one holds another's."""
    seen = np.count_nonzero(block.visible)
    for name, other in evidence.analytic.items():
        if name == block.name or other.size != block.whole.size or np.array_equal(other, block.whole):
            continue
        if seen and name in evidence.failing and any(block.fits(one) for one in _both_ways(other, block)):
            message = f"this block's gradient stands in block {name!r}: the two are exchanged"
            return Diagnosis("swapped", message, term=name)
    return _anothers(block, evidence)


def _both_ways(other, block):
    yield other.ravel()[block.index]
    if other.ndim == 2:
        yield other.T.ravel()[block.index]


def _anothers(block, evidence):
    """This block holds the gradient of another, which may itself be right."""
    for name in evidence.blocks:
        if name == block.name or evidence.blocks[name][1] != block.shape:
            continue
        if name in evidence.failing:
            other = evidence.failing[name]
            holds = (
                np.array_equal(other.index, block.index)
                and np.any(other.shows(other.n))
                and other.fits(block.a)
            )
        else:
            values = evidence.analytic[name].ravel()[block.index]
            holds = np.any(values) and block.fits(block.a, values)
        if holds:
            return Diagnosis("swapped", f"this block holds the gradient of block {name!r}", term=name)
    return None


def out_of_order(evidence):
    """{block: Diagnosis} if the blocks' gradients stand one after the other in another order."""
    names = list(evidence.blocks)
    if not 2 <= len(names) <= 5 or len(evidence.failing) < 2:
        return {}
    if sum(part.stop - part.start for part, _ in evidence.blocks.values()) != evidence.session.analytic.size:
        return {}
    for order in permutations(names):
        if list(order) != names and _explains(evidence, order):
            message = (
                f"the blocks stand in another order: {', '.join(order)} in the place of {', '.join(names)}"
            )
            return dict.fromkeys(evidence.failing, Diagnosis("swapped", message))
    return {}


def _explains(evidence, order):
    """Whether the vector, cut in this order, gives every wrong block its gradient."""
    start, cut = 0, {}
    for name in order:
        size = evidence.analytic[name].size
        cut[name] = evidence.session.analytic[start : start + size]
        start += size
    return all(block.fits(cut[name][block.index]) for name, block in evidence.failing.items())


def moved(block, evidence):
    """The entries stand one place further, in the opposite order, or in any other."""
    if not _tells(block):
        return None
    for axis, n in enumerate(block.shape):
        if n < 3:
            continue
        for shift in (1, -1):
            where = f"shifted by one along axis {axis}"
            found = _moved(block, np.roll(block.whole, shift, axis), where) or _open(
                block, shift, axis, where
            )
            if found is not None:
                return found
        found = _moved(block, np.flip(block.whole, axis), f"in the opposite order along axis {axis}")
        if found is not None:
            return found
    return _halves(block) or _permuted(block)


def _moved(block, candidate, where):
    return _rearranged(block, candidate, "rows", f"the entries are {where}", where=where)


def _open(block, shift, axis, where):
    """Shifted, with something else at the end that was left free."""
    rolled = np.roll(block.whole, shift, axis).ravel()[block.index]
    inner = block.places()[axis] != (0 if shift == 1 else block.shape[axis] - 1)
    gap = np.abs(rolled - block.n)
    matching = gap <= 4 * block.e + block.close * np.abs(block.n)
    if inner.sum() < 3 or not matching[inner].all() or not np.any(block.wrong[inner]):
        return None
    if np.ptp(block.n[inner]) <= 1e-3 * np.abs(block.n[inner]).max():
        return None  # all the same: nothing tells a shift
    return Diagnosis("rows", f"the entries are {where}", where=where)


def _halves(block):
    """A vector whose two halves are exchanged, as mu and log_sigma are."""
    n = block.whole.size
    if len(block.shape) != 1 or n % 2:
        return None
    return _rearranged(
        block, np.roll(block.whole, n // 2), "swapped", "the two halves of the vector are exchanged"
    )


def _permuted(block):
    """The right numbers in some other order."""
    if not block.is_complete or len(block.n) < 3:
        return None
    distinct = len(np.unique(np.round(block.n / np.abs(block.n).max(), 3)))
    order_a, order_n = np.argsort(block.a), np.argsort(block.n)
    if np.array_equal(order_a, order_n):
        return None  # in the same order they are nearly right, each in its place
    gap = np.abs(block.a[order_a] - block.n[order_n])
    if distinct < 3 or np.any(gap > 4 * block.e[order_n] + block.close * np.abs(block.n[order_n])):
        return None
    where = "in another order"
    return Diagnosis("rows", f"the right numbers stand {where}", where=where)
