"""Every registered activation: its value, its derivative, the bias's gradient, shapes and dtypes."""

import naive
import numpy as np
import pytest

from scratchvae.nn import ACTIVATIONS

# Away from zero, where the rectifiers have a kink and no derivative.
POINTS = np.array([-30.0, -5.0, -1.3, -0.2, -1e-2, 1e-2, 0.4, 1.7, 6.0, 30.0])

pytestmark = pytest.mark.usefixtures("backend")


@pytest.fixture(params=ACTIVATIONS)
def name(request):
    return request.param


@pytest.fixture
def activation(name):
    return ACTIVATIONS[name]()


def test_backward_equals_central_differences(activation):
    _, cache = activation.forward(POINTS[None])
    da = activation.backward(cache, np.ones((1, POINTS.size)))
    for a, slope in zip(POINTS, da[0], strict=True):
        numerical = naive.numerical_gradient(lambda t: activation.forward(t)[0].sum(), [[a]], 1e-4)
        assert slope == pytest.approx(numerical[0, 0], rel=1e-7, abs=1e-10)


def test_forward_equals_the_textbook_formula(name, activation):
    if name not in naive.ACTIVATIONS:
        pytest.skip(f"naive.py has no formula for {name}")
    expected = [naive.ACTIVATIONS[name][0](a) for a in POINTS]
    np.testing.assert_allclose(activation.forward(POINTS)[0], expected, rtol=1e-12)


def test_backward_multiplies_by_the_incoming_gradient(activation, rng):
    a, dh = rng.normal(size=(2, 7, 5))
    _, cache = activation.forward(a)
    slope = activation.backward(cache, np.ones_like(dh))
    np.testing.assert_allclose(activation.backward(cache, dh), slope * dh, rtol=1e-14)


def test_the_bias_gradient_is_the_sum_over_all_leading_axes(activation, rng):
    a, dh = rng.normal(size=(2, 3, 4, 5))
    _, cache = activation.forward(a)
    da, db = activation.backward_with_bias(cache, dh)
    assert da.shape == a.shape
    np.testing.assert_allclose(db, da.sum(axis=(0, 1)), rtol=1e-13, atol=1e-14)


def test_the_dtype_is_kept(activation, dtype):
    a = POINTS.astype(dtype)[None]
    h, cache = activation.forward(a)
    da, db = activation.backward_with_bias(cache, np.ones_like(a))
    assert {h.dtype.name, da.dtype.name, db.dtype.name} == {dtype}


def test_float32_is_close_to_float64(activation):
    double, cache = activation.forward(POINTS[None])
    single, cache32 = activation.forward(POINTS[None].astype("float32"))
    np.testing.assert_allclose(single, double, rtol=1e-5, atol=1e-7)
    slopes = (activation.backward(c, np.ones_like(c.a)) for c in (cache, cache32))
    np.testing.assert_allclose(*slopes, rtol=1e-5, atol=1e-6)


def test_huge_inputs_give_no_nan_and_no_warning(activation, dtype):
    a = np.array([[-1e4, 1e4]], dtype)
    h, cache = activation.forward(a)
    assert np.isfinite(h).all()
    assert np.isfinite(activation.backward(cache, np.ones_like(a))).all()


def test_forward_and_backward_leave_their_arguments_alone(activation, rng):
    a, dh = rng.normal(size=(2, 3, 4))
    before = a.copy(), dh.copy()
    activation.backward(activation.forward(a)[1], dh)
    np.testing.assert_array_equal((a, dh), before)


def test_arrays_that_do_not_lie_in_one_piece_are_understood(activation, rng):
    a, dh = rng.normal(size=(2, 5, 4))
    expected = activation.backward(activation.forward(a)[1], dh)
    got = activation.backward(activation.forward(np.asfortranarray(a))[1], np.asfortranarray(dh))
    np.testing.assert_allclose(got, expected, rtol=1e-14)
