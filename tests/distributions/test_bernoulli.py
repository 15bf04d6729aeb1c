"""The Bernoulli distribution at logits where a naive formula fails, and its check of x."""

import math

import numpy as np
import pytest

from scratchvae.distributions import Bernoulli

pytestmark = pytest.mark.usefixtures("backend")
bernoulli = Bernoulli()


def value_and_gradient(x, logit, dtype="float64"):
    """log p and its derivative by the logit, for one pixel."""
    log_p, cache = bernoulli.forward(np.array([x], dtype), np.array([logit], dtype))
    alone = bernoulli.log_prob(np.array([x], dtype), np.array([logit], dtype))
    # In single precision the kernel without a gradient may be off by 2e-7 a pixel.
    assert log_p == alone if dtype == "float64" else log_p == pytest.approx(alone, rel=3e-7, abs=2e-7)
    return float(log_p), float(bernoulli.backward(cache, np.ones((), dtype))[1][0])


@pytest.mark.parametrize("logit", [745.0, 1e4, 1e308])
def test_at_a_huge_logit_the_value_and_the_gradient_are_the_exact_limits(logit):
    assert value_and_gradient(1, logit) == (-math.exp(-logit), 0)
    assert value_and_gradient(0, logit) == (-logit, -1)
    assert value_and_gradient(1, -logit) == (-logit, 1)
    log_p, gradient = value_and_gradient(0, -logit)
    assert log_p == -math.exp(-logit)
    assert gradient == -math.exp(-logit)


@pytest.mark.parametrize("logit", [80.0, 1e4, 3e38])
def test_float32_has_the_same_limits(logit):
    assert value_and_gradient(1, logit, "float32") == (pytest.approx(0, abs=2e-35), 0)
    assert value_and_gradient(0, logit, "float32") == (pytest.approx(-logit), -1)
    assert value_and_gradient(1, -logit, "float32") == (pytest.approx(-logit), 1)
    assert value_and_gradient(0, -logit, "float32")[1] == pytest.approx(0, abs=2e-35)


@pytest.mark.parametrize("logit", [0.0, 1e-3, 5.0, 36.0, 40.0, 100.0, 700.0])
def test_a_probability_near_one_keeps_its_relative_accuracy(logit):
    """log p(x = 1) = -log(1 + e^-l) is about -e^-l, far below the rounding error of l itself."""
    expected = pytest.approx(-math.log1p(math.exp(-logit)), rel=1e-14)
    assert value_and_gradient(1, logit)[0] == expected
    assert value_and_gradient(0, -logit)[0] == expected


def test_a_logit_of_zero_of_either_sign_is_a_half():
    for logit in (0.0, -0.0):
        assert value_and_gradient(1, logit) == (-math.log(2), 0.5)
        assert value_and_gradient(0, logit) == (-math.log(2), -0.5)


def test_integers_and_booleans_are_understood_as_x():
    logits = np.array([0.3, -1.2, 2.0])
    expected = bernoulli.log_prob(np.array([1.0, 0.0, 1.0]), logits)
    for kind in (bool, np.uint8, np.int64):
        x = np.array([1, 0, 1]).astype(kind)
        assert bernoulli.log_prob(x, logits) == expected
        assert bernoulli.forward(x, logits)[0] == expected


def test_certain_pixels_are_always_drawn():
    logits = np.array([[1e4, -1e4]] * 100)
    draws = bernoulli.sample(logits, np.random.default_rng(0))
    np.testing.assert_array_equal(draws, [[1, 0]] * 100)
    np.testing.assert_array_equal(bernoulli.mean(logits), [[1, 0]] * 100)


@pytest.mark.parametrize("kind", [bool, np.uint8, np.int32, np.float32, np.float64])
def test_binary_x_of_any_type_passes_the_check(kind):
    bernoulli.check(np.array([[0, 1], [1, 1]]).astype(kind))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([[0.0, 0.25]], "1 of 2 entries are gray .such as 0.25.: binarize them"),
        ([[0, 128]], "runs from 0 to 128. They look like bytes: divide by 255"),
        ([[0.0, 300.0]], r"needs x of 0 and 1 only, but x runs from 0.0 to 300.0\.$"),
        ([[-1.0, 1.0]], r"needs x of 0 and 1 only, but x runs from -1.0 to 1.0\.$"),
    ],
)
def test_other_x_is_refused_with_a_hint(x, message):
    with pytest.raises(ValueError, match=message):
        bernoulli.check(np.array(x))
