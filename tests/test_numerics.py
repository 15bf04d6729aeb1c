"""Scalar functions at the values where a naive formula fails."""

import math

import naive
import numpy as np
import pytest
from scipy import special

from scratchvae.numerics import above_minus_one, gate, log_sum_exp, sigmoid, softplus, tanh_and_slope

POINTS = np.array([-1e308, -1e4, -745.0, -40.0, -1.0, -1e-9, -0.0, 0.0, 1e-9, 2.0, 40.0, 745.0, 1e4, 1e308])


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_log_sum_exp_equals_scipy(axis, rng):
    a = 10 * rng.normal(size=(2, 3, 4))
    np.testing.assert_allclose(log_sum_exp(a, axis), special.logsumexp(a, axis=axis), rtol=1e-14)


def test_log_sum_exp_less_log_n_is_the_naive_log_mean_exp(rng):
    a = 100 * rng.normal(size=50)
    assert log_sum_exp(a, 0) - math.log(50) == pytest.approx(naive.log_mean_exp(list(a)), rel=1e-14)


@pytest.mark.parametrize("shift", [1e4, -1e4, 1e300])
def test_log_sum_exp_does_not_overflow(shift):
    assert log_sum_exp(np.full(3, shift), 0) == pytest.approx(shift + math.log(3), rel=1e-14)


def test_log_sum_exp_of_numbers_far_apart_is_the_largest():
    assert log_sum_exp(np.array([-1e3, 1e3, 0.0]), 0) == 1e3


def test_log_sum_exp_of_infinities_is_the_limit():
    inf = np.inf
    a = np.array([[-inf, -inf], [-inf, 1.0], [inf, 1.0], [inf, -inf]])
    np.testing.assert_array_equal(log_sum_exp(a, 1), [-inf, 1.0, inf, inf])
    assert np.isnan(log_sum_exp(np.array([np.nan, 1.0]), 0))


def test_sigmoid_equals_scipy_and_keeps_its_small_values():
    np.testing.assert_allclose(sigmoid(POINTS), special.expit(POINTS), rtol=1e-14, atol=5e-324)
    assert sigmoid(np.array(-700.0)) == pytest.approx(math.exp(-700), rel=1e-14)


def test_softplus_equals_scipy_and_keeps_its_small_values():
    np.testing.assert_allclose(softplus(POINTS), np.logaddexp(0, POINTS), rtol=1e-14)
    assert softplus(np.array(-40.0)) == pytest.approx(math.exp(-40), rel=1e-14)


def test_the_dtype_is_kept(dtype):
    a = np.zeros((2, 3), dtype)
    assert {f.dtype.name for f in (log_sum_exp(a, 1), sigmoid(a), softplus(a))} == {dtype}


def test_a_gate_is_the_sigmoid_what_is_left_of_it_and_its_logarithm():
    opened, rest, log = gate(POINTS)
    np.testing.assert_allclose(opened, special.expit(POINTS), rtol=1e-14, atol=5e-324)
    np.testing.assert_allclose(rest, special.expit(-POINTS), rtol=1e-14, atol=5e-324)
    np.testing.assert_allclose(log, special.log_expit(POINTS), rtol=1e-14)


def test_above_minus_one_and_its_pieces():
    x = np.array([-1e9, -1e3, -3, -1e-9, 0, 1e-9, 0.5, 1e3, 1e9])
    m, gap, root = above_minus_one(x)
    assert (gap > 0).all()
    assert (m > -1).sum() >= 8  # rounding alone brings the first to -1
    np.testing.assert_allclose(gap[:2], 1 / (2 * np.abs(x[:2])), rtol=1e-6)
    np.testing.assert_allclose(m[3:6], x[3:6], rtol=1e-8)
    np.testing.assert_allclose(m[2], -3 + np.sqrt(10) - 1, rtol=1e-14)
    step = 1e-6
    slope = (above_minus_one(x[2:7] + step)[0] - above_minus_one(x[2:7] - step)[0]) / (2 * step)
    np.testing.assert_allclose(gap[2:7] / root[2:7], slope, rtol=1e-8)


def test_tanh_and_slope_in_the_tails():
    a = np.array([-800.0, -20, -1, 0, 1e-8, 3, 40])
    t, slope = tanh_and_slope(a)
    np.testing.assert_allclose(t, np.tanh(a), rtol=1e-15)
    np.testing.assert_allclose(slope[1:], 1 / np.cosh(a[1:]) ** 2, rtol=1e-13)
    assert slope[0] == 0
