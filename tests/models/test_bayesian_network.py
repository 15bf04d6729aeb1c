"""The Bayesian network: one MLP after the other, the exact linear answer, gradients, simulation."""

import naive
import numpy as np
import pytest
from scipy import stats

from scratchvae.models import BayesianNetwork
from scratchvae.nn import ACTIVATIONS, MLP

N, D = 7, 2


@pytest.fixture
def data(rng):
    x = rng.normal(size=(N, D))
    return x, np.sin(x).sum(axis=1)


def literal_log_joint(model, z):
    """log p(y|w) + log p(w) through one `nn.MLP` and SciPy's densities; the noise is z's last entry."""
    mlp = MLP(model.sizes, model.activation)
    n_weights = len(mlp.parameters)
    mlp.parameters.value = z[:n_weights]
    f = mlp.forward(model.x)[0].reshape(model.y.shape)
    log_p = stats.norm.logpdf(z[:n_weights], 0, model.prior_sigma).sum()
    sigma = model.noise_sigma
    if sigma is None:
        sigma = np.exp(z[-1])
        log_p += stats.halfnorm.logpdf(sigma, scale=model.noise_scale) + z[-1]  # log|d sigma / dz|
    return log_p + stats.norm.logpdf(model.y, f, sigma).sum()


@pytest.mark.parametrize("noise_sigma", [0.3, None])
@pytest.mark.parametrize("hidden", [(), (3,), (4, 2)])
def test_log_joint_equals_one_network_and_scipys_densities(data, hidden, noise_sigma, rng):
    model = BayesianNetwork(*data, hidden, noise_sigma=noise_sigma, prior_sigma=0.8, noise_scale=0.5)
    z = rng.normal(size=(2, 3, model.n_latent))
    log_joint = model.log_joint(z)
    assert log_joint.shape == (2, 3)
    for place in np.ndindex(2, 3):
        assert log_joint[place] == pytest.approx(literal_log_joint(model, z[place]), rel=1e-12)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_the_gradient_equals_central_differences(data, activation, rng):
    model = BayesianNetwork(*data, (4, 3), activation, noise_sigma=None)
    z = rng.normal(size=(3, model.n_latent))
    numerical = naive.numerical_gradient(lambda t: float(model.log_joint(t).sum()), z, step=1e-5)
    assert naive.relative_error(model.grad_log_joint(z), numerical) < 1e-7


