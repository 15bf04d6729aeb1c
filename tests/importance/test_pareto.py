"""The generalised Pareto fit: against a published implementation, known shapes, SciPy's density."""

import numpy as np
import pytest
from scipy.stats import genpareto

from scratchvae.importance import gpd_fit, gpd_quantile


def spread(n):
    """n numbers in (0, 1), evenly spread and shuffled, the same on every machine."""
    return ((np.arange(n) + 0.5) * 0.6180339887498949) % 1


#: k of 60 excesses: the (k, sigma) of ArviZ 0.23.4, arviz.stats.stats._gpdfit.
PUBLISHED = {
    -0.4: (-0.21714115037338527, 1.9211141284549011),
    0.0: (0.12464363641798482, 1.9399851219151039),
    0.6: (0.6210832685877884, 2.014139251876009),
}


@pytest.mark.parametrize("k", PUBLISHED)
def test_the_fit_is_the_published_one(k):
    x = gpd_quantile(spread(60), k, 2.0)  # in any order
    assert gpd_fit(x) == pytest.approx(PUBLISHED[k], rel=1e-10)


@pytest.mark.parametrize("k", [-0.5, 0.0, 0.3, 1.2])
def test_quantiles_are_scipys(k, rng):
    u = rng.random(50)
    np.testing.assert_allclose(gpd_quantile(u, k, 3.0), genpareto.ppf(u, k, scale=3.0), rtol=1e-12)


def test_a_shape_near_zero_loses_no_digits():
    u = np.array([0.1, 0.9, 0.999])
    np.testing.assert_allclose(gpd_quantile(u, 1e-14, 1.0), gpd_quantile(u, 0, 1.0), rtol=1e-12)


@pytest.mark.parametrize("k", [-0.3, 0.0, 0.2, 0.5, 0.8, 1.0])
def test_known_shapes_are_found_on_average(k, rng):
    """Over 60 fits of 1,000 draws, up to the bias of the prior's ten, and 4 standard errors."""
    fits = np.array([gpd_fit(gpd_quantile(rng.random(1000), k, 2.0)) for _ in range(60)])
    error = 4 * fits.std(axis=0) / np.sqrt(60)
    assert abs(fits[:, 0].mean() - (1000 * k + 5) / 1010) < error[0] + 0.005
    assert abs(fits[:, 1].mean() - 2.0) < error[1] + 0.01


def test_the_shape_has_no_unit_and_the_scale_has(rng):
    x = gpd_quantile(rng.random(200), 0.4, 1.0)
    k, sigma = gpd_fit(x)
    assert gpd_fit(1e-200 * x) == pytest.approx((k, 1e-200 * sigma), rel=1e-9)


def test_few_excesses_are_drawn_towards_one_half(rng):
    x = gpd_quantile(spread(5), -1.0, 1.0)
    assert gpd_fit(x)[0] > gpd_fit(np.repeat(x, 200))[0]


def test_equal_excesses_have_a_finite_fit():
    """With n = 100 one of the points is b = 0 exactly, where k / b is 0 / 0."""
    assert np.isfinite(gpd_fit(np.ones(100))).all()


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.ones(4), "4 excesses; the fit of a tail needs at least 5"),
        ([1, 2, 3, 4, 0.0], "above zero, but the least is 0"),
        ([1, 2, 3, 4, np.nan], "NaN"),
        (np.ones((5, 2)), "shape"),
    ],
)
def test_bad_excesses_are_refused(x, message):
    with pytest.raises(ValueError, match=message):
        gpd_fit(x)
