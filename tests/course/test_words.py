"""What is said of answers that are wrong in form or in numbers, beyond each exercise's own list."""

import numpy as np
import pytest
from in_process import InProcess

from scratchvae.course.exercise import Case, Exercise, Property, Task
from scratchvae.course.grading import grade_in
from scratchvae.course.specs import exercise


def tasks_of(name):
    return {task.name: task for task in exercise(name).tasks}


DENSITIES, MAPS = tasks_of("ex01_densities"), tasks_of("ex03_reparameterization")


def said(task, function, seed=0):
    """The code and the words on one function in place of the right one."""
    alone = Exercise("alone", "alone", (task,))
    result = grade_in(InProcess(**{task.name: function}), alone, seed).functions[0]
    return result.code, result.message


def after(task, change):
    """The right function with something done to its answer."""
    return lambda **inputs: change(task.reference(**inputs))


#: Of a function that returns one array: what is done to the answer, the code, and words that must be there.
ONE_ARRAY = [
    (lambda y: None, "form", "returns nothing (None)"),
    (lambda y: (y,), "form", "a tuple of one"),
    (lambda y: list(np.atleast_1d(y)), "form", "is a list; make it an array"),
    (lambda y: str(y), "form", "is a str"),
    (lambda y: {"y": y}, "form", "is a dict"),
    (lambda y: np.array(y, dtype=complex), "form", "complex"),
    (lambda y: np.array(y, dtype=object), "form", "dtype object"),
    (lambda y: y > 0, "form", "True or False; expected is an array of shape"),
    (lambda y: y[..., None], "form", "the numbers are right (keepdims"),
    (lambda y: y.sum(), "form", "summed over all axes"),
    (lambda y: np.full(y.shape, np.nan), "nonfinite", "is NaN"),
    (lambda y: y + np.inf, "nonfinite", "is infinite"),
    (lambda y: -y, "accident", "the sign is wrong"),
    (lambda y: 3.7 * y, "accident", "one and the same factor"),
    (lambda y: y / np.log(2), "accident", "in bits"),
    (lambda y: y / np.log(10), "accident", "in decadic logarithms"),
    (lambda y: 2 * y, "accident", "twice what it should be"),
    (lambda y: y + 1, "accident", "too large by the constant 1"),
    (lambda y: y + 0.123, "accident", "too large by one and the same constant"),
    (lambda y: y - np.log(2), "accident", "too small by the constant log 2"),
    (lambda y: np.abs(y), "accident", "the absolute value"),
    (lambda y: y**2, "accident", "the square of"),
    (lambda y: np.zeros_like(y), "accident", "zero everywhere"),
    (lambda y: y * (1 + 1e-5), "precision", "few digits"),
    (lambda y: y + 1e-6 * np.cos(50 * y), "precision", "float32"),
    (lambda y: np.cos(y), "wrong", "is wrong in"),
]


def _plain_cases(rng):
    shapes = [tuple(rng.integers(3, 6, size=2)) for _ in range(3)]
    return [Case({"x": rng.normal(0, 1, shape)}) for shape in shapes]


def plain(x):
    """Something of many signs."""
    return 2 * x + 0.1


PLAIN = Task(plain, _plain_cases, sizes=lambda inputs: dict(zip("BD", inputs["x"].shape, strict=True)))


@pytest.mark.parametrize(("change", "code", "words"), ONE_ARRAY, ids=[words for _, _, words in ONE_ARRAY])
def test_an_answer_that_is_one_array(change, code, words):
    for seed in range(3):
        came = said(PLAIN, after(PLAIN, change), seed)
        assert came[0] == code, came
        assert words in came[1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: plain(x) / x.shape[0], "is divided by B"),
        (lambda x: plain(x) * x.shape[1], "is not divided by D"),
        (lambda x: plain(x) * np.sqrt(x.shape[1]), "too large by the root of D"),
        (lambda x: plain(x) - 0.5 * np.log(2 * np.pi) * x.shape[1], "log(2 pi) / 2 for each of the D"),
        (lambda x: plain(x)[:, ::-1], "in the reverse order"),
        (lambda x: plain(x)[np.arange(len(x)) - 1], "in other places"),
        (lambda x: plain(x).T.copy() if x.shape[0] != x.shape[1] else plain(x), "it is transposed"),
    ],
)
def test_sizes_and_places(change, words):
    assert words in said(PLAIN, change, seed=1)[1]


