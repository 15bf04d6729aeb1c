"""Clipping by the norm: lengths, directions, and the ends of the floating-point range."""

import math

import numpy as np
import pytest

from scratchvae.optim import clip_by_norm


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-14), ("float32", 1e-6)])
def test_a_long_gradient_gets_the_largest_length_allowed_and_keeps_its_direction(dtype, tolerance):
    grad = np.random.default_rng(0).standard_normal(1001).astype(dtype)
    before = grad.copy()
    exact = math.sqrt(math.fsum(float(g) ** 2 for g in before))
    norm = clip_by_norm(grad, 0.5)
    assert type(norm) is float
    assert norm == pytest.approx(exact, rel=1e-14)
    np.testing.assert_allclose(grad, before.astype(float) * (0.5 / exact), rtol=tolerance)
    assert grad.dtype == dtype


def test_a_short_gradient_stays_as_it_is_bit_by_bit():
    grad = np.array([3.0, -4.0])
    for max_norm in (5.0, 7, math.inf):
        assert clip_by_norm(grad, max_norm) == 5.0
        np.testing.assert_array_equal(grad, [3.0, -4.0])


def test_a_gradient_of_just_the_length_allowed_stays_as_it_is_bit_by_bit():
    grad = np.random.default_rng(1).standard_normal(1001)
    before = grad.copy()
    clip_by_norm(grad, clip_by_norm(grad, math.inf))
    np.testing.assert_array_equal(grad, before)


@pytest.mark.parametrize("grad", [np.zeros(4), np.zeros(4, "float32"), np.zeros(0)])
def test_a_zero_gradient_has_norm_zero(grad):
    assert clip_by_norm(grad, 1.0) == 0.0
    assert not grad.any()


@pytest.mark.parametrize(
    ("dtype", "size"),
    [("float32", 1e25), ("float32", 3e38), ("float32", 1e-44), ("float64", 1e300), ("float64", 1e-310)],
)
def test_huge_and_tiny_gradients_neither_overflow_nor_vanish(dtype, size):
    grad = np.full(100, size, dtype)
    entry, smallest = float(grad[0]), float(np.finfo(dtype).smallest_subnormal)
    max_norm = entry / 2 if size < 1 else 1.0
    assert clip_by_norm(grad, max_norm) == pytest.approx(10 * entry, rel=1e-14)
    assert float(grad[0]) == pytest.approx(max_norm / 10, rel=1e-6, abs=smallest)
    assert (grad == grad[0]).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_gradient_that_is_not_finite_is_left_alone_and_its_norm_says_so(bad):
    grad = np.array([1.0, bad, 2.0])
    norm = clip_by_norm(grad, 0.1)
    assert math.isnan(norm) if math.isnan(bad) else norm == math.inf
    np.testing.assert_array_equal(grad, [1.0, bad, 2.0])


def test_a_norm_beyond_the_largest_float_is_infinite_and_the_gradient_left_alone():
    grad = np.full(4, 1.5e308)
    assert clip_by_norm(grad, 1.0) == math.inf
    assert (grad == 1.5e308).all()


@pytest.mark.parametrize("max_norm", [0, -1.0, math.nan, None, "one"])
def test_a_wrong_max_norm_is_refused(max_norm):
    with pytest.raises(ValueError, match=r"max_norm must .* \(0, inf\]"):
        clip_by_norm(np.ones(2), max_norm)


def test_a_wrong_gradient_is_refused():
    with pytest.raises(ValueError, match="grad must be a NumPy array"):
        clip_by_norm([3.0, 4.0], 1.0)
    with pytest.raises(ValueError, match="grad must be float32 or float64"):
        clip_by_norm(np.ones(2, int), 1.0)
    frozen = np.ones(2)
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="grad is read-only"):
        clip_by_norm(frozen, 1.0)
