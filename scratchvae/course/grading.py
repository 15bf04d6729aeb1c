"""One student's file, function by function: called in a process of its own, judged here."""

import difflib
import secrets
import zlib

import numpy as np

from scratchvae.course.exercise import in_this_process
from scratchvae.course.results import FileResult, FunctionResult
from scratchvae.course.sandbox import Limits, Sandbox
from scratchvae.course.specs import exercise_of
from scratchvae.course.words import Finding, answered, call_failed, load_failed, wrong_form, wrong_values
from scratchvae.validation import path_like, whole_number

#: Bytes that a solution may have; a longer file is something else.
LONGEST = 1_000_000
PASSED = Finding("passed", "")


def grade(path, *, seed=None, exercise=None, only=None, limits=None):
    """Grade one file.

    Parameters
    ----------
    path : path
        The student's file; its name says which exercise it is, ``ex03_reparameterization.py`` or ``ex03.py``.
    seed : int, optional
        Of the inputs; by default a secret one, which the result names.
    exercise : str, optional
        Which exercise it is, if the file's name does not say.
    only : str, optional
        Grade the functions whose name contains this.
    limits : Limits, optional

    Returns
    -------
    FileResult

    Raises
    ------
    ValueError
        If the name belongs to no exercise, no function has `only` in its name, or the file is too large to be
        a solution.
    OSError
        If the file cannot be read.
    """
    path = path_like(path, "the file to be graded")
    seed = secrets.randbits(32) if seed is None else whole_number(seed, "seed")
    exercise = exercise_of(path, exercise).only(only)
    _readable(path)
    with Sandbox(path, limits or Limits()) as sandbox:
        return grade_in(sandbox, exercise, seed, str(path))


def _readable(path):
    """Raise an error in one sentence if the file cannot be read, or cannot be a solution."""
    try:
        with open(path, "rb") as file:
            too_long = len(file.read(LONGEST + 1)) > LONGEST
    except OSError as error:
        raise OSError(f"{path} cannot be read: {error.strerror}.") from None
    if too_long:
        raise ValueError(f"{path} has more than {LONGEST:,} bytes, too many for a solution.")


def grade_in(sandbox, exercise, seed, path=""):
    """Grade the file of a sandbox, or of anything with its `load` and `call`."""
    loaded = sandbox.load()
    if loaded.failure is not None:
        finding = load_failed(loaded.failure)
        verdicts = [(task, finding, loaded.printed) for task in exercise.tasks]
    else:
        names = {task.name for task in exercise.tasks}
        verdicts = [
            (task, *_judged(sandbox, task, seed))
            if task.name in loaded.value
            else (task, _missing(task, set(loaded.value) - names), "")
            for task in exercise.tasks
        ]
    functions = tuple(
        FunctionResult(task.name, finding.code, finding.message, task.points, task.hints, printed)
        for task, finding, printed in verdicts
    )
    return FileResult(path, exercise.name, functions, seed, limits=tuple(sandbox.held))


def _judged(sandbox, task, seed):
    """(finding, what was printed) of one function."""
    cases = task.cases(np.random.default_rng([seed, zlib.crc32(task.name.encode())]))
    done = []
    for case in cases:
        outcome = sandbox.call(task.name, case.inputs)
        expected = _expected(task, case)
        finding = _of_one_call(task, case, outcome, expected)
        if finding is not None:
            return finding, outcome.printed
        done.append((case, outcome, expected))
    with np.errstate(all="ignore"):
        finding = wrong_values(task, [answered(task, case, o.value, right) for case, o, right in done])
    finding = _with_side_effects(finding, done) or _repeated(sandbox, task, *done[0])
    return finding or PASSED, done[-1][1].printed


def _expected(task, case):
    """The right answer; the arguments are made anew, for the reference must not see a changed one."""
    inputs = {name: in_this_process(value) for name, value in case.inputs.items()}
    with np.errstate(all="ignore"):
        return task.reference(**inputs)


def _of_one_call(task, case, outcome, expected):
    """What is wrong already with one call: an error, or the form of the answer."""
    if outcome.failure is not None:
        return call_failed(outcome.failure, case)
    words = wrong_form(outcome.value, expected, task.outputs)
    if words:
        return Finding("form", f"{words}{f' ({case.label})' if case.label else ''}")
    return None


def _missing(task, others):
    """The finding on a function that is not there; one of the exercise's others is no misspelling of it."""
    near = difflib.get_close_matches(task.name, sorted(others), n=1)
    hint = f"; is it {near[0]!r}?" if near else ", or it is inside of another function"
    return Finding("missing", f"there is no function {task.name!r} in the file{hint}")


def _with_side_effects(finding, done):
    """The finding, and that a call changes its arguments, if it does."""
    changed = sorted({name for _, outcome, _ in done for name in outcome.changed})
    names = " and ".join(changed)
    if not changed:
        return finding
    if finding is not None:
        return Finding(finding.code, f"{finding.message}; and the call changes its argument {names}")
    return Finding(
        "mutates", f"the result is right, but the call changes its argument {names}: work on a copy"
    )


def _repeated(sandbox, task, case, outcome, expected):
    """The first call once more must give the same."""
    again = sandbox.call(task.name, case.inputs)
    if again.failure is not None or wrong_form(again.value, expected, task.outputs):
        same = False
    else:
        same = answered(task, case, again.value, outcome.value if task.same is None else expected).right
    if same:
        return None
    return Finding(
        "nondeterministic",
        "two calls with equal arguments differ: does it keep a global state, or draw numbers?",
    )
