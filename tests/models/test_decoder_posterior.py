"""A VAE's own posterior: the same density as its log weights, its gradient, the exact linear answer."""

import naive
import numpy as np
import pytest
from scipy import stats

import scratchvae as sv
from scratchvae.models import DecoderPosterior

N_DATA, N_LATENT = 6, 3


def make(likelihood, rng, hidden=(5,), dtype="float64"):
    """A VAE with weights and biases away from zero, and a datum of its likelihood."""
    vae = sv.VAE(N_DATA, N_LATENT, hidden, likelihood=likelihood, dtype=dtype)
    vae.parameters.value = 0.4 * rng.standard_normal(len(vae.parameters))
    return vae, vae.likelihood.sample(vae.decoder.forward(rng.normal(size=N_LATENT).astype(dtype))[0], rng)


LIKELIHOODS = ["bernoulli", "normal", "normal_fixed:0.5", "poisson", "categorical:4"]


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_log_joint_equals_the_vaes_log_weights_plus_log_q(likelihood, rng):
    vae, x = make(likelihood, rng)
    model = DecoderPosterior(vae, x)
    mu, sigma = model.amortized()
    eps = rng.normal(size=(8, N_LATENT))
    z = mu + sigma * eps
    expected = vae.log_weights(x[None], eps[:, None])[:, 0] + stats.norm.logpdf(z, mu, sigma).sum(axis=1)
    np.testing.assert_allclose(model.log_joint(z), expected, rtol=1e-11)


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
@pytest.mark.parametrize("lead", [(), (4,), (2, 1, 2)])
def test_the_gradients_equal_central_differences(likelihood, lead, rng):
    model = DecoderPosterior(*make(likelihood, rng))
    z = rng.normal(size=(*lead, N_LATENT))
    for function, gradient in [
        (model.log_prior, model.grad_log_prior),
        (model.log_likelihood, model.grad_log_likelihood),
        (model.log_joint, model.grad_log_joint),
    ]:
        assert np.shape(function(z)) == lead
        numerical = naive.numerical_gradient(lambda t, f=function: float(np.sum(f(t))), z, step=1e-4)
        assert naive.relative_error(gradient(z), numerical) < 1e-8


@pytest.mark.parametrize("dlog_prior", [None, 1.0])
def test_forward_and_backward_agree_with_the_four_functions(dlog_prior, rng):
    model = DecoderPosterior(*make("bernoulli", rng))
    z, a = rng.normal(size=(4, N_LATENT)), rng.normal(size=4)
    log_likelihood, log_prior, cache = model.forward(z)
    np.testing.assert_array_equal(log_likelihood, model.log_likelihood(z))
    np.testing.assert_array_equal(log_prior, model.log_prior(z))
    b = None if dlog_prior is None else rng.normal(size=4)
    expected = a[:, None] * model.grad_log_likelihood(z)
    if b is not None:
        expected = expected + b[:, None] * model.grad_log_prior(z)
    np.testing.assert_allclose(model.backward(cache, a, b), expected, rtol=1e-12)


def test_a_linear_decoder_has_the_exact_gaussian_posterior(rng):
    """x = z W + b + 0.5 eps: log p(x, z) - log p(z|x) is log p(x) at every z."""
    vae, x = make("normal_fixed:0.5", rng, hidden=())
    weight, bias = vae.parameters["decoder.0.weight"], vae.parameters["decoder.0.bias"]
    cov = np.linalg.inv(np.eye(N_LATENT) + weight @ weight.T / 0.25)
    mean = cov @ weight @ (x - bias) / 0.25
    log_evidence = stats.multivariate_normal(bias, weight.T @ weight + 0.25 * np.eye(N_DATA)).logpdf(x)
    model = DecoderPosterior(vae, x)
    z = rng.normal(size=(6, N_LATENT))
    exact = stats.multivariate_normal(mean, cov).logpdf(z) + log_evidence
    np.testing.assert_allclose(model.log_joint(z), exact, rtol=1e-11)
    np.testing.assert_allclose(model.grad_log_joint(mean), 0, atol=1e-11)


def test_importance_sampled_evidence_is_the_integral_of_the_joint_density(rng):
    vae = sv.VAE(N_DATA, 1, (4,), dtype="float64", seed=3)
    x = (rng.random(N_DATA) < 0.5).astype(float)
    z = np.linspace(-9, 9, 2001)[:, None]
    integral = np.exp(DecoderPosterior(vae, x).log_joint(z)).sum() * (z[1, 0] - z[0, 0])
    assert vae.log_likelihood(x[None], 20_000, rng)[0] == pytest.approx(np.log(integral), abs=0.02)


