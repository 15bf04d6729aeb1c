"""What is wrong with a gradient: hypotheses in order of simplicity, the first that explains the numbers wins."""

import numpy as np

from scratchvae.gradcheck.diagnosis.arrangement import shifted, some_entries, swapped, transposed
from scratchvae.gradcheck.diagnosis.local import by_experiment, by_unit, chain_factor, elementwise
from scratchvae.gradcheck.diagnosis.sums import a_term_here, explained_by_a_term, of_theta
from scratchvae.gradcheck.diagnosis.unexplained import unexplained
from scratchvae.gradcheck.diagnosis.whole import few_digits, nonfinite, not_finite_beside, scaled, zero
from scratchvae.gradcheck.report import Diagnosis

#: Of one block by itself, from the simplest on.
BY_ITSELF = (nonfinite, not_finite_beside, zero, scaled, swapped, transposed, a_term_here, shifted, of_theta)
#: Where entries differ in what is wrong with them.
BY_ENTRY = (chain_factor, elementwise, by_unit, some_entries, few_digits)
#: A block of so few visible entries fits almost any hypothesis.
FEW = 3


def diagnose_all(evidence):
    """{name: Diagnosis} of all wrong blocks."""
    of_terms = explained_by_a_term(evidence)
    if of_terms and len(of_terms) == len(evidence.failing):
        return of_terms
    found = {name: _first(BY_ITSELF, block, evidence) for name, block in evidence.failing.items()}
    open_names = [name for name, diagnosis in found.items() if diagnosis is None]
    for name in open_names:
        found[name] = _first(BY_ENTRY, evidence.failing[name], evidence)
    _ask_the_experiment(found, evidence)
    for name, block in evidence.failing.items():
        found[name] = found[name] or unexplained(block, evidence)
    return found


def _first(clues, block, evidence):
    if not block.n.size and clues is BY_ENTRY:
        return None
    for clue in clues:
        if clue not in (nonfinite, not_finite_beside) and not np.isfinite(block.a).all():
            continue
        diagnosis = clue(block, evidence)
        if diagnosis is not None:
            return diagnosis
    return None


def _ask_the_experiment(found, evidence):
    """Let the experiment decide on blocks that nothing explains, together with what is small or partly right."""
    unsure = [name for name, diagnosis in found.items() if _is_unsure(name, diagnosis, evidence)]
    certain = any(found[name] is not None and found[name].code == "activation" for name in found)
    if not any(found[name] is None or _partly(found[name]) for name in unsure):
        if certain:
            _small_ones_follow(found, evidence)
        return
    found.update(by_experiment(evidence, unsure))
    if any(diagnosis is not None and diagnosis.code == "activation" for diagnosis in found.values()):
        _small_ones_follow(found, evidence)


def _is_unsure(name, diagnosis, evidence):
    if diagnosis is None or diagnosis.code == "activation" or _partly(diagnosis):
        return True
    return diagnosis.code in ("scale", "sign") and _is_small(evidence.failing[name])


def _partly(diagnosis):
    """Some entries are wrong, in no way that would say why."""
    return (
        diagnosis.code == "rows"
        and "(" not in diagnosis.message.split("; the rest")[0].replace("()", "")[-30:]
    )


def _is_small(block):
    return np.count_nonzero(block.visible) <= FEW


def _small_ones_follow(found, evidence):
    """A bias of few entries fits any factor; beside a weight of a wrong activation it is of that, too."""
    activation = next(d for d in found.values() if d is not None and d.code == "activation")
    for name, diagnosis in found.items():
        if diagnosis is None or (diagnosis.code == "scale" and _is_small(evidence.failing[name])):
            if _is_small(evidence.failing[name]) or diagnosis is None:
                found[name] = activation


def summary_of(diagnoses, n_blocks):
    """One sentence if all wrong blocks have one cause, else ""."""
    if len(diagnoses) < 2:
        return ""
    first, *others = diagnoses.values()
    same = all(
        d.code == first.code and d.term == first.term and _near(d.factor, first.factor) for d in others
    )
    if not same or first.code in ("unexplained", "rows", "swapped", "transposed"):
        return ""
    which = "all blocks" if len(diagnoses) == n_blocks else f"{len(diagnoses)} of {n_blocks} blocks"
    return f"one cause in {which}: {first.message}"


def _near(a, b):
    if a is None or b is None:
        return a is b
    return abs(a - b) <= 1e-3 * max(abs(a), abs(b))


__all__ = ["Diagnosis", "diagnose_all", "summary_of"]
