"""Wrong numbers of the right form: the first explanation that holds in every case, from the specific on."""

from dataclasses import dataclass

import numpy as np

from scratchvae.course.exercise import in_this_process
from scratchvae.course.words.finding import Finding
from scratchvae.course.words.form import parts_of
from scratchvae.course.words.gradients import of_gradient
from scratchvae.course.words.numbers import accident, close, wrong_entries
from scratchvae.course.words.slips import slips


@dataclass(frozen=True)
class Answered:
    """One case with what came and what is right, as tuples of arrays."""

    case: object
    got: tuple
    expected: tuple
    right: bool


def answered(task, case, got, expected):
    """The case, judged."""
    got, expected = parts_of(got), parts_of(expected)
    if task.same is not None:
        return Answered(case, got, expected, bool(task.same(case.inputs, got if len(got) > 1 else got[0])))
    right = all(close(a, b, task.rtol, task.atol) for a, b in zip(got, expected, strict=True))
    return Answered(case, got, expected, right)


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
    found = _usual_mistake(task, cases, wrong)
    if found is not None:
        return found
    finite = [case for case in cases if not _strange_part(task, case)]
    if any(not case.right for case in finite):  # the other wrong ones say more than a NaN does
        cases, wrong = finite, [case for case in finite if not case.right]
    for explain in (
        _not_finite,
        _few_digits,
        _some_labels,
        _order,
        _of_backward,
        _accidents,
        _slip,
        _properties,
    ):
        found = explain(task, cases, wrong)
        if found is not None:
            return found
    return Finding("wrong", _measured(task, wrong))


def _usual_mistake(task, cases, wrong):
    """Of the task's own list what gives what came: one mistake for all wrong parts, or one each."""
    parts = [i for i in range(len(task.outputs)) if not all(_part_is_right(task, case, i) for case in cases)]
    made = {mistake.words: [_made(mistake.function, case) for case in cases] for mistake in task.wrong}
    of_part = {
        i: [words for words, answers in made.items() if _all_match(task, cases, answers, i)] for i in parts
    }
    if not parts or not all(of_part.values()):
        return None
    common = [words for words in of_part[parts[0]] if all(words in found for found in of_part.values())]
    words = common[:1] or dict.fromkeys(found[0] for found in of_part.values())
    return Finding("mistake", "; ".join(words))


def _part_is_right(task, case, i):
    return close(case.got[i], case.expected[i], task.rtol, task.atol)


def _made(function, case):
    """The parts that a mistaken function gives; none where it cannot be made."""
    inputs = {name: in_this_process(value) for name, value in case.case.inputs.items()}
    try:
        with np.errstate(all="ignore"):
            return parts_of(function(**inputs))
    except Exception:
        return ()


def _all_match(task, cases, answers, i):
    """Whether the mistaken answers are what came, in part i of every case."""
    return all(
        len(answer) == len(case.got) and close(case.got[i], answer[i], task.rtol, task.atol)
        for case, answer in zip(cases, answers, strict=True)
    )


def _strange_part(task, case):
    """(name, "NaN" or "infinite") of a part that has such entries where there should be numbers."""
    for name, got, expected in zip(task.outputs, case.got, case.expected, strict=True):
        if got.dtype != bool and (bad := ~np.isfinite(got) & np.isfinite(expected)).any():
            return name, "NaN" if np.isnan(got[bad]).any() else "infinite"
    return None


def _not_finite(task, cases, wrong):
    """NaN or infinity where there should be a number."""
    strange = _strange_part(task, wrong[0])
    if strange is None:
        return None
    name, what = strange
    return Finding("nonfinite", f"{_subject(task, name)} is {what}{_where(wrong[0])}")


def _where(case):
    return f" ({case.case.label})" if case.case.label else ""


def _subject(task, name):
    return "the result" if name == "result" else name


def _few_digits(task, cases, wrong):
    """All but right: a matter of precision and not of the formula."""
    errors = [_error(*pair) for case in wrong for pair in zip(case.got, case.expected, strict=True)]
    if not max(errors) < 1e-4:
        return None
    words = f"it is right to a relative {max(errors):.0e} only: float32, or a constant with few digits?"
    return Finding("precision", words)


