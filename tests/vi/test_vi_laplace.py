"""Laplace's approximation: exact for Gaussians, a known example by hand, and where there is no mode."""

import math

import numpy as np
import pytest
from scipy import optimize
from vi_problems import Written, correlated, fitted, rescaled, small_regression

from scratchvae import models
from scratchvae.vi import Laplace, find_mode, laplace
from scratchvae.vi.start import MAX_LAPLACE_DIMENSION

GAUSSIAN = {
    "one": correlated(1),
    "five": correlated(5),
    "twenty": correlated(20),
}


@pytest.mark.parametrize("model", GAUSSIAN.values(), ids=GAUSSIAN)
def test_of_a_gaussian_it_is_exact(model):
    found = laplace(model, np.zeros(model.n_latent))
    sd = np.sqrt(np.diag(model.cov))
    assert np.max(np.abs(found.mode - model.center) / sd) < 1e-4
    scaled = found.precision * np.outer(sd, sd)
    np.testing.assert_allclose(scaled, model.precision * np.outer(sd, sd), rtol=1e-4, atol=1e-4)
    assert found.log_evidence == pytest.approx(0, abs=1e-4)
    np.testing.assert_array_equal(found.precision, found.precision.T)


def test_units_cost_it_some_digits_of_the_mode():
    model = rescaled(correlated(3), (1e-4, 1.0, 1e4), 1e5)
    found, sd = laplace(model, np.zeros(3)), np.sqrt(np.diag(model.cov))
    assert np.max(np.abs(found.mode - model.center) / sd) < 0.01
    np.testing.assert_allclose(
        np.linalg.inv(found.precision) / np.outer(sd, sd), model.cov / np.outer(sd, sd), atol=1e-3
    )
    assert found.log_evidence == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(
    "model",
    [
        small_regression(),
        models.NormalMean([1.0, 2.0, 4.0], 1.0, prior_sigma=10.0),
        models.FactorAnalysis([1.0, -1.0, 2.0], [[1.0, 0], [0.5, 1], [0, 2]], 0.7),
    ],
)
def test_of_a_conjugate_model_it_is_posterior_and_evidence(model):
    found, exact = laplace(model, np.zeros(model.n_latent)), model.exact_posterior()
    np.testing.assert_allclose(found.mode, exact.mean, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(np.linalg.inv(found.precision), exact.cov, rtol=1e-6, atol=1e-9)
    assert found.log_evidence == pytest.approx(model.log_evidence(), abs=1e-7)


def test_one_poisson_count_by_hand():
    """log p = y z - e^z - log y! - z^2 / 2 s^2 - log s - log(2 pi) / 2; at the mode y - e^z = z / s^2."""
    y, s = 7, 1.5
    model = models.PoissonRegression(np.ones((1, 1)), [y], prior_sigma=s, intercept=False)
    mode = optimize.brentq(lambda z: y - math.exp(z) - z / s**2, -5, 5, xtol=1e-14)
    precision = math.exp(mode) + 1 / s**2
    height = y * mode - math.exp(mode) - math.lgamma(y + 1) - 0.5 * (mode / s) ** 2 - math.log(s)
    log_evidence = height - 0.5 * math.log(precision)  # the two halves of log 2 pi cancel
    found = laplace(model, np.zeros(1))
    assert found.mode[0] == pytest.approx(mode, abs=1e-7)
    assert found.precision[0, 0] == pytest.approx(precision, rel=1e-7)
    assert found.log_evidence == pytest.approx(log_evidence, abs=1e-9)


def saddle():
    """A mode along the first axis, a valley along the second: no maximum at zero, nor anywhere."""
    return Written(2, lambda z: 0.5 * (z[..., 1] ** 2 - z[..., 0] ** 2), lambda z: z * [-1.0, 1.0])


def ridge():
    return Written(2, lambda z: -0.5 * z[..., 0] ** 2, lambda z: z * [-1.0, 0.0])


def unbounded_funnel():
    """The centred hierarchical density p(tau, theta) alone: it rises for ever towards tau = 0."""

    def log_joint(z):
        return -z[..., 0] * 9 - 0.5 * np.exp(-2 * z[..., 0]) * (z[..., 1:] ** 2).sum(axis=-1)

    def gradient(z):
        weight = np.exp(-2 * z[..., :1])
        squares = (z[..., 1:] ** 2).sum(axis=-1, keepdims=True)
        return np.concatenate([weight * squares - 9, -weight * z[..., 1:]], axis=-1)

    return Written(10, log_joint, gradient)


@pytest.mark.parametrize("make", [saddle, ridge, unbounded_funnel])
@pytest.mark.parametrize("place", [0.0, 0.5])
def test_there_is_none_where_there_is_no_maximum(make, place):
    model = make()
    assert laplace(model, np.full(model.n_latent, place)) is None
    with pytest.raises(ValueError, match=r"no mode .* use start='zero', or give a start=z"):
        fitted(model, start="laplace")


def test_there_is_none_where_the_density_is_nan():
    assert laplace(Written(1, lambda z: np.nan * z[..., 0], lambda z: -z), np.zeros(1)) is None


def test_there_is_none_of_many_dimensions():
    n = MAX_LAPLACE_DIMENSION + 1
    assert laplace(Written(n, lambda z: -0.5 * (z * z).sum(-1), lambda z: -z), np.zeros(n)) is None


def test_the_mode_is_climbed_to_from_afar():
    model = correlated(5)
    np.testing.assert_allclose(find_mode(model, np.full(5, 1e4)), model.center, atol=1e-5)


def test_a_wall_of_minus_infinity_is_no_end_of_the_climb():
    def log_joint(z):
        with np.errstate(invalid="ignore"):
            return np.where(z[..., 0] > 0, 3 * np.log(z[..., 0]) - z[..., 0], -np.inf)

    model = Written(1, log_joint, lambda z: 3 / z - 1)
    assert find_mode(model, np.array([0.1]))[0] == pytest.approx(3, abs=1e-4)


def test_its_coordinates_make_it_a_standard_normal():
    precision = np.array([[2.0, 0.6], [0.6, 0.5]])
    found = Laplace(np.array([1.0, -2.0]), precision, 0.0)
    full, diagonal = found.coordinates(False), found.coordinates(True)
    np.testing.assert_allclose(full.matrix @ full.matrix.T, np.linalg.inv(precision))
    np.testing.assert_array_equal(full.matrix, np.tril(full.matrix))
    np.testing.assert_allclose(diagonal.factor, 1 / np.sqrt([2.0, 0.5]))
    np.testing.assert_array_equal(full.shift, found.mode)
