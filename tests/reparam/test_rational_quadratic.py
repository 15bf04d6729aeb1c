"""The rational-quadratic spline: an increasing function, its slope, its inverse, its gradients."""

import re

import naive
import numpy as np
import pytest

from scratchvae.reparam.rational_quadratic import MIN_BIN, MIN_SLOPE, RationalQuadratic

SPLINES = [(2, 1.0), (4, 4.0), (8, 3.0)]


def draw(n_bins, bound, n, rng, scale=1.0):
    """A spline, n points inside and outside of its box, and parameters for each."""
    spline = RationalQuadratic(n_bins, bound)
    return spline, rng.uniform(-1.3 * bound, 1.3 * bound, n), scale * rng.normal(size=(n, spline.n_params))


def at(spline, x, params):
    """f at many points with one set of parameters."""
    return spline.forward(x, np.broadcast_to(params, (*np.shape(x), spline.n_params)))


def softmax(a):
    """e^a / sum e^a, as the textbook writes it."""
    return np.exp(a) / np.exp(a).sum()


def literal(x, a, n_bins, bound):
    """f(x) of one number, as the paper writes it: equation 4 with the bin's number k looked up."""
    parts = [MIN_BIN + (1 - n_bins * MIN_BIN) * softmax(a[i * n_bins : (i + 1) * n_bins]) for i in (0, 1)]
    knots, heights = ([*(2 * bound * (np.cumsum([0, *part]) - 0.5))] for part in parts)
    shift = np.log(np.exp(1 - MIN_SLOPE) - 1)
    slopes = [1, *(MIN_SLOPE + np.log(1 + np.exp(a[2 * n_bins :] + shift))), 1]
    if abs(x) >= bound:
        return x
    k = max(i for i in range(n_bins) if knots[i] <= x)
    width, height = knots[k + 1] - knots[k], heights[k + 1] - heights[k]
    s, xi = height / width, (x - knots[k]) / width
    numerator = height * (s * xi**2 + slopes[k] * xi * (1 - xi))
    return heights[k] + numerator / (s + (slopes[k + 1] + slopes[k] - 2 * s) * xi * (1 - xi))


