"""The likelihood with one learned standard deviation: its weight, in a vector of its own and in a model's."""

import naive
import numpy as np
import pytest

import scratchvae as sv
from scratchvae.distributions import NormalFixed, NormalShared
from scratchvae.parameters import Parameters


def weighted_sum(likelihood, x, params, dlog_p):
    """A function of log_sigma whose gradient `backward` writes."""

    def function(log_sigma):
        likelihood.parameters[likelihood.block] = log_sigma
        return float((likelihood.log_prob(x, params) * dlog_p).sum())

    return function


@pytest.mark.parametrize(("x_lead", "lead"), [((4,), (2, 4)), ((), ()), ((), (3,)), ((2, 1), (1, 4))])
def test_the_gradient_of_log_sigma_equals_central_differences(x_lead, lead, rng):
    likelihood = NormalShared(0.6)
    x, params = rng.normal(size=(*x_lead, 3)), rng.normal(size=(*lead, 3))
    dlog_p = rng.normal(size=np.broadcast_shapes(x_lead, lead))
    likelihood.backward(likelihood.forward(x, params)[1], dlog_p)
    got = likelihood.parameters.gradient("log_sigma").copy()
    expected = naive.numerical_gradient(weighted_sum(likelihood, x, params, dlog_p), np.log([0.6]))
    assert naive.relative_error(got, expected) < 1e-9


def test_it_is_the_fixed_one_at_that_sigma(rng):
    x, params = rng.normal(size=(4, 3)), rng.normal(size=(2, 4, 3))
    shared, fixed = NormalShared(0.3), NormalFixed(0.3)
    np.testing.assert_allclose(shared.log_prob(x, params), fixed.log_prob(x, params), rtol=1e-13)
    draws = [one.sample(params, np.random.default_rng(1)) for one in (shared, fixed)]
    np.testing.assert_allclose(*draws, rtol=1e-13)


def test_at_the_root_mean_squared_residual_the_gradient_vanishes(rng):
    x, params = rng.normal(size=(50, 3)), rng.normal(size=(50, 3))
    likelihood = NormalShared(np.sqrt(np.mean((x - params) ** 2)))
    likelihood.backward(likelihood.forward(x, params)[1], np.ones(50))
    assert abs(likelihood.parameters.grad[0]) < 1e-10


def test_a_backward_belongs_to_its_forward(rng):
    """Another forward between the two, at another sigma, changes nothing."""
    x, params, likelihood = rng.normal(size=(4, 3)), rng.normal(size=(4, 3)), NormalShared(0.6)
    _, cache = likelihood.forward(x, params)
    expected = [likelihood.backward(cache, np.ones(4)), likelihood.parameters.grad.copy()]
    likelihood.parameters["log_sigma"] = [3.0]
    likelihood.forward(x + 1, params)
    got = [likelihood.backward(cache, np.ones(4)), likelihood.parameters.grad.copy()]
    np.testing.assert_array_equal(got[0][1], expected[0][1])
    np.testing.assert_array_equal(got[1], expected[1])


def test_the_weight_lies_where_it_is_attached():
    likelihood, parameters = NormalShared(0.5), Parameters({"likelihood.log_sigma": (1,)})
    likelihood.attach(parameters, "likelihood.")
    likelihood.initialize(np.random.default_rng(0))
    assert parameters["likelihood.log_sigma"] == pytest.approx(np.log(0.5))
    parameters["likelihood.log_sigma"] = [0.0]
    assert likelihood.log_prob(np.zeros(2), np.zeros(2)) == pytest.approx(-np.log(2 * np.pi))


def test_a_model_has_a_block_for_it_and_a_copy_one_of_its_own():
    vae = sv.VAE(4, 2, (3,), likelihood="normal_shared:0.5", dtype="float64")
    assert vae.parameters["likelihood.log_sigma"] == pytest.approx(np.log(0.5))
    other = vae.astype("float32")
    other.parameters["likelihood.log_sigma"] = [2.0]
    assert vae.parameters["likelihood.log_sigma"] == pytest.approx(np.log(0.5))
    assert other.likelihood.log_sigma == np.float32(2)


@pytest.mark.parametrize("sigma", [0, -1, np.inf, np.nan])
def test_a_sigma_that_is_none_is_refused(sigma):
    with pytest.raises(ValueError, match=r"sigma must lie in \(0, inf\)"):
        NormalShared(sigma)


@pytest.mark.parametrize(
    ("spec", "again"), [("normal_shared", "normal_shared"), ("normal_shared:1", "normal_shared")]
)
def test_the_usual_beginning_is_not_named(spec, again):
    assert sv.VAE(4, 2, (3,), likelihood=spec).config["likelihood"] == again
