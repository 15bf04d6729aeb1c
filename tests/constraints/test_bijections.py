"""Every bijection: slope, inverse, backward, and what happens where rounding meets the ends."""

import numpy as np
import pytest
from naive import numerical_gradient, relative_error

from scratchvae.constraints import BIJECTIONS
from scratchvae.constraints.bijections import Sigmoid

MAPS = {**{name: kind() for name, kind in BIJECTIONS.items()}, "sigmoid to (-3, 2)": Sigmoid(-3.0, 2.0)}
EXTREMES = np.array([-1e4, -800.0, -100.0, -40.0, -30.0, 30.0, 40.0, 100.0, 800.0, 1e4])
RANGES = {"identity": (-np.inf, np.inf), "tanh": (-1, 1), "sigmoid": (0, 1), "sigmoid to (-3, 2)": (-3, 2)}


@pytest.fixture(params=MAPS)
def name(request):
    return request.param


def test_the_slope_is_the_derivative(name):
    a = np.linspace(-4, 4, 17)
    slopes = [numerical_gradient(lambda t: MAPS[name].forward(t)[0].item(), [entry])[0] for entry in a]
    np.testing.assert_allclose(MAPS[name].forward(a)[1], np.log(slopes), atol=1e-9)


def test_backward_with_both_gradients(name, rng):
    a, dy, dlog_slope = rng.standard_normal((3, 4, 5))

    def contracted(a):
        y, log_slope, _ = MAPS[name].forward(a)
        return float((dy * y + dlog_slope * log_slope).sum())

    da = MAPS[name].backward(MAPS[name].forward(a)[2], dy, dlog_slope)
    assert relative_error(da, numerical_gradient(contracted, a)) < 1e-9


def test_it_increases_and_the_inverse_leads_back(name):
    a = np.linspace(-10, 10, 81)
    y = MAPS[name].forward(a)[0]
    assert (np.diff(y) > 0).all()
    np.testing.assert_allclose(MAPS[name].inverse(y), a, atol=1e-7 if name == "tanh" else 1e-10)
    np.testing.assert_allclose(MAPS[name].forward(MAPS[name].inverse(y))[0], y, rtol=1e-10)


@pytest.mark.parametrize("name", ["identity", "exp", "softplus"])
def test_the_inverse_leads_back_from_far_out(name):
    a = np.array([-600.0, -30.0, 30.0, 600.0])
    np.testing.assert_allclose(MAPS[name].inverse(MAPS[name].forward(a)[0]), a, rtol=1e-12)


def test_an_end_at_zero_loses_no_digits():
    a = np.array([-600.0, -30.0])
    np.testing.assert_allclose(Sigmoid(0, 3).inverse(Sigmoid(0, 3).forward(a)[0]), a, rtol=1e-12)
    np.testing.assert_allclose(Sigmoid(-3, 0).inverse(Sigmoid(-3, 0).forward(-a)[0]), -a, rtol=1e-12)


def test_the_ends_are_never_reached(name, dtype):
    """Nor does anything overflow, warn, or lose its sign: y is where densities can be computed."""
    low, high = RANGES.get(name, (0, np.inf))
    a = EXTREMES.astype(dtype)
    y, log_slope, cache = MAPS[name].forward(a)
    assert y.dtype == dtype
    assert ((low < y) & (y < high)).all()
    assert np.isfinite(log_slope).all()
    assert np.isfinite(1 / y).all()
    da = MAPS[name].backward(cache, np.ones_like(a), np.ones_like(a))
    assert np.isfinite(da).all()


@pytest.mark.parametrize("a", [-30.0, -15.0, 15.0, 30.0])
def test_the_slope_keeps_its_digits_where_y_is_flat(name, a):
    """Backward's y' is e^(log y'): 1 - y^2 has four right digits left at a = 15, and none at 30."""
    _, log_slope, cache = MAPS[name].forward(np.array([a]))
    slope = MAPS[name].backward(cache, np.ones(1), np.zeros(1))
    np.testing.assert_allclose(slope, np.exp(log_slope), rtol=1e-12)
