"""The planar flow: a rank-one determinant, invertible up to the edge."""

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

from scratchvae.reparam.planar import Planar


@pytest.fixture(params=[1, 2, 5])
def flow(request):
    return Planar(request.param)


def edge(flow, x, rng, length=1.0):
    """lam with w^T u = x and |w| = length, so that w^T u^ = m(x); and noise about the plane."""
    n = flow.n_latent
    w = rng.normal(size=n)
    w *= length / np.linalg.norm(w)
    u = rng.normal(size=n)
    u += (x - w @ u) / (w @ w) * w
    return np.concatenate([u, w, [0.1]]), 0.3 * rng.normal(size=(20, n))


def test_it_is_the_formula_of_the_paper(rng):
    lam, eps = draw(Planar(3), rng)
    u, w, b = lam[:3], lam[3:6], lam[6]
    m = w @ u + np.sqrt(1 + (w @ u) ** 2) - 1
    u_hat = u + (m - w @ u) * w / (w @ w)
    t = np.tanh(w @ eps + b)
    z, log_det, _ = Planar(3).forward(lam, eps)
    np.testing.assert_allclose(z, eps + u_hat * t, rtol=1e-13)
    assert log_det == pytest.approx(np.log(abs(1 + (1 - t**2) * w @ u_hat)), abs=1e-13)


def test_log_det_equals_slogdet_of_the_numerical_jacobian(flow, rng):
    for scale in (0.7, 3):
        lam, eps = draw(flow, rng, (), (5,), scale)
        for row in eps:
            assert flow.forward(lam, row)[1] == pytest.approx(numerical_log_det(flow, lam, row), abs=1e-7)


@pytest.mark.parametrize("x", [-30, -1e3])
def test_log_det_near_the_edge(flow, x, rng):
    lam, eps = edge(flow, x, rng)
    for row in eps[:3]:
        assert flow.forward(lam, row)[1] == pytest.approx(numerical_log_det(flow, lam, row), abs=1e-6)


@pytest.mark.parametrize("x", [-1e6, -1e3, -3, 0, 3, 1e3])
@pytest.mark.parametrize("length", [0.01, 1, 5])
def test_inverse_undoes_forward_near_the_edge_too(flow, x, length, rng):
    lam, eps = edge(flow, x, rng, length)
    w = lam[flow.n_latent : -1]
    eps[:10] -= ((eps[:10] @ w + 0.1) / (w @ w))[:, None] * w  # on the plane itself
    np.testing.assert_allclose(flow.inverse(lam, flow.forward(lam, eps)[0]), eps, atol=1e-8)


def test_inverse_far_from_the_start(flow, rng):
    lam, eps = draw(flow, rng, (4,), (3, 4), scale=3)
    np.testing.assert_allclose(flow.inverse(lam, flow.forward(lam, eps)[0]), eps, atol=1e-8)


def test_inverse_of_what_is_not_finite_is_a_clear_error():
    with pytest.raises(ValueError, match="did not converge"):
        Planar(2).inverse(np.ones(5), np.array([np.nan, 0]))


@pytest.mark.parametrize(("lam_lead", "eps_lead"), LEADS)
def test_gradients_and_shapes(lam_lead, eps_lead, rng):
    lam, eps = draw(Planar(3), rng, lam_lead, eps_lead)
    check_gradients(Planar(3), lam, eps, rng)
    check_rows(Planar(3), lam, eps)
    check_solution(Planar(3), lam, eps, rng)
    check_score(Planar(3), lam, eps)


@pytest.mark.parametrize("x", [-30, 0, 30])
def test_gradients_near_the_edge(flow, x, rng):
    lam, eps = edge(flow, x, rng)
    check_gradients(flow, lam, eps[:4], rng, tolerance=1e-6)
    check_solution(flow, lam, eps, rng)


def test_the_score(flow, rng):
    check_score(flow, *draw(flow, rng, (4,), (4,)))


def test_both_dtypes(flow, rng):
    check_dtypes(flow, rng)


@pytest.mark.parametrize("scale", [0.7, 2])
def test_the_density_in_the_plane_integrates_to_one(scale, rng):
    assert mass(Planar(2), draw(Planar(2), rng, scale=scale)[0]) == pytest.approx(1, abs=1e-3)


def test_divided_by_the_length_the_map_folds_over_and_this_one_does_not():
    """w^T u + (m - w^T u) |w| = -4 + 3.1 * 0.5 = -2.4: the paper's constraint is lost."""
    u, w = np.array([-8.0]), np.array([0.5])
    x = (w @ u).item()
    m = x + np.hypot(1, x) - 1
    assert x + (m - x) * abs(w[0]) < -2
    line = np.linspace(-4, 4, 101)[:, None]
    z, log_det, _ = Planar(1).forward(np.array([u[0], w[0], 0.0]), line)
    assert (np.diff(z[:, 0]) > 0).all()
    assert np.isfinite(log_det).all()


def test_zero_is_the_identity_and_nothing_jumps_at_w_zero(flow, dtype, rng):
    n = flow.n_latent
    eps = rng.normal(size=(4, n)).astype(dtype)
    z, log_det, cache = flow.forward(np.zeros(2 * n + 1, dtype), eps)
    np.testing.assert_array_equal(z, eps)
    np.testing.assert_array_equal(log_det, np.zeros(4))
    assert np.isfinite(flow.backward(cache, eps, log_det + 1)[0]).all()
    u, b = rng.normal(size=n), [0.3]
    at, near = (np.concatenate([u, w, b]).astype(dtype) for w in (np.zeros(n), 1e-6 * rng.normal(size=n)))
    for got, expected in zip(flow.forward(near, eps)[:2], flow.forward(at, eps)[:2], strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-4)
    dlam = flow.backward(flow.forward(near, eps)[2], eps, log_det + 1)[0]
    assert np.abs(dlam).max() < 100  # with the m of the paper, u^ alone would be 1e5


def test_the_first_lam_is_near_the_identity_and_has_gradients(flow, rng):
    lam, eps = flow.initial(rng), rng.normal(size=(50, flow.n_latent))
    z, _, cache = flow.forward(lam, eps)
    assert 0 < np.abs(z - eps).max() < 0.5
    dlam, _ = flow.backward(cache, z, np.full(50, -1.0))
    assert (np.abs(dlam) > 1e-3).all()


def test_its_moments_are_of_five_hundred_draws_and_their_opposites(rng, monkeypatch):
    """As many as a mean of z needs to be good to a twentieth of a standard deviation, and no more memory."""
    flow, given = Planar(3), []
    forward = flow.forward
    monkeypatch.setattr(flow, "forward", lambda lam, eps: (given.append(eps), forward(lam, eps))[1])
    flow.mean_and_sigma(rng.normal(size=(4, 7)))
    assert given[0].shape == (512, 1, 3)
    np.testing.assert_array_equal(given[0][:256], -given[0][256:])
