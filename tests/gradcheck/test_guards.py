"""What makes a comparison worthless is seen before it is made, and named."""

import math
import re

import numpy as np
import pytest

from scratchvae.gradcheck import check


def square(t):
    return float((t**2).sum())


def code_of(report):
    [code] = {block.diagnosis.code for block in report.blocks}
    return code


# --- functions that change their input ----------------------------------------------------------


def in_place(t):
    t -= t.mean()
    return float((t**2).sum())


def sorted_gradient(t):
    t.sort()
    return 2 * t


@pytest.mark.parametrize(
    ("function", "gradient", "who"),
    [(in_place, lambda t: 2 * (t - t.mean()), "the function"), (square, sorted_gradient, "the gradient")],
)
def test_a_changed_input_is_named_and_theta_restored(function, gradient, who):
    theta = np.array([3.0, -1.0, 0.5])
    before = theta.tobytes()
    report = check(function, theta, gradient)
    assert not report.passed
    assert code_of(report) == "mutates"
    assert who in report.worst.diagnosis.message
    assert theta.tobytes() == before


def test_a_gradient_that_is_its_input_is_no_change():
    assert check(lambda t: float(t @ t) / 2, np.arange(4.0), lambda t: t).passed


def test_the_gradient_may_return_an_array_that_it_uses_again():
    buffer = np.empty(3)

    def gradient(t):
        return np.multiply(2, t, out=buffer)

    assert check(square, np.arange(3.0), gradient).passed


# --- functions that change their mind -----------------------------------------------------------


def test_noise_drawn_in_the_function_or_in_the_gradient(rng):
    noisy = check(lambda t: square(t) + 1e-6 * rng.standard_normal(), np.ones(3), lambda t: 2 * t)
    assert code_of(noisy) == "nondeterministic"
    dropout = check(square, np.ones(30), lambda t: 2 * t * (rng.random(30) < 0.5) * 2)
    assert code_of(dropout) == "nondeterministic"
    assert "two calls of the gradient" in dropout.worst.diagnosis.message


def test_a_gradient_that_is_never_set_to_zero():
    total = np.zeros(3)

    def gradient(t):
        nonlocal total
        total += 2 * t
        return total

    report = check(square, np.ones(3), gradient)
    assert code_of(report) == "nondeterministic"
    assert "twice the first" in report.worst.diagnosis.message


class Remembering:
    """The backward pass reads what the last forward pass has left, whatever theta it is asked for."""

    def function(self, t):
        self.last = t.copy()
        return square(t)

    def gradient(self, t):
        return 2 * self.last


def test_a_cache_that_another_call_overwrites():
    model = Remembering()
    report = check(model.function, np.ones(3), model.gradient)
    assert code_of(report) == "nondeterministic"
    assert "called last" in report.worst.diagnosis.message


def test_a_function_that_counts_its_calls():
    calls = []

    def function(t):
        calls.append(0)
        return square(t) + len(calls)

    assert code_of(check(function, np.ones(2), lambda t: 2 * t)) == "nondeterministic"


def test_the_order_of_a_sum_is_no_change_of_mind(rng):
    x = rng.standard_normal((50, 1000))

    def function(t):
        return float(x[rng.permutation(50)].sum(axis=0) @ t)

    assert check(function, np.ones(1000), lambda t: x.sum(axis=0)).passed


# --- gradients that are no such arrays ----------------------------------------------------------

