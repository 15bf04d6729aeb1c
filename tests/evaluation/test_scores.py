"""The scores of a data set against direct computation, and against the exact evidence."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from scratchvae import importance
from scratchvae.data import as_dataset
from scratchvae.evaluation import evaluate, mean_bound, scores
from scratchvae.vae import VAE

pytestmark = pytest.mark.usefixtures("backend")


@pytest.fixture
def vae():
    return VAE(6, 2, (5,), dtype="float64", seed=1)


@pytest.fixture
def dataset(rng):
    return as_dataset((rng.random((23, 6)) < 0.4).astype("float64"))


def direct_elbos(vae, dataset, seed):
    eps = np.random.default_rng(seed).standard_normal((1, len(dataset), vae.n_latent))
    return vae.log_weights(dataset.x, eps)[0]


def direct_log_weights(vae, dataset, n_samples, seed):
    """(K, N), each datum's noise from its own generator."""
    shape = (n_samples, vae.n_latent)
    eps = [np.random.default_rng([seed, 1, i]).standard_normal(shape) for i in range(len(dataset))]
    return vae.log_weights(dataset.x, np.stack(eps, axis=1))


def test_the_averages_and_their_standard_errors_by_hand(vae, dataset):
    found = evaluate(vae, dataset, n_samples=7, seed=5)
    log_w = direct_log_weights(vae, dataset, 7, 5)
    for got, error, each in (
        (found.elbo, found.elbo_error, log_w.mean(axis=0)),
        (found.log_p, found.log_p_error, logsumexp(log_w, axis=0) - math.log(7)),
    ):
        assert got == pytest.approx(sum(each) / 23, rel=1e-12)
        variance = sum((value - each.mean()) ** 2 for value in each) / 22
        assert error == pytest.approx(math.sqrt(variance / 23), rel=1e-12)
    assert (found.n_data, found.n_total, found.n_samples) == (23, 23, 7)


def test_the_validation_bound_by_hand(vae, dataset):
    expected = direct_elbos(vae, dataset, 5).mean()
    assert mean_bound(vae, dataset, seed=5) == pytest.approx(expected, rel=1e-12)


def test_noise_bias_and_effective_sample_size_are_means_over_the_data(vae, dataset):
    found = evaluate(vae, dataset, n_samples=50, seed=5)
    log_w = direct_log_weights(vae, dataset, 50, 5)
    _, error = importance.log_evidence(log_w)
    assert found.log_p_noise == pytest.approx(math.sqrt(sum(error**2)) / 23, rel=1e-9)
    assert found.bias == pytest.approx((error**2).mean() / 2, rel=1e-9)
    assert found.ess == pytest.approx(importance.effective_sample_size(log_w).mean(), rel=1e-9)
    khat = importance.psis(log_w)[1]
    assert found.share_untrusted == pytest.approx((khat > importance.khat_threshold(50)).mean())


def test_log_p_lies_above_the_elbo(vae, dataset):
    """A bound by 200 samples is tighter than by one (Burda et al. 2016)."""
    vae.parameters.value = 2 * vae.parameters.value
    found = evaluate(vae, dataset, n_samples=200)
    assert found.log_p > found.elbo


def test_with_one_sample_log_p_is_the_elbo(vae, dataset):
    """log (1/1) sum w = log w."""
    found = evaluate(vae, dataset, n_samples=1)
    assert found.log_p == pytest.approx(found.elbo, rel=1e-12)
    assert found.log_p_error == pytest.approx(found.elbo_error, rel=1e-12)


@pytest.mark.parametrize("block", [1, 4, 10, 23, 1000])
def test_blocks_do_not_change_the_elbo(block, vae, dataset, monkeypatch):
    monkeypatch.setattr(scores, "BLOCK", block)
    np.testing.assert_allclose(
        scores.elbo_of_each(vae, dataset, 5), direct_elbos(vae, dataset, 5), rtol=1e-12
    )


def test_progress_counts_every_datum_once(vae, dataset):
    done = []
    with_progress = evaluate(vae, dataset, n_samples=1000, progress=done.append)
    assert sum(done) == 23
    assert len(done) > 1
    assert with_progress == evaluate(vae, dataset, n_samples=1000)


def test_the_seed_is_the_noise(vae, dataset):
    assert evaluate(vae, dataset, 4, seed=1) == evaluate(vae, dataset, 4, seed=1)
    other = evaluate(vae, dataset, 4, seed=2)
    first = evaluate(vae, dataset, 4, seed=1)
    assert first.elbo != other.elbo
    assert first.log_p != other.log_p


