"""The maps that change the order of the coordinates."""

import re

import naive
import numpy as np
import pytest

from scratchvae.reparam.base import Reparameterization
from scratchvae.reparam.permutation import Permutation, Reverse

MAPS = {
    "permutation": lambda: Permutation(4, [2, 0, 3, 1]),
    "reverse": lambda: Reverse(4),
    "one": lambda: Permutation(1, [0]),
}
LEADS = [((), ()), ((), (2, 3)), ((3,), (2, 3)), ((2, 1), (3,)), ((3,), ())]


@pytest.fixture(params=MAPS)
def reparam(request):
    return MAPS[request.param]()


def test_coordinates_stand_where_the_order_says():
    z, log_det, _ = Permutation(3, [2, 0, 1]).forward(np.zeros(0), np.array([10.0, 20.0, 30.0]))
    assert z.tolist() == [30, 10, 20]
    assert log_det == 0
    assert Reverse(3).forward(np.zeros(0), np.array([10.0, 20.0, 30.0]))[0].tolist() == [30, 20, 10]
    assert Reverse(1).forward(np.zeros(0), np.array([10.0]))[0].tolist() == [10]


@pytest.mark.parametrize(("lam_lead", "eps_lead"), LEADS)
def test_backward_inverse_and_gradient_for_all_leading_axes(reparam, lam_lead, eps_lead, rng):
    n = reparam.n_latent
    lam, eps = np.zeros((*lam_lead, 0)), rng.normal(size=(*eps_lead, n))
    z, log_det, cache = reparam.forward(lam, eps)
    batch = np.broadcast_shapes(lam_lead, eps_lead)
    assert z.shape == cache.eps.shape == (*batch, n)
    assert log_det.shape == batch
    assert not log_det.any()
    np.testing.assert_array_equal(reparam.inverse(lam, z), np.broadcast_to(eps, z.shape))
    dz = rng.normal(size=z.shape)
    dlam, deps = reparam.backward(cache, dz, np.ones(batch))
    assert dlam.shape == lam.shape
    numerical = naive.numerical_gradient(lambda t: float((reparam.forward(lam, t)[0] * dz).sum()), eps)
    assert naive.relative_error(deps, numerical) < 1e-8
    np.testing.assert_array_equal(reparam.grad_log_q(cache), -z)


def test_the_transposed_solution_is_that_of_the_whole_jacobian(reparam, rng):
    eps, v = rng.normal(size=(2, 5, reparam.n_latent))
    cache = reparam.forward(np.zeros((5, 0)), eps)[2]
    expected = Reparameterization.solve_transposed(reparam, cache, v)
    np.testing.assert_allclose(reparam.solve_transposed(cache, v), expected, rtol=1e-12)


def test_the_dtype_is_kept(reparam, dtype, rng):
    eps = rng.normal(size=(3, reparam.n_latent)).astype(dtype)
    z, log_det, cache = reparam.forward(np.zeros((3, 0), dtype), eps)
    found = (z, log_det, *reparam.backward(cache, z, log_det))
    assert {array.dtype.name for array in found} == {dtype}


@pytest.mark.parametrize("order", [[0, 1], [0, 1, 1], [1, 2, 3], [0.0, 1.0, 2.0], [0, 1, 2, 3], "012"])
def test_an_order_that_is_none_is_refused(order):
    with pytest.raises(ValueError, match=re.escape("order must hold each of 0, ..., 2 once")):
        Permutation(3, order)


@pytest.mark.parametrize("n_latent", [0, -1, 2.0, None])
def test_a_number_of_latents_that_is_none_is_refused(n_latent):
    with pytest.raises(ValueError, match="n_latent must be a whole number of at least 1"):
        Reverse(n_latent)


def test_an_inverse_of_one_z_for_many_lam(reparam, rng):
    z = rng.normal(size=reparam.n_latent)
    eps = reparam.inverse(np.zeros((4, 2, 0)), z)
    np.testing.assert_array_equal(eps, np.broadcast_to(reparam.inverse(np.zeros(0), z), (4, 2, len(z))))


def test_the_maps_know_their_names():
    assert Reverse(2).spec == "reverse"
    assert Permutation(3, [2, 0, 1]).spec == "permutation:2-0-1"
