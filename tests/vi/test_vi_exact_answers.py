"""Full-rank fits with the default options against exact posteriors and evidences."""

import numpy as np
import pytest
from vi_problems import Correlated, correlated, cov_error, excess, fitted, mean_error, rescaled

from scratchvae import models

RNG = np.random.default_rng(5)
X = RNG.normal(1.3, 0.8, 400)
TABLE = RNG.standard_normal((500, 2))
Y = TABLE @ [0.8, -1.1] + 0.4 + 0.5 * RNG.standard_normal(500)
LOADINGS = RNG.standard_normal((5, 2))

#: Posteriors that are Gaussian in z.
GAUSSIAN = {
    "normal mean": models.NormalMean(X[:9], 0.7, 0.5, 2.0),
    "linear regression": models.LinearRegression(TABLE[:9], Y[:9], 0.5, [3.0, 1.0, 0.7]),
    "factor analysis": models.FactorAnalysis(RNG.standard_normal(5), LOADINGS, [0.3, 0.5, 0.8, 1.1, 0.6]),
}
#: Posteriors that are nearly so in z, as the data are many.
MANY_DATA = {
    "normal gamma": models.NormalGamma(X),
    "beta binomial": models.BetaBinomial(300, 1000),
    "normal inverse gamma": models.NormalInverseGammaRegression(TABLE, Y),
}
#: Of few data, skewed in z: no Gaussian equals them.
FEW_DATA = {
    "normal gamma": models.NormalGamma(X[:9], 0.4, 0.6, 4.0, 2.5),
    "beta binomial": models.BetaBinomial([3, 0, 5], [7, 4, 6], 2.5, 3.5),
    "normal inverse gamma": models.NormalInverseGammaRegression(TABLE[:9], Y[:9], 1.2, 4.0, 2.0),
}


@pytest.mark.parametrize("model", [*GAUSSIAN.values(), *MANY_DATA.values()], ids=[*GAUSSIAN, *MANY_DATA])
def test_full_rank_equals_the_exact_posterior(model):
    q, exact, log_evidence = fitted(model), model.exact_posterior(), model.log_evidence()
    assert q.converged
    assert mean_error(q, exact.mean, exact.cov) < 0.01
    assert cov_error(q, exact.cov) < 0.02
    assert q.elbo == pytest.approx(log_evidence, abs=0.01)
    assert excess(q, log_evidence) < 4
    assert q.verdict.code == "trust"


@pytest.mark.parametrize("name", FEW_DATA)
def test_of_few_data_the_elbo_is_below_and_the_weights_bridge_the_gap(name):
    model = FEW_DATA[name]
    q, log_evidence = fitted(model), model.log_evidence()
    assert excess(q, log_evidence) < 4
    estimate = q.corrected.log_evidence
    assert estimate.value == pytest.approx(log_evidence, abs=0.01)
    assert abs(estimate.value - log_evidence) < 4 * estimate.standard_error


@pytest.mark.parametrize(("n_latent", "seed"), [(1, 0), (2, 0), (2, 1), (5, 0), (5, 1), (20, 1)])
def test_full_rank_equals_a_correlated_gaussian(n_latent, seed):
    model = correlated(n_latent, seed)
    q = fitted(model, seed=seed)
    assert q.converged
    assert mean_error(q, model.center, model.cov) < 0.01
    assert cov_error(q, model.cov) < 0.02
    assert q.elbo == pytest.approx(0, abs=0.01)
    assert excess(q, 0.0) < 4


@pytest.mark.parametrize("n_latent", [1, 2, 5, 20])
def test_it_does_not_owe_that_to_laplace(n_latent):
    """From zero with unit spread, with no look at the mode or at the curvature."""
    model = correlated(n_latent)
    q = fitted(model, start="zero")
    assert q.converged
    assert mean_error(q, model.center, model.cov) < 0.01
    assert cov_error(q, model.cov) < 0.02
    assert abs(q.elbo) < 0.01


@pytest.mark.parametrize("n_latent", [2, 5])
def test_mean_field_has_the_conditional_variances(n_latent):
    """The nearest product has q_i's precision equal to Lambda_ii (Bishop 2006, section 10.1.2)."""
    model = correlated(n_latent, seed=1)
    q = fitted(model, "mean_field")
    variances = 1 / np.diag(model.precision)
    np.testing.assert_allclose(np.diag(q.cov), variances, rtol=0.01)
    assert np.abs((q.mean - model.center) / q.sd).max() < 0.01
    np.testing.assert_array_equal(q.cov, np.diag(np.diag(q.cov)))
    gap = 0.5 * (np.linalg.slogdet(model.cov)[1] - np.log(variances).sum())  # KL(q || p)
    assert q.elbo == pytest.approx(-gap, abs=4 * q.elbo_error + 1e-3)


def test_mean_field_of_many_dimensions_with_more_draws():
    model = correlated(20, seed=2)
    q = fitted(model, "mean_field", n_samples=40)
    np.testing.assert_allclose(np.diag(q.cov), 1 / np.diag(model.precision), rtol=0.01)


@pytest.mark.parametrize(("n_latent", "rank"), [(3, 1), (6, 1), (6, 2)])
def test_low_rank_recovers_a_diagonal_and_a_few_directions(n_latent, rank):
    rng = np.random.default_rng(n_latent)
    directions = 1.5 * rng.standard_normal((n_latent, rank))
    cov = np.diag(rng.uniform(0.3, 1.5, n_latent)) + directions @ directions.T
    model = Correlated(rng.standard_normal(n_latent), cov)
    q = fitted(model, f"low_rank:{rank}")
    assert q.converged
    assert mean_error(q, model.center, cov) < 0.01
    assert cov_error(q, cov) < 0.02
    assert q.elbo == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("shift", [0.0, 1e5])
@pytest.mark.parametrize("units", [1e-4, 1.0, 1e4, (1e-4, 1.0, 1e4)], ids=["small", "one", "large", "mixed"])
def test_the_units_of_the_parameters_do_not_matter(units, shift):
    model = rescaled(correlated(3, seed=3), units, shift)
    q = fitted(model)
    assert q.converged
    assert mean_error(q, model.center, model.cov) < 0.01
    assert cov_error(q, model.cov) < 0.02
    assert abs(q.elbo) < 0.01


@pytest.mark.parametrize("units", [1e-4, 1e4])
def test_nor_do_they_without_laplace(units):
    model = rescaled(correlated(3, seed=3), units)
    q = fitted(model, start="zero")
    assert q.converged
    assert mean_error(q, model.center, model.cov) < 0.01
    assert cov_error(q, model.cov) < 0.02
