"""The VAE as a whole: its blocks, its loss by naive loops, encoder and decoder, copies, precision."""

import copy
import pickle

import naive
import numpy as np
import pytest
import scipy_densities
from scipy import stats

import scratchvae as sv
from scratchvae import kernels
from scratchvae.bounds import VAE_BOUNDS
from scratchvae.distributions import LIKELIHOODS
from scratchvae.nn import ACTIVATIONS

SPECS = {
    "categorical": "categorical:3",
    "normal_fixed": "normal_fixed:0.7",
    "normal_shared": "normal_shared:0.7",
}
ALL_LIKELIHOODS = [SPECS.get(name, name) for name in LIKELIHOODS]


def make(likelihood="bernoulli", hidden=(5,), activation="tanh", dtype="float64", **options):
    """A small VAE with random biases too: D = 4, L = 2."""
    vae = sv.VAE(4, 2, hidden, activation, likelihood, dtype=dtype, **options)
    rng = np.random.default_rng(1)
    vae.parameters.value = vae.parameters.value / 2 + 0.2 * rng.standard_normal(len(vae.parameters))
    return vae


def data(vae, n=3, seed=2):
    """Data that the likelihood can give."""
    rng = np.random.default_rng(seed)
    params = 0.5 * rng.normal(size=(n, vae.likelihood.n_params(vae.n_data)))
    return vae.likelihood.sample(params, rng)


def noise(n_samples=1, n=3, n_latent=2, seed=3):
    return np.random.default_rng(seed).standard_normal((n_samples, n, n_latent))


# --- structure ----------------------------------------------------------------------------------


def test_the_blocks_have_the_documented_names_and_shapes():
    vae = sv.VAE(n_data=7, n_latent=2, hidden=(5, 3))
    assert vae.parameters.shapes == {
        "encoder.0.weight": (7, 5),
        "encoder.0.bias": (5,),
        "encoder.1.weight": (5, 3),
        "encoder.1.bias": (3,),
        "encoder.2.weight": (3, 4),
        "encoder.2.bias": (4,),
        "decoder.0.weight": (2, 3),
        "decoder.0.bias": (3,),
        "decoder.1.weight": (3, 5),
        "decoder.1.bias": (5,),
        "decoder.2.weight": (5, 7),
        "decoder.2.bias": (7,),
    }


def test_without_hidden_layers_encoder_and_decoder_are_one_linear_map_each():
    vae = sv.VAE(n_data=7, n_latent=2, hidden=(), likelihood="normal")
    assert vae.parameters.shapes == {
        "encoder.0.weight": (7, 4),
        "encoder.0.bias": (4,),
        "decoder.0.weight": (2, 14),
        "decoder.0.bias": (14,),
    }


def test_the_defaults_are_the_documented_ones():
    vae = sv.VAE()
    assert vae.config == {
        "n_data": 784,
        "n_latent": 20,
        "hidden": [500],
        "activation": "tanh",
        "likelihood": "bernoulli",
        "posterior": "diagonal",
        "dtype": "float32",
        "seed": 0,
        "initialization": "auto",
        "prior": "standard_normal",
    }
    assert vae.parameters.value.dtype == np.float32