def test_the_model_and_the_data_are_left_alone(vae, dataset):
    before = vae.parameters.value.copy(), vae.parameters.grad.copy(), dataset.x.copy()
    evaluate(vae, dataset, 2)
    for now, then in zip((vae.parameters.value, vae.parameters.grad, dataset.x), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_bytes_are_scaled(rng):
    vae = VAE(6, 2, (), likelihood="normal_fixed:0.3", dtype="float64", seed=1)
    gray = rng.integers(0, 256, (9, 6)).astype(np.uint8)
    assert mean_bound(vae, as_dataset(gray)) == pytest.approx(
        mean_bound(vae, as_dataset(gray / 255)), rel=1e-12
    )


def test_float32_agrees_with_float64(dataset):
    vae = VAE(6, 2, (5,), dtype="float32", seed=1)
    eps = np.random.default_rng(5).standard_normal((1, 23, 2), "float32")
    expected = vae.astype("float64").log_weights(dataset.x, eps).mean()
    assert mean_bound(vae, dataset, seed=5) == pytest.approx(expected, rel=1e-5)


def test_a_single_datum_has_no_standard_error(vae, dataset):
    found = evaluate(vae, dataset.subset(slice(0, 1)), 2)
    assert math.isfinite(found.elbo)
    assert math.isnan(found.elbo_error)


def test_the_text_gives_all_numbers(vae, dataset):
    found = evaluate(vae, dataset, n_samples=3)
    for shown in (f"{found.elbo:.3f}", f"{found.log_p_error:.3f}", "3 importance samples", "over 23 data"):
        assert shown in str(found)
    assert "PARTIAL" not in str(found)


@pytest.mark.parametrize("n_samples", [0, -1, 2.5, True, "many"])
def test_a_wrong_number_of_samples_is_a_clear_error(n_samples, vae, dataset):
    with pytest.raises(ValueError, match="n_samples must be a whole number"):
        evaluate(vae, dataset, n_samples)


# --- the exact evidence -------------------------------------------------------------------------


@pytest.fixture(params=[1, 2])
def linear(request, rng):
    """x = W^T z + b + sigma e with z ~ N(0, I): p(x) = N(b, W^T W + sigma^2 I), probabilistic PCA."""
    n_latent, sigma = request.param, 0.6
    vae = VAE(4, n_latent, (), likelihood=f"normal_fixed:{sigma}", dtype="float64", seed=2)
    vae.parameters["decoder.0.weight"] = weight = rng.standard_normal((n_latent, 4))
    vae.parameters["decoder.0.bias"] = bias = rng.standard_normal(4)
    exact = stats.multivariate_normal(bias, weight.T @ weight + sigma**2 * np.eye(4))
    return vae, exact, weight, bias, sigma


def set_encoder(vae, weight, bias, sigma, spread=1.0):
    """The exact posterior mean, and the exact scale times `spread` (the covariance is diagonal at L = 1)."""
    precision = np.eye(len(weight)) + weight @ weight.T / sigma**2
    gain = np.linalg.solve(precision, weight / sigma**2).T  # (D, L)
    log_sigma = np.log(spread) + 0.5 * np.log(np.diag(np.linalg.inv(precision)))
    vae.parameters["encoder.0.weight"] = np.hstack([gain, np.zeros_like(gain)])
    vae.parameters["encoder.0.bias"] = np.concatenate([-bias @ gain, log_sigma])


def test_log_p_is_the_exact_evidence_of_a_linear_model(linear, rng):
    vae, exact, *model = linear
    set_encoder(vae, *model, spread=1.3)  # wider than the posterior, as importance sampling needs it
    x = exact.rvs(60, random_state=rng)
    n_samples, n_repeats = 400, 8
    estimates = [evaluate(vae, as_dataset(x), n_samples, seed=seed).log_p for seed in range(n_repeats)]
    truth = exact.logpdf(x).mean()
    error = np.std(estimates, ddof=1) / math.sqrt(n_repeats)
    assert error < 0.01
    assert abs(np.mean(estimates) - truth) < 5 * error + 1e-3


def test_with_the_exact_posterior_every_weight_is_the_evidence(linear, rng):
    """log w = log p(x, z) - log p(z|x) = log p(x) whatever z: no variance, and the ELBO is tight."""
    vae, exact, *model = linear
    if vae.n_latent > 1:
        model[0][1] -= model[0][0] * (model[0][0] @ model[0][1]) / (model[0][0] @ model[0][0])
        vae.parameters["decoder.0.weight"] = model[0]  # orthogonal rows: a diagonal posterior
        exact = stats.multivariate_normal(model[1], model[0].T @ model[0] + model[2] ** 2 * np.eye(4))
    set_encoder(vae, *model)
    x = exact.rvs(30, random_state=rng)
    found = evaluate(vae, as_dataset(x), n_samples=2)
    truth = exact.logpdf(x)
    np.testing.assert_allclose(scores.elbo_of_each(vae, as_dataset(x)), truth, rtol=1e-10)
    assert found.elbo == pytest.approx(truth.mean(), rel=1e-10)
    assert found.log_p == pytest.approx(truth.mean(), rel=1e-10)
    assert found.log_p_error == pytest.approx(stats.sem(truth), rel=1e-8)


def test_the_elbo_is_below_the_evidence_by_the_kl_divergence(linear, rng):
    """E[log w] = log p(x) - KL(q || posterior), both normal."""
    vae, exact, weight, bias, sigma = linear
    spread = 1.5
    set_encoder(vae, weight, bias, sigma, spread)
    x = np.tile(exact.rvs(1, random_state=rng), (20_000, 1))
    found = evaluate(vae, as_dataset(x), n_samples=1)
    precision = np.eye(len(weight)) + weight @ weight.T / sigma**2
    variances = spread**2 * np.diag(np.linalg.inv(precision))
    trace, log_det = np.diag(precision) @ variances, np.linalg.slogdet(precision)[1]
    divergence = 0.5 * (trace - len(weight) - np.log(variances).sum() - log_det)
    assert found.elbo_error < 0.05 * divergence
    assert abs(found.elbo - (exact.logpdf(x[0]) - divergence)) < 5 * found.elbo_error
