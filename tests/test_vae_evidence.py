"""log p(x): a linear Gaussian VAE has it exactly; the importance-sampled one must not stray from it."""

import tracemalloc

import naive
import numpy as np
import pytest
from scipy import stats
from test_vae import ALL_LIKELIHOODS, data, make

import scratchvae as sv
from scratchvae import vae_evidence as vae_module
from scratchvae.bounds import VAE_BOUNDS

SIGMA = 0.5


def linear_gaussian(dtype="float64", weight=None):
    """x = z W + b + SIGMA noise with D = 4 and L = 2, and the encoder that is exact for orthogonal W.

    Then the posterior's covariance is C = (I + W W^T / s^2)^-1 and its mean C W (x - b) / s^2.
    """
    vae = sv.VAE(4, 2, (), likelihood=f"normal_fixed:{SIGMA}", dtype=dtype)
    weight = np.array([[0.8, 0.4, 0.0, 0.4], [0.5, -0.5, 0.9, -0.5]]) if weight is None else weight
    bias = np.array([0.5, -1.0, 0.0, 2.0])
    covariance = np.linalg.inv(np.eye(2) + weight @ weight.T / SIGMA**2)
    to_mean = weight.T @ covariance / SIGMA**2  # (D, L)
    vae.parameters["decoder.0.weight"], vae.parameters["decoder.0.bias"] = weight, bias
    vae.parameters["encoder.0.weight"] = np.concatenate([to_mean, np.zeros((4, 2))], axis=1)
    log_sigma = 0.5 * np.log(np.diag(covariance))
    vae.parameters["encoder.0.bias"] = np.concatenate([-bias @ to_mean, log_sigma])
    return vae


def exact_log_evidence(vae, x):
    """log N(x; b, W^T W + s^2 I)."""
    weight, bias = vae.parameters["decoder.0.weight"], vae.parameters["decoder.0.bias"]
    return stats.multivariate_normal(bias, weight.T @ weight + SIGMA**2 * np.eye(4)).logpdf(x)


def with_a_wrong_encoder(vae):
    """The same model with a posterior that is too wide and off its mean."""
    vae.parameters["encoder.0.bias"] = vae.parameters["encoder.0.bias"] + [0.2, -0.2, 0.3, 0.3]
    return vae


def test_with_the_exact_posterior_every_log_weight_is_the_log_evidence(backend, rng):
    """p(x, z) / q(z|x) = p(x) for all z: no sampling error is left."""
    vae = linear_gaussian()
    x = vae.sample(6, rng)
    exact = exact_log_evidence(vae, x)
    np.testing.assert_allclose(vae.log_weights(x, rng.standard_normal((3, 6, 2))), [exact] * 3, rtol=1e-12)
    np.testing.assert_allclose(vae.log_likelihood(x, 3, rng), exact, rtol=1e-12)


@pytest.mark.parametrize("bound", [name for name in VAE_BOUNDS if not VAE_BOUNDS[name].needs_prior])
def test_with_the_exact_posterior_the_gradient_of_the_encoder_vanishes_in_expectation(bound, rng):
    vae = linear_gaussian()
    x = vae.sample(1, rng)
    gradients = []
    for _ in range(400):
        vae.loss_and_grad(x, rng.standard_normal((2, 1, 2)), bound)
        gradients.append(vae.parameters.gradient("encoder.0.bias").copy())
    mean, standard_error = np.mean(gradients, axis=0), np.std(gradients, axis=0) / np.sqrt(400)
    assert (np.abs(mean) < 4 * standard_error + 1e-12).all()


def test_a_wrong_encoder_is_corrected_by_importance_sampling(backend, rng):
    vae = with_a_wrong_encoder(linear_gaussian())
    x, n_samples = vae.sample(20, rng), 4000
    exact = exact_log_evidence(vae, x)
    w = np.exp(vae.log_weights(x, rng.standard_normal((n_samples, 20, 2))) - exact)
    standard_error = w.std(axis=0) / np.sqrt(n_samples)  # of the mean weight p(x) / p(x) = 1
    estimate = vae.log_likelihood(x, n_samples, rng)
    assert (np.abs(estimate - exact) < 4.5 * standard_error).all()
    assert abs((estimate - exact).mean()) < 4 * np.linalg.norm(standard_error) / 20


@pytest.mark.parametrize("bound", [name for name in VAE_BOUNDS if name != "vr_max"])  # which is none
def test_every_bound_lies_below_the_log_evidence(bound, rng):
    vae = with_a_wrong_encoder(linear_gaussian())
    x = vae.sample(50, rng)
    draws = [-vae.loss(x, rng.standard_normal((3, 50, 2)), bound) for _ in range(700)]
    assert np.mean(draws) < exact_log_evidence(vae, x).mean() - 1e-2