def test_the_seed_makes_the_weights():
    first, again, other = (sv.VAE(6, 2, (4,), seed=seed).parameters.value for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_encoders_output_packs_the_mean_and_the_log_of_the_standard_deviation():
    vae = make(hidden=())
    vae.parameters["encoder.0.weight"] = 0
    vae.parameters["encoder.0.bias"] = [1.0, 2.0, np.log(3.0), np.log(4.0)]
    mu, sigma = vae.encode(data(vae))
    np.testing.assert_allclose(mu, [[1, 2]] * 3, rtol=1e-15)
    np.testing.assert_allclose(sigma, [[3, 4]] * 3, rtol=1e-15)


def test_the_text_form_shows_the_arguments_and_the_size():
    assert repr(make()).startswith("VAE(n_data=4, n_latent=2, hidden=[5]")
    assert f"{len(make().parameters):,} parameters" in repr(make())


# --- the loss -----------------------------------------------------------------------------------


@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
@pytest.mark.parametrize("n_samples", [1, 3])
@pytest.mark.parametrize("hidden", [(), (5,), (6, 4)])
def test_the_log_weights_are_the_densities_of_scipy_at_z(likelihood, n_samples, hidden, backend):
    """log p(x|z) + log N(z; 0, I) - log N(z; mu, sigma^2): with neither p(eps) nor a determinant."""
    vae = make(likelihood, hidden)
    x, eps = data(vae), noise(n_samples)
    mu, sigma = vae.encode(x)
    z = mu + sigma * eps
    decoded = vae.decoder.forward(z)[0]
    log_likelihood = scipy_densities.log_probs(vae.likelihood, x, decoded)
    log_prior = stats.norm.logpdf(z).sum(axis=-1)
    log_q = stats.norm.logpdf(z, mu, sigma).sum(axis=-1)
    expected = log_likelihood + log_prior - log_q
    np.testing.assert_allclose(vae.log_weights(x, eps), expected, rtol=1e-11)
    np.testing.assert_allclose(vae.elbo(x, eps), expected.mean(axis=0), rtol=1e-11)
    assert vae.loss_and_grad(x, eps) == pytest.approx(-expected.mean(), rel=1e-12)


@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
@pytest.mark.parametrize("activation", ["tanh", "gelu"])
@pytest.mark.parametrize("n_samples", [1, 3])
def test_the_loss_is_the_naive_elbo(likelihood, activation, n_samples, backend):
    """Every sum of the networks and of the densities written out as a loop."""
    vae = make(likelihood, (6, 4), activation)
    x, eps = data(vae), noise(n_samples)
    log_w = naive.log_weights(vae, x, eps, lambda *row: scipy_densities.log_prob(vae.likelihood, *row))
    np.testing.assert_allclose(vae.log_weights(x, eps), log_w, rtol=1e-11)
    assert vae.loss_and_grad(x, eps) == pytest.approx(-log_w.mean(), rel=1e-12)
    assert vae.loss_and_grad(x, eps, bound="elbo") == pytest.approx(-log_w.mean(), rel=1e-12)


@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
def test_the_analytic_kl_bound_is_the_mean_likelihood_less_the_kl(likelihood, backend):
    vae = make(likelihood)
    x, eps = data(vae), noise(3)
    mu, sigma = vae.encode(x)
    decoded = vae.decoder.forward(mu + sigma * eps)[0]
    log_likelihood = scipy_densities.log_probs(vae.likelihood, x, decoded)
    kl = [naive.kl_to_standard_normal(*row) for row in zip(mu, sigma, strict=True)]
    assert vae.loss_and_grad(x, eps, "analytic_kl") == pytest.approx(
        np.mean(kl) - np.mean(log_likelihood), rel=1e-12
    )


def test_the_elbo_and_the_analytic_kl_bound_agree_in_expectation():
    vae = make()
    x, n_samples = data(vae, n=1), 40_000
    eps = noise(n_samples, n=1)
    log_w = vae.log_weights(x, eps)[:, 0]
    analytic = -vae.loss_and_grad(x, eps, "analytic_kl")
    # Both bounds see the same noise; their difference is the Monte Carlo error of the KL term alone.
    assert abs(log_w.mean() - analytic) < 4 * log_w.std() / np.sqrt(n_samples)
    assert log_w.mean() != analytic


@pytest.mark.parametrize("bound", VAE_BOUNDS)
def test_a_bound_may_be_given_as_an_object(bound):
    vae = make()
    x, eps = data(vae), noise(2)
    assert vae.loss_and_grad(x, eps, VAE_BOUNDS[bound]()) == vae.loss_and_grad(x, eps, bound)


@pytest.mark.parametrize("bound", VAE_BOUNDS)
def test_the_loss_is_a_python_float_and_the_arguments_are_left_alone(bound):
    vae = make()
    x, eps = data(vae), noise(2)
    before = x.copy(), eps.copy(), vae.parameters.value.copy()
    assert type(vae.loss_and_grad(x, eps, bound)) is float
    for array, copied in zip((x, eps, vae.parameters.value), before, strict=True):
        np.testing.assert_array_equal(array, copied)


# --- precision and backends ---------------------------------------------------------------------


@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
@pytest.mark.parametrize("bound", VAE_BOUNDS)
def test_both_backends_give_the_same_loss_and_gradient(likelihood, bound, dtype):
    vae = make(likelihood, dtype=dtype)
    x, eps = data(vae), noise(3)
    results = []
    for backend in kernels.BACKENDS:
        with kernels.using(backend):
            results.append([vae.loss_and_grad(x, eps, bound), vae.parameters.grad.copy()])
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    assert results[0][0] == pytest.approx(results[1][0], rel=tolerance)
    assert naive.relative_error(results[0][1], results[1][1]) < tolerance


@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
@pytest.mark.parametrize("bound", VAE_BOUNDS)
def test_float32_is_close_to_float64(likelihood, bound, backend):
    double = make(likelihood)
    single = double.astype("float32")
    x, eps = data(double), noise(3)
    assert single.loss_and_grad(x, eps, bound) == pytest.approx(double.loss_and_grad(x, eps, bound), rel=1e-5)
    assert naive.relative_error(single.parameters.grad, double.parameters.grad) < 1e-5


@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
def test_everything_stays_in_the_models_precision(likelihood, dtype, rng):
    vae = make(likelihood, dtype=dtype)
    x = data(vae)
    arrays = [*vae.encode(x), vae.decode(np.zeros((3, 2))), vae.reconstruct(x), vae.sample(3, rng)]
    arrays += [vae.sample_mean(3, rng), vae.log_weights(x, noise()), vae.elbo(x, noise())]
    terms, cache = vae.forward(vae.check_data(x), noise().astype(dtype))
    arrays += [term for term in terms if isinstance(term, np.ndarray)]
    assert {array.dtype.name for array in arrays} == {dtype}


def test_astype_copies_the_parameters():
    vae = make()
    single = vae.astype("float32")
    single.parameters.value = np.zeros(len(vae.parameters))
    assert vae.parameters.value.any()
    assert single.dtype == np.float32
    assert single.config == {**vae.config, "dtype": "float32"}


# --- encoder and decoder by themselves ----------------------------------------------------------


def test_encode_gives_the_mean_and_a_positive_standard_deviation(backend):
    vae = make()
    mu, sigma = vae.encode(data(vae, 5))
    assert mu.shape == sigma.shape == (5, 2)
    assert (sigma > 0).all()


@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
@pytest.mark.parametrize("lead", [(), (3,), (2, 3)])
def test_decode_gives_the_mean_of_x_for_any_leading_axes(likelihood, lead, rng):
    vae = make(likelihood)
    z = rng.normal(size=(*lead, 2))
    mean = vae.decode(z)
    assert mean.shape == (*lead, 4)
    for place in np.ndindex(lead):
        params = np.array(naive.mlp(vae.parameters, "decoder.", "tanh", z[place]))
        np.testing.assert_allclose(mean[place], vae.likelihood.mean(params), rtol=1e-12)


@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
def test_the_fitted_output_bias_has_nothing_to_gain_without_z(likelihood):
    """With the last weights at zero the decoder is the same for all z, and its bias the best for the data."""
    vae = make(likelihood)
    x = data(vae, 300)
    vae.parameters["decoder.1.weight"] = 0
    eps = np.random.default_rng(0).standard_normal((1, 300, 2))
    before = vae.loss(x, eps)
    vae.fit_output_bias(x)
    assert vae.loss_and_grad(x, eps) < before
    smoothed = 0.02 if likelihood.startswith("categorical") else 1e-9  # each level counts once more
    np.testing.assert_allclose(vae.parameters.gradient("decoder.1.bias"), 0, atol=smoothed)


def test_reconstruct_decodes_the_mean_of_the_posterior():
    vae = make()
    x = data(vae)
    np.testing.assert_array_equal(vae.reconstruct(x), vae.decode(vae.encode(x)[0]))


@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
def test_samples_can_come_from_the_likelihood_and_follow_the_generator(likelihood):
    vae = make(likelihood)
    first, again, other = (vae.sample(50, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.shape == (50, 4)
    vae.likelihood.check(first)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_samples_have_the_mean_of_the_decoder_over_the_prior(rng):
    vae = make()
    x, means = vae.sample(40_000, rng), vae.sample_mean(40_000, rng)
    difference = x.mean(axis=0) - means.mean(axis=0)
    standard_error = np.sqrt((x.var(axis=0) + means.var(axis=0)) / len(x))
    assert (np.abs(difference) < 4 * standard_error).all()


def test_samples_of_a_linear_gaussian_model_have_its_covariance(rng):
    vae = make("normal_fixed:0.5", hidden=())
    weight, bias = vae.parameters["decoder.0.weight"], vae.parameters["decoder.0.bias"]
    exact = stats.multivariate_normal(bias, weight.T @ weight + 0.25 * np.eye(4))
    x = vae.sample(40_000, rng)
    np.testing.assert_allclose(np.cov(x.T), exact.cov, atol=0.08)
    assert (np.abs(x.mean(axis=0) - bias) < 4 * x.std(axis=0) / np.sqrt(len(x))).all()


# --- copies -------------------------------------------------------------------------------------


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda vae: pickle.loads(pickle.dumps(vae))])
def test_a_copy_is_a_model_of_its_own_whose_views_live(twin):
    vae = make()
    x, eps = data(vae), noise()
    loss, grad = vae.loss_and_grad(x, eps), vae.parameters.grad.copy()
    other = twin(vae)
    assert other.loss_and_grad(x, eps) == loss
    other.parameters.value = other.parameters.value + 0.1  # every layer must see it
    assert other.loss_and_grad(x, eps) != loss
    assert vae.loss_and_grad(x, eps) == loss
    np.testing.assert_array_equal(vae.parameters.grad, grad)


# --- what x may be ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [bool, np.uint8, np.int64, np.float16, np.float32, np.float64, list])
def test_binary_data_of_any_type_give_the_same_loss(kind):
    vae = make()
    x, eps = data(vae), noise()
    other = x.tolist() if kind is list else x.astype(kind)
    assert vae.loss_and_grad(other, eps.tolist()) == vae.loss_and_grad(x, eps)


@pytest.mark.parametrize("arranged", [np.asfortranarray, lambda a: a[::-1][::-1], lambda a: a.astype(">f8")])
def test_data_may_lie_in_memory_in_any_order(arranged):
    vae = make()
    x, eps = data(vae), noise(3)
    assert vae.loss_and_grad(arranged(x), arranged(eps)) == vae.loss_and_grad(x, eps)


def test_gray_levels_are_scaled_for_the_encoder_only():
    vae = make("categorical:3")
    x = np.array([[0, 1, 2, 2]])
    lam = naive.mlp(vae.parameters, "encoder.", "tanh", x[0] / 2)
    np.testing.assert_allclose(vae.encode(x)[0][0], lam[:2], rtol=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("initialization", ["auto", "kingma_welling"])
def test_every_activation_makes_a_model_with_finite_loss(activation, initialization, dtype):
    vae = sv.VAE(4, 2, (5,), activation, dtype=dtype, initialization=initialization)
    assert np.isfinite(vae.loss_and_grad(data(vae), noise()))
    assert np.isfinite(vae.parameters.grad).all()
