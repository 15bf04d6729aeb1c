"""The VAE's gradient against central differences: every likelihood x bound x depth, every activation."""

import naive
import numpy as np
import pytest
from test_vae import ALL_LIKELIHOODS, data, make, noise

from scratchvae.bounds import EXACT_BOUNDS
from scratchvae.nn import ACTIVATIONS

pytestmark = pytest.mark.usefixtures("backend")


def analytic_gradient(vae, x, eps, bound):
    vae.loss_and_grad(x, eps, bound)
    return vae.parameters.grad.copy()


def numerical_gradient(vae, x, eps, bound):
    """Central differences of the forward pass alone, over the whole parameter vector."""
    bound, theta = EXACT_BOUNDS[bound](), vae.parameters.value.copy()

    def loss(vector):
        vae.parameters.value = vector
        return float(bound.forward(vae.forward(x, eps, bound.uses_kl)[0])[0])

    gradient = naive.numerical_gradient(loss, theta)
    vae.parameters.value = theta
    return gradient


def assert_gradient_is_right(vae, n_samples, bound):
    """In each block, so that a small block cannot hide behind a large one."""
    x, eps = vae.check_data(data(vae)), noise(n_samples)
    got, expected = (f(vae, x, eps, bound) for f in (analytic_gradient, numerical_gradient))
    for name, (where, _) in vae.parameters.blocks().items():
        assert naive.relative_error(got[where], expected[where]) < 1e-7, name


@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
@pytest.mark.parametrize("bound", EXACT_BOUNDS)
@pytest.mark.parametrize("hidden", [(), (5,), (6, 4)])
def test_the_gradient_equals_central_differences(likelihood, bound, hidden):
    assert_gradient_is_right(make(likelihood, hidden), 2, bound)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("bound", EXACT_BOUNDS)
def test_the_gradient_is_right_with_every_activation(activation, bound):
    assert_gradient_is_right(make(hidden=(5, 3), activation=activation), 1, bound)


@pytest.mark.parametrize("bound", EXACT_BOUNDS)
@pytest.mark.parametrize("n_samples", [1, 5])
def test_the_gradient_is_right_for_any_number_of_samples(bound, n_samples):
    assert_gradient_is_right(make("normal"), n_samples, bound)


@pytest.mark.parametrize("bound", EXACT_BOUNDS)
def test_the_gradient_does_not_depend_on_earlier_calls(bound):
    vae = make()
    x, eps = data(vae), noise(2)
    first = analytic_gradient(vae, x, eps, bound)
    vae.parameters.grad = np.full(len(first), 1e6)
    for other in EXACT_BOUNDS:
        vae.loss_and_grad(data(vae, 5, seed=9), noise(3, 5, seed=9), other)
    np.testing.assert_array_equal(analytic_gradient(vae, x, eps, bound), first)


@pytest.mark.parametrize("bound", EXACT_BOUNDS)
def test_two_forwards_before_a_backward_do_not_disturb_each_other(bound):
    vae, bound = make(), EXACT_BOUNDS[bound]()
    x, eps = data(vae), noise(2)
    expected = analytic_gradient(vae, x, eps, bound)
    terms, cache = vae.forward(x, eps, bound.uses_kl)
    vae.forward(data(vae, 5, seed=9), noise(3, 5, seed=9), bound.uses_kl)
    vae.backward(cache, bound.backward(bound.forward(terms)[1]))
    np.testing.assert_array_equal(vae.parameters.grad, expected)


@pytest.mark.parametrize("bound", EXACT_BOUNDS)
def test_the_gradient_of_a_batch_is_the_mean_of_those_of_its_data(bound):
    vae = make()
    x, eps = data(vae), noise(2)
    each = [analytic_gradient(vae, x[b : b + 1], eps[:, b : b + 1], bound) for b in range(len(x))]
    assert naive.relative_error(analytic_gradient(vae, x, eps, bound), np.mean(each, axis=0)) < 1e-12


@pytest.mark.parametrize("bound", EXACT_BOUNDS)
def test_a_step_along_the_negative_gradient_lowers_the_loss(bound):
    vae = make()
    x, eps = data(vae), noise(2)
    before = vae.loss_and_grad(x, eps, bound)
    vae.parameters.value = vae.parameters.value - 1e-2 * vae.parameters.grad
    assert vae.loss_and_grad(x, eps, bound) < before
