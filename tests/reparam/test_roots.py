"""Roots of many functions at once."""

import numpy as np
import pytest
from scipy import optimize

from scratchvae.reparam import build, planar, sylvester
from scratchvae.reparam.roots import increasing_root


@pytest.mark.parametrize("m", [-1 + 1e-9, -0.5, 0.0, 3.0, 1e6])
def test_the_root_is_that_of_brent(m):
    y = np.array([[-40, -1, -1e-3], [0, 0.3, 2e3]])

    def residual(a):
        return a + m * np.tanh(a) - y, 1 + m / np.cosh(np.minimum(np.abs(a), 300)) ** 2

    expected = [
        optimize.brentq(lambda a, y=y: a + m * np.tanh(a) - y, y - abs(m) - 1, y + abs(m) + 1, xtol=1e-14)
        for y in y.ravel()
    ]
    root = increasing_root(residual, y - abs(m) - 1, y + abs(m) + 1)
    slope = np.maximum(1e-3, residual(root)[1])  # what rounding in y does to the root
    assert (np.abs(root - np.reshape(expected, y.shape)) < 1e-14 + 1e-9 / slope).all()


@pytest.mark.parametrize("power", [3, 9])
def test_flat_functions_are_solved_too(power):
    """Newton's steps alone shrink by 1 - 1 / power only."""
    root = increasing_root(lambda a: (a**power, power * a ** (power - 1)), np.array([-5.0]), np.array([3.0]))
    assert abs(root[0]) < 1e-14 if power == 3 else abs(root[0]) < 1e-3


#: Functions with their slopes, a bracket, the root, and how often they may be asked for it.
SEARCHES = {
    "straight line": (lambda a: (a - 2, np.ones_like(a)), (-7.0, 10.0), 2.0, 2),
    "far from zero": (lambda a: (a - 1e6 / 3, np.ones_like(a)), (-1e7, 3e7), 1e6 / 3, 3),
    "exponential": (lambda a: (np.exp(a) - 3, np.exp(a)), (-5.0, 6.0), np.log(3), 6),
    "flat ends": (lambda a: (np.arctan(a - 0.3), 1 / (1 + (a - 0.3) ** 2)), (-1e3, 3e3), 0.3, 5),
    "kink": (
        lambda a: (np.where(a > 0, 5 * a, 0.2 * a) - 0.7, np.where(a > 0, 5.0, 0.2)),
        (-50.0, 3.0),
        0.14,
        6,
    ),
    "level between two lines": (
        lambda a: (0.1 * np.minimum(a - 1, 0) + np.maximum(a - 2, 0) - 0.5, 0.1 * (a < 1) + 1.0 * (a > 2)),
        (-4.0, 7.1),
        2.5,
        3,
    ),
    "flat at the root": (lambda a: ((a - 0.1) ** 3, 3 * (a - 0.1) ** 2), (-5.0, 3.0), 0.1, 84),
    "vertical at the root": (
        lambda a: (np.sign(a - 0.2) * np.sqrt(np.abs(a - 0.2)), 0.5 / np.sqrt(np.abs(a - 0.2))),
        (-5.0, 3.7),
        0.2,
        8,
    ),
}


@pytest.mark.parametrize("name", SEARCHES)
def test_newtons_steps_where_they_serve_and_halvings_where_not(name):
    """Halvings alone would take some 55."""
    function, (low, high), expected, most = SEARCHES[name]
    asked = []

    def counted(a):
        asked.append(a)
        return function(a)

    root = increasing_root(counted, np.array([low]), np.array([high]))
    assert root[0] == pytest.approx(expected, rel=1e-13)
    assert len(asked) <= most


@pytest.mark.parametrize("module, most", [(planar, 6), (sylvester, 4 * 6)])
def test_the_inverse_of_a_flow_is_found_by_newtons_steps(module, most, rng, monkeypatch):
    """It would be found too with a wrong slope, by halvings: then each of them takes some 50."""
    reparam = build(module.__name__.rpartition(".")[-1], 4)
    asked = []

    def counted(function, low, high):
        return increasing_root(lambda a: (asked.append(a), function(a))[1], low, high)

    monkeypatch.setattr(module, "increasing_root", counted)
    lam, eps = rng.normal(size=reparam.n_params), rng.normal(size=4)
    z = reparam.forward(lam, eps)[0]
    asked.clear()
    np.testing.assert_allclose(reparam.inverse(lam, z), eps, rtol=1e-10)
    assert len(asked) <= most


def test_a_root_at_the_end_of_the_bracket_is_found(dtype):
    low = np.array([1.0, -2.0], dtype)
    root = increasing_root(lambda a: (a - 1, np.ones_like(a)), low, np.array([4.0, 1.0], dtype))
    assert root.dtype == dtype
    np.testing.assert_allclose(root, 1, rtol=1e-6)


def test_no_root_is_a_clear_error():
    nan = np.array([np.nan])
    with pytest.raises(
        ValueError, match="did not converge in 300 steps; are all entries of lam and z finite"
    ):
        increasing_root(lambda a: (a, np.ones_like(a)), nan, nan)
