"""Chains of maps, maps whose weights are a part of lam, and maps as learned densities."""

import naive
import numpy as np
import pytest

from scratchvae.reparam import Chain, Diagonal, FlowPrior, Free, FullRank, LowRank, build


def chain():
    return Chain(FullRank(3), Diagonal(3), LowRank(3, 2))


def test_a_chain_is_its_maps_one_after_the_other(rng):
    maps = chain()
    lam, eps = rng.normal(size=(4, maps.n_params)), rng.normal(size=(2, 4, 3))
    z, log_det, _ = maps.forward(lam, eps)
    first, second, third = np.split(lam, [9, 15], axis=-1)
    y, a, _ = FullRank(3).forward(first, eps)
    y, b, _ = Diagonal(3).forward(second, y)
    y, c, _ = LowRank(3, 2).forward(third, y)
    np.testing.assert_allclose(z, y, rtol=1e-14)
    np.testing.assert_allclose(log_det, a + b + c, rtol=1e-13)


def test_order_matters(rng):
    lam, eps = rng.normal(size=15), rng.normal(size=3)
    there = Chain(FullRank(3), Diagonal(3)).forward(lam, eps)[0]
    back = Chain(Diagonal(3), FullRank(3)).forward(np.roll(lam, 6), eps)[0]
    assert not np.allclose(there, back)


def test_the_specs_of_its_maps_make_its_name():
    assert chain().spec == "full_rank+diagonal+low_rank:2"


def test_what_is_affine_in_the_last_map_can_be_taken_out(rng):
    maps = Chain(FullRank(3), Diagonal(3))
    lam, eps = rng.normal(size=15), rng.normal(size=(5, 3))
    mean, factor, rest = maps.split(lam)
    y, log_det, _ = maps.forward(rest, eps)
    z, whole, _ = maps.forward(lam, eps)
    np.testing.assert_allclose(mean + factor * y, z, rtol=1e-12)
    np.testing.assert_allclose(log_det + np.log(factor).sum(), whole, rtol=1e-12)


@pytest.mark.parametrize(
    ("maps", "message"),
    [
        ((), "a chain is made of one map at least"),
        ((Diagonal(2), "planar"), "a chain is made of one map at least"),
        ((Diagonal(2), Diagonal(3)), r"must have one dimension, but have \[2, 3\]"),
    ],
)
def test_what_is_no_chain_is_refused(maps, message):
    with pytest.raises(ValueError, match=message):
        Chain(*maps)


def test_the_generic_gradient_of_log_q_is_that_of_the_special_form(rng):
    """L backward passes and a general solution, against the triangular and Woodbury ones."""
    for reparam in (FullRank(4), LowRank(4, 2), Chain(FullRank(4), LowRank(4, 1))):
        lam, eps = 0.5 * rng.normal(size=reparam.n_params), rng.normal(size=(6, 4))
        cache = reparam.forward(lam, eps)[2]
        v = rng.normal(size=(6, 4))
        generic = super(Chain, reparam) if isinstance(reparam, Chain) else super(type(reparam), reparam)
        np.testing.assert_allclose(
            reparam.solve_transposed(cache, v), generic.solve_transposed(cache, v), rtol=1e-10
        )


def test_the_density_of_a_map_is_differentiated_without_differentiating_its_inverse(rng):
    maps = chain()
    lam, z = 0.5 * rng.normal(size=maps.n_params), rng.normal(size=(6, 3))
    log_q, cache = maps.density_forward(lam, z)
    dlog_q = rng.normal(size=log_q.shape)
    dz, dlam = maps.density_backward(cache, dlog_q)

    def loss(lam, z):
        return float((dlog_q * maps.log_prob(lam, z)).sum())

    assert naive.relative_error(dz, naive.numerical_gradient(lambda t: loss(lam, t), z)) < 1e-8
    assert naive.relative_error(dlam, naive.numerical_gradient(lambda t: loss(t, z), lam)) < 1e-8


def test_a_free_map_without_weights_is_the_map(rng):
    maps = chain()
    free = Free(chain())
    lam, eps = rng.normal(size=maps.n_params), rng.normal(size=(6, 3))
    assert free.n_params == maps.n_params
    np.testing.assert_array_equal(free.forward(lam, eps)[0], maps.forward(lam, eps)[0])


@pytest.mark.parametrize("family", ["full_rank", "low_rank:2", "diagonal"])
def test_the_gradient_of_a_flow_prior_is_that_of_its_density(family, rng):
    prior = FlowPrior(build(family, 3))
    prior.initialize(rng)
    prior.parameters.value = prior.parameters.value + 0.3 * rng.normal(size=len(prior.parameters))
    z = rng.normal(size=(2, 4, 3))
    log_p, cache = prior.forward(z)
    dlog_p = rng.normal(size=log_p.shape)
    dz = prior.backward(cache, dlog_p)
    dlam = prior.parameters.grad.copy()
    numerical = naive.numerical_gradient(lambda t: float((dlog_p * prior.log_prob(t)).sum()), z)
    assert naive.relative_error(dz, numerical) < 1e-8

    def loss(lam):
        prior.parameters.value = lam
        return float((dlog_p * prior.log_prob(z)).sum())

    before = prior.parameters.value.copy()
    assert naive.relative_error(dlam, naive.numerical_gradient(loss, before)) < 1e-8


def test_draws_of_a_flow_prior_have_its_moments(rng):
    prior = FlowPrior(build("full_rank", 2))
    prior.parameters.value = np.array([1.0, -1.0, 0.2, -0.3, 0.5])
    z = prior.sample((40_000, 2), rng)
    mean, cov = FullRank(2).mean_and_cov(prior.parameters.value)
    np.testing.assert_allclose(z.mean(axis=0), mean, atol=0.03)
    np.testing.assert_allclose(np.cov(z.T), cov, atol=0.04)
