"""The amortization gap where both parts are known exactly, and its gradient."""

import naive
import numpy as np
import pytest
from scipy import stats

from scratchvae.data import as_dataset
from scratchvae.evaluation import Results
from scratchvae.evaluation.amortization import _Local, amortization_gap
from scratchvae.vae import VAE

SIGMA = 0.6


def linear(rng, orthogonal=True):
    """A linear VAE, its exact density, and the exact posterior's gain (D, L) and covariance (L, L)."""
    vae = VAE(5, 2, (), likelihood=f"normal_fixed:{SIGMA}", dtype="float64", seed=2)
    weight = rng.standard_normal((2, 5))
    if orthogonal:
        weight[1] -= weight[0] * (weight[0] @ weight[1]) / (weight[0] @ weight[0])
    vae.parameters["decoder.0.weight"] = weight
    exact = stats.multivariate_normal(np.zeros(5), weight.T @ weight + SIGMA**2 * np.eye(5))
    covariance = np.linalg.inv(np.eye(2) + weight @ weight.T / SIGMA**2)
    return vae, exact, weight.T @ covariance / SIGMA**2, covariance


def set_encoder(vae, gain, covariance, shrunk=1.0, widened=1.0):
    """The exact mean times `shrunk`, the exact scale times `widened`."""
    vae.parameters["encoder.0.weight"] = np.hstack([shrunk * gain, np.zeros_like(gain)])
    log_sigma = np.log(widened) + 0.5 * np.log(np.diag(covariance))
    vae.parameters["encoder.0.bias"] = np.concatenate([np.zeros(2), log_sigma])


def divergence(mu, sigma, mean, covariance):
    """KL(N(mu, diag sigma^2) || N(mean, covariance))."""
    precision = np.linalg.inv(covariance)
    difference = mu - mean
    return 0.5 * (
        np.diag(precision) @ sigma**2
        + difference @ precision @ difference
        - len(mu)
        - np.log(sigma**2).sum()
        + np.linalg.slogdet(covariance)[1]
    )


def test_both_gaps_of_a_linear_vae_are_exact(rng):
    """A diagonal posterior is within reach: no approximation gap, and the encoder's own is a KL."""
    vae, exact, gain, covariance = linear(rng)
    set_encoder(vae, gain, covariance, shrunk=0.7, widened=1.4)
    x = exact.rvs(6, random_state=rng)
    found = amortization_gap(vae, as_dataset(x), threads=1)
    mu, sigma = vae.encode(x)
    expected = [divergence(m, s, y @ gain, covariance) for m, s, y in zip(mu, sigma, x, strict=True)]
    np.testing.assert_allclose(found.gap, expected, atol=5 * found.gap_error.max() + 0.01)
    assert found.approximation.value == pytest.approx(0, abs=0.01)
    np.testing.assert_allclose(found.elbo_best, exact.logpdf(x), atol=0.02)
    np.testing.assert_allclose(found.log_p, exact.logpdf(x), atol=0.01)
    assert found.still_rising.value < 0.1 * found.amortization.value


def test_the_approximation_gap_of_a_correlated_posterior_is_exact(rng):
    """The best diagonal normal has the precision's diagonal; what it loses is known (Bishop 2006, 10.1.2)."""
    vae, exact, gain, covariance = linear(rng, orthogonal=False)
    set_encoder(vae, gain, covariance)
    x = exact.rvs(6, random_state=rng)
    sigma = 1 / np.sqrt(np.diag(np.linalg.inv(covariance)))
    expected = divergence(np.zeros(2), sigma, np.zeros(2), covariance)
    found = amortization_gap(vae, as_dataset(x), threads=1)
    assert expected > 0.1
    assert found.approximation.value == pytest.approx(expected, abs=0.05)
    full = VAE(5, 2, (), likelihood=f"normal_fixed:{SIGMA}", dtype="float64", posterior="full_rank")
    full.parameters.value = 0 * full.parameters.value
    for name in ("decoder.0.weight", "decoder.0.bias"):
        full.parameters[name] = vae.parameters[name]
    found = amortization_gap(full, as_dataset(x), threads=1)
    assert found.approximation.value < expected / 3
    assert found.still_rising.value < 0.05 * found.amortization.value


def test_a_fit_that_is_not_at_its_end_says_so(rng):
    """An encoder so far off that a few small steps do not reach the posterior."""
    vae, exact, gain, covariance = linear(rng)
    set_encoder(vae, gain, covariance, shrunk=-3.0)
    found = amortization_gap(vae, as_dataset(exact.rvs(4, random_state=rng)), n_steps=10, threads=1)
    assert found.still_rising.value > 0.2 * found.amortization.value


def test_a_perfect_encoder_has_no_amortization_gap(rng):
    vae, exact, gain, covariance = linear(rng)
    set_encoder(vae, gain, covariance)
    found = amortization_gap(vae, as_dataset(exact.rvs(6, random_state=rng)), threads=1)
    assert abs(found.amortization.value) < 0.01


MODELS = {
    "diagonal": {},
    "full rank": {"posterior": "full_rank"},
    "planar": {"posterior": "planar:2"},
    "shared sigma": {"likelihood": "normal_shared"},
    "prior": {"prior": "coupling:2"},
    "conditional": {"n_classes": 3},
}


@pytest.mark.parametrize("kind", MODELS)
def test_the_gradient_by_lam_is_that_of_the_mean_log_weight(kind, rng):
    vae = VAE(5, 2, (4,), dtype="float64", seed=1, **MODELS[kind])
    x = (rng.random((3, 5)) < 0.5).astype("float64")
    local = _Local(vae, as_dataset(x, labels=np.arange(3)), np.arange(3))
    eps = rng.standard_normal((4, 3, 2))
    lam = local.lam + 0.1 * rng.standard_normal(local.lam.shape)
    numerical = naive.numerical_gradient(lambda lam: local.log_weights(lam, eps).mean(axis=0).sum(), lam)
    assert naive.relative_error(local.gradient(lam, eps), numerical) < 1e-7


def test_the_model_is_left_alone_and_interruptions_change_little(rng, tmp_path, monkeypatch):
    vae, exact, *_ = linear(rng)
    dataset = as_dataset(exact.rvs(6, random_state=rng))
    before = vae.parameters.value.copy(), vae.parameters.grad.copy()
    options = {"n_steps": 20, "n_samples": 50, "threads": 1}
    whole = amortization_gap(vae, dataset, **options)
    monkeypatch.setattr("scratchvae.evaluation.amortization.DATA_AT_ONCE", 2)
    results = Results(6, tmp_path / "gap.npz")

    def interrupt(n):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        amortization_gap(vae, dataset, results=results, progress=interrupt, **options)
    assert results.done.sum() == 2
    rest = amortization_gap(vae, dataset, results=Results(6, tmp_path / "gap.npz"), **options)
    np.testing.assert_allclose(rest.gap, whole.gap, rtol=1e-9)
    np.testing.assert_array_equal(vae.parameters.value, before[0])
    np.testing.assert_array_equal(vae.parameters.grad, before[1])
    assert "20 steps" in str(rest) and "50 draws" in str(rest)


@pytest.mark.parametrize(
    ("name", "value"), [("n_steps", 0), ("n_samples", 0), ("n_draws", 0), ("lr", 0), ("lr", np.nan)]
)
def test_a_wrong_number_is_a_clear_error(name, value, rng):
    vae, exact, *_ = linear(rng)
    with pytest.raises(ValueError, match=f"{name} must"):
        amortization_gap(vae, as_dataset(exact.rvs(3, random_state=rng)), **{name: value})
