"""The multilayer perceptron: forward by naive loops, backward by central differences."""

import naive
import numpy as np
import pytest

from scratchvae.nn import ACTIVATIONS, MLP

pytestmark = pytest.mark.usefixtures("backend")

SIZES = [(3, 2), (3, 4, 2), (2, 5, 4, 3)]


def random_mlp(sizes, activation, rng, dtype="float64"):
    """An MLP whose biases are random too."""
    mlp = MLP(sizes, activation, dtype=dtype)
    mlp.parameters.value = rng.normal(size=len(mlp.parameters))
    return mlp


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_forward_equals_naive_loops(sizes, activation, rng):
    mlp = random_mlp(sizes, activation, rng)
    x = rng.normal(size=(4, sizes[0]))
    expected = [naive.mlp(mlp.parameters, "", activation, row) for row in x]
    np.testing.assert_allclose(mlp.forward(x)[0], expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_backward_equals_central_differences(sizes, activation, rng):
    mlp = random_mlp(sizes, activation, rng)
    theta = mlp.parameters.value.copy()
    x, dy = rng.normal(size=(3, sizes[0])), rng.normal(size=(3, sizes[-1]))

    def loss(theta, x):
        mlp.parameters.value = theta
        return float((mlp.forward(x)[0] * dy).sum())

    dx = mlp.backward(mlp.forward(x)[1], dy)
    grad = mlp.parameters.grad.copy()
    assert naive.relative_error(grad, naive.numerical_gradient(lambda t: loss(t, x), theta)) < 1e-8
    assert naive.relative_error(dx, naive.numerical_gradient(lambda t: loss(theta, t), x)) < 1e-8


@pytest.mark.parametrize("lead", [(), (4,), (2, 4), (3, 2, 4)])
def test_leading_axes_are_folded_and_restored(lead, rng):
    mlp = random_mlp((3, 4, 2), "tanh", rng)
    x, dy = rng.normal(size=(*lead, 3)), rng.normal(size=(*lead, 2))
    y, cache = mlp.forward(x)
    dx = mlp.backward(cache, dy)
    grad = mlp.parameters.grad.copy()
    rows, row_cache = mlp.forward(x.reshape(-1, 3))
    assert y.shape == (*lead, 2)
    np.testing.assert_array_equal(y.reshape(-1, 2), rows)
    np.testing.assert_array_equal(dx.reshape(-1, 3), mlp.backward(row_cache, dy.reshape(-1, 2)))
    np.testing.assert_array_equal(grad, mlp.parameters.grad)


def test_two_forwards_before_a_backward_do_not_disturb_each_other(rng):
    mlp = random_mlp((3, 4, 2), "tanh", rng)
    x, other = rng.normal(size=(2, 5, 3))
    dy = rng.normal(size=(5, 2))
    dx = mlp.backward(mlp.forward(x)[1], dy)
    grad = mlp.parameters.grad.copy()
    _, cache = mlp.forward(x)
    mlp.forward(other)
    np.testing.assert_array_equal(mlp.backward(cache, dy), dx)
    np.testing.assert_array_equal(mlp.parameters.grad, grad)


def test_dx_is_left_out_on_request_and_the_gradient_is_the_same(rng):
    mlp = random_mlp((3, 4, 2), "tanh", rng)
    x, dy = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    _, cache = mlp.forward(x)
    mlp.backward(cache, dy)
    grad = mlp.parameters.grad.copy()
    assert mlp.backward(cache, dy, need_dx=False) is None
    np.testing.assert_array_equal(mlp.parameters.grad, grad)


def test_the_dtype_is_kept(dtype, rng):
    mlp = random_mlp((3, 4, 2), "gelu", rng, dtype)
    y, cache = mlp.forward(rng.normal(size=(5, 3)).astype(dtype))
    dx = mlp.backward(cache, np.ones_like(y))
    assert {y.dtype.name, dx.dtype.name, mlp.parameters.grad.dtype.name} == {dtype}


def test_the_blocks_are_named_by_the_number_of_the_linear_map():
    mlp = MLP([7, 5, 3], prefix="encoder.")
    assert mlp.parameters.shapes == {
        "encoder.0.weight": (7, 5),
        "encoder.0.bias": (5,),
        "encoder.1.weight": (5, 3),
        "encoder.1.bias": (3,),
    }


def test_sizes_may_be_any_iterable():
    assert MLP(iter([3, 4, 2])).parameters.shapes == MLP([3, 4, 2]).parameters.shapes


@pytest.mark.parametrize("sizes", [[], [3]])
def test_fewer_than_two_sizes_are_refused(sizes):
    with pytest.raises(ValueError, match="at least an input and an output width"):
        MLP(sizes)


@pytest.mark.parametrize("sizes", [[3, 0, 2], [3, -4, 2], [3, 2.5], [3, "a"]])
def test_a_width_that_is_no_positive_whole_number_is_refused(sizes):
    with pytest.raises(ValueError, match="must be a whole number of at least 1"):
        MLP(sizes)


@pytest.mark.parametrize("sizes", [5, None, 2.5])
def test_sizes_that_are_no_sequence_are_refused(sizes):
    with pytest.raises(ValueError, match=r"sizes must be a sequence of widths, such as \[2, 8, 1\], not"):
        MLP(sizes)


@pytest.mark.parametrize("x", [[[1.0, 2.0, 3.0]], np.zeros((5, 2)), np.zeros(()), np.zeros((3, 0)), None])
def test_an_input_of_another_width_or_kind_is_refused(x):
    with pytest.raises(ValueError, match=r"x must be an array \(\.\.\., 3\), not"):
        MLP([3, 4, 2]).forward(x)


@pytest.mark.parametrize("rng", [0, None, np.random.RandomState(0)])
def test_initialize_needs_a_generator(rng):
    with pytest.raises(ValueError, match="rng must be a numpy.random.Generator"):
        MLP([3, 2]).initialize(rng)


def test_the_gradient_by_the_data_is_not_made_where_nobody_needs_it(rng, monkeypatch):
    mlp, asked = random_mlp((3, 4, 2), "tanh", rng), []
    _, cache = mlp.forward(rng.normal(size=(5, 3)))
    for layer in mlp.layers:
        backward = layer.backward

        def noted(cache, dh, need_dx, need_weights, backward=backward):
            asked.append(need_dx)
            return backward(cache, dh, need_dx, need_weights)

        monkeypatch.setattr(layer, "backward", noted)
    assert mlp.backward(cache, rng.normal(size=(5, 2)), need_dx=False) is None
    assert asked == [True, False]  # from the last layer to the first
