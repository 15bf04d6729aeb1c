"""The linear map h = f(x W + b) and its backward."""

import naive
import numpy as np
import pytest

from scratchvae.nn import ACTIVATIONS, Linear
from scratchvae.parameters import Parameters

pytestmark = pytest.mark.usefixtures("backend")


@pytest.fixture
def layer(rng):
    """n_in = 3, n_out = 4, tanh, with random parameters."""
    layer = Linear(3, 4, "tanh")
    layer.parameters.value = rng.normal(size=len(layer.parameters))
    return layer


def loss_of(layer, dh):
    """The scalar sum(dh h), whose derivative by h is dh, as a function of x."""
    return lambda x: float((layer.forward(x)[0] * dh).sum())


def loss_at(layer, x, dh):
    """The same, as a function of the parameter vector."""

    def loss(theta):
        layer.parameters.value = theta
        return loss_of(layer, dh)(x)

    return loss


def test_forward_is_the_sum_over_inputs_plus_the_bias(rng):
    layer = Linear(3, 2)
    layer.parameters["weight"] = weight = rng.normal(size=(3, 2))
    layer.parameters["bias"] = bias = rng.normal(size=2)
    x = rng.normal(size=(4, 3))
    expected = [[sum(x[i, k] * weight[k, j] for k in range(3)) + bias[j] for j in range(2)] for i in range(4)]
    np.testing.assert_allclose(layer.forward(x)[0], expected, rtol=1e-14)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("n_rows", [1, 5])
def test_backward_equals_central_differences(activation, n_rows, rng):
    layer = Linear(3, 4, activation)
    theta = rng.normal(size=len(layer.parameters))
    layer.parameters.value = theta
    x, dh = rng.normal(size=(n_rows, 3)), rng.normal(size=(n_rows, 4))
    dx = layer.backward(layer.forward(x)[1], dh)
    grad = layer.parameters.grad.copy()
    assert naive.relative_error(dx, naive.numerical_gradient(loss_of(layer, dh), x)) < 1e-8
    assert naive.relative_error(grad, naive.numerical_gradient(loss_at(layer, x, dh), theta)) < 1e-8


def test_backward_overwrites_the_gradient_of_the_call_before(layer, rng):
    x, dh = rng.normal(size=(5, 3)), rng.normal(size=(5, 4))
    _, cache = layer.forward(x)
    layer.backward(cache, dh)
    first = layer.parameters.grad.copy()
    layer.backward(cache, dh)
    np.testing.assert_array_equal(layer.parameters.grad, first)


def test_dx_is_left_out_on_request_and_the_gradient_is_the_same(layer, rng):
    x, dh = rng.normal(size=(5, 3)), rng.normal(size=(5, 4))
    _, cache = layer.forward(x)
    layer.backward(cache, dh)
    expected = layer.parameters.grad.copy()
    layer.parameters.grad = np.zeros_like(expected)
    assert layer.backward(cache, dh, need_dx=False) is None
    np.testing.assert_array_equal(layer.parameters.grad, expected)


def test_the_blocks_lie_where_they_were_given(rng):
    parameters = Parameters(Linear.shapes(2, 3, "a.") | Linear.shapes(3, 1, "b."))
    first = Linear(2, 3, parameters=parameters, prefix="a.")
    Linear(3, 1, parameters=parameters, prefix="b.")
    assert parameters.names == ("a.weight", "a.bias", "b.weight", "b.bias")
    first.backward(first.forward(np.ones((1, 2)))[1], np.ones((1, 3)))
    assert parameters.gradient("a.weight").all()
    assert not parameters.gradient("b.weight").any()


@pytest.mark.parametrize("width", [0, -1, 2.5, "3", None, True])
def test_a_width_that_is_no_positive_whole_number_is_refused(width):
    with pytest.raises(ValueError, match="n_in must be a whole number of at least 1"):
        Linear(width, 3)


def test_an_unknown_activation_is_refused_and_the_nearest_named():
    with pytest.raises(ValueError, match="unknown activation 'relo'; did you mean 'relu'"):
        Linear(2, 3, "relo")


@pytest.mark.parametrize("x", [[[1.0, 2.0, 3.0]], np.zeros((5, 4)), np.zeros(()), None])
def test_an_input_of_another_width_or_kind_is_refused(layer, x):
    with pytest.raises(ValueError, match=r"x must be an array \(\.\.\., 3\), not"):
        layer.forward(x)


@pytest.mark.parametrize("n_rows", [1, 20, 32, 33, 100])
def test_dx_is_da_times_the_transposed_weight_for_any_number_of_rows(n_rows, rng):
    """In whichever order the product is taken."""
    layer = Linear(3, 4)
    layer.parameters.value = rng.normal(size=len(layer.parameters))
    x, dh = rng.normal(size=(n_rows, 3)), rng.normal(size=(n_rows, 4))
    dx = layer.backward(layer.forward(x)[1], dh)
    np.testing.assert_allclose(dx, np.einsum("nj,kj->nk", dh, layer.weight()), rtol=1e-13)
    assert dx.flags.c_contiguous