def test_an_axis_that_is_not_summed_or_summed_too_early():
    task = DENSITIES["log_bernoulli"]
    per_pixel = lambda x, logits: x * logits - np.logaddexp(0, logits)  # noqa: E731
    assert "the sum over axis -1 is missing" in said(task, per_pixel)[1]
    summed = after(DENSITIES["log_sum_exp"], lambda y: y.sum(axis=0) if y.ndim else y)
    assert "axis -" in said(DENSITIES["log_sum_exp"], summed, seed=2)[1]


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (lambda z, log_det: z, "form", "expected is the tuple (z, log_det)"),
        (lambda z, log_det: (z, log_det, 0), "form", "3 values; expected are the 2"),
        (lambda z, log_det: (z, None), "form", "log_det is None"),
        (lambda z, log_det: (z, log_det.sum()), "form", "axis -1 is to be kept, but its sum"),
        (lambda z, log_det: (-z, log_det), "accident", "z: the sign is wrong"),
        (lambda z, log_det: (-z, 2.5 * log_det), "accident", "log_det: it is off by one and the same factor"),
    ],
)
def test_an_answer_of_several_parts(change, code, words):
    task = MAPS["diagonal_forward"]
    came = said(task, after(task, lambda answer: change(*answer)))
    assert came[0] == code
    assert words in came[1]


def test_outputs_in_each_others_place():
    task = MAPS["diagonal_backward"]
    assert "dmu and dlog_sigma are in each other's place" in said(task, after(task, lambda y: y[::-1]))[1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda dmu, dlog_sigma, dlog_det: (dmu, dlog_sigma - dlog_det[:, None]),
            "'the log-determinant' is missing",
        ),
        (
            lambda dmu, dlog_sigma, dlog_det: (dmu, dlog_sigma + dlog_det[:, None]),
            "'the log-determinant' is counted twice",
        ),
        (
            lambda dmu, dlog_sigma, dlog_det: (dmu, dlog_sigma - 2 * dlog_det[:, None]),
            "'the log-determinant' has the wrong sign",
        ),
        (lambda dmu, dlog_sigma, dlog_det: (-dmu, dlog_sigma), "dmu: "),
        (lambda dmu, dlog_sigma, dlog_det: (2 * dmu, dlog_sigma), "dmu: "),
        (lambda dmu, dlog_sigma, dlog_det: (0 * dmu, dlog_sigma), "dmu: "),
    ],
)
def test_a_wrong_gradient_is_diagnosed(change, words):
    task = MAPS["diagonal_backward"]
    came = said(task, lambda **inputs: change(*task.reference(**inputs), inputs["dlog_det"]))
    assert came[0] == "gradient"
    assert words in came[1]


def test_wrong_in_special_cases_only():
    def overflowing(a):
        right = DENSITIES["log_sum_exp"].reference(a)
        return np.where(np.max(a) > 1500, 0.0, right)

    code, words = said(DENSITIES["log_sum_exp"], overflowing)
    assert code == "cases"
    assert words.endswith("wrong in: large values, 2000")


def test_a_property_that_does_not_hold():
    kept = Property("e to the result does not sum to one", lambda inputs, y: np.isclose(np.exp(y).sum(), 1))
    task = Task(plain, _plain_cases, properties=(kept,))
    assert said(task, after(task, np.cos)) == ("property", "e to the result does not sum to one")


def test_no_number_of_an_answer_is_said():
    """What is said of wrong numbers has none of the right ones, to four digits."""
    for name in ("ex01_densities", "ex03_reparameterization"):
        for task in [task for task in exercise(name).tasks if task.backward is None]:
            expected = [np.ravel(part) for part in np.atleast_1d(_answer(task))]
            words = said(task, after(task, _spoiled))[1]
            numbers = {f"{abs(number):.4g}" for part in expected for number in part if abs(number) > 1e-3}
            assert not [number for number in numbers if number in words and len(number) > 4]


def _answer(task):
    answer = task.reference(**task.cases(np.random.default_rng(0))[0].inputs)
    return answer[0] if isinstance(answer, tuple) else answer


def _spoiled(answer):
    if isinstance(answer, tuple):
        return tuple(map(_spoiled, answer))
    return np.cos(answer) + 0.1 * answer


def test_a_misspelled_name_is_recognised():
    alone = Exercise("alone", "alone", (PLAIN,))
    result = grade_in(InProcess(plian=plain), alone, 0).functions[0]
    assert result.code == "missing"
    assert "'plian'" in result.message


def test_a_changed_argument_and_a_kept_state():
    calls = []

    def counting(x):
        calls.append(1)
        return plain(x) + (len(calls) > 3)

    assert said(PLAIN, counting)[0] == "nondeterministic"