def test_the_encoders_answer_is_that_of_the_vae(rng):
    vae, x = make("bernoulli", rng)
    model = DecoderPosterior(vae, x)
    mu, sigma = vae.encode(x[None])
    for got, expected in zip(model.amortized(), (mu[0], sigma[0]), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-13)
    np.testing.assert_allclose(model.amortized_lam(), np.concatenate([mu[0], np.log(sigma[0])]), rtol=1e-12)


def test_the_encoder_may_end_in_another_map(rng):
    vae = sv.VAE(N_DATA, N_LATENT, (5,), posterior="full_rank", dtype="float64")
    x = (rng.random(N_DATA) < 0.5).astype(float)
    model = DecoderPosterior(vae, x)
    assert model.amortized_lam().shape == (vae.posterior.n_params,)
    for got, expected in zip(model.amortized(), vae.encode(x[None]), strict=True):
        np.testing.assert_allclose(got, expected[0], rtol=1e-13)


def test_a_float32_vae_is_computed_in_float64_and_left_alone(rng):
    vae, x = make("bernoulli", rng, dtype="float32")
    vae.parameters.grad = 7.0 * np.ones(len(vae.parameters))
    model = DecoderPosterior(vae, x)
    z = rng.normal(size=(2, N_LATENT))
    before = model.log_joint(z)
    assert before.dtype == np.float64
    assert model.grad_log_joint(z).dtype == np.float64
    assert vae.dtype == np.float32
    np.testing.assert_array_equal(vae.parameters.grad, 7)
    vae.parameters.value *= 2
    np.testing.assert_array_equal(model.log_joint(z), before)


def test_other_data_give_the_posterior_of_the_other_datum(rng):
    vae, x = make("bernoulli", rng)
    z = rng.normal(size=(3, N_LATENT))
    other = DecoderPosterior(vae, x).with_data(1 - x)
    np.testing.assert_array_equal(other.log_joint(z), DecoderPosterior(vae, 1 - x).log_joint(z))
    assert not np.allclose(other.log_joint(z), DecoderPosterior(vae, x).log_joint(z))


def test_simulated_data_have_the_decoders_mean(rng):
    vae, x = make("poisson", rng)
    model = DecoderPosterior(vae, x)
    z = np.repeat(model.sample_prior(1, rng), 5000, axis=0)
    draws = model.simulate(z, rng)
    assert draws.shape == (5000, N_DATA)
    mean = vae.decode(z[0])
    assert (np.abs(draws.mean(axis=0) - mean) < 5 * np.sqrt(mean / 5000)).all()
    assert stats.kstest(model.sample_prior(3000, rng).ravel(), "norm").pvalue > 1e-3


def test_what_is_no_vae_is_refused():
    with pytest.raises(ValueError, match="vae must be a VAE, but this dict has no n_latent"):
        DecoderPosterior({}, np.zeros(N_DATA))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((1, N_DATA)), r"x must have shape \(D,\), one datum"),
        (np.zeros(N_DATA + 1), "x must have shape"),
        (np.full(N_DATA, 0.5), "gray"),
        (np.full(N_DATA, np.nan), "NaN"),
    ],
)
def test_data_that_do_not_fit_are_refused(x, message, rng):
    with pytest.raises(ValueError, match=message):
        DecoderPosterior(make("bernoulli", rng)[0], x)


def test_bad_arguments_of_the_methods_are_refused(rng):
    model = DecoderPosterior(*make("bernoulli", rng))
    with pytest.raises(ValueError, match="z must have shape"):
        model.log_joint(np.zeros((2, N_LATENT + 1)))
    with pytest.raises(ValueError, match="no rows"):
        model.forward(np.zeros((2, N_LATENT)), rows=np.arange(2))
    with pytest.raises(ValueError, match="n must be"):
        model.sample_prior(0, rng)
    with pytest.raises(ValueError, match="rng must be"):
        model.simulate(np.zeros(N_LATENT), 3)


def test_the_gradients_by_the_weights_and_the_datum_are_not_made(rng, monkeypatch):
    """They would take as long as the gradient by z that is asked for."""
    model = DecoderPosterior(*make("bernoulli", rng))
    made, backward = [], model.vae.likelihood.backward

    def noted(*arguments, **options):
        made.append(backward(*arguments, **options)[0])
        return backward(*arguments, **options)

    monkeypatch.setattr(model.vae.likelihood, "backward", noted)
    model.grad_log_joint(rng.normal(size=(4, N_LATENT)))
    assert made == [None]
    assert not model.vae.parameters.grad.any()