def test_the_gradient_of_the_weights_is_that_of_mlp_backward(data, rng):
    model = BayesianNetwork(*data, (4,), noise_sigma=0.3)
    z = rng.normal(size=(5, model.n_latent))
    gradient = model.grad_log_likelihood(z)
    for k in range(5):
        mlp = model.network(z[k])
        f, cache = mlp.forward(model.x)
        mlp.backward(cache, (model.y[:, None] - f) / 0.3**2)
        np.testing.assert_allclose(gradient[k], mlp.parameters.grad, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("noise_sigma", [0.3, None])
def test_forward_and_backward_agree_with_the_four_functions(data, noise_sigma, rng):
    model = BayesianNetwork(*data, noise_sigma=noise_sigma)
    z = rng.normal(size=(4, model.n_latent))
    log_likelihood, log_prior, cache = model.forward(z)
    np.testing.assert_allclose(log_likelihood, model.log_likelihood(z), rtol=1e-14)
    np.testing.assert_allclose(log_prior, model.log_prior(z), rtol=1e-14)
    a, b = rng.normal(size=(2, 4))
    expected = a[:, None] * model.grad_log_likelihood(z) + b[:, None] * model.grad_log_prior(z)
    np.testing.assert_allclose(model.backward(cache, a, b), expected, rtol=1e-12)


def test_a_single_z_needs_no_leading_axis(data, rng):
    model = BayesianNetwork(*data, noise_sigma=None)
    z = rng.normal(size=(2, model.n_latent))
    assert np.shape(model.log_joint(z[1])) == ()
    np.testing.assert_allclose(model.log_joint(z)[1], model.log_joint(z[1]), rtol=1e-14)
    np.testing.assert_allclose(model.grad_log_joint(z)[1], model.grad_log_joint(z[1]), rtol=1e-12)


def test_without_hidden_layers_the_posterior_is_that_of_linear_regression(data, rng):
    """log p(y, w) - log p(w|y), both normal in closed form, is log p(y) for every w."""
    x, y = data
    model = BayesianNetwork(x, y, hidden=(), noise_sigma=0.4, prior_sigma=1.5)
    design = np.column_stack([x, np.ones(N)])  # the weights come before the bias
    cov = np.linalg.inv(design.T @ design / 0.4**2 + np.eye(D + 1) / 1.5**2)
    posterior = stats.multivariate_normal(cov @ design.T @ y / 0.4**2, cov)
    log_evidence = stats.multivariate_normal(
        np.zeros(N), 0.4**2 * np.eye(N) + 1.5**2 * design @ design.T
    ).logpdf(y)
    z = rng.normal(size=(6, D + 1))
    np.testing.assert_allclose(model.log_joint(z) - posterior.logpdf(z), log_evidence, rtol=1e-11)


def test_minibatches_add_up_to_all_rows(data, rng):
    model = BayesianNetwork(*data, noise_sigma=None)
    assert model.n_data == N
    z = rng.normal(size=(3, model.n_latent))
    parts = [np.arange(3), np.arange(3, N)]
    log_p = sum(model.log_likelihood(z, rows) for rows in parts)
    gradient = sum(model.grad_log_likelihood(z, rows) for rows in parts)
    np.testing.assert_allclose(log_p, model.log_likelihood(z), rtol=1e-12)
    np.testing.assert_allclose(gradient, model.grad_log_likelihood(z), rtol=1e-10, atol=1e-12)
    scaled, _, cache = model.forward(z, parts[0])
    np.testing.assert_allclose(scaled, N / 3 * model.log_likelihood(z, parts[0]), rtol=1e-14)
    expected = N / 3 * model.grad_log_likelihood(z, parts[0])
    np.testing.assert_allclose(model.backward(cache, np.ones(3), None), expected, rtol=1e-12)


def test_predictions_are_the_networks_outputs(data, rng):
    model = BayesianNetwork(*data, (4, 3), noise_sigma=None)
    z, x_new = rng.normal(size=(2, 3, model.n_latent)), rng.normal(size=(5, D))
    f = model.predict(z, x_new)
    assert f.shape == (2, 3, 5)
    np.testing.assert_allclose(f[1, 2], model.network(z[1, 2]).forward(x_new)[0][:, 0], rtol=1e-12)


def test_several_responses_are_columns(rng):
    x, y = rng.normal(size=(N, D)), rng.normal(size=(N, 3))
    model = BayesianNetwork(x, y, (4,), noise_sigma=None)
    z = rng.normal(size=(2, model.n_latent))
    assert model.predict(z, x).shape == (2, N, 3)
    assert model.simulate(z, rng).shape == (2, N, 3)
    assert model.log_joint(z)[1] == pytest.approx(literal_log_joint(model, z[1]), rel=1e-12)
    numerical = naive.numerical_gradient(model.log_joint, z[0], step=1e-4)
    assert naive.relative_error(model.grad_log_joint(z[0]), numerical) < 1e-8


def test_a_vector_of_inputs_is_one_column(rng):
    x, y = rng.normal(size=(2, N))
    vector, column = BayesianNetwork(x, y), BayesianNetwork(x[:, None], y)
    z = rng.normal(size=(3, vector.n_latent))
    np.testing.assert_array_equal(vector.log_joint(z), column.log_joint(z))
    np.testing.assert_array_equal(vector.predict(z, x), column.predict(z, x[:, None]))


def test_hidden_units_may_change_places_and_signs(data, rng):
    """Why the posterior has 2^H H! equal modes."""
    model = BayesianNetwork(*data, (3,))
    theta = model.space.forward(rng.normal(size=model.n_latent))[0]
    order, sign = np.array([2, 0, 1]), np.array([1.0, -1.0, 1.0])
    other = {
        "0.weight": sign * theta["0.weight"][:, order],
        "0.bias": sign * theta["0.bias"][order],
        "1.weight": sign[:, None] * theta["1.weight"][order],
        "1.bias": theta["1.bias"],
    }
    here, there = model.space.inverse(theta), model.space.inverse(other)
    assert not np.allclose(here, there)
    assert model.log_joint(here) == pytest.approx(model.log_joint(there), rel=1e-12)


def test_draws_from_the_prior_have_its_moments(data, rng):
    model = BayesianNetwork(*data, (3,), noise_sigma=None, prior_sigma=2.0, noise_scale=0.5)
    z = model.sample_prior(4000, rng)
    assert stats.kstest(z[:, :-1].ravel() / 2, "norm").pvalue > 1e-3
    assert stats.kstest(np.exp(z[:, -1]), stats.halfnorm(scale=0.5).cdf).pvalue > 1e-3


def test_simulated_responses_scatter_around_the_prediction_by_the_noise(data, rng):
    model = BayesianNetwork(*data, (3,), noise_sigma=None)
    z = np.repeat(model.sample_prior(1, rng), 3000, axis=0)
    y = model.simulate(z, rng)
    assert y.shape == (3000, N)
    residual = (y - model.predict(z, model.x)) * np.exp(-z[0, -1])
    assert stats.kstest(residual.ravel(), "norm").pvalue > 1e-3


def test_other_data_change_the_responses_and_nothing_else(data, rng):
    x, y = data
    y_new = rng.normal(size=N)
    settings = {"activation": "elu", "noise_sigma": None, "prior_sigma": 0.7, "noise_scale": 2.0}
    other = BayesianNetwork(x, y, (3,), **settings).with_data(y_new)
    z = rng.normal(size=other.n_latent)
    assert other.log_joint(z) == BayesianNetwork(x, y_new, (3,), **settings).log_joint(z)
    with pytest.raises(ValueError, match="y must have the shape"):
        other.with_data(y_new[:-1])


def test_parameters_carry_the_networks_names(data):
    names = BayesianNetwork(*data, (1,), noise_sigma=None).space.names
    assert names == (
        "0.weight[0,0]",
        "0.weight[1,0]",
        "0.bias[0]",
        "1.weight[0,0]",
        "1.bias[0]",
        "noise_sigma",
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": np.zeros((N, 0))}, "x must have shape"),
        ({"x": np.zeros((N, 2, 2))}, "x must have shape"),
        ({"x": np.full((N, D), np.nan)}, "x has 14 NaN"),
        ({"y": np.zeros(N + 1)}, "y must have shape .* N = 7 rows"),
        ({"y": np.full(N, np.inf)}, "y has 7 NaN or infinite"),
        ({"hidden": 8}, "hidden must be a sequence"),
        ({"hidden": (0,)}, "a width in hidden"),
        ({"activation": "tahn"}, "did you mean 'tanh'"),
        ({"noise_sigma": 0}, "noise_sigma must lie in"),
        ({"prior_sigma": -1}, "prior_sigma must lie in"),
        ({"noise_scale": np.inf}, "noise_scale must lie in"),
    ],
)
def test_bad_input_is_refused(data, change, message):
    with pytest.raises(ValueError, match=message):
        BayesianNetwork(**({"x": data[0], "y": data[1]} | change))


def test_bad_arguments_of_the_methods_are_refused(data):
    model = BayesianNetwork(*data)
    with pytest.raises(ValueError, match="x_new must have 2 columns"):
        model.predict(np.zeros(model.n_latent), np.zeros(3))
    with pytest.raises(ValueError, match="z must have shape"):
        model.log_joint(np.zeros(3))
    with pytest.raises(ValueError, match="z must be one vector"):
        model.network(np.zeros((2, model.n_latent)))
