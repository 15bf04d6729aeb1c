"""A difference that is a simple function of theta: weight decay, an L1 penalty, a linear term."""

from dataclasses import dataclass

import numpy as np

from scratchvae.gradcheck.diagnosis import experiments
from scratchvae.gradcheck.diagnosis.factors import factor_of
from scratchvae.gradcheck.diagnosis.sums import fits_difference
from scratchvae.gradcheck.numerical import value_near
from scratchvae.gradcheck.report import Diagnosis

#: How far out the function is looked at for a term that grows: theta's multiples, and shifts of theta.
FAR, SHIFTS = 1e4, (30.0, -30.0)
#: How near the growth must be to that of the term.
GROWTH = 0.05
#: Where a difference of these words comes from, if its factor is no constant, but changes by so much.
PARTS = {"theta": "a norm that theta is divided by", "one": "a mean that is subtracted, or of a normaliser"}
CHANGED = 1e-2


@dataclass(frozen=True)
class Penalty:
    """A term of theta, of which the function may hold a multiple.

    Attributes
    ----------
    name, words : str
        Of the term, and of its derivative.
    derivative : array
        By each entry of theta.
    """

    name: str
    words: str
    derivative: np.ndarray


def of_theta(block, evidence):
    """Weight decay, L1, a linear term or a logarithm that is missing, or there though it should not be."""
    difference, t = block.a - block.n, block.theta
    if np.count_nonzero(np.abs(difference) > 4 * block.e) < 3:
        return None
    if _is_constant(t):  # theta itself is a multiple of one: look where it is not
        there = experiments.elsewhere(evidence, block.name, varied=True)[:1]
        if there and not _is_constant(there[0].theta):
            return of_theta(there[0], evidence)
    for penalty in _penalties(t):
        factor = factor_of(difference, penalty.derivative, block.e)
        if factor and fits_difference(difference, factor * penalty.derivative, block):
            return _of_a_part(block, evidence, penalty) or _diagnosis(block, evidence, penalty, factor)
    return None


def _of_a_part(block, evidence, penalty):
    """Along theta, or the same for all entries, by a number that changes elsewhere: no penalty has it."""
    if penalty.words not in PARTS:
        return None
    others = experiments.elsewhere(evidence, block.name, varied=True)
    factors = [_factor_there(there, penalty) for there in others]
    known = [factor for factor in factors if factor is not None]
    here = factor_of(block.a - block.n, penalty.derivative, block.e)
    if len(known) < 2 or any(abs(factor - here) <= CHANGED * abs(here) for factor in known):
        return None
    message = (
        f"the difference is {penalty.words} times a number that changes from point to point: a part of the "
        f"gradient is left out, as that of {PARTS[penalty.words]}"
    )
    return Diagnosis("missing_term", message, term=PARTS[penalty.words])


def _factor_there(block, penalty):
    """How many times the penalty's derivative the difference is at another point; None if it is not that."""
    derivative = block.theta if penalty.words == "theta" else np.ones_like(block.theta)
    factor = factor_of(block.a - block.n, derivative, block.e)
    if not factor or not fits_difference(block.a - block.n, factor * derivative, block):
        return None
    return factor


def _is_constant(t):
    return np.ptp(t) <= 1e-3 * np.abs(t).max()


def _penalties(t):
    yield Penalty("a linear term", "one", np.ones_like(t))
    if not _is_constant(t):
        yield Penalty("weight decay", "theta", t)
    if np.ptp(np.sign(t)) > 0:
        yield Penalty("an L1 penalty", "the sign of theta", np.sign(t))
    if np.all(t != 0) and t.size > 3 and np.ptp(1 / t) > 1e-3 * np.abs(1 / t).max():
        yield Penalty("a logarithm", "1 / theta", 1 / t)


def _diagnosis(block, evidence, penalty, factor):
    missing = _grows(block, evidence, penalty, -factor)
    if missing is None:
        missing = factor < 0 and penalty.name in ("weight decay", "an L1 penalty")
    code, how = ("missing_term", "is missing") if missing else ("extra_term", "is there that should not be")
    message = f"the difference is {factor:.6g} times {penalty.words}: {penalty.name} {how}"
    return Diagnosis(code, message, factor=factor, term=penalty.name)


def _grows(block, evidence, penalty, factor):
    """Whether the function itself grows as `factor` times the term far out: it has it and the code has not.

    None if another term grows as fast or faster, and nothing is seen.
    """
    if not block.is_complete:
        return None
    part, shape = evidence.blocks[block.name]

    def at(values):
        theta = evidence.session.theta.copy()
        theta.reshape(-1)[part] = values
        return value_near(evidence.session.function, theta)

    t, step = block.theta, 1e-2
    if penalty.name == "a linear term":
        slopes = [(at(t + s + step) - at(t + s - step)) / (2 * step) for s in SHIFTS]
        expected = factor * t.size
        return any(abs(slope - expected) <= GROWTH * abs(expected) for slope in slopes)
    # The slope along the ray s theta, times s: s times the derivative of each entry, summed.
    slope = (at(FAR * (1 + step) * t) - at(FAR * (1 - step) * t)) / (2 * step)
    power = {"weight decay": 2, "an L1 penalty": 1, "a logarithm": 0}[penalty.name]
    expected = factor * FAR**power * float(penalty.derivative @ t)
    if not np.isfinite(slope):
        return None
    if abs(slope - expected) <= GROWTH * abs(expected):
        return True
    return False if abs(slope) < GROWTH * abs(expected) else None
