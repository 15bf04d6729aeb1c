"""What is wrong with a gradient: one file a clue, the simplest hypothesis that explains the numbers wins.

What all wrong blocks have in common is looked for first, then what explains each by itself, then
what an experiment at another point shows.
"""

import numpy as np

from scratchvae.gradcheck.diagnosis import (
    activation,
    elementwise,
    experiments,
    layers,
    penalties,
    places,
    sums,
    terms,
    whole,
)
from scratchvae.gradcheck.diagnosis.factors import factor_of
from scratchvae.gradcheck.diagnosis.rows import some_entries
from scratchvae.gradcheck.diagnosis.unexplained import unexplained
from scratchvae.gradcheck.report import Diagnosis

__all__ = ["diagnose_all", "summary_of"]

#: Hypotheses on a block that its finite numbers are compared with, the simplest first.
NO_NUMBERS = (whole.nonfinite, whole.not_finite_beside)
ALIKE = (whole.zero, whole.should_be_zero, whole.scaled, whole.absolute)
MOVED = (places.transposed, places.swapped, places.moved)
SUMS = (penalties.of_theta, sums.of_another_block)
BY_ENTRY = (elementwise.chain_factor, activation.local_derivative, activation.mask, whole.few_digits)
#: A block with so few visible entries fits almost any hypothesis.
FEW = 3


def diagnose_all(evidence):
    """{name: Diagnosis} of all wrong blocks."""
    found = _common(evidence)
    for name, block in evidence.failing.items():
        if name not in found:
            found[name] = _by_itself(block, evidence)
    _settle_the_few(found, evidence)
    _by_experiment(found, evidence)
    layers.biases_follow(found, evidence)
    return {name: found[name] for name in evidence.failing}


def _common(evidence):
    """{block: Diagnosis} of a cause that all wrong blocks share."""
    if any(not np.isfinite(block.whole).all() or not block.n.size for block in evidence.failing.values()):
        return {}
    return (
        _one_factor(evidence)
        or terms.in_all_blocks(evidence)
        or places.out_of_order(evidence)
        or activation.by_unit(evidence)
    )


def _one_factor(evidence):
    """One factor in several blocks, also in those of a single number."""
    if len(evidence.failing) < 2:
        return {}
    n, a, e = (np.concatenate([getattr(block, key) for block in evidence.failing.values()]) for key in "nae")
    factor = factor_of(a, n, e)
    if not factor or abs(factor - 1) < 1e-3:
        return {}
    if not all(block.fits(block.a / factor) for block in evidence.failing.values()):
        return {}
    return {name: whole.of_factor(factor, block, evidence) for name, block in evidence.failing.items()}


def _by_itself(block, evidence):
    """The first hypothesis that explains one block, None if there is none."""
    for hypothesis in NO_NUMBERS:
        diagnosis = hypothesis(block, evidence)
        if diagnosis is not None:
            return diagnosis
    for hypotheses in (ALIKE, MOVED):
        diagnosis = _first(hypotheses, block, evidence)
        if diagnosis is not None:
            return diagnosis
    here = sums.a_term_here(block, evidence, terms.gradients_of(evidence))
    return here or _first((*SUMS, *BY_ENTRY), block, evidence)


def _first(hypotheses, block, evidence):
    for hypothesis in hypotheses:
        diagnosis = hypothesis(block, evidence)
        if diagnosis is not None:
            return diagnosis
    return None


# --- what the numbers here do not tell ----------------------------------------------------------


def _settle_the_few(found, evidence):
    """A single number is a multiple of any other: does the factor stay elsewhere, or the difference?"""
    for name, block in evidence.failing.items():
        diagnosis = found[name]
        if np.count_nonzero(block.visible) > 1 or diagnosis is None or diagnosis.code != "scale":
            continue
        if "(" in diagnosis.message:  # a telling factor
            continue
        kept = experiments.of_few(evidence, name)
        if kept == "difference":
            found[name] = _of_constant(block)
        elif kept == "exp":
            message = f"{diagnosis.message}, by a factor that changes as exp(k {name}): a chain factor"
            found[name] = Diagnosis("scale", message, factor=diagnosis.factor)


def _of_constant(block):
    gap = float((block.a - block.n)[block.visible][0])
    missing = np.abs(block.a).sum() < np.abs(block.n).sum()
    code, how = ("missing_term", "is missing") if missing else ("extra_term", "is there that should not be")
    return Diagnosis(
        code, f"the difference is {gap:.6g} wherever it is looked at: a linear term {how}", term="constant"
    )


def _by_experiment(found, evidence):
    """Let experiments decide on what nothing explains, and on what is only said to be wrong in places."""
    unsure = [
        name
        for name, diagnosis in found.items()
        if diagnosis is None or _is_accidental(diagnosis, name, evidence)
    ]
    if any(found[name] is None for name in unsure):
        answers = (
            experiments.at_one_preactivation(evidence, unsure)
            or experiments.through_the_transpose(evidence, unsure)
            or experiments.path_around(evidence, unsure)
        )
        if not answers:
            answers = _without_experiment(found, unsure, evidence)
        found.update(answers)
    for name, block in evidence.failing.items():
        found[name] = found[name] or unexplained(block, evidence)


def _is_accidental(diagnosis, name, evidence):
    """Whether a block is so small that its diagnosis may be a coincidence."""
    return diagnosis.code == "scale" and np.count_nonzero(evidence.failing[name].visible) <= 1


def _without_experiment(found, unsure, evidence):
    """What is left: wrong entries, factors by unit, and what the layers' order tells."""
    answers = {}
    for name in unsure:
        block = evidence.failing[name]
        answers[name] = found[name] or some_entries(block, evidence) or activation.by_column(block, evidence)
    left = [name for name, diagnosis in answers.items() if diagnosis is None]
    answers.update(layers.local_derivative(evidence, left))
    left = [name for name in left if answers[name] is None]
    clues = (
        [f"right if {name!r} is zero" for name in experiments.right_without(evidence, left)] if left else []
    )
    for name in left:
        answers[name] = unexplained(evidence.failing[name], evidence, clues)
    return answers


def summary_of(diagnoses, n_blocks):
    """One sentence if all wrong blocks have one cause, else ""."""
    if len(diagnoses) < 2:
        return ""
    first, *others = diagnoses.values()
    same = all(
        other.code == first.code and other.term == first.term and _near(other.factor, first.factor)
        for other in others
    )
    if not same or first.code in ("unexplained", "rows", "nonfinite"):
        return ""
    which = "all blocks" if len(diagnoses) == n_blocks else f"{len(diagnoses)} of {n_blocks} blocks"
    return f"one cause in {which}: {first.message}"


def _near(a, b):
    if a is None or b is None:
        return a is b
    return abs(a - b) <= 1e-3 * max(abs(a), abs(b))