SHAPES = {
    "nothing": (None, "nothing"),
    "a number": (1.0, r"shape \(\)"),
    "a matrix": (np.ones((3, 3)), r"shape \(3, 3\)"),
    "a column": (np.ones((3, 1)), "reshaped"),
    "a row for each datum": (np.ones((7, 3)), "sum over the first axis"),
    "too short": ([1.0, 2.0], r"shape \(2,\)"),
    "a list of parts": ([np.ones(2), np.ones(1)], "join the parts"),
    "value and gradient": ((3.0, np.ones(3)), "tuple"),
    "a dict": ({"w": np.ones(3)}, "dict"),
    "a string": ("gradient", "str"),
    "complex": (np.ones(3) * 1j, "complex"),
    "objects": (np.array([1, None, 2], dtype=object), "object"),
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("as_function", [True, False])
def test_a_wrong_shape_is_a_report(name, as_function):
    gradient, words = SHAPES[name]
    blocks = {"a": (slice(0, 2), (2,)), "b": (slice(2, 3), (1,))}
    report = check(square, np.ones(3), (lambda t: gradient) if as_function else gradient, blocks)
    assert not report.passed
    assert code_of(report) == "shape"
    assert [block.name for block in report.blocks] == ["a", "b"]
    assert re.search(words, report.worst.note)


def test_a_gradient_that_fails_is_an_error_that_says_so():
    def gradient(t):
        return t @ np.ones((5, 5))

    with pytest.raises(ValueError, match=r"the gradient fails at theta of shape \(3,\): ValueError: matmul"):
        check(square, np.ones(3), gradient)


# --- values that are not finite -----------------------------------------------------------------


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_where_a_gradient_is_not_finite(value):
    gradient = np.full((2, 3), 2.0)
    gradient[1, 2] = value
    report = check(square, np.ones((2, 3)), gradient)
    assert report.worst.diagnosis.code == "nonfinite"
    assert report.worst.diagnosis.where == "entry (1, 2)"
    assert report.worst.index == (1, 2)


def test_a_function_that_raises_beside_theta_is_not_finite_there():
    def function(t):
        return math.log(t[0]) + math.exp(t[1])  # raises for a negative number, and beyond 709

    assert check(function, np.array([1e-5, 700.0]), lambda t: np.array([1 / t[0], math.exp(t[1])])).passed
    assert not check(function, np.array([1e-5, 1.0]), lambda t: np.array([2 / t[0], math.exp(t[1])])).passed


def test_a_function_that_is_finite_nowhere_else():
    report = check(lambda t: 0.0 if np.all(t == 1) else np.nan, np.ones(2), np.zeros(2))
    assert report.worst.diagnosis.code == "nonfinite"


# --- kinks --------------------------------------------------------------------------------------


def test_kinks_are_counted_and_left_out():
    t = np.array([0.0, 1.0, 0.0, -2.0])
    report = check(lambda t: float(np.abs(t).sum()), t, np.sign)
    assert report.passed
    assert (report.n_kinks, report.worst.n_kinks) == (2, 2)
    assert "2 of 4 on a kink, left out" in str(report)


def test_every_subgradient_passes_and_nothing_else():
    def function(t):
        return float(np.maximum(t, 0).sum() + 2 * t.sum())

    for value in (2.0, 2.3, 3.0):
        report = check(function, np.zeros(2), np.full(2, value))
        assert report.passed
        assert code_of(report) == "kink"
    for value in (1.99, 3.01, 0.0, -2.0):
        assert not check(function, np.zeros(2), np.full(2, value)).passed


def test_a_wrong_gradient_does_not_hide_behind_kinks(rng):
    w = rng.standard_normal((6, 6))
    w[3] = 0.0  # this unit sits on its kink

    def function(t):
        return float(np.maximum(w @ t, 0).sum())

    t = rng.standard_normal(6)
    right = w.T @ (w @ t > 0)
    assert check(function, t, right).passed
    for wrong in (-right, 2 * right, 0 * right, right + 0.1):
        assert not check(function, t, wrong).passed


# --- single precision ---------------------------------------------------------------------------


def test_a_float32_gradient_passes_with_words():
    report = check(square, np.linspace(0.1, 1, 5), lambda t: (2 * t).astype("float32"))
    assert report.passed
    assert "float32" in report.worst.note


def test_a_float32_function_does_not_hide_a_wrong_gradient():
    def function(t):
        return np.float32(100) + (t.astype("float32") ** 2).sum()

    t = np.linspace(0.3, 1, 5)
    assert check(function, t, 2 * t).passed
    for wrong in (-2 * t, 0 * t, 4 * t, 2 * t * (np.arange(5) != 2)):
        assert not check(function, t, wrong).passed


def test_what_is_lost_by_coordinate_is_seen_along_the_gradient():
    """Each of 300 slopes is below the noise of float32, and all together are above it."""

    def function(t):
        return np.float32(1e4 + np.sum(np.sin(t)) * 1e-2)

    t = np.linspace(-0.5, 0.5, 300)
    right = 1e-2 * np.cos(t)
    assert check(function, t, right).passed
    assert not check(function, t, -right).passed
