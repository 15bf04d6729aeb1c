"""Wrong numbers of the right form: the first explanation that holds in every case, from the specific on."""

import itertools

import numpy as np

from scratchvae.course.words.answered import is_near, sizes_of, subject
from scratchvae.course.words.finding import Finding
from scratchvae.course.words.gradients import of_gradient
from scratchvae.course.words.mistakes import slip, usual_mistake
from scratchvae.course.words.numbers import accident, wrong_entries


def wrong_values(task, cases):
    """The finding on wrong numbers; None if all cases are right.

    Parameters
    ----------
    task : Task
    cases : list of Answered
    """
    wrong = [case for case in cases if not case.right]
    if not wrong:
        return None
    found = usual_mistake(task, cases, wrong)
    if found is not None:
        return found
    finite = [case for case in cases if not _strange_part(task, case)]
    if any(not case.right for case in finite):  # the other wrong ones say more than a NaN does
        cases, wrong = finite, [case for case in finite if not case.right]
    for explain in EXPLANATIONS:
        found = explain(task, cases, wrong)
        if found is not None:
            return found
    return Finding("wrong", _measured(task, wrong[0]))


def _not_finite(task, cases, wrong):
    """NaN or infinity where there should be a number."""
    strange = _strange_part(task, wrong[0])
    if strange is None:
        return None
    name, what = strange
    return Finding("nonfinite", f"{subject(name)} is {what}{wrong[0].where}")


def _strange_part(task, case):
    """(name, "NaN" or "infinite") of a part that has such entries where there should be numbers."""
    for name, got, expected in zip(task.outputs, case.got, case.expected, strict=True):
        if got.dtype != bool and (bad := ~np.isfinite(got) & np.isfinite(expected)).any():
            return name, "NaN" if np.isnan(got[bad]).any() else "infinite"
    return None


def _few_digits(task, cases, wrong):
    """All but right: a matter of precision and not of the formula."""
    error = max(_error(*pair) for case in wrong for pair in zip(case.got, case.expected, strict=True))
    if not error < 1e-4:
        return None
    words = f"it is right to a relative {error:.0e} only: float32, or a constant with few digits?"
    return Finding("precision", words)


def _error(got, expected):
    """The largest error, relative to the largest right entry."""
    if expected.dtype == bool:
        return float(not np.array_equal(got, expected))
    finite = np.isfinite(expected)
    error = np.abs(got - expected)[finite].max(initial=0)
    return error / (np.abs(expected[finite]).max(initial=0) + 1e-300)


def _some_labels(task, cases, wrong):
    """Only cases of some special kinds are wrong: that is where to look."""
    labels = dict.fromkeys(case.case.label for case in wrong)
    if (
        "" in labels
        or any(case.right and case.case.label in labels for case in cases)
        or len(wrong) == len(cases)
    ):
        return None
    n_right = len(cases) - len(wrong)
    return Finding(
        "cases", f"it is right in {n_right} of {len(cases)} cases, and wrong in: {', '.join(labels)}"
    )


def _order(task, cases, wrong):
    """Two outputs in each other's place."""
    n = len(task.outputs)
    for i, j in itertools.combinations(range(n), 2):
        order = list(range(n))
        order[i], order[j] = j, i
        if all(is_near(task, case.got[k], case.expected[order[k]]) for case in cases for k in range(n)):
            return Finding("order", f"{task.outputs[i]} and {task.outputs[j]} are in each other's place")
    return None


def _gradient(task, cases, wrong):
    """The gradient checker's diagnosis of the first wrong case that it can explain."""
    if task.backward is None:
        return None
    for case in wrong:
        found = of_gradient(task.backward, case.case.inputs, case.got, sizes_of(task, case))
        explained = {}  # one sentence may be of several outputs
        for argument, (code, words) in found.items():
            # A single number is some multiple of any other: that explains nothing.
            few = np.size(case.case.inputs[argument]) < 3
            if code != "unexplained" and not (few and code == "scale"):
                explained.setdefault(words, []).append(task.outputs[task.backward.by.index(argument)])
        if explained:
            sentences = [f"{' and '.join(names)}: {words}" for words, names in explained.items()]
            return Finding("gradient", "; ".join(sentences))
    return None


def _accidents(task, cases, wrong):
    """Something simple that happened to a wrong part, in every case."""
    sizes, found, explained = [sizes_of(task, case) for case in cases], [], False
    for i, name in enumerate(task.outputs):
        pairs = [(case.got[i], case.expected[i]) for case in cases]
        if all(is_near(task, *pair) for pair in pairs):
            continue
        words = accident(pairs, sizes)
        explained = explained or bool(words)
        found.append(words if name == "result" else f"{name}: {words or 'it is wrong, too'}")
    return Finding("accident", "; ".join(found)) if explained else None


def _property(task, cases, wrong):
    """What every right answer has, and this one has not."""
    for kept in task.properties:
        for case in wrong:
            try:
                holds = kept.holds(case.case.inputs, case.got if len(case.got) > 1 else case.got[0])
            except Exception:
                holds = False
            if not holds:
                return Finding("property", f"{kept.words}{case.where}")
    return None


def _measured(task, case):
    """How much is wrong, where nothing says why; no numbers of the answer."""
    parts = []
    for name, got, expected in zip(task.outputs, case.got, case.expected, strict=True):
        if expected.dtype == bool and not np.array_equal(got, expected):
            parts.append(f"{subject(name)} is {bool(np.all(got))}, which is wrong{case.where}")
        bad = (
            wrong_entries(got, expected, task.rtol, task.atol) if expected.dtype != bool else np.array(False)
        )
        if bad.any():
            how_many = f" in {bad.sum()} of {bad.size} entries" if bad.size > 1 else ""
            parts.append(f"{subject(name)} is wrong{how_many}")
    return "; ".join(parts) or "the result is wrong"


EXPLANATIONS = (_not_finite, _few_digits, _some_labels, _order, _gradient, _accidents, slip, _property)
