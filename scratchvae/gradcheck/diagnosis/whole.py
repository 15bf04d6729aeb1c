"""Mistakes of a whole block: forgotten, of the wrong sign, off by a factor, right to a few digits only."""

import numpy as np

from scratchvae.gradcheck.diagnosis.factors import story_of
from scratchvae.gradcheck.report import Diagnosis

#: A relative difference up to this is a matter of digits.
DIGITS = 2e-3


def nonfinite(block, evidence):
    """NaN or infinity in the gradient."""
    bad = ~np.isfinite(block.whole)
    if not bad.any():
        return None
    first = tuple(map(int, np.argwhere(bad)[0])) if block.whole.ndim else ()
    n = int(bad.sum())
    where = f"entry {first}" if n == 1 else f"{n} of {bad.size} entries, the first at {first}"
    return Diagnosis("nonfinite", f"the gradient is not finite: {where}", where=where)


def not_finite_beside(block, evidence):
    """The function has no finite value near theta."""
    if block.n.size:
        return None
    return Diagnosis("nonfinite", "the function is not finite beside theta: nothing can be compared")


def zero(block, evidence):
    """Forgotten."""
    if np.any(block.a) or not np.any(np.abs(block.n) > 4 * block.e):
        return None
    return Diagnosis(
        "zero", "the gradient is zero, and should not be: it is forgotten, or overwritten", factor=0.0
    )


def factor_of(a, n, e):
    """The number c for which a is nearest to c n, by the entries that can be seen; None if there are none."""
    seen = np.abs(n) > np.maximum(10 * e, 1e-8 * np.abs(n).max(initial=0))
    if not seen.any():
        return None
    weights = np.abs(n[seen])
    ratios = a[seen] / n[seen]
    order = np.argsort(ratios)
    heavy = np.cumsum(weights[order])
    return float(ratios[order][np.searchsorted(heavy, heavy[-1] / 2)])  # the weighted median


def scaled(block, evidence):
    """The sign, or another constant factor."""
    factor = factor_of(block.a, block.n, block.e)
    if factor is None or factor == 0 or not block.fits(block.a / factor):
        return None
    if abs(factor - 1) <= block.close:
        return None
    if abs(factor + 1) <= 10 * block.close:
        return Diagnosis("sign", "the sign is wrong: this is minus the gradient", factor=-1.0)
    return Diagnosis("scale", scale_message(factor, evidence.sizes, block.shape), factor=factor)


def scale_message(factor, sizes, shape):
    """The sentence for a factor."""
    story = story_of(abs(factor), sizes, shape)
    sign = ", and the sign is wrong" if factor < 0 else ""
    return f"the gradient is {factor:.6g} times what it should be{sign}" + (f" ({story})" if story else "")


def few_digits(block, evidence):
    """Nearly right: a rounded constant, float32 in between, a numerical derivative in place of an exact one."""
    size = np.sqrt(np.mean(block.n**2)) if block.n.size else 0.0
    gap = np.abs(block.a - block.n)
    if not size or np.any(gap > DIGITS * np.maximum(np.abs(block.n), size / 10) + 4 * block.e):
        return None
    digits = max(0, int(-np.log10(max(np.max(gap) / np.abs(block.n).max(), 1e-16))))
    return Diagnosis(
        "precision",
        f"the gradient is right to some {digits} digits only: a rounded constant, float32 in between, an "
        "approximation, or a small term that is missing",
    )
