"""Autoregressions against SciPy, the stationary joint normal, and the recursion of Levinson and Durbin."""

import naive
import numpy as np
import pytest
from scipy import stats

from scratchvae.models import AutoRegression, blocks
from scratchvae.models.auto_regression import levinson, levinson_backward


@pytest.fixture
def y(rng):
    return 1 + np.cumsum(rng.normal(size=25)) / 3


def test_the_joint_density_is_scipys(y, rng):
    for order in (1, 2, 4):
        model = AutoRegression(y, order, intercept_sigma=3, sigma_scale=2)
        z = rng.normal(size=model.n_latent)
        theta, log_det, _ = model.space.forward(z)
        phi, c, sigma = model.coefficients(z), theta["intercept"], theta["sigma"]
        expected = sum(
            stats.norm.logpdf(y[t], c + sum(phi[k] * y[t - 1 - k] for k in range(order)), sigma)
            for t in range(order, 25)
        )
        expected += stats.norm.logpdf(c, 0, 3) + stats.halfcauchy.logpdf(sigma, scale=2)
        expected += stats.uniform.logpdf(theta["rho"], -1, 2).sum() + log_det
        assert model.log_joint(z) == pytest.approx(expected, rel=1e-12)


def test_order_one_is_the_stationary_joint_normal_given_its_first_value(y):
    """Cov(y_s, y_t) = sigma^2 rho^|s-t| / (1 - rho^2), mean c / (1 - rho)."""
    model, c, rho, sigma = AutoRegression(y), 0.4, 0.7, 0.5
    z = model.space.inverse({"intercept": c, "rho": rho, "sigma": sigma})
    time = np.arange(25)
    cov = sigma**2 * rho ** np.abs(time[:, None] - time) / (1 - rho**2)
    joint = stats.multivariate_normal(np.full(25, c / (1 - rho)), cov).logpdf(y)
    first = stats.norm.logpdf(y[0], c / (1 - rho), np.sqrt(cov[0, 0]))
    assert model.log_likelihood(z) == pytest.approx(joint - first, rel=1e-11)


# --- partial autocorrelations -------------------------------------------------------------------


def test_any_partial_autocorrelations_give_a_stationary_series(rng):
    """All roots of u^p - phi_1 u^(p-1) - ... - phi_p lie inside the unit circle."""
    for rho in rng.uniform(-1, 1, size=(50, 5)):
        assert np.abs(np.roots([1, *-levinson(rho)[0]])).max() < 1


def test_the_recursion_gives_the_partial_autocorrelations_that_it_was_given(rng):
    """rho_k is the last coefficient of the best linear prediction from k values (Yule and Walker)."""
    rho = rng.uniform(-0.9, 0.9, size=4)
    correlation = autocorrelation(levinson(rho)[0])
    for k in range(1, 5):
        table = correlation[np.abs(np.arange(k)[:, None] - np.arange(k))]
        assert np.linalg.solve(table, correlation[1 : k + 1])[-1] == pytest.approx(rho[k - 1], rel=1e-9)


def autocorrelation(phi):
    """Of lags 0..p, from the moving-average weights of the series itself."""
    weights = [1.0]
    for _ in range(4000):
        weights.append(sum(p * w for p, w in zip(phi, weights[::-1], strict=False)))
    weights = np.array(weights)
    cov = [weights[: len(weights) - lag] @ weights[lag:] for lag in range(len(phi) + 1)]
    return np.array(cov) / cov[0]


def test_two_coefficients_by_hand():
    assert levinson(np.array([0.5, 0.2]))[0].tolist() == [0.5 - 0.2 * 0.5, 0.2]


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_the_recursions_way_back_is_that_of_central_differences(order, rng):
    rho, dphi = rng.uniform(-0.9, 0.9, size=(2, order))
    numerical = naive.numerical_gradient(lambda r: float(levinson(r)[0] @ dphi), rho)
    np.testing.assert_allclose(levinson_backward(levinson(rho)[1], dphi), numerical, atol=1e-9)


# --- blocks, simulation, refusals ---------------------------------------------------------------


def test_blocks_of_rows_give_the_same(y, rng, monkeypatch):
    model = AutoRegression(y, 2)
    z = rng.normal(size=(2, 3, 4))
    whole = model.log_likelihood(z), model.grad_log_likelihood(z)
    monkeypatch.setattr(blocks, "MAX_TABLE", 20)
    np.testing.assert_allclose(model.log_likelihood(z), whole[0], rtol=1e-12)
    np.testing.assert_allclose(model.grad_log_likelihood(z), whole[1], rtol=1e-11)


def test_simulated_innovations_are_standard_normal(y, rng):
    model = AutoRegression(y, 2)
    z = model.space.inverse({"intercept": 0.3, "rho": np.array([0.6, -0.4]), "sigma": 0.5})
    series = model.simulate(np.tile(z, (300, 1)), rng)
    assert series.shape == (300, 25)
    np.testing.assert_array_equal(series[:, :2], np.tile(y[:2], (300, 1)))
    phi = model.coefficients(z)
    u = (series[:, 2:] - 0.3 - phi[0] * series[:, 1:-1] - phi[1] * series[:, :-2]) / 0.5
    assert stats.kstest(u.ravel(), "norm").pvalue > 1e-3


def test_draws_of_the_prior_have_its_quantiles(y, rng):
    model = AutoRegression(y, intercept_sigma=3, sigma_scale=2)
    theta = model.space.forward(model.sample_prior(5_000, rng))[0]
    assert stats.kstest(theta["intercept"], stats.norm(scale=3).cdf).pvalue > 1e-3
    assert stats.kstest(theta["rho"], stats.uniform(-1, 2).cdf).pvalue > 1e-3
    assert stats.kstest(theta["sigma"], stats.halfcauchy(scale=2).cdf).pvalue > 1e-3


def test_another_series_may_be_longer(y):
    model = AutoRegression(y, 2)
    longer = np.concatenate([y, y])
    z = np.full(4, 0.1)
    assert model.with_data(longer).log_joint(z) == AutoRegression(longer, 2).log_joint(z)
    assert model.n_data == 23


@pytest.mark.parametrize(
    "arguments, message",
    [
        (([1.0, np.nan, 2.0],), "y has 1 NaN"),
        (([1.0],), "more than order=1"),
        (([1.0, 2.0], 2), "more than order=2"),
        ((np.zeros((3, 2)),), "must be a series"),
        (([1.0, 2.0], 0), "order must be a whole number"),
        (([1.0, 2.0], 1, 0.0), "intercept_sigma must lie"),
        (([1.0, 2.0], 1, 1.0, -1), "sigma_scale must lie"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        AutoRegression(*arguments)
