"""Reflections: orthogonal, near the identity at lam = 0, and after a diagonal map any covariance."""

import numpy as np
import pytest
from flow_checks import (
    LEADS,
    check_dtypes,
    check_gradients,
    check_rows,
    check_score,
    check_solution,
    draw,
    mass,
    numerical_log_det,
)
from scipy import stats

from scratchvae.reparam import Chain, Diagonal
from scratchvae.reparam.householder import Householder

SIZES = [(1, 1), (1, 2), (2, 1), (2, 3), (5, 1), (5, 4), (3, 7)]


@pytest.fixture(params=SIZES, ids=str)
def flow(request):
    return Householder(*request.param)


def matrix(flow, lam):
    """Q, whose columns are where the unit vectors go."""
    return flow.forward(lam, np.eye(flow.n_latent))[0].T


@pytest.mark.parametrize("scale", [1e-3, 1, 1e3])
def test_it_is_a_product_of_textbook_reflections(scale, rng):
    flow = Householder(3, 2)
    lam, eps = draw(flow, rng, scale=scale)
    expected = eps
    for v in (lam[:3] + [1, 0, 0], lam[3:] + [1, 0, 0]):
        expected = (np.eye(3) - 2 * np.outer(v, v) / (v @ v)) @ expected
    np.testing.assert_allclose(flow.forward(lam, eps)[0], expected, rtol=1e-11)


def test_lengths_and_volumes_stay(flow, rng):
    lam, eps = draw(flow, rng, scale=3)
    q = matrix(flow, lam)
    np.testing.assert_allclose(q @ q.T, np.eye(flow.n_latent), atol=1e-13)
    assert flow.forward(lam, eps)[1] == 0
    assert numerical_log_det(flow, lam, eps) == pytest.approx(0, abs=1e-9)


def test_at_zero_it_is_the_identity(flow, rng):
    _, eps = draw(flow, rng, (), (4,))
    np.testing.assert_allclose(flow.forward(np.zeros(flow.n_params), eps)[0], eps, atol=1e-15)


def test_near_zero_it_is_near_the_identity_and_not_at_it(rng):
    flow = Householder(4, 3)
    distance = np.abs(matrix(flow, flow.initial(rng)) - np.eye(4)).max()
    assert 0.01 < distance < 0.7


@pytest.mark.parametrize(("lam_lead", "eps_lead"), LEADS)
def test_gradients_and_shapes(lam_lead, eps_lead, rng):
    flow = Householder(3, 3)
    lam, eps = draw(flow, rng, lam_lead, eps_lead)
    check_gradients(flow, lam, eps, rng)
    check_rows(flow, lam, eps)
    check_solution(flow, lam, eps, rng)
    check_score(flow, lam, eps)


def test_gradients_of_every_size(flow, rng):
    check_gradients(flow, *draw(flow, rng, (4,), (2, 4)), rng)


def test_inverse_undoes_forward(flow, rng):
    lam, eps = draw(flow, rng, (4,), (3, 4), scale=5)
    np.testing.assert_allclose(flow.inverse(lam, flow.forward(lam, eps)[0]), eps, atol=1e-12)


def test_the_score_is_that_of_a_standard_normal(flow, rng):
    lam, eps = draw(flow, rng, (4,), (4,))
    z, _, cache = flow.forward(lam, eps)
    np.testing.assert_allclose(flow.grad_log_q(cache), -z, atol=1e-13)
    check_score(flow, lam, eps)


def test_both_dtypes(flow, rng):
    check_dtypes(flow, rng)


def test_a_vector_without_direction_gives_a_reflection_and_no_gradient(dtype):
    flow = Householder(2, 1)
    lam = np.array([-1, 0], dtype)  # v = 0
    z, _, cache = flow.forward(lam, np.ones(2, dtype))
    np.testing.assert_array_equal(z, [1, 1])
    np.testing.assert_array_equal(flow.backward(cache, np.ones(2, dtype), dtype == "float32")[0], [0, 0])


def test_after_a_diagonal_map_it_is_a_gaussian_of_full_covariance(rng):
    chain = Chain(Diagonal(3), Householder(3, 3))
    lam, eps = draw(chain, rng, (), (5,))
    q = matrix(chain.maps[1], lam[6:])
    z, log_det, _ = chain.forward(lam, eps)
    expected = stats.multivariate_normal.logpdf(z, q @ lam[:3], q @ np.diag(np.exp(2 * lam[3:6])) @ q.T)
    np.testing.assert_allclose(chain.log_noise(eps) - log_det, expected, rtol=1e-12)
    assert np.abs(q @ np.diag(np.exp(2 * lam[3:6])) @ q.T)[0, 1] > 0.01


def test_the_density_in_the_plane_integrates_to_one(rng):
    flow = Householder(2, 1)
    assert mass(flow, draw(flow, rng)[0]) == pytest.approx(1, abs=1e-6)


def test_its_moments_are_those_of_a_standard_normal(rng):
    flow = Householder(3, 2)
    mean, sigma = flow.mean_and_sigma(draw(flow, rng, (2, 4))[0])
    np.testing.assert_array_equal(mean, np.zeros((2, 4, 3)))
    np.testing.assert_array_equal(sigma, np.ones((2, 4, 3)))


def test_it_knows_its_name_and_refuses_no_reflections():
    assert Householder(3, 2).spec == "householder:2"
    with pytest.raises(
        ValueError, match="the number of reflections must be a whole number of at least 1, not 0"
    ):
        Householder(3, 0)


@pytest.mark.parametrize("n_reflections", [2, 5, 7])
def test_at_zero_the_reflections_are_along_the_axes_in_pairs(n_reflections):
    vectors, _ = Householder(3, n_reflections).vectors(np.zeros(3 * n_reflections))
    expected = np.eye(3)[[0, 0, 1, 1, 2, 2, 0][:n_reflections]]
    np.testing.assert_array_equal(vectors, expected)
