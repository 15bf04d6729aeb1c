"""The multivariate normal by its precision's root, and what models ask of their arguments."""

import naive
import numpy as np
import pytest
from scipy import stats

from scratchvae.models.checks import covariance, entries, positive_entries, vector
from scratchvae.models.gaussian import Gaussian
from scratchvae.models.log_gamma import log_gamma_draws

COV = np.array([[2.0, 0.7, -0.3], [0.7, 1.0, 0.2], [-0.3, 0.2, 0.5]])
MEAN = np.array([1.0, -2.0, 0.5])


def test_the_density_equals_scipy_and_its_gradient_central_differences(rng):
    q, z = Gaussian.from_cov(MEAN, COV), rng.normal(size=(2, 4, 3))
    np.testing.assert_allclose(q.log_prob(z), stats.multivariate_normal(MEAN, COV).logpdf(z), rtol=1e-12)
    numerical = naive.numerical_gradient(lambda t: float(q.log_prob(t).sum()), z)
    assert naive.relative_error(q.grad_log_prob(z), numerical) < 1e-9


def test_covariance_and_sigma_come_back_from_any_factor(rng):
    factor = rng.normal(size=(7, 3))
    q = Gaussian(MEAN, factor)
    np.testing.assert_allclose(q.cov, np.linalg.inv(factor.T @ factor), rtol=1e-10)
    np.testing.assert_allclose(q.sigma, np.sqrt(np.diag(q.cov)), rtol=1e-13)
    assert (np.diag(q.root) > 0).all()


def test_draws_have_the_covariance(rng):
    draws = Gaussian.from_cov(MEAN, COV).sample(40_000, rng)
    np.testing.assert_allclose(draws.mean(axis=0), MEAN, atol=4 * np.sqrt(2 / 40_000))
    np.testing.assert_allclose(np.cov(draws.T), COV, atol=4 * 2 * np.sqrt(2 / 40_000))


def test_the_posterior_is_that_of_the_normal_equations(rng):
    design, y = rng.normal(size=(6, 3)), rng.normal(size=6)
    q = Gaussian.from_cov(MEAN, COV).posterior(design, y)
    precision = np.linalg.inv(COV) + design.T @ design
    mean = np.linalg.solve(precision, np.linalg.solve(COV, MEAN) + design.T @ y)
    np.testing.assert_allclose(q.mean, mean, rtol=1e-11)
    np.testing.assert_allclose(q.cov, np.linalg.inv(precision), rtol=1e-10)


def test_a_flat_coordinate_adds_nothing_and_cannot_be_drawn(rng):
    q, z = Gaussian.from_sigma([0.0, 5.0], [2.0, np.inf]), rng.normal(size=(4, 2))
    np.testing.assert_allclose(q.log_prob(z), stats.norm.logpdf(z[:, 0], 0, 2), rtol=1e-13)
    assert (q.grad_log_prob(z)[:, 1] == 0).all()
    assert not q.is_proper
    for attempt in (lambda: q.sample(1, rng), lambda: q.cov, lambda: q.sigma):
        with pytest.raises(ValueError, match="flat prior has neither"):
            attempt()


def test_a_badly_scaled_design_keeps_its_digits():
    """The normal equations would square the condition number 1e8 and lose the answer altogether."""
    design = np.array([[1.0, 1.0], [1e-8, 0.0], [0.0, 1e-8]])
    q = Gaussian.from_sigma(np.zeros(2), [np.inf, np.inf]).posterior(design, design @ [1.0, 2.0])
    np.testing.assert_allclose(q.mean, [1.0, 2.0], rtol=1e-6)


@pytest.mark.parametrize("shape", [0.01, 0.5, 3.0])
def test_log_gamma_draws_are_gamma_variables(shape, rng):
    """Of shape 0.01, most g lie below 1e-30; g^shape, uniform nearly, shows them."""
    draws = log_gamma_draws(shape, 5_000, rng)
    assert np.isfinite(draws).all()
    assert stats.kstest(draws, stats.loggamma(shape).cdf).pvalue > 0.01


@pytest.mark.parametrize("x", [[], [[1.0]], [1.0, np.nan], "text", [1.0, np.inf]])
def test_what_is_no_vector_of_data_is_refused(x):
    with pytest.raises(ValueError, match="^x "):
        vector(x, "x")


def test_one_number_serves_all_entries():
    np.testing.assert_array_equal(entries(2.0, "mean", 3), [2.0, 2.0, 2.0])
    np.testing.assert_array_equal(vector(3.0, "x"), [3.0])
    with pytest.raises(ValueError, match=r"mean must be one number or have shape \(3,\), not \(2,\)"):
        entries([1.0, 2.0], "mean", 3)


@pytest.mark.parametrize("sigma", [0.0, -1.0, np.nan, np.inf, [1.0, 0.0, 1.0], [1.0, 2.0]])
def test_what_is_no_standard_deviation_is_refused(sigma):
    with pytest.raises(ValueError, match="sigma must"):
        positive_entries(sigma, "sigma", 3)


@pytest.mark.parametrize(
    ("cov", "words"),
    [
        (np.eye(2), "shape"),
        ([[1.0, 0.5, 0], [0, 1, 0], [0, 0, 1]], "symmetric"),
        (-np.eye(3), "positive definite"),
        (np.ones((3, 3)), "positive definite"),
        (np.full((3, 3), np.nan), "NaN"),
    ],
)
def test_what_is_no_covariance_is_refused(cov, words):
    with pytest.raises(ValueError, match=words):
        covariance(cov, "prior_cov", 3)
