"""The linear latent variable model: SciPy's evidence, Bishop's posterior, probabilistic PCA's maximum."""

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from scratchvae.models import FactorAnalysis

RNG = np.random.default_rng(5)
W = RNG.normal(size=(6, 2))
NOISE = np.array([0.3, 0.5, 0.8, 1.1, 0.6, 0.4])
MEAN = np.arange(6) / 3
X = RNG.normal(size=6)


def marginal(loadings, noise_sigma, mean):
    """N(mean, W W^T + Psi), formed in full."""
    noise = np.broadcast_to(noise_sigma, len(loadings))
    return stats.multivariate_normal(mean, loadings @ loadings.T + np.diag(noise**2))


def test_the_evidence_is_scipys_multivariate_normal():
    assert FactorAnalysis(X, W, NOISE, MEAN).log_evidence() == pytest.approx(
        marginal(W, NOISE, MEAN).logpdf(X)
    )


def test_the_evidence_by_quadrature():
    model = FactorAnalysis(X, W, 1.5, MEAN)
    integral, _ = integrate.dblquad(
        lambda b, a: np.exp(model.log_joint(np.array([a, b]))), -6, 6, -6, 6, epsabs=0, epsrel=1e-8
    )
    assert model.log_evidence() == pytest.approx(np.log(integral), abs=1e-7)


def test_the_posterior_is_bishops():
    exact = FactorAnalysis(X, W, NOISE, MEAN).exact_posterior()
    cov = np.linalg.inv(np.eye(2) + W.T @ np.diag(NOISE**-2) @ W)  # (12.68)
    np.testing.assert_allclose(exact.cov, cov, rtol=1e-11)
    np.testing.assert_allclose(exact.mean, cov @ W.T @ np.diag(NOISE**-2) @ (X - MEAN), rtol=1e-11)  # (12.66)


def test_with_equal_noise_it_is_the_posterior_of_probabilistic_pca():
    exact = FactorAnalysis(X, W, 0.7, MEAN).exact_posterior()
    m = W.T @ W + 0.49 * np.eye(2)  # (12.41)
    np.testing.assert_allclose(exact.mean, np.linalg.solve(m, W.T @ (X - MEAN)), rtol=1e-11)  # (12.42)
    np.testing.assert_allclose(exact.cov, 0.49 * np.linalg.inv(m), rtol=1e-11)


def test_the_densities_are_scipys(rng):
    model, z = FactorAnalysis(X, W, NOISE, MEAN), rng.normal(size=2)
    assert model.log_prior(z) == pytest.approx(stats.norm.logpdf(z).sum())
    assert model.log_likelihood(z) == pytest.approx(stats.norm.logpdf(X, W @ z + MEAN, NOISE).sum())


def test_more_latent_than_data_is_allowed():
    wide = RNG.normal(size=(2, 4))
    model = FactorAnalysis([0.3, -1.0], wide, 0.5)
    assert model.log_evidence() == pytest.approx(marginal(wide, 0.5, np.zeros(2)).logpdf([0.3, -1.0]))


def test_nothing_of_size_d_by_d_is_formed():
    """It would take 80 GB. 100,000 measurements of one number have a known answer."""
    n = 100_000
    model = FactorAnalysis(np.ones(n), np.ones((n, 1)), 2.0)
    exact = model.exact_posterior()
    assert exact.mean[0] == pytest.approx(n / (n + 4), rel=1e-12)
    assert exact.cov[0, 0] == pytest.approx(4 / (n + 4), rel=1e-12)
    assert np.isfinite(model.log_evidence())


def test_simulated_data_have_the_moments_of_the_likelihood(rng):
    z = np.array([0.5, -1.0])
    draws = FactorAnalysis(X, W, NOISE, MEAN).simulate(np.tile(z, (4_000, 1)), rng)
    assert stats.kstest(((draws - W @ z - MEAN) / NOISE).ravel(), "norm").pvalue > 0.01


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"x": [1.0, np.nan]}, "NaN"),
        ({"loadings": np.ones((5, 2))}, "loadings must have shape"),
        ({"loadings": np.ones(6)}, "loadings must have shape"),
        ({"noise_sigma": 0.0}, "noise_sigma must"),
        ({"noise_sigma": [1.0, 2.0]}, "noise_sigma must"),
        ({"mean": np.ones(5)}, "mean must"),
        ({"prior_cov": -np.eye(2)}, "positive definite"),
    ],
)
def test_bad_input_is_refused(change, words):
    with pytest.raises(ValueError, match=words):
        FactorAnalysis(**{"x": X, "loadings": W, "noise_sigma": NOISE} | change)


# --- probabilistic PCA --------------------------------------------------------------------------

DATA = RNG.normal(size=(40, 2)) @ W[:5].T + 0.6 * RNG.normal(size=(40, 5)) + np.arange(5)


def log_likelihood(loadings, noise_sigma, mean, data=DATA):
    return marginal(loadings, noise_sigma, mean).logpdf(data).sum()


@pytest.mark.parametrize("n_latent", [1, 2, 4])
def test_the_reported_maximum_is_the_sum_of_the_evidences(n_latent):
    fit = FactorAnalysis.fit_pca(DATA, n_latent)
    assert fit.loadings.shape == (5, n_latent)
    total = sum(FactorAnalysis(x, *fit[:3]).log_evidence() for x in DATA)
    assert fit.log_likelihood == pytest.approx(total, rel=1e-11)
    assert fit.log_likelihood == pytest.approx(log_likelihood(*fit[:3]), rel=1e-11)


def test_no_search_from_elsewhere_finds_a_higher_likelihood(rng):
    fit = FactorAnalysis.fit_pca(DATA, 2)

    def loss(theta):
        return -log_likelihood(theta[:10].reshape(5, 2), np.exp(theta[10]), theta[11:])

    start = np.concatenate([rng.normal(size=10), [0.0], DATA.mean(axis=0)])
    found = optimize.minimize(loss, start, method="BFGS")
    assert -found.fun == pytest.approx(fit.log_likelihood, abs=1e-5)
    assert np.exp(found.x[10]) == pytest.approx(fit.noise_sigma, rel=1e-3)


def test_the_loadings_are_orthogonal_of_falling_length_and_upright():
    loadings = FactorAnalysis.fit_pca(DATA, 3).loadings
    gram = loadings.T @ loadings
    np.testing.assert_allclose(gram, np.diag(np.diag(gram)), atol=1e-11)
    assert (np.diff(np.diag(gram)) < 0).all()
    assert (loadings[np.abs(loadings).argmax(axis=0), range(3)] > 0).all()


def test_fewer_rows_than_columns_are_enough(rng):
    data = rng.normal(size=(4, 9))
    fit = FactorAnalysis.fit_pca(data, 2)
    assert fit.log_likelihood == pytest.approx(log_likelihood(*fit[:3], data=data), rel=1e-10)


@pytest.mark.parametrize(
    ("data", "n_latent", "words"),
    [
        (DATA, 5, "less than the 5 columns"),
        (DATA, 0, "n_latent"),
        (DATA[:3], 2, "exactly"),  # three rows span a plane
        (np.ones((10, 3)), 1, "exactly"),
        (np.outer(np.arange(10.0), [1.0, 2.0, 3.0]) + 1e3, 1, "exactly"),
        (np.full((10, 3), np.nan), 1, "NaN"),
        (np.ones(5), 1, r"\(N, D\)"),
    ],
)
def test_data_without_a_maximum_are_refused(data, n_latent, words):
    with pytest.raises(ValueError, match=words):
        FactorAnalysis.fit_pca(data, n_latent)
