"""Masked layers, and the network that is autoregressive because of them."""

import re

import naive
import numpy as np
import pytest

from scratchvae.nn import MADE, MaskedLinear

pytestmark = pytest.mark.usefixtures("backend")

# n, outputs an input, hidden widths, context
NETWORKS = [
    (1, 1, (4,), 0),
    (1, 2, (5, 3), 2),
    (2, 2, (6,), 0),
    (3, 2, (7, 8), 2),
    (5, 1, (12,), 1),
    (5, 3, (4, 4), 2),  # narrower than the number of inputs
]


def random_made(n, n_out, hidden, n_context, rng, activation="tanh", dtype="float64"):
    """A network with random weights everywhere, behind the masks too."""
    made = MADE(n, n_out, hidden, n_context, activation, dtype=dtype)
    made.parameters.value = rng.normal(size=len(made.parameters))
    return made


def changed(made, x, context, i, of_context=False):
    """Which outputs change, (n_out_per_input, n), if entry i of x or of the context does."""
    moved, moved_context = x.copy(), context.copy()
    (moved_context if of_context else moved)[i] += 1
    before, _ = made.forward(x, context)
    after, _ = made.forward(moved, moved_context)
    return (before != after).reshape(made.n_out_per_input, made.n)


@pytest.mark.parametrize(("n", "n_out", "hidden", "n_context"), NETWORKS)
def test_an_output_changes_with_the_inputs_before_it_only(n, n_out, hidden, n_context, rng):
    made = random_made(n, n_out, hidden, n_context, rng)
    x, context = rng.normal(size=n), rng.normal(size=n_context)
    for i in range(n):
        assert not changed(made, x, context, i)[:, : i + 1].any()


@pytest.mark.parametrize("hidden", [(5,), (12,), (7, 9)])
@pytest.mark.parametrize("n_context", [0, 2])
def test_an_output_changes_with_every_input_before_it(hidden, n_context, rng):
    """No more is cut off than must be."""
    made = random_made(5, 2, hidden, n_context, rng)
    x, context = rng.normal(size=5), rng.normal(size=n_context)
    for i in range(5):
        assert changed(made, x, context, i)[:, i + 1 :].all()


@pytest.mark.parametrize(("n", "n_out", "hidden"), [(1, 2, (3,)), (3, 2, (7, 8)), (5, 1, (2, 2))])
def test_the_context_reaches_every_output_and_every_hidden_unit(n, n_out, hidden, rng):
    made = random_made(n, n_out, hidden, 2, rng)
    x, context = rng.normal(size=n), rng.normal(size=2)
    for i in range(2):
        assert changed(made, x, context, i, of_context=True).all()
    _, cache = made.forward(x, context)
    _, other = made.forward(x, context + 1)
    for here, there in zip(cache.layers, other.layers, strict=True):
        assert (here.activation.h != there.activation.h).all()


@pytest.mark.parametrize(("n", "n_out", "hidden", "n_context"), NETWORKS)
def test_backward_equals_central_differences(n, n_out, hidden, n_context, rng):
    made = random_made(n, n_out, hidden, n_context, rng)
    theta = made.parameters.value.copy()
    x, context = rng.normal(size=(3, n)), rng.normal(size=(3, n_context))
    dy = rng.normal(size=(3, n * n_out))

    def loss(theta, x, context):
        made.parameters.value = theta
        return float((made.forward(x, context)[0] * dy).sum())

    dx, dcontext = made.backward(made.forward(x, context)[1], dy)
    grad = made.parameters.grad.copy()
    numerical = naive.numerical_gradient(lambda t: loss(t, x, context), theta)
    assert naive.relative_error(grad, numerical) < 1e-8
    assert (grad[numerical == 0] == 0).all()
    numerical = naive.numerical_gradient(lambda t: loss(theta, t, context), x)
    assert naive.relative_error(dx, numerical) < 1e-8
    numerical = naive.numerical_gradient(lambda t: loss(theta, x, t), context)
    assert naive.relative_error(dcontext, numerical) < 1e-8


def test_initial_weights_are_zero_where_the_mask_is(rng):
    layer = MaskedLinear(np.tri(4, 3))
    layer.initialize(lambda rng, n_in, n_out: rng.normal(size=(n_in, n_out)), rng)
    np.testing.assert_array_equal(layer.parameters["weight"] != 0, np.tri(4, 3) == 1)


@pytest.mark.parametrize("n_context", [0, 1])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_no_hidden_unit_is_of_a_degree_at_which_no_output_sees_it(n, n_context):
    """Output d sees degrees below d, the last one those up to n - 1; n = 1 has none without a context."""
    degrees = MADE(n, hidden=(8,), n_context=n_context).degrees(1)
    assert degrees.min() == (0 if n_context else 1)
    assert degrees.max() == max(n - 1, degrees.min())


def test_degrees_rise_evenly_and_do_not_depend_on_chance():
    made = MADE(3, 2, (6,), 1)
    assert made.degrees(0).tolist() == [1, 2, 3, 0]
    assert made.degrees(1).tolist() == [0, 0, 1, 1, 2, 2]
    assert made.degrees(2).tolist() == [1, 2, 3, 1, 2, 3]
    assert MADE(3, 2, (4,)).degrees(1).tolist() == [1, 1, 2, 2]


def test_the_dtype_is_kept(dtype, rng):
    made = random_made(3, 2, (4,), 1, rng, "relu", dtype)
    y, cache = made.forward(rng.normal(size=(5, 3)).astype(dtype), np.ones((5, 1), dtype))
    dx, dcontext = made.backward(cache, np.ones_like(y))
    assert {array.dtype.name for array in (y, dx, dcontext, made.parameters.grad)} == {dtype}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, "n must be a whole number of at least 1, not 0"),
        ({"n": 2, "n_out_per_input": 0}, "n_out_per_input must be a whole number of at least 1, not 0"),
        ({"n": 2, "n_context": -1}, "n_context must be a whole number of at least 0, not -1"),
        ({"n": 2, "hidden": ()}, "hidden is empty"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        MADE(**options)


def test_an_input_or_context_of_another_width_is_refused():
    made = MADE(3, 1, (4,), 2)
    with pytest.raises(ValueError, match=r"x must be an array \(\.\.\., 3\), not one of shape \(5, 2\)"):
        made.forward(np.zeros((5, 2)), np.zeros((5, 2)))
    with pytest.raises(ValueError, match=r"the context must be an array \(\.\.\., 2\), not one of shape"):
        made.forward(np.zeros((5, 3)), np.zeros((5, 3)))
    with pytest.raises(ValueError, match=r"the network needs a context \(\.\.\., 2\), but none came"):
        made.forward(np.zeros((5, 3)))
