"""A model under another prior: its two halves, its passes, and Bayes' theorem in two steps."""

import naive
import numpy as np
import pytest
from grid_models import Coin, Mean, Plane, Schools, Target
from scipy import stats

from scratchvae.grid import grid_posterior
from scratchvae.models.updating import GaussianPrior, Updated

COV = np.array([[2.0, 0.6], [0.6, 0.5]])
PRIOR_2 = GaussianPrior([1.0, -0.5], COV)
PRIOR_1 = GaussianPrior([0.3], [[0.49]])
MODELS = {
    "rows": Updated(Mean([1.0, 2.0, 4.0, 0.5]), PRIOR_1),
    "plane": Updated(Plane(), PRIOR_2),
    "constrained": Updated(Coin(7, 10), PRIOR_1),
    "schools": Updated(Schools(), PRIOR_2),
    "twice": Updated(Updated(Plane(), PRIOR_2), GaussianPrior([0.0, 0.0], np.eye(2))),
}


@pytest.fixture(params=MODELS)
def model(request):
    return MODELS[request.param]


# --- the Gaussian prior -----------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (4,), (2, 3)])
def test_the_gaussian_prior_is_scipys_normal(shape, rng):
    z = rng.standard_normal((*shape, 2))
    expected = stats.multivariate_normal(PRIOR_2.mean, COV).logpdf(z)
    assert PRIOR_2.log_prob(z).shape == shape
    np.testing.assert_allclose(PRIOR_2.log_prob(z), expected, rtol=1e-12)
    gradient = naive.numerical_gradient(lambda z: PRIOR_2.log_prob(z).sum(), z)
    np.testing.assert_allclose(PRIOR_2.grad_log_prob(z), gradient, rtol=1e-7, atol=1e-9)


def test_draws_from_the_gaussian_prior(rng):
    z = PRIOR_2.sample(100_000, rng)
    np.testing.assert_allclose(z.mean(axis=0), PRIOR_2.mean, atol=0.02)
    np.testing.assert_allclose(np.cov(z.T), COV, atol=0.03)


@pytest.mark.parametrize(
    ("mean", "cov", "message"),
    [
        ([0.0, 0.0], np.eye(3), r"cov must have shape .* = \(2, 2\)"),
        ([0.0, 0.0], [[1, 0.5], [0, 1]], "cov must be symmetric"),
        ([0.0, 0.0], [[1, 2], [2, 1]], "cov must be positive definite"),
        ([0.0, np.nan], np.eye(2), "mean has 1 NaN"),
        ([[0.0, 0.0]], np.eye(2), "mean must have shape"),
    ],
)
def test_what_is_no_gaussian(mean, cov, message):
    with pytest.raises(ValueError, match=message):
        GaussianPrior(mean, cov)


def test_points_of_the_wrong_size():
    with pytest.raises(ValueError, match=r"z must have shape \(..., 2\), not \(3,\)"):
        PRIOR_2.log_prob(np.zeros(3))


# --- the updated model ------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_densities_and_gradients(model, shape, rng):
    z = rng.standard_normal((*shape, model.n_latent))
    assert model.log_joint(z).shape == shape
    np.testing.assert_allclose(model.log_prior(z), model.prior.log_prob(z))
    np.testing.assert_allclose(model.log_likelihood(z), model.model.log_likelihood(z))
    for value, gradient in (
        (model.log_prior, model.grad_log_prior),
        (model.log_likelihood, model.grad_log_likelihood),
        (model.log_joint, model.grad_log_joint),
    ):
        numerical = naive.numerical_gradient(lambda z, value=value: value(z).sum(), z)
        np.testing.assert_allclose(gradient(z), numerical, rtol=1e-6, atol=1e-8)


def test_the_passes_are_the_four_functions(model, rng):
    z = rng.standard_normal((2, 3, model.n_latent))
    log_likelihood, log_prior, cache = model.forward(z)
    np.testing.assert_allclose(log_likelihood, model.log_likelihood(z))
    np.testing.assert_allclose(log_prior, model.log_prior(z))
    first, second = rng.standard_normal((2, 2, 3))
    of_likelihood = first[..., None] * model.grad_log_likelihood(z)
    np.testing.assert_allclose(model.backward(cache, first, None), of_likelihood)
    expected = of_likelihood + second[..., None] * model.grad_log_prior(z)
    np.testing.assert_allclose(model.backward(cache, first, second), expected)


