"""What every model of non-conjugate data must keep to: shapes, gradients, minibatches, simulation."""

import naive
import numpy as np
import pytest

from scratchvae import models

X = np.random.default_rng(1).normal(size=(12, 2))
YES = (np.arange(12) % 3 == 0).astype(float)
COUNTS = np.arange(12) % 5
SERIES = np.sin(np.arange(15.0))  # 12 values after the first three

#: name: a model of it.
MODELS = {
    "logistic": lambda: models.LogisticRegression(X, YES, prior_sigma=[10, 1, 2]),
    "logistic, no intercept": lambda: models.LogisticRegression(X, YES, intercept=False, names=["a", "b"]),
    "logistic, flat": lambda: models.LogisticRegression(X, YES, prior_sigma=[np.inf, 1, np.inf]),
    "poisson": lambda: models.PoissonRegression(X, COUNTS, exposure=1 + COUNTS, prior_sigma=0.5),
    "robust": lambda: models.RobustRegression(X, COUNTS, nu=3, prior_sigma=[1, 2, 3], names=["a", "b"]),
    "robust, flat": lambda: models.RobustRegression(X, COUNTS, prior_sigma=np.inf, intercept=False),
    "mixture": lambda: models.GaussianMixture(X[:, 0], 3),
    "mixture, ordered": lambda: models.GaussianMixture(X[:, 0], 2, ordered=True, common_sigma=False),
    "mixture, plane": lambda: models.GaussianMixture(X, 2, common_sigma=False, alpha=2, mean_mu=1),
    "mixture density": lambda: models.NormalMixtureDensity([[-1, 0], [2, 1]], [[1, 2], [0.5, 1]], [0.3, 0.7]),
    "AR(1)": lambda: models.AutoRegression(SERIES[2:]),
    "AR(3)": lambda: models.AutoRegression(SERIES, order=3, intercept_sigma=2, sigma_scale=0.5),
    "schools": lambda: models.EightSchools(),
    "schools, centred": lambda: models.EightSchools(centred=True),
    "two groups": lambda: models.HierarchicalNormal([1.0, 2.0], 0.5, mu_sigma=2, tau_scale=1),
}


@pytest.fixture(params=MODELS)
def model(request):
    return MODELS[request.param]()


@pytest.fixture(params=[name for name, make in MODELS.items() if make().n_data is not None])
def minibatched(request):
    return MODELS[request.param]()


def functions(model):
    """The functions of z that a model has, with their gradients."""
    if model.is_joint:
        return [(model.log_joint, model.grad_log_joint)]
    return [(model.log_prior, model.grad_log_prior), (model.log_likelihood, model.grad_log_likelihood)]


@pytest.mark.parametrize("lead", [(), (3,), (2, 3)])
def test_leading_axes_are_samples(model, lead, rng):
    z = rng.normal(size=(*lead, model.n_latent))
    for function, gradient in [*functions(model), (model.log_joint, model.grad_log_joint)]:
        value, slope = np.asarray(function(z)), gradient(z)
        assert value.shape == lead
        assert slope.shape == z.shape
        for place in np.ndindex(lead):
            np.testing.assert_allclose(value[place], function(z[place]), rtol=1e-11)
            np.testing.assert_allclose(slope[place], gradient(z[place]), rtol=1e-10, atol=1e-11)


def test_gradients_are_those_of_central_differences(model, rng):
    for z in rng.normal(size=(2, model.n_latent)):
        for function, gradient in functions(model):
            numerical = naive.numerical_gradient(lambda t, f=function: float(f(t)), z)
            np.testing.assert_allclose(gradient(z), numerical, rtol=1e-7, atol=1e-7)


def test_forward_and_backward_are_the_four_functions(model, rng):
    z = rng.normal(size=(2, 3, model.n_latent))
    weights = rng.normal(size=(2, 2, 3))
    log_likelihood, log_prior, cache = model.forward(z)
    np.testing.assert_allclose(log_likelihood + log_prior, model.log_joint(z), rtol=1e-12)
    if model.is_joint:
        expected = weights[0][..., None] * model.grad_log_joint(z)
    else:
        np.testing.assert_allclose(log_prior, model.log_prior(z), rtol=1e-12, atol=1e-12)
        likelihood = weights[0][..., None] * model.grad_log_likelihood(z)
        np.testing.assert_allclose(model.backward(cache, weights[0], None), likelihood, rtol=1e-9, atol=1e-9)
        expected = likelihood + weights[1][..., None] * model.grad_log_prior(z)
    np.testing.assert_allclose(model.backward(cache, *weights), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("lead", [(), (2, 3)])
def test_the_rows_of_a_partition_sum_to_the_whole(minibatched, lead, rng):
    n, z = minibatched.n_data, rng.normal(size=(*lead, minibatched.n_latent))
    parts = np.array_split(rng.permutation(n), 3)
    for function in (minibatched.log_likelihood, minibatched.grad_log_likelihood):
        summed = sum(function(z, rows) for rows in parts)
        np.testing.assert_allclose(summed, function(z), rtol=1e-10, atol=1e-10)


def test_a_minibatch_is_scaled_to_all_data(minibatched, rng):
    n, z = minibatched.n_data, rng.normal(size=(3, minibatched.n_latent))
    rows = rng.permutation(n)[: n // 2]
    log_likelihood, log_prior, cache = minibatched.forward(z, rows)
    scale = n / len(rows)
    np.testing.assert_allclose(log_likelihood, scale * minibatched.log_likelihood(z, rows), rtol=1e-12)
    np.testing.assert_allclose(log_prior, minibatched.log_prior(z), rtol=1e-12)
    expected = scale * minibatched.grad_log_likelihood(z, rows) + 2 * minibatched.grad_log_prior(z)
    np.testing.assert_allclose(minibatched.backward(cache, np.ones(3), 2 * np.ones(3)), expected, rtol=1e-10)


@pytest.mark.parametrize("rows", [np.arange(12) % 2 == 0, [], [0.0, 1.0], 3])
def test_rows_that_are_no_row_numbers_are_refused(minibatched, rows):
    with pytest.raises(ValueError, match="rows must be a vector of row numbers"):
        minibatched.log_likelihood(np.zeros(minibatched.n_latent), rows)


def test_draws_of_the_prior_make_data_that_the_model_takes(model, rng):
    if np.isinf(getattr(model, "prior_sigma", 1.0)).any():
        with pytest.raises(ValueError, match="flat prior"):
            model.sample_prior(2, rng)
        return
    if model.is_joint:
        with pytest.raises(NotImplementedError, match="no simulate"):  # a density of z alone has no data
            model.simulate(np.zeros(model.n_latent), rng)
        return
    z = model.sample_prior(4, rng)
    assert z.shape == (4, model.n_latent)
    data = model.simulate(z, rng)
    assert len(data) == 4
    other = model.with_data(data[0])
    assert other.log_prior(z[0]) == model.log_prior(z[0])
    assert other.log_likelihood(z[0]) != model.log_likelihood(z[0])
    assert np.isfinite(other.log_likelihood(z[0]))


def test_z_of_another_length_is_refused(model):
    with pytest.raises(ValueError, match=f"z must have shape .*{model.n_latent}"):
        model.log_joint(np.zeros(model.n_latent + 1))


def test_every_number_has_a_name(model):
    assert len(model.space.flatten(model.space.forward(np.zeros(model.n_latent))[0])) == len(
        set(model.space.names)
    )
