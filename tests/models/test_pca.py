"""Probabilistic PCA as a density: the normal of D dimensions, the posterior by conditioning, its maximum."""

import numpy as np
import pytest
from scipy import stats

from scratchvae.models.pca import PCAFit, fit_pca


@pytest.fixture
def fit(rng):
    return PCAFit(rng.normal(size=(5, 2)), 0.7, rng.normal(size=5), 0.0)


def covariance(fit):
    return fit.loadings @ fit.loadings.T + fit.noise_sigma**2 * np.eye(len(fit.mean))


@pytest.mark.parametrize("lead", [(), (4,), (2, 4)])
def test_log_prob_is_scipys(fit, lead, rng):
    x = rng.normal(size=(*lead, 5))
    expected = stats.multivariate_normal(fit.mean, covariance(fit)).logpdf(x)
    np.testing.assert_allclose(fit.log_prob(x), expected, rtol=1e-12)


@pytest.mark.parametrize("lead", [(), (4,), (2, 4)])
def test_the_posterior_conditions_the_joint_normal(fit, lead, rng):
    """Of z and x: E[z|x] = W^T S^-1 (x - mean), Cov[z|x] = I - W^T S^-1 W, S the covariance of x."""
    x = rng.normal(size=(*lead, 5))
    gain = fit.loadings.T @ np.linalg.inv(covariance(fit))
    mean, cov = fit.posterior(x)
    np.testing.assert_allclose(mean, (x - fit.mean) @ gain.T, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(cov, np.eye(2) - gain @ fit.loadings, rtol=1e-11, atol=1e-13)


def test_the_likelihood_of_the_fit_is_that_of_its_density_and_no_neighbour_has_more(rng):
    data = rng.normal(size=(40, 5)) * [3.0, 2.0, 1.0, 0.5, 0.5] + 7
    fit = fit_pca(data, 2)
    assert fit.log_prob(data).sum() == pytest.approx(fit.log_likelihood, rel=1e-12)
    for _ in range(20):
        other = fit._replace(
            loadings=fit.loadings + 0.05 * rng.normal(size=(5, 2)),
            noise_sigma=fit.noise_sigma * np.exp(0.05 * rng.normal()),
            mean=fit.mean + 0.05 * rng.normal(size=5),
        )
        assert other.log_prob(data).sum() < fit.log_likelihood