@pytest.mark.parametrize(("n_bins", "bound"), SPLINES)
def test_the_spline_is_the_formula_of_the_paper(n_bins, bound, rng):
    spline, x, params = draw(n_bins, bound, 60, rng)
    expected = [literal(*row, n_bins, bound) for row in zip(x, params, strict=True)]
    np.testing.assert_allclose(spline.forward(x, params)[0], expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(("n_bins", "bound"), SPLINES)
@pytest.mark.parametrize("scale", [1.0, 5.0])
def test_the_slope_is_that_of_the_function(n_bins, bound, scale, rng):
    spline, x, params = draw(n_bins, bound, 60, rng, scale)
    numerical = naive.numerical_gradient(lambda t: float(spline.forward(t, params)[0].sum()), x, 1e-6)
    np.testing.assert_allclose(np.exp(spline.forward(x, params)[1]), numerical, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("scale", [1.0, 5.0, 50.0])
def test_the_function_rises_from_the_corner_of_the_box_to_the_opposite_one(scale, rng):
    spline = RationalQuadratic(5, 2.0)
    x = np.linspace(-3, 3, 4001)
    for params in scale * rng.normal(size=(20, spline.n_params)):
        y, log_slope, _ = at(spline, x, params)
        assert (np.diff(y) > 0).all()
        assert np.isfinite(log_slope).all()
        outside = np.abs(x) >= 2
        np.testing.assert_array_equal(y[outside], x[outside])
        assert not log_slope[outside].any()
        assert np.abs(y[~outside]).max() < 2


def test_value_and_slope_are_continuous_at_the_knots_and_at_the_ends_of_the_box(rng):
    spline = RationalQuadratic(5, 2.0)
    for params in rng.normal(size=(20, spline.n_params)):
        knots = spline.knots(params)
        before, after = (at(spline, knots.x + step, params) for step in (-1e-9, 1e-9))
        np.testing.assert_allclose(before[0], after[0], atol=1e-7)
        np.testing.assert_allclose(before[1], after[1], atol=1e-5)
        np.testing.assert_allclose(after[0], knots.y, atol=1e-7)
        np.testing.assert_allclose(np.exp(after[1]), knots.slope, rtol=1e-5)


@pytest.mark.parametrize("scale", [1.0, 5.0, 50.0])
@pytest.mark.parametrize(("n_bins", "bound"), SPLINES)
def test_inverse_undoes_forward(n_bins, bound, scale, rng):
    spline, x, params = draw(n_bins, bound, 3000, rng, scale)
    y, log_slope, _ = spline.forward(x, params)
    again = spline.inverse(y, params)
    np.testing.assert_allclose(spline.forward(again, params)[0], y, rtol=0, atol=1e-13)
    # Where f is all but flat, the rounding of y itself moves x by this much.
    rounding = 4e-16 * bound * np.exp(-log_slope)
    assert (np.abs(again - x) <= np.maximum(1e-8, 4 * rounding)).all()
    assert (rounding < 1e-8).mean() > 0.75


@pytest.mark.parametrize("a", [-40.0, 40.0])
def test_inverse_is_exact_with_steep_and_flat_knots(a):
    """Slopes of 0.001 and of 40 side by side, with bins of the least width and the least height."""
    spline = RationalQuadratic(4, 3.0)
    params = np.array([a, 0, 0, 0] + [0, 0, -a, 0] + [a, -a, a])
    x = np.linspace(-3, 3, 2001)
    y, log_slope, _ = at(spline, x, params)
    assert np.isfinite(log_slope).all()
    again = spline.inverse(y, np.broadcast_to(params, (len(y), len(params))))
    np.testing.assert_allclose(again, x, rtol=0, atol=1e-8)


@pytest.mark.parametrize("scale", [1.0, 5.0])
@pytest.mark.parametrize(("n_bins", "bound"), SPLINES)
def test_backward_equals_central_differences(n_bins, bound, scale, rng):
    spline, x, params = draw(n_bins, bound, 20, rng, scale)
    y, log_slope, cache = spline.forward(x, params)
    dy, dlog_slope = rng.normal(size=(2, 20))

    def loss(x, params):
        y, log_slope, _ = spline.forward(x, params)
        return float((y * dy).sum() + (log_slope * dlog_slope).sum())

    dx, dparams = spline.backward(cache, dy, dlog_slope)
    numerical = naive.numerical_gradient(lambda t: loss(t, params), x, 1e-5)
    np.testing.assert_allclose(dx, numerical, rtol=1e-6, atol=1e-6)
    numerical = naive.numerical_gradient(lambda t: loss(x, t), params, 1e-5)
    np.testing.assert_allclose(dparams, numerical, rtol=1e-6, atol=1e-6)
    assert not dparams[np.abs(x) >= bound].any()


def test_parameters_of_zero_are_the_identity():
    spline = RationalQuadratic(8, 4.0)
    x = np.linspace(-5, 5, 101)
    y, log_slope, _ = at(spline, x, np.zeros(spline.n_params))
    np.testing.assert_allclose(y, x, atol=1e-14)
    np.testing.assert_allclose(log_slope, 0, atol=1e-13)


def test_no_bin_and_no_slope_is_below_the_least(rng):
    spline = RationalQuadratic(5, 2.0)
    knots = spline.knots(100 * rng.normal(size=(50, spline.n_params)))
    for ends in (knots.x, knots.y):
        assert np.diff(ends).min() == pytest.approx(4 * MIN_BIN, rel=1e-9)
        np.testing.assert_array_equal(ends[:, [0, -1]], np.broadcast_to([-2, 2], (50, 2)))
    assert knots.slope.min() == pytest.approx(MIN_SLOPE)


def test_the_dtype_is_kept(dtype, rng):
    spline, x, params = draw(4, 3.0, 20, rng)
    y, log_slope, cache = spline.forward(x.astype(dtype), params.astype(dtype))
    dx, dparams = spline.backward(cache, y, log_slope)
    again = spline.inverse(y, params.astype(dtype))
    found = (y, log_slope, dx, dparams, again)
    assert {array.dtype.name for array in found} == {dtype}
    np.testing.assert_allclose(again, x, atol=1e-4)


@pytest.mark.parametrize("lead", [(), (2, 3)])
def test_numbers_may_have_any_shape(lead, rng):
    spline = RationalQuadratic(3, 2.0)
    x, params = rng.normal(size=lead), rng.normal(size=(*lead, spline.n_params))
    y, log_slope, cache = spline.forward(x, params)
    dx, dparams = spline.backward(cache, y, log_slope)
    assert y.shape == log_slope.shape == dx.shape == lead
    assert dparams.shape == params.shape
    rows = spline.forward(x.reshape(-1), params.reshape(-1, spline.n_params))[0]
    np.testing.assert_allclose(np.ravel(y), rows, rtol=1e-14)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_bins": 1}, "n_bins must be a whole number of at least 2, not 1"),
        ({"n_bins": 501}, "n_bins must be at most 500, not 501"),
        ({"bound": 0.0}, "bound must lie in (0, inf), not 0.0"),
        ({"bound": np.inf}, "bound must lie in (0, inf), not inf"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        RationalQuadratic(**options)


def test_parameters_that_do_not_fit_are_refused():
    spline = RationalQuadratic(3)
    with pytest.raises(ValueError, match=r"params must have shape \(..., 8\), not \(4, 9\)"):
        spline.forward(np.zeros(4), np.zeros((4, 9)))
    with pytest.raises(ValueError, match=r"8 numbers for each of x, shape \(4, 8\), not \(8,\)"):
        spline.inverse(np.zeros(4), np.zeros(8))
