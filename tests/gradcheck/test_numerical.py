"""The numerical derivative: its order, its rounding bound, its Jacobian."""

import math

import numpy as np
import pytest

from scratchvae.gradcheck import directional_derivative, numerical_jacobian


def test_the_error_falls_with_the_fourth_power_of_the_step():
    errors = [
        abs(
            directional_derivative(lambda t: math.sin(t[0]), np.array([0.7]), np.ones(1), h)[0]
            - math.cos(0.7)
        )
        for h in (0.2, 0.1)
    ]
    assert errors[0] / errors[1] == pytest.approx(16, rel=0.02)


def test_a_polynomial_of_degree_four_is_exact_but_for_rounding():
    derivative, rounding = directional_derivative(
        lambda t: float(t[0] ** 4), np.array([2.0]), np.ones(1), 0.1
    )
    assert abs(derivative - 32) < rounding < 1e-11


@pytest.mark.parametrize("step", [1e-2, 1e-4, 1e-6, 1e-8])
def test_the_rounding_bound_holds_and_is_not_much_too_large(step, rng):
    """A linear function has no truncation error: all that is left is rounding."""
    errors, bounds = [], []
    for _ in range(200):
        w, t, d = rng.standard_normal((3, 20))
        derivative, bound = directional_derivative(lambda t, w=w: 50 + float(w @ t), t, d, step)
        errors.append(abs(derivative - w @ d))
        bounds.append(bound)
    ratios = np.array(errors) / np.array(bounds)
    assert ratios.max() < 1
    assert np.median(ratios) > 0.002


def test_the_direction_need_not_be_a_unit_vector():
    t, d = np.array([1.0, 2.0]), np.array([3.0, -4.0])
    derivative, _ = directional_derivative(lambda t: float((t**2).sum()), t, d, 1e-3)
    assert derivative == pytest.approx(2 * t @ d, rel=1e-10)


def test_the_jacobian_of_a_vector_function(rng):
    a, t = rng.standard_normal((3, 5)), 100 * rng.standard_normal(5)
    found = numerical_jacobian(lambda t: np.sin(a @ t / 100), t)
    assert found.shape == (3, 5)
    np.testing.assert_allclose(found, np.cos(a @ t / 100)[:, None] * a / 100, atol=1e-10)


def test_theta_is_not_changed():
    t = np.array([1.0, 2.0])
    directional_derivative(lambda t: float(t.sum()), t, np.ones(2), 1e-3)
    numerical_jacobian(lambda t: t * t, t)
    np.testing.assert_array_equal(t, [1, 2])


@pytest.mark.parametrize("step", [0, -1e-3, float("nan"), float("inf"), "small", None])
def test_a_step_that_is_no_positive_number_is_refused(step):
    with pytest.raises(ValueError, match="step must "):
        directional_derivative(lambda t: float(t.sum()), np.ones(2), np.ones(2), step)
    with pytest.raises(ValueError, match="step must "):
        numerical_jacobian(lambda t: t, np.ones(2), step)


def test_lists_are_vectors():
    np.testing.assert_allclose(numerical_jacobian(lambda t: t * t, [1, 2]), [[2, 0], [0, 4]], atol=1e-9)
    assert directional_derivative(lambda t: float(t @ t), [1, 2], [1, 0], 1e-3)[0] == pytest.approx(2)


@pytest.mark.parametrize("theta", [np.ones((2, 2)), 1.0, []])
def test_the_jacobian_needs_a_vector(theta):
    with pytest.raises(ValueError, match=r"theta must have shape \(n_in\)"):
        numerical_jacobian(lambda t: t, theta)


def test_a_direction_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"direction must have the shape of theta, \(2,\), not \(3,\)"):
        directional_derivative(lambda t: float(t.sum()), np.ones(2), np.ones(3), 1e-3)
