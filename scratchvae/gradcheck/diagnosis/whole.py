"""Mistakes of a whole block: forgotten, of the wrong sign, off by a factor, right to a few digits only."""

import numpy as np

from scratchvae.gradcheck.diagnosis.factors import factor_of, story_of
from scratchvae.gradcheck.numerical import ERRORS
from scratchvae.gradcheck.report import Diagnosis

#: A relative difference up to this is a matter of digits: of a factor, of single entries.
DIGITS, ENTRIES = 9e-4, 2e-3


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
    if np.any(block.a) or not np.any(block.shows(block.n)):
        return None
    return Diagnosis("zero", "the gradient is zero, and should not be: forgotten, or overwritten", factor=0.0)


def should_be_zero(block, evidence):
    """A derivative by what the function does not depend on."""
    # By the error alone: beside a gradient that is 1e12 times too large the true one is no rounding.
    if np.any(np.abs(block.n) > ERRORS * block.e) or not np.any(block.shows(block.a)):
        return None
    message = "the function does not change with this block here, so that its gradient is zero"
    return Diagnosis("extra_term", message)


def scaled(block, evidence):
    """The sign, or another constant factor."""
    factor = factor_of(block.a, block.n, block.e)
    if factor is None or factor == 0 or not block.fits(block.a / factor):
        return None
    if abs(factor - 1) <= block.close / 10:
        return None
    return of_factor(factor, block, evidence)


def of_factor(factor, block, evidence):
    """The diagnosis of a block that is `factor` times its gradient."""
    if abs(factor + 1) <= 10 * block.close:
        return Diagnosis("sign", "the sign is wrong: this is minus the gradient", factor=-1.0)
    norm = float(np.linalg.norm(block.n)) if block.is_complete else 0.0
    story = story_of(abs(factor), evidence.sizes, block.shape, norm)
    if abs(factor - 1) <= DIGITS and not story:
        message = f"the gradient is {factor:.6g} times what it should be: a constant with too few digits?"
        return Diagnosis("precision", message, factor=factor)
    sign = ", and the sign is wrong" if factor < 0 else ""
    story = f" ({story})" if story else ""
    return Diagnosis(
        "scale", f"the gradient is {factor:.6g} times what it should be{sign}{story}", factor=factor
    )


def absolute(block, evidence):
    """The gradient without its sign."""
    if np.all(block.a >= 0) and np.any(block.wrong) and block.fits(block.a, np.abs(block.n)):
        return Diagnosis("sign", "the sign is lost: this is the absolute value of the gradient")
    return None


def few_digits(block, evidence):
    """Nearly right: a rounded constant, float32 in between, finite differences in place of the derivative."""
    size = np.sqrt(np.mean(block.n**2)) if block.n.size else 0.0
    gap = np.abs(block.a - block.n)
    near = np.all(gap <= 4 * block.e + ENTRIES * np.maximum(np.abs(block.n), size))
    if not size or not (near or _is_rounded(block.a, gap)):
        return None
    digits = max(0, int(-np.log10(max(np.max(gap) / size, 1e-16))))
    return Diagnosis(
        "precision",
        f"the gradient is right to some {digits} digits only: a rounded constant, float32 in between, finite "
        "differences, or a small term that is missing",
    )


def _is_rounded(a, gap):
    """Whether all entries have so few decimals, and the rest is what rounding to them leaves."""
    for decimals in range(1, 7):
        if np.all(np.round(a, decimals) == a):
            return np.count_nonzero(a) > 1 and bool(np.all(gap <= 0.51 * 10.0**-decimals))
    return False
