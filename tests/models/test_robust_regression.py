"""Robust regression against SciPy's densities; what an outlier does; blocks; refusals."""

import numpy as np
import pytest
from scipy import optimize, stats

from scratchvae.models import RobustRegression, blocks


@pytest.fixture
def data(rng):
    x = rng.normal(size=(30, 2))
    return x, 1 + x @ [2.0, -1.0] + 0.5 * rng.standard_t(4, size=30)


@pytest.mark.parametrize("nu", [1.0, 4.0, 50.0])
def test_the_joint_density_is_scipys(data, nu, rng):
    x, y = data
    scales = np.array([10.0, 1.0, 2.0])
    model = RobustRegression(x, y, nu, scales, sigma_scale=3.0)
    for z in rng.normal(size=(3, 4)):
        sigma = np.exp(z[3])
        expected = (
            stats.t.logpdf(y, nu, z[0] + x @ z[1:3], sigma).sum()
            + stats.norm.logpdf(z[:3], scale=scales).sum()
            + stats.halfcauchy.logpdf(sigma, scale=3)
            + z[3]  # log|dsigma/dz|
        )
        assert model.log_joint(z) == pytest.approx(expected, rel=1e-12)


def test_a_flat_prior_adds_zero(data):
    flat = RobustRegression(*data, prior_sigma=[np.inf, 1, 1])
    z = np.array([5.0, 1.0, 2.0, 0.0])
    expected = stats.norm.logpdf([1, 2]).sum() + stats.halfcauchy.logpdf(1.0)
    assert flat.log_prior(z) == pytest.approx(expected, rel=1e-14)
    assert flat.grad_log_prior(z)[0] == 0


def mode(model):
    start = np.zeros(model.n_latent)
    found = optimize.minimize(lambda z: -model.log_joint(z), start, jac=lambda z: -model.grad_log_joint(z))
    return found.x


def test_an_outlier_that_goes_away_is_let_go(data):
    """The mode with an outlier at 1e4 is that of t noise with the datum at 1e3: it pulls no more."""
    x, y = data
    slopes = []
    for far in (1e2, 1e3):
        y = y.copy()
        y[0] = far
        slopes.append(mode(RobustRegression(x, y, prior_sigma=10.0))[:3])
    np.testing.assert_allclose(slopes[0], slopes[1], atol=0.01)
    np.testing.assert_allclose(slopes[1], [1, 2, -1], atol=0.5)
    least_squares = np.linalg.lstsq(np.column_stack([np.ones(30), x]), y, rcond=None)[0]
    assert np.abs(least_squares - [1, 2, -1]).max() > 20


@pytest.mark.parametrize("rows", [None, np.array([3, 1, 20, 21, 7])])
def test_blocks_of_rows_give_the_same(data, rows, rng, monkeypatch):
    model, z = RobustRegression(*data), rng.normal(size=(2, 3, 4))
    whole = model.log_likelihood(z, rows), model.grad_log_likelihood(z, rows)
    monkeypatch.setattr(blocks, "MAX_TABLE", 20)
    np.testing.assert_allclose(model.log_likelihood(z, rows), whole[0], rtol=1e-12)
    np.testing.assert_allclose(model.grad_log_likelihood(z, rows), whole[1], rtol=1e-11)


def test_simulated_noise_is_students(data, rng):
    model, z = RobustRegression(*data, nu=3.0), np.array([1.0, 2.0, -1.0, np.log(0.5)])
    y = model.simulate(np.tile(z, (6000, 1)), rng)
    u = (y - (1 + data[0] @ [2.0, -1.0])) / 0.5
    assert stats.kstest(u.ravel(), stats.t(3).cdf).pvalue > 1e-3


def test_draws_of_the_prior_have_its_quantiles(data, rng):
    z = RobustRegression(*data, prior_sigma=[1, 2, 3], sigma_scale=4.0).sample_prior(5_000, rng)
    assert stats.kstest(np.exp(z[:, 3]), stats.halfcauchy(scale=4).cdf).pvalue > 1e-3
    assert stats.kstest(z[:, 2], stats.norm(scale=3).cdf).pvalue > 1e-3


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"nu": 0}, "nu must lie"),
        ({"sigma_scale": -1}, "sigma_scale must lie"),
        ({"names": ["a", "sigma"]}, "both be called 'sigma'"),
        ({"names": ["a", "a"]}, "both be called 'a'"),
        ({"prior_sigma": [1.0]}, "prior_sigma must be one number"),
        ({"y": np.full(30, np.nan)}, "y has 30 NaN"),
        ({"y": np.zeros(29)}, "y must have shape"),
        (
            {"x": np.ones((30, 2)), "prior_sigma": np.inf},
            "intercept, beta.0., beta.1. are linearly dependent",
        ),
    ],
)
def test_wrong_arguments_are_refused(data, changes, message):
    with pytest.raises(ValueError, match=message):
        RobustRegression(**({"x": data[0], "y": data[1]} | changes))
