"""Regression of unknown noise: SciPy's densities and Jacobian, the evidence as a multivariate t, sigma."""

import numpy as np
import pytest
from scipy import integrate, stats

from scratchvae.models import NormalInverseGammaRegression

RNG = np.random.default_rng(4)
X = RNG.normal(size=(8, 2))
Y = X @ [1.0, -2.0] + 0.5 + 0.6 * RNG.normal(size=8)
ONES_X = np.column_stack([np.ones(8), X])
M0 = np.array([0.1, 0.2, 0.3])
V0 = np.array([[1.5, 0.4, -0.2], [0.4, 0.9, 0.1], [-0.2, 0.1, 2.0]])


def model_of(x, y):
    return NormalInverseGammaRegression(x, y, shape0=2.0, scale0=1.5, prior_mean=M0, prior_cov=V0)


def test_the_prior_is_scipys_with_both_jacobians(rng):
    """From sigma^2 to sigma, 2 sigma; from sigma to log sigma, the space's log-determinant."""
    model = model_of(X, Y)
    for z in rng.normal(size=(4, 4)):
        theta, log_det, _ = model.space.forward(z)
        sigma, beta = theta["sigma"], z[:3]
        expected = stats.invgamma.logpdf(sigma**2, 2.0, scale=1.5) + np.log(2 * sigma) + log_det
        expected += stats.multivariate_normal.logpdf(beta, M0, sigma**2 * V0)
        assert model.log_prior(z) == pytest.approx(expected, rel=1e-11)


def test_the_likelihood_is_scipys(rng):
    z = rng.normal(size=4)
    expected = stats.norm.logpdf(Y, ONES_X @ z[:3], np.exp(z[3])).sum()
    assert model_of(X, Y).log_likelihood(z) == pytest.approx(expected, rel=1e-12)


def test_the_evidence_is_scipys_multivariate_t():
    shape = (np.eye(8) + ONES_X @ V0 @ ONES_X.T) * 1.5 / 2.0
    expected = stats.multivariate_t(ONES_X @ M0, shape, df=4).logpdf(Y)
    assert model_of(X, Y).log_evidence() == pytest.approx(expected, rel=1e-10)


def test_the_evidence_by_quadrature():
    model = NormalInverseGammaRegression(X[:, 0], Y, 1.3, 2.0, 1.5, intercept=False)
    integral, _ = integrate.dblquad(
        lambda log_sigma, beta: np.exp(model.log_joint(np.array([beta, log_sigma]))),
        *(-12, 12, -3, 5),
        epsabs=0,
        epsrel=1e-8,
    )
    assert model.log_evidence() == pytest.approx(np.log(integral), abs=1e-7)


def test_the_posterior_is_the_textbooks():
    exact = model_of(X, Y).exact_posterior()
    precision0 = np.linalg.inv(V0)
    v = np.linalg.inv(precision0 + ONES_X.T @ ONES_X)
    m = v @ (precision0 @ M0 + ONES_X.T @ Y)
    shape = 2.0 + 8 / 2
    scale = 1.5 + 0.5 * (Y @ Y + M0 @ precision0 @ M0 - m @ np.linalg.solve(v, m))
    np.testing.assert_allclose(exact.mean[:3], m, rtol=1e-10)
    np.testing.assert_allclose(exact.cov[:3, :3], scale / (shape - 1) * v, rtol=1e-9)
    assert (exact.cov[:3, 3] == 0).all()
    assert exact.marginals["beta[1]"].std() == pytest.approx(np.sqrt(exact.cov[2, 2]), rel=1e-9)


def test_sigma_is_the_root_of_an_inverse_gamma_variable():
    model = model_of(X, Y)
    sigma, q = model.exact_posterior().marginals["sigma"], model.posterior
    grid = np.linspace(0.2, 3, 9)
    variance = stats.invgamma(q.shape, scale=q.scale)
    np.testing.assert_allclose(sigma.cdf(grid), variance.cdf(grid**2), rtol=1e-11)
    np.testing.assert_allclose(sigma.pdf(grid), variance.pdf(grid**2) * 2 * grid, rtol=1e-11)
    assert sigma.mean() == pytest.approx(variance.expect(np.sqrt), rel=1e-7)
    assert sigma.ppf(0.3) == pytest.approx(np.sqrt(variance.ppf(0.3)), rel=1e-10)


def test_moments_of_log_sigma_by_quadrature():
    exact = model_of(X, Y).exact_posterior()
    sigma = exact.marginals["sigma"]
    mean = sigma.expect(np.log)
    assert exact.mean[3] == pytest.approx(mean, rel=1e-7)
    assert exact.cov[3, 3] == pytest.approx(sigma.expect(lambda s: (np.log(s) - mean) ** 2), rel=1e-7)


def test_moments_that_do_not_exist_are_said_to():
    prior = NormalInverseGammaRegression(X, Y, shape0=0.5).prior
    assert np.isnan(prior.mean()[:3]).all()
    assert np.isfinite([prior.mean()[3], prior.cov()[3, 3]]).all()
    for shape, finite in [(0.5, False), (1.0, False), (1.2, True)]:
        variances = np.diag(NormalInverseGammaRegression(X, Y, shape0=shape).prior.cov())[:3]
        assert (np.isfinite(variances) if finite else np.isposinf(variances)).all()


def test_predictions_at_several_rows_are_marginals_of_the_updated_models_evidence():
    model, rows = model_of(X, Y), np.array([[1.0, 0.0], [0.3, 2.0]])
    log_p = model.predictive(rows).logpdf([1.0, 2.0])
    each = [model.updated([y], x=[row]).log_evidence() for y, row in zip([1.0, 2.0], rows, strict=True)]
    np.testing.assert_allclose(log_p, each, rtol=1e-10)


def test_simulated_responses_have_their_mean_and_sigma(rng):
    z = np.array([0.4, 1.0, -1.0, np.log(0.7)])
    draws = model_of(X, Y).simulate(np.tile(z, (5_000, 1)), rng)
    standard = (draws - ONES_X @ z[:3]) / 0.7
    assert stats.kstest(standard.ravel(), "norm").pvalue > 0.01


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"prior_sigma": np.inf}, "above zero and finite"),
        ({"shape0": 0.0}, "shape0"),
        ({"scale0": -1.0}, "scale0"),
        ({"names": ["dose", "sigma"]}, "both be called 'sigma'"),
        ({"names": ["dose", "dose"]}, "both be called 'dose'"),
        ({"x": np.full((8, 2), np.nan)}, "x has 16 NaN"),
    ],
)
def test_bad_input_is_refused(change, words):
    with pytest.raises(ValueError, match=words):
        NormalInverseGammaRegression(**{"x": X, "y": Y} | change)


def test_names_and_sigma_are_parameters_of_their_own():
    model = NormalInverseGammaRegression(X, Y, names=["age", "dose"])
    assert model.space.names == ("intercept", "age", "dose", "sigma")
    assert model.space.forward(np.zeros(4))[0]["sigma"] == 1
