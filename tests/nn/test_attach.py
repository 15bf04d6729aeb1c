"""A network moves into another vector of parameters."""

import re

import numpy as np
import pytest

from scratchvae.nn import MADE, MLP, Linear, MaskedLinear
from scratchvae.parameters import Parameters

MASK = np.array([[1, 0], [1, 1], [0, 1]])
NETWORKS = {
    "linear": (lambda: Linear(3, 2, "tanh"), Linear.shapes(3, 2, "home.")),
    "mlp": (lambda: MLP([3, 5, 2]), MLP.shapes([3, 5, 2], "home.")),
    "masked linear": (lambda: MaskedLinear(MASK, "tanh"), Linear.shapes(3, 2, "home.")),
    "made": (lambda: MADE(3, hidden=(5,)), MLP.shapes([3, 5, 3], "home.")),
}

pytestmark = pytest.mark.usefixtures("backend")


@pytest.fixture(params=NETWORKS)
def moved(request, rng):
    """A network, and its twin that lies between two other blocks of a larger vector."""
    make, shapes = NETWORKS[request.param]
    network, twin = make(), make()
    parameters = Parameters({"before": (2,)} | shapes | {"after": (3,)})
    twin.attach(parameters, "home.")
    network.parameters.value = rng.normal(size=len(network.parameters))
    parameters.value = np.concatenate([[7, 7], network.parameters.value, [7, 7, 7]])
    return network, twin


def test_the_network_computes_with_what_lies_in_its_new_home(moved, rng):
    network, twin = moved
    x = rng.normal(size=(4, 3))
    y, cache = network.forward(x)
    moved_y, moved_cache = twin.forward(x)
    np.testing.assert_array_equal(moved_y, y)
    dy = rng.normal(size=y.shape)
    for dx, moved_dx in zip(network.backward(cache, dy), twin.backward(moved_cache, dy), strict=True):
        np.testing.assert_array_equal(moved_dx, dx)
    np.testing.assert_array_equal(twin.parameters.grad, [0, 0, *network.parameters.grad, 0, 0, 0])
    assert np.any(network.parameters.grad)


def test_the_weights_are_drawn_in_the_new_home(rng):
    mlp, parameters = MLP([3, 5, 2]), Parameters({"before": (2,)} | MLP.shapes([3, 5, 2], "b."))
    mlp.attach(parameters, "b.")
    mlp.initialize(rng)
    assert not parameters["before"].any()
    assert parameters["b.0.weight"].all()


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ({"weight": (3, 2)}, "must have a block 'bias' of shape (2,), not None"),
        ({"weight": (2, 3), "bias": (2,)}, "must have a block 'weight' of shape (3, 2), not (2, 3)"),
    ],
)
def test_a_home_without_the_blocks_is_refused_and_the_old_one_kept(shapes, message):
    layer = Linear(3, 2)
    old = layer.parameters
    with pytest.raises(ValueError, match=re.escape(message)):
        layer.attach(Parameters(shapes))
    assert layer.parameters is old
    with pytest.raises(ValueError, match=re.escape(message)):
        Linear(3, 2, parameters=Parameters(shapes))


def test_weights_gradients_that_nobody_needs_are_left_alone(moved, rng):
    network, _ = moved
    x = rng.normal(size=(4, 3))
    y, cache = network.forward(x)
    dy = rng.normal(size=y.shape)
    expected = network.backward(cache, dy)
    network.parameters.grad = np.full(len(network.parameters), 7.0)
    got = network.backward(cache, dy, need_weights=False)
    for dx, expected_dx in zip(got, expected, strict=True):
        np.testing.assert_array_equal(dx, expected_dx)
    assert (network.parameters.grad == 7).all()
