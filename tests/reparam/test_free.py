"""Families of a fit without an encoder: their maps in order, all their numbers in one lam."""

import numpy as np
import pytest

from scratchvae.reparam import (
    AffineCoupling,
    Chain,
    Diagonal,
    Elementwise,
    Free,
    Householder,
    InverseAutoregressive,
    MaskedAutoregressive,
    Reverse,
    SplineCoupling,
    build,
    build_free,
)
from scratchvae.reparam.families import FLOWS

NAMES = [f"{name}:3" for name in FLOWS]


@pytest.fixture(params=NAMES)
def made(request):
    return build_free(request.param, 3)


def draw(made, rng):
    return made.initial(rng) + 0.2 * rng.standard_normal(made.n_params)


def test_lam_holds_the_maps_numbers_and_then_the_weights(made, rng):
    inner = made.reparam if isinstance(made, Free) else made
    n_weights = 0 if inner.parameters is None else len(inner.parameters)
    assert made.n_params == inner.n_params + n_weights
    lam, eps = draw(made, rng), rng.normal(size=(4, 3))
    z = made.forward(lam, eps)[0]
    if n_weights:
        inner.parameters.value = lam[inner.n_params :]
    np.testing.assert_array_equal(z, inner.forward(lam[: inner.n_params], eps)[0])


def test_weights_are_in_lam_where_there_are_some(made):
    assert isinstance(made, Free) == bool(made.reparam.shapes() if isinstance(made, Free) else made.shapes())
    assert isinstance(build_free("coupling:1", 3), Free)
    assert not isinstance(build_free("planar:1", 3), Free)


def test_what_is_split_off_and_the_rest_make_the_map_again(made, rng):
    lam, eps = draw(made, rng), rng.normal(size=(5, 3))
    mean, factor, rest = made.split(lam)
    z = made.forward(lam, eps)[0]
    np.testing.assert_allclose(mean + factor * made.forward(rest, eps)[0], z, rtol=1e-11, atol=1e-13)
    assert np.ptp(factor) > 0


def test_the_diagonal_map_is_last_and_before_reflections_first_too():
    for name in NAMES:
        free = build_free(name, 3)
        maps = (free.reparam if isinstance(free, Free) else free).maps
        assert isinstance(maps[-1], Diagonal)
        assert isinstance(maps[0], Diagonal) == name.startswith("householder")
        assert isinstance(build(name, 3).maps[0], Diagonal)
    assert isinstance(build_free("householder:2", 3).maps[1], Householder)


@pytest.mark.parametrize("name", ["coupling", "spline"])
def test_every_other_coupling_moves_the_other_half(name):
    assert [part.flip for part in build(f"{name}:5", 4).maps[1:]] == [False, True, False, True, False]


@pytest.mark.parametrize("name", FLOWS)
def test_a_flow_without_a_number_is_of_one_map(name):
    assert build(name, 3).n_params == build(f"{name}:1", 3).n_params
    assert len(build(name, 3).maps) == 2


@pytest.mark.parametrize("name", ["coupling:2", "iaf:2", "spline:2"])
def test_networks_see_nothing_but_z_unless_told_so(name):
    assert build(name, 3).n_params == 6  # the diagonal map's
    assert build(name, 3, n_context=2).n_params > 6


@pytest.mark.parametrize(("n_latent", "width"), [(3, 64), (40, 80)])
def test_an_autoregressive_network_is_twice_as_wide_as_z(n_latent, width):
    maps = build("iaf:2", n_latent).maps
    assert [type(part) for part in maps[1:]] == [InverseAutoregressive, Reverse, InverseAutoregressive]
    assert maps[1].network.sizes[1] == width


def test_a_chain_may_be_of_one_map(rng):
    lam, eps = rng.normal(size=6), rng.normal(size=3)
    np.testing.assert_array_equal(Chain(Diagonal(3)).forward(lam, eps)[0], Diagonal(3).forward(lam, eps)[0])


@pytest.mark.parametrize(
    "kind", [AffineCoupling, InverseAutoregressive, MaskedAutoregressive, SplineCoupling]
)
def test_the_gradient_of_log_q_leaves_that_of_the_weights_alone(kind, rng):
    made = kind(3, n_context=2)
    made.attach()
    made.initialize(rng)
    z, log_det, cache = made.forward(rng.normal(size=(4, made.n_params)), rng.normal(size=(4, 3)))
    made.backward(cache, np.ones_like(z), np.ones_like(log_det))
    before = made.parameters.grad.copy()
    assert before.any()
    made.grad_log_q(cache)
    made.solve_transposed(cache, z)
    np.testing.assert_array_equal(made.parameters.grad, before)


def test_an_elementwise_inverse_of_one_z_for_many_lam():
    z = np.array([0.3, 2.0])
    eps = Elementwise(2, "exp").inverse(np.zeros((4, 3, 0)), z)
    np.testing.assert_allclose(eps, np.broadcast_to(np.log(z), (4, 3, 2)))