def test_the_importance_weighted_bound_rises_with_its_samples_towards_the_log_evidence(rng):
    vae = with_a_wrong_encoder(linear_gaussian())
    x = vae.sample(50, rng)
    means = {
        n_samples: np.mean(
            [-vae.loss(x, rng.standard_normal((n_samples, 50, 2)), "iwae") for _ in range(200)]
        )
        for n_samples in (1, 4, 16, 1000)
    }
    exact = exact_log_evidence(vae, x).mean()
    assert means[1] < means[4] < means[16] < exact
    assert means[1000] == pytest.approx(exact, abs=0.02)


def test_the_estimate_tightens_with_more_samples(rng):
    """In expectation it rises with S (Burda et al. 2016, theorem 1) and stays below the evidence."""
    vae = with_a_wrong_encoder(linear_gaussian())
    x = np.repeat(vae.sample(1, rng), 3000, axis=0)
    exact = exact_log_evidence(vae, x[:1])
    means = [vae.log_likelihood(x, n_samples, rng).mean() for n_samples in (1, 5, 25)]
    assert means[0] < means[1] < means[2] < exact + 0.02


def test_one_sample_is_the_elbo(rng):
    vae = make()
    x = data(vae)
    eps = np.random.default_rng(5).standard_normal((1, 3, 2))
    np.testing.assert_allclose(
        vae.log_likelihood(x, 1, np.random.default_rng(5)), vae.elbo(x, eps), rtol=1e-13
    )


@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
def test_the_estimate_is_the_log_mean_weight(likelihood, backend):
    vae = make(likelihood)
    x = data(vae)
    log_w = vae.log_weights(x, np.random.default_rng(5).standard_normal((40, 3, 2)))
    expected = [naive.log_mean_exp(list(column)) for column in log_w.T]
    got = vae.log_likelihood(x, 40, np.random.default_rng(5))
    assert got.dtype == np.float64
    np.testing.assert_allclose(got, expected, rtol=1e-12)


@pytest.mark.parametrize("max_rows", [3, 7, 9, 100])
def test_taking_the_samples_some_at_a_time_changes_nothing(max_rows, monkeypatch):
    vae = make()
    x = data(vae)
    whole = vae.log_likelihood(x, 50, np.random.default_rng(5))
    monkeypatch.setattr(vae_module, "MAX_ROWS", max_rows)
    np.testing.assert_allclose(vae.log_likelihood(x, 50, np.random.default_rng(5)), whole, rtol=1e-13)


def test_more_data_than_rows_at_once_are_taken_in_blocks(monkeypatch):
    vae = make()
    x, done = data(vae, 7), []
    monkeypatch.setattr(vae_module, "MAX_ROWS", 3)
    got = vae.log_likelihood(x, 50, np.random.default_rng(5), progress=done.append)
    rng = np.random.default_rng(5)
    blocks = [vae.log_likelihood(x[start : start + 3], 50, rng) for start in (0, 3, 6)]
    np.testing.assert_array_equal(got, np.concatenate(blocks))
    assert done == [3, 3, 1]


def test_memory_does_not_grow_with_the_number_of_samples():
    vae = make(hidden=(20,))
    x = data(vae, 200)

    def peak(n_samples):
        tracemalloc.start()
        try:
            vae.log_likelihood(x, n_samples, np.random.default_rng(0))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(20)  # whatever is loaded or compiled at a first call
    assert peak(400) < 1.3 * peak(40)


def test_float32_is_close_to_the_exact_evidence(rng):
    vae = linear_gaussian("float32")
    x = vae.sample(6, rng)
    np.testing.assert_allclose(vae.log_likelihood(x, 10, rng), exact_log_evidence(vae, x), rtol=1e-5)


@pytest.mark.parametrize("n_samples", [0, -5, 2.5, "many", None])
def test_a_number_of_samples_that_is_no_positive_whole_number_is_refused(n_samples, rng):
    vae = make()
    with pytest.raises(ValueError, match="n_samples must be a whole number of at least 1"):
        vae.log_likelihood(data(vae), n_samples, rng)


def test_fewer_rows_are_decoded_at_once_if_each_makes_many_values():
    assert sv.VAE(784, 2, (4,)).rows_at_once == 4096
    wide = sv.VAE(784, 2, (4,), likelihood="categorical:256")
    assert wide.rows_at_once * 784 * 256 <= 2**22
    tracemalloc.start()
    wide.log_likelihood(np.zeros((2, 784)), 100, np.random.default_rng(0))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500e6
