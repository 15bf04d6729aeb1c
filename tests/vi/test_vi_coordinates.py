"""Coordinates against dense linear algebra, noise against what it promises."""

import naive
import numpy as np
import pytest
from scipy import stats

from scratchvae.vi.coordinates import Coordinates
from scratchvae.vi.noise import MAX_EVEN_DIMENSION, noise_source

RNG = np.random.default_rng(3)
SHIFT = RNG.standard_normal(4)
LOWER = np.tril(RNG.standard_normal((4, 4)), -1) + np.diag([0.5, 2.0, 1.5, 0.1])
CASES = {
    "standard": Coordinates.standard(4),
    "diagonal": Coordinates(SHIFT, np.array([0.5, 2.0, 1e-3, 1e3])),
    "triangular": Coordinates(SHIFT, LOWER),
}
LEADS = [(), (3,), (2, 3)]


@pytest.fixture(params=CASES)
def coordinates(request):
    return CASES[request.param]


@pytest.mark.parametrize("lead", LEADS)
def test_forward_and_inverse(coordinates, lead, rng):
    y = rng.standard_normal((*lead, 4))
    z = coordinates.forward(y)
    expected = coordinates.shift + np.einsum("ij,...j->...i", coordinates.matrix, y)
    np.testing.assert_allclose(z, expected, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(coordinates.inverse(z), y, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("lead", LEADS)
def test_gradients_go_through_the_transpose(coordinates, lead, rng):
    dz = rng.standard_normal((*lead, 4))
    dy = np.einsum("ji,...j->...i", coordinates.matrix, dz)
    np.testing.assert_allclose(coordinates.backward(dz), dy, rtol=1e-12)
    np.testing.assert_allclose(coordinates.gradient_by_z(dy), dz, rtol=1e-8, atol=1e-10)


def test_backward_by_differences(coordinates, rng):
    weight, y = rng.standard_normal(4), rng.standard_normal(4)
    numerical = naive.numerical_gradient(lambda y: float(coordinates.forward(y) @ weight), y)
    assert naive.relative_error(coordinates.backward(weight), numerical) < 1e-8


def test_log_det_and_spread(coordinates, rng):
    assert coordinates.log_det == pytest.approx(np.linalg.slogdet(coordinates.matrix)[1])
    cov = coordinates.matrix @ coordinates.matrix.T
    np.testing.assert_allclose(coordinates.spread, np.sqrt(np.diag(cov)))


@pytest.mark.parametrize(
    "factor", [np.array([1.0, 2.0, 0.3, 4.0]), LOWER.T @ LOWER], ids=["diagonal", "full"]
)
def test_one_after_the_other(coordinates, factor, rng):
    """y = mean + factor y' first, then z = shift + matrix y."""
    factor = factor if factor.ndim == 1 else np.linalg.cholesky(factor)
    mean, y = rng.standard_normal(4), rng.standard_normal((3, 4))
    both = coordinates.then(mean, factor)
    inner = Coordinates(mean, factor)
    np.testing.assert_allclose(both.forward(y), coordinates.forward(inner.forward(y)), rtol=1e-12)
    assert both.log_det == pytest.approx(coordinates.log_det + inner.log_det)
    assert both.is_diagonal == (coordinates.is_diagonal and factor.ndim == 1)


# --- noise --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["even", "independent"])
def test_noise_is_standard_normal_and_each_draw_new(kind):
    source = noise_source(kind, 3, np.random.default_rng(0))
    eps = np.concatenate([source(10) for _ in range(1000)])
    assert eps.shape == (10_000, 3)
    assert len(np.unique(eps[:, 0])) == 10_000
    np.testing.assert_allclose(eps.mean(axis=0), 0, atol=0.05)
    np.testing.assert_allclose(np.cov(eps.T), np.eye(3), atol=0.06)
    assert stats.kstest(eps[:, 1], "norm").pvalue > 1e-3
    assert np.isfinite(eps).all()


def test_even_noise_is_more_even():
    """The mean of 1,024 points: a standard error of 0.03 if independent, far less if even."""
    errors = {
        kind: np.std([noise_source(kind, 4, np.random.default_rng(s))(1024).mean(axis=0) for s in range(20)])
        for kind in ("even", "independent")
    }
    assert errors["independent"] == pytest.approx(1 / 32, rel=0.2)
    assert errors["even"] < errors["independent"] / 10


def test_even_noise_is_unbiased():
    """Its scrambling is new with each generator: over many of them each point is N(0, I)."""
    firsts = np.concatenate([noise_source("even", 2, np.random.default_rng(s))(1) for s in range(400)])
    assert stats.kstest(firsts.ravel(), "norm").pvalue > 1e-3


def test_more_points_than_a_block_at_once_and_very_many_dimensions():
    assert noise_source("even", 2, np.random.default_rng(0))(5000).shape == (5000, 2)
    n = MAX_EVEN_DIMENSION + 1
    assert noise_source("even", n, np.random.default_rng(0))(3).shape == (3, n)


def test_an_unknown_kind():
    with pytest.raises(ValueError, match="unknown kind of noise 'evn'; did you mean 'even'"):
        noise_source("evn", 2, np.random.default_rng(0))
