"""The mean of normal data: textbook formulas, evidence by quadrature and by SciPy, a flat prior."""

import numpy as np
import pytest
from scipy import integrate, stats

from scratchvae.models import NormalMean

X = np.array([1.2, 0.3, 2.5, 1.9])


def test_the_posterior_is_the_average_weighted_by_precisions():
    exact = NormalMean(X, sigma=0.5, prior_mean=-1.0, prior_sigma=2.0).exact_posterior()
    precision = 1 / 2.0**2 + len(X) / 0.5**2
    mean = (-1.0 / 2.0**2 + X.sum() / 0.5**2) / precision
    assert exact.mean[0] == pytest.approx(mean, rel=1e-13)
    assert exact.cov[0, 0] == pytest.approx(1 / precision, rel=1e-13)
    assert exact.marginals["mu"].std() == pytest.approx(precision**-0.5, rel=1e-13)


def test_the_densities_are_scipys():
    model = NormalMean(X, 0.5, -1.0, 2.0)
    assert model.log_prior(np.array([0.7])) == pytest.approx(stats.norm.logpdf(0.7, -1, 2))
    assert model.log_likelihood(np.array([0.7])) == pytest.approx(stats.norm.logpdf(X, 0.7, 0.5).sum())


def test_the_evidence_by_quadrature_and_by_scipy():
    model = NormalMean(X, 0.5, -1.0, 2.0)
    integral, _ = integrate.quad(
        lambda z: np.exp(model.log_joint(np.array([z]))), -4, 6, epsabs=0, epsrel=1e-11
    )
    assert model.log_evidence() == pytest.approx(np.log(integral), rel=1e-10)
    joint = stats.multivariate_normal(np.full(4, -1.0), 0.5**2 * np.eye(4) + 2.0**2)
    assert model.log_evidence() == pytest.approx(joint.logpdf(X), rel=1e-12)


def test_a_flat_prior_gives_the_sample_mean_and_no_evidence(rng):
    model = NormalMean(X, 0.5, prior_sigma=np.inf)
    exact = model.exact_posterior()
    assert exact.mean[0] == pytest.approx(X.mean(), rel=1e-13)
    assert exact.cov[0, 0] == pytest.approx(0.5**2 / 4, rel=1e-13)
    with pytest.raises(ValueError, match="undefined under a flat prior"):
        model.log_evidence()
    with pytest.raises(ValueError, match="flat prior"):
        model.sample_prior(3, rng)
    assert np.isfinite(model.updated([1.0]).log_evidence())


def test_simulated_data_have_the_mean_and_sigma(rng):
    draws = NormalMean(X, 0.5).simulate(np.full((5_000, 1), 3.0), rng)
    assert draws.shape == (5_000, 4)
    assert stats.kstest(draws.ravel(), stats.norm(3.0, 0.5).cdf).pvalue > 0.01


@pytest.mark.parametrize("sigma", [0, -1.0, np.nan, np.inf, "wide"])
def test_a_sigma_that_is_no_positive_number_is_refused(sigma):
    with pytest.raises(ValueError, match="sigma must"):
        NormalMean(X, sigma)
