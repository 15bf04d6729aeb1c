"""Mean and precision of normal data: SciPy's densities and Jacobian, evidence by quadrature, moments."""

import numpy as np
import pytest
from scipy import integrate, stats

from scratchvae.models import NormalGamma, NormalInverseGammaRegression

X = np.array([1.2, 0.3, 2.5, 1.9, 0.8])


def model_of(x):
    return NormalGamma(x, mu0=0.4, kappa0=0.6, shape0=2.0, rate0=1.5)


def test_the_prior_is_scipys_with_the_jacobian(rng):
    z = rng.normal(size=(6, 2))
    model = model_of(X)
    theta, log_det, _ = model.space.forward(z)
    expected = stats.gamma.logpdf(theta["precision"], 2.0, scale=1 / 1.5) + log_det
    expected += stats.norm.logpdf(theta["mu"], 0.4, (0.6 * theta["precision"]) ** -0.5)
    np.testing.assert_allclose(model.log_prior(z), expected, rtol=1e-12)


def test_the_likelihood_is_scipys(rng):
    z = rng.normal(size=2)
    expected = stats.norm.logpdf(X, z[0], np.exp(-0.5 * z[1])).sum()
    assert model_of(X).log_likelihood(z) == pytest.approx(expected, rel=1e-12)


def test_the_evidence_by_quadrature_and_by_scipys_t():
    model = model_of(X)
    integral, _ = integrate.dblquad(
        lambda log_precision, mu: np.exp(model.log_joint(np.array([mu, log_precision]))),
        *(-12, 14, -7, 4),
        epsabs=0,
        epsrel=1e-8,
    )
    assert model.log_evidence() == pytest.approx(np.log(integral), abs=1e-7)
    shape = (np.eye(5) + 1 / 0.6) * 1.5 / 2.0
    assert model.log_evidence() == pytest.approx(stats.multivariate_t(np.full(5, 0.4), shape, df=4).logpdf(X))


def test_one_datum_at_a_time_gives_the_predictive_densities():
    total, model = 0.0, model_of(X[:1])
    for x in X[1:]:
        total += model.predictive().logpdf(x)
        model = model.updated([x])
    assert total + model_of(X[:1]).log_evidence() == pytest.approx(model_of(X).log_evidence(), rel=1e-12)


def test_it_is_the_regression_on_an_intercept_alone():
    """precision = sigma^-2, so that log precision = -2 log sigma, of which the Jacobian is 2."""
    regression = NormalInverseGammaRegression(
        np.empty((5, 0)), X, 0.6**-0.5, shape0=2.0, scale0=1.5, prior_mean=0.4
    )
    assert regression.space.names == ("intercept", "sigma")
    assert regression.log_evidence() == pytest.approx(model_of(X).log_evidence(), rel=1e-12)
    ours, theirs = model_of(X).log_prior(np.array([0.9, -0.6])), regression.log_prior(np.array([0.9, 0.3]))
    assert theirs - ours == pytest.approx(np.log(2), rel=1e-12)


@pytest.mark.parametrize(("shape0", "mean_exists", "finite"), [(0.1, True, False), (0.6, True, True)])
def test_moments_that_do_not_exist_are_said_to(shape0, mean_exists, finite):
    exact = NormalGamma([1.0], shape0=shape0).exact_posterior()  # shape_N = shape0 + 1/2
    assert np.isfinite(exact.mean[0]) == mean_exists
    assert np.isfinite(exact.cov[0, 0]) == finite
    prior = NormalGamma([1.0], shape0=0.5).density
    assert np.isnan(prior.mean()[0])
    assert np.isposinf(prior.cov()[0, 0])
    assert prior.cov()[0, 1] == 0
    assert np.isposinf(NormalGamma([1.0], shape0=1.0).density.cov()[0, 0])


def test_moments_by_quadrature():
    exact = model_of(X).exact_posterior()
    mu, precision = exact.marginals.values()
    mean = precision.expect(np.log)
    assert exact.mean == pytest.approx([mu.mean(), mean], rel=1e-8)
    assert exact.cov[0, 0] == pytest.approx(mu.var(), rel=1e-11)
    assert exact.cov[1, 1] == pytest.approx(precision.expect(lambda p: (np.log(p) - mean) ** 2), rel=1e-7)


def test_a_vague_prior_keeps_its_draws_finite(rng):
    assert np.isfinite(NormalGamma(X, shape0=0.01).sample_prior(1000, rng)[:, 1]).all()


@pytest.mark.parametrize("name", ["kappa0", "shape0", "rate0"])
def test_a_prior_that_is_not_proper_is_refused(name):
    with pytest.raises(ValueError, match=name):
        NormalGamma(X, **{name: 0.0})


def test_a_large_mean_leaves_the_evidence_its_digits():
    shifted = NormalGamma(X + 1e7, 0.4 + 1e7, 0.6, 2.0, 1.5)
    assert shifted.log_evidence() == pytest.approx(model_of(X).log_evidence(), rel=1e-7)
