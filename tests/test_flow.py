"""Flows as densities of their own."""

import numpy as np
import pytest
from scipy import integrate, stats

import scratchvae as sv


def correlated(rng, n=1500):
    return rng.standard_normal((n, 2)) @ [[1.0, 2.0], [0.0, 0.5]] + [5.0, -300.0]


def test_the_most_likely_gaussian_has_the_datas_mean_and_covariance(rng):
    x = correlated(rng)
    flow = sv.Flow("full_rank", n_latent=2)
    losses = flow.fit(x, steps=1200, rng=rng)
    best = stats.multivariate_normal.logpdf(x, x.mean(axis=0), np.cov(x.T, ddof=0)).mean()
    assert best - 2e-3 < flow.log_prob(x).mean() <= best + 1e-9
    assert -losses[-100:].mean() == pytest.approx(best, abs=0.1)


def test_draws_and_density_belong_together(rng):
    flow = sv.Flow("full_rank", n_latent=2)
    flow.fit(correlated(rng), steps=50, rng=rng)
    draws = flow.sample(20_000, rng)
    mean, cov = draws.mean(axis=0), np.cov(draws.T)
    expected = stats.multivariate_normal.logpdf(draws[:5], mean, cov)
    np.testing.assert_allclose(flow.log_prob(draws[:5]), expected, atol=0.1)


def test_the_density_integrates_to_one(rng):
    flow = sv.Flow("diagonal", n_latent=1)
    flow.fit(rng.gamma(3.0, size=(500, 1)), steps=100, rng=rng)
    total, _ = integrate.quad(lambda t: float(np.exp(flow.log_prob(np.array([t])))), -20, 30)
    assert total == pytest.approx(1, abs=1e-8)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((5, 3)), r"x must have shape \(N, D\) = \(any, 2\)"),
        (np.array([[1.0, np.nan]]), "x has 1 NaN"),
        ([["a", "b"]], "x must hold real numbers"),
    ],
)
def test_data_that_do_not_fit_are_refused(x, message, rng):
    with pytest.raises(ValueError, match=message):
        sv.Flow("full_rank", n_latent=2).fit(x, rng=rng)


def test_a_constant_column_is_no_division_by_zero(rng):
    x = np.column_stack([rng.standard_normal(50), np.ones(50)])
    flow = sv.Flow("diagonal", n_latent=2)
    assert np.isfinite(flow.fit(x, steps=5, rng=rng)).all()