def test_a_minibatch_is_scaled_and_the_prior_is_not(rng):
    model, rows = MODELS["rows"], np.array([0, 3])
    z, ones = rng.standard_normal((5, 1)), np.ones(5)
    log_likelihood, log_prior, cache = model.forward(z, rows)
    np.testing.assert_allclose(log_likelihood, 2 * model.model.log_likelihood(z, rows))
    np.testing.assert_allclose(log_likelihood, 2 * model.log_likelihood(z, rows))
    np.testing.assert_allclose(log_prior, model.prior.log_prob(z))
    expected = 2 * model.grad_log_likelihood(z, rows) + model.prior.grad_log_prob(z)
    np.testing.assert_allclose(model.backward(cache, ones, ones), expected)


def test_it_keeps_the_models_names_and_data(rng):
    updated, schools = MODELS["rows"], MODELS["schools"]
    assert (updated.n_data, updated.n_latent, updated.is_joint) == (4, 1, False)
    assert schools.space.names == ("mu", "tau")
    assert schools.space is schools.model.space
    np.testing.assert_array_equal(updated.data, [1, 2, 4, 0.5])
    assert not hasattr(schools, "data")
    other = updated.with_data([7.0])
    assert (other.n_data, other.prior) == (1, PRIOR_1)
    z = np.array([0.5])
    np.testing.assert_allclose(other.log_likelihood(z), stats.norm.logpdf(7.0, 0.5))
    assert updated.sample_prior(3, rng).shape == (3, 1)
    assert updated.simulate(np.zeros((5, 1)), rng).shape == (5, 4)


# --- Bayes' theorem in two steps ----------------------------------------------------------------------


def test_two_steps_are_one_for_a_normal_posterior(rng):
    """Normal all along, so N(mean, cov) is the whole of what the old data say."""
    x = rng.normal(1, 1, 9)
    old, whole = Mean(x[:4]), Mean(x)
    prior = GaussianPrior([old.posterior.mean()], [[old.posterior.var()]])
    updated = Updated(Mean(x[4:]), prior)
    z = rng.standard_normal((7, 1))
    np.testing.assert_allclose(
        updated.log_joint(z) + old.log_evidence, whole.log_joint(z), rtol=1e-10
    )  # p(x_new, z | x_old) p(x_old) = p(x_old, x_new, z)
    np.testing.assert_allclose(updated.grad_log_joint(z), whole.grad_log_joint(z), rtol=1e-8)


def test_the_jacobian_is_not_added_again():
    """A prior over z that is the model's own prior over z leaves the posterior as it is."""
    model = Coin(7, 10, 2, 3)

    class Own:
        log_prob, grad_log_prob = staticmethod(model.log_prior), staticmethod(model.grad_log_prior)

    updated = Updated(model, Own())
    found = grid_posterior(updated)
    assert found.log_evidence == pytest.approx(model.log_evidence, abs=1e-3)
    assert found.mean[0] == pytest.approx(model.posterior.mean(), abs=1e-4)


# --- bad input ----------------------------------------------------------------------------------------


def test_a_joint_density_has_no_likelihood_to_update():
    with pytest.raises(ValueError, match="Target is written as log_joint"):
        Updated(Target(lambda z: -z * z), PRIOR_1)


def test_a_prior_without_a_gradient_or_of_other_variables():
    with pytest.raises(ValueError, match="but float has no log_prob and no grad_log_prob"):
        Updated(Mean([1.0]), 3.0)
    with pytest.raises(ValueError, match="PiecewiseLinear has no grad_log_prob"):
        Updated(Mean([1.0]), grid_posterior(Mean([1.0]), np.linspace(-6, 6, 99)).marginal(0))

    class Unsummed:
        def log_prob(self, z):
            return -z * z

        def grad_log_prob(self, z):
            return -2 * z

    with pytest.raises(ValueError, match=r"must have shapes \(2,\) and \(2, 1\), not \(2, 1\) and \(2, 1\)"):
        Updated(Mean([1.0]), Unsummed())