def _error(got, expected):
    """The largest error, relative to the largest right entry."""
    if expected.dtype == bool:
        return float(not np.array_equal(got, expected))
    finite = np.isfinite(expected)
    with np.errstate(invalid="ignore"):
        error = np.abs(got - expected)[finite].max(initial=0)
    return error / (np.abs(expected[finite]).max(initial=0) + 1e-300)


def _some_labels(task, cases, wrong):
    """Only cases of some special kind are wrong: that is where to look."""
    labels = dict.fromkeys(case.case.label for case in wrong)
    if len(wrong) == len(cases) or "" in labels:
        return None
    for label in labels:
        if any(case.right for case in cases if case.case.label == label):
            return None
    return Finding(
        "cases",
        f"it is right in {len(cases) - len(wrong)} of {len(cases)} cases, and wrong in: {', '.join(labels)}",
    )


def _of_backward(task, cases, wrong):
    """The gradient checker's diagnosis of the first wrong case that it can explain."""
    if task.backward is None:
        return None
    for case in wrong:
        sizes = _sizes(task, case)
        found = of_gradient(task.backward, case.case.inputs, case.got, sizes)
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


def _sizes(task, case):
    return {} if task.sizes is None else task.sizes(case.case.inputs)


def _accidents(task, cases, wrong):
    """Something simple that happened to each wrong part."""
    sizes, found, explained = [_sizes(task, case) for case in cases], [], False
    for i, name in enumerate(task.outputs):
        pairs = [(case.got[i], case.expected[i]) for case in cases]
        if all(close(*pair, task.rtol, task.atol) for pair in pairs):
            continue
        words = accident(pairs, sizes)
        explained = explained or bool(words)
        found.append(words if name == "result" else f"{name}: {words or 'it is wrong, too'}")
    return Finding("accident", "; ".join(found)) if explained else None


def _order(task, cases, wrong):
    """Two outputs in each other's place."""
    n = len(task.outputs)
    for i in range(n):
        for j in range(i + 1, n):
            order = list(range(n))
            order[i], order[j] = j, i
            if all(_in_order(task, case, order) for case in cases):
                words = f"{task.outputs[i]} and {task.outputs[j]} are in each other's place"
                return Finding("order", words)
    return None


def _in_order(task, case, order):
    return all(
        close(case.got[k], case.expected[place], task.rtol, task.atol) for k, place in enumerate(order)
    )


def _slip(task, cases, wrong):
    """The right program with one small change gives what came."""
    for words, function in slips(task.reference):
        if all(_is(task, case, _made(function, case)) for case in cases):
            return Finding("slip", f"one slip explains it: {words}")
    return None


def _is(task, case, answer):
    return len(answer) == len(case.got) and all(
        close(got, part, task.rtol, task.atol) for got, part in zip(case.got, answer, strict=True)
    )


def _properties(task, cases, wrong):
    """What every right answer has, and this one has not."""
    for kept in task.properties:
        for case in wrong:
            got = case.got if len(case.got) > 1 else case.got[0]
            try:
                holds = kept.holds(case.case.inputs, got)
            except Exception:
                holds = False
            if not holds:
                return Finding("property", f"{kept.words}{_where(case)}")
    return None


def _measured(task, wrong):
    """How much is wrong, where nothing says why; no numbers of the answer."""
    case = wrong[0]
    parts = []
    for name, got, expected in zip(task.outputs, case.got, case.expected, strict=True):
        if expected.dtype == bool:
            if not np.array_equal(got, expected):
                parts.append(f"{_subject(task, name)} is {bool(np.all(got))}, which is wrong{_where(case)}")
            continue
        bad = wrong_entries(got, expected, task.rtol, task.atol)
        if bad.any():
            how_many = f"in {bad.sum()} of {bad.size} entries" if bad.size > 1 else ""
            parts.append(f"{_subject(task, name)} is wrong {how_many}".rstrip())
    return "; ".join(parts) or "the result is wrong"
