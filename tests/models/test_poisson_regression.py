"""Poisson regression against SciPy's densities, and the data that it refuses."""

import numpy as np
import pytest
from scipy import stats

from scratchvae.models import PoissonRegression


@pytest.fixture
def data(rng):
    x = rng.normal(size=(30, 2))
    return x, rng.poisson(np.exp(0.5 + x @ [0.3, -0.4]))


@pytest.mark.parametrize("with_exposure", [False, True])
def test_the_joint_density_is_scipys(data, with_exposure, rng):
    x, y = data
    exposure = rng.uniform(0.5, 20, size=30) if with_exposure else None
    model = PoissonRegression(x, y, exposure, prior_sigma=2.0)
    rate_of_one = 1 if exposure is None else exposure
    for z in rng.normal(size=(3, 3)):
        rate = rate_of_one * np.exp(z[0] + x @ z[1:])
        expected = stats.poisson.logpmf(y, rate).sum() + stats.norm.logpdf(z, scale=2).sum()
        assert model.log_joint(z) == pytest.approx(expected, rel=1e-12)


def test_rows_bring_their_own_factorials_and_exposures(data, rng):
    x, y = data
    exposure, z, rows = rng.uniform(0.5, 20, size=30), np.array([0.5, 0.3, -0.4]), [7, 2, 29]
    rate = exposure * np.exp(z[0] + x @ z[1:])
    expected = stats.poisson.logpmf(y, rate)[rows].sum()
    assert PoissonRegression(x, y, exposure).log_likelihood(z, rows) == pytest.approx(expected, rel=1e-12)


def test_draws_of_y_have_the_rates_of_the_model(data, rng):
    exposure = np.linspace(1, 5, 30)
    model, z = PoissonRegression(*data, exposure), np.array([0.5, 0.3, -0.4])
    n = 20_000
    y = model.simulate(np.tile(z, (n, 1)), rng)
    rate = exposure * np.exp(model.linear_predictor(z))
    assert np.abs((y.mean(axis=0) - rate) / np.sqrt(rate / n)).max() < 4.5
    np.testing.assert_allclose(y.var(axis=0), rate, rtol=0.06)


def test_other_data_bring_their_own_factorials(data):
    model, z = PoissonRegression(*data), np.array([0.5, 0.3, -0.4])
    y = data[1][::-1] + 3
    assert model.with_data(y).log_joint(z) == PoissonRegression(data[0], y).log_joint(z)


def test_a_rate_that_overflows_is_impossible():
    model = PoissonRegression([1.0], [3], intercept=False)
    assert model.log_likelihood(np.array([1000.0])) == -np.inf


@pytest.mark.parametrize("y", [[0.5, 1, 2], [1, -1, 0]])
def test_what_is_no_count_is_refused(y):
    with pytest.raises(ValueError, match="y must be counts"):
        PoissonRegression([1.0, 2.0, 3.0], y)


@pytest.mark.parametrize(
    "exposure, message",
    [
        ([1, 0, 1], "exposure must be above zero"),
        ([1, -1, 1], "exposure must be above zero"),
        ([1, np.nan, 1], "exposure has 1 NaN"),
        ([1, 1], "exposure must have shape"),
    ],
)
def test_an_exposure_that_is_none_is_refused(exposure, message):
    with pytest.raises(ValueError, match=message):
        PoissonRegression([1.0, 2.0, 3.0], [1, 2, 3], exposure)
