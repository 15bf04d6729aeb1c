"""The mixture as a target: SciPy's density, an integral of one, its moments, its draws."""

import numpy as np
import pytest
from scipy import stats

from scratchvae.models import NormalMixtureDensity

MEANS = np.array([[-2.0, 1.0], [2.0, 0.0], [0.0, -3.0]])
SIGMAS = np.array([[0.5, 1.0], [1.0, 0.7], [0.8, 0.8]])
WEIGHTS = np.array([0.5, 0.3, 0.2])


@pytest.fixture
def target():
    return NormalMixtureDensity(MEANS, SIGMAS, WEIGHTS)


def grid():
    axis = np.linspace(-9, 9, 181)
    z = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
    return z, (axis[1] - axis[0]) ** 2


def test_the_density_is_scipys(target, rng):
    z = 3 * rng.normal(size=(20, 2))
    parts = zip(WEIGHTS, MEANS, SIGMAS, strict=True)
    p = sum(w * stats.multivariate_normal(m, np.diag(s**2)).pdf(z) for w, m, s in parts)
    np.testing.assert_allclose(target.log_joint(z), np.log(p), rtol=1e-12)


def test_it_integrates_to_one_and_its_moments_are_those_of_the_grid(target):
    z, area = grid()
    p = np.exp(target.log_joint(z)) * area
    assert np.log(p.sum()) == pytest.approx(target.log_evidence(), abs=1e-9)
    mean = (p[..., None] * z).sum(axis=(0, 1))
    np.testing.assert_allclose(target.mean, mean, atol=1e-9)
    away = z - mean
    np.testing.assert_allclose(target.cov, np.einsum("ij,ija,ijb->ab", p, away, away), atol=1e-9)


def test_draws_have_its_moments(target, rng):
    z = target.sample_exact(40_000, rng)
    standard_error = np.sqrt(np.diag(target.cov) / len(z))
    assert np.abs((z.mean(axis=0) - target.mean) / standard_error).max() < 4.5
    np.testing.assert_allclose(np.cov(z.T), target.cov, atol=0.1)
    nearest = np.argmin(((z[:, None] - MEANS) ** 2).sum(axis=-1), axis=1)
    assert (nearest == 0).mean() == pytest.approx(0.5, abs=0.03)


def test_far_away_neither_value_nor_gradient_is_lost(target):
    far = np.array([2000.0, 0.0])
    assert np.isfinite(target.log_joint(far))
    assert target.grad_log_joint(far)[0] == pytest.approx(-1998.0)  # the widest component along z_1


def test_weights_are_equal_by_default_and_always_of_sum_one():
    z = np.array([[0.3, 0.2], [-2.0, 1.0]])
    equal = NormalMixtureDensity(MEANS, SIGMAS, np.full(3, 1 / 3))
    np.testing.assert_allclose(
        NormalMixtureDensity(MEANS, SIGMAS).log_joint(z), equal.log_joint(z), rtol=1e-14
    )
    rounded = NormalMixtureDensity(MEANS, SIGMAS, np.full(3, 0.333333332))
    np.testing.assert_allclose(rounded.weights, 1 / 3, rtol=1e-15)


def test_sigmas_of_one_number_or_one_a_component_are_spread():
    z = np.array([0.3, 0.2])
    whole = NormalMixtureDensity(MEANS, np.full((3, 2), 0.7)).log_joint(z)
    assert NormalMixtureDensity(MEANS, 0.7).log_joint(z) == whole
    assert NormalMixtureDensity(MEANS, [0.7] * 3).log_joint(z) == whole


@pytest.mark.parametrize(
    "arguments, message",
    [
        (([1.0, 2.0],), "means must have shape"),
        (([[np.nan]],), "means has 1 NaN"),
        ((MEANS, [1.0, 2.0]), "sigmas must be one number"),
        ((MEANS, 0.0), "sigmas must be above zero"),
        ((MEANS, 1.0, [0.5, 0.5]), "weights must have shape"),
        ((MEANS, 1.0, [0.5, 0.5, 0.5]), "sum one"),
        ((MEANS, 1.0, [1.5, -0.5, 0.0]), "above zero"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        NormalMixtureDensity(*arguments)
