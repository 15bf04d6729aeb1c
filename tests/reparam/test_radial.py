"""The radial flow: invertible in closed form, up to the edge."""

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

from scratchvae.reparam.radial import Radial


@pytest.fixture(params=[1, 2, 5])
def flow(request):
    return Radial(request.param)


def test_it_is_the_formula_of_the_paper(rng):
    lam, eps = draw(Radial(3), rng)
    z0, alpha, beta = lam[:3], np.exp(lam[3]), np.exp(lam[3]) * (lam[4] + np.sqrt(1 + lam[4] ** 2) - 1)
    r = np.linalg.norm(eps - z0)
    h, slope = 1 / (alpha + r), -1 / (alpha + r) ** 2
    z, log_det, _ = Radial(3).forward(lam, eps)
    np.testing.assert_allclose(z, eps + beta * h * (eps - z0), rtol=1e-13)
    expected = 2 * np.log(1 + beta * h) + np.log(1 + beta * h + beta * slope * r)
    assert log_det == pytest.approx(expected, abs=1e-13)


@pytest.mark.parametrize("scale", [0.7, 3])
def test_log_det_equals_slogdet_of_the_numerical_jacobian(flow, scale, rng):
    lam, eps = draw(flow, rng, (5,), (5,), scale)
    for one, row in zip(lam, eps, strict=True):
        assert flow.forward(one, row)[1] == pytest.approx(numerical_log_det(flow, one, row), abs=1e-6)


@pytest.mark.parametrize("beta", [-1e3, -20, 20])
def test_log_det_near_the_edge(flow, beta, rng):
    """Noise a thousandth of alpha away from z0, where dz/deps is nearly zero."""
    z0, y = rng.normal(size=(2, flow.n_latent))
    lam, eps = np.concatenate([z0, [4.0, beta]]), z0 + 1e-2 * y
    expected = numerical_log_det(flow, lam, eps)
    assert flow.forward(lam, eps)[1] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("beta", [-1e6, -1e3, -3, 0, 3, 1e6])
@pytest.mark.parametrize("log_alpha", [-5, 0, 5])
def test_inverse_undoes_forward_near_the_edge_too(flow, beta, log_alpha, rng):
    z0 = rng.normal(size=flow.n_latent)
    lam, eps = np.concatenate([z0, [log_alpha, beta]]), rng.normal(size=(50, flow.n_latent))
    back = flow.inverse(lam, flow.forward(lam, eps)[0])
    np.testing.assert_allclose(back, eps, atol=1e-8)


def test_far_and_near_distances_come_back_exactly():
    """Where one form of the quadratic's root would cancel."""
    for beta in (-1e4, 1e4):
        lam, eps = np.array([0.0, 0.0, 0.0, beta]), np.array([[1e-8, 0], [1e8, 1e7], [0, 0]])
        np.testing.assert_allclose(Radial(2).inverse(lam, Radial(2).forward(lam, eps)[0]), eps, rtol=1e-10)


@pytest.mark.parametrize(("lam_lead", "eps_lead"), LEADS)
def test_gradients_and_shapes(lam_lead, eps_lead, rng):
    lam, eps = draw(Radial(3), rng, lam_lead, eps_lead)
    check_gradients(Radial(3), lam, eps, rng)
    check_rows(Radial(3), lam, eps)
    check_solution(Radial(3), lam, eps, rng)
    check_score(Radial(3), lam, eps)


@pytest.mark.parametrize("beta", [-30, 30])
def test_gradients_near_the_edge(flow, beta, rng):
    lam, eps = (
        np.concatenate([rng.normal(size=flow.n_latent), [0.5, beta]]),
        rng.normal(size=(4, flow.n_latent)),
    )
    check_gradients(flow, lam, eps, rng, tolerance=1e-6)
    check_solution(flow, lam, eps, rng)


def test_the_score(flow, rng):
    check_score(flow, *draw(flow, rng, (4,), (4,)))


def test_both_dtypes(flow, rng):
    check_dtypes(flow, rng)


@pytest.mark.parametrize("scale", [0.7, 2])
def test_the_density_in_the_plane_integrates_to_one(scale, rng):
    """To the peak that a negative beta makes, the grid adds what its cells of 0.04 miss."""
    assert mass(Radial(2), draw(Radial(2), rng, scale=scale)[0]) == pytest.approx(1, abs=1e-3)


def test_the_centre_itself_has_finite_gradients(flow, dtype):
    lam = np.full(flow.n_params, 0.5, dtype)
    eps = lam[: flow.n_latent].copy()
    z, log_det, cache = flow.forward(lam, eps)
    np.testing.assert_array_equal(z, eps)
    assert log_det == pytest.approx(flow.n_latent * np.log(0.5 + np.sqrt(1.25)), rel=1e-6)
    dlam, deps = flow.backward(cache, np.ones_like(z), np.ones_like(log_det))
    assert np.isfinite(dlam).all() and np.isfinite(deps).all()
    np.testing.assert_array_equal(flow.inverse(lam, z), eps)


def test_zero_is_the_identity(flow, rng):
    eps = rng.normal(size=(4, flow.n_latent))
    z, log_det, _ = flow.forward(np.zeros(flow.n_params), eps)
    np.testing.assert_array_equal(z, eps)
    np.testing.assert_allclose(log_det, 0, atol=1e-14)


def test_the_first_lam_is_near_the_identity_and_has_gradients(flow, rng):
    lam, eps = flow.initial(rng), rng.normal(size=(50, flow.n_latent))
    z, _, cache = flow.forward(lam, eps)
    assert 0 < np.abs(z - eps).max() < 0.5
    assert (flow.backward(cache, z, np.full(50, -1.0))[0] != 0).all()
