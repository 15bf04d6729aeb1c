"""The Sylvester flow: an M x M triangular determinant in place of an L x L one."""

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

from scratchvae.reparam.sylvester import HouseholderSylvester, Sylvester

FLOWS = [
    Sylvester(1),
    Sylvester(2, 1),
    Sylvester(5),
    Sylvester(5, 2),
    HouseholderSylvester(1),
    HouseholderSylvester(2),
    HouseholderSylvester(5),
]
NAMES = [f"{flow.spec}-{flow.n_latent}" for flow in FLOWS]


@pytest.fixture(params=FLOWS, ids=NAMES)
def flow(request):
    return request.param


def edge(flow, rng, d):
    """lam with every r_ii r~_ii = -tanh(d)^2, and noise about the point where h = 1."""
    lam, eps = draw(flow, rng, (), (20,))
    rank, end = flow.rank, flow.ends[1]
    lam[end - 2 * rank : end - rank], lam[end - rank : end] = d, -d
    return lam, 0.3 * eps


def test_it_is_the_formula_of_the_paper(flow, rng):
    lam, eps = draw(flow, rng)
    q, _, (r, r_tilde, _, _), b = flow._pieces(lam)
    z, log_det, _ = flow.forward(lam, eps)
    t = np.tanh(r_tilde @ q.T @ eps + b)
    np.testing.assert_allclose(z, eps + q @ r @ t, rtol=1e-12)
    jacobian = np.eye(len(eps)) + q @ r @ np.diag(1 - t**2) @ r_tilde @ q.T
    assert log_det == pytest.approx(np.linalg.slogdet(jacobian)[1], abs=1e-12)


@pytest.mark.parametrize("scale", [0.7, 2])
def test_log_det_equals_slogdet_of_the_numerical_jacobian(flow, scale, rng):
    lam, eps = draw(flow, rng, (3,), (3,), scale)
    for one, row in zip(lam, eps, strict=True):
        assert flow.forward(one, row)[1] == pytest.approx(numerical_log_det(flow, one, row), abs=1e-6)


@pytest.mark.parametrize("d", [2, 4])
def test_log_det_near_the_edge(flow, d, rng):
    lam, eps = edge(flow, rng, d)
    for row in eps[:3]:
        assert flow.forward(lam, row)[1] == pytest.approx(numerical_log_det(flow, lam, row), abs=1e-6)


@pytest.mark.parametrize("scale", [0.7, 3])
def test_inverse_undoes_forward(flow, scale, rng):
    lam, eps = draw(flow, rng, (4,), (3, 4), scale)
    np.testing.assert_allclose(flow.inverse(lam, flow.forward(lam, eps)[0]), eps, atol=1e-8)


@pytest.mark.parametrize("d", [2, 4])
def test_inverse_near_the_edge(flow, d, rng):
    lam, eps = edge(flow, rng, d)
    np.testing.assert_allclose(flow.inverse(lam, flow.forward(lam, eps)[0]), eps, atol=1e-8)


def test_inverse_of_what_is_not_finite_is_a_clear_error():
    with pytest.raises(ValueError, match="did not converge"):
        Sylvester(2).inverse(np.zeros(Sylvester(2).n_params), np.array([np.nan, 0]))


@pytest.mark.parametrize(
    "made", [Sylvester(3, 2), HouseholderSylvester(3)], ids=["orthogonal", "householder"]
)
@pytest.mark.parametrize(("lam_lead", "eps_lead"), LEADS)
def test_gradients_and_shapes(made, lam_lead, eps_lead, rng):
    lam, eps = draw(made, rng, lam_lead, eps_lead)
    check_gradients(made, lam, eps, rng)
    check_rows(made, lam, eps)
    check_solution(made, lam, eps, rng)
    check_score(made, lam, eps)


def test_gradients_of_every_size(flow, rng):
    lam, eps = draw(flow, rng, (2,), (3, 2))
    check_gradients(flow, lam, eps, rng)
    check_solution(flow, lam, eps, rng)


def test_gradients_near_the_edge(flow, rng):
    lam, eps = edge(flow, rng, 2)
    check_gradients(flow, lam, eps[:3], rng, tolerance=1e-6)


def test_both_dtypes(flow, rng):
    check_dtypes(flow, rng)


@pytest.mark.parametrize("made", [Sylvester(2), Sylvester(2, 1), HouseholderSylvester(2)])
def test_the_density_in_the_plane_integrates_to_one(made, rng):
    assert mass(made, draw(made, rng, scale=1)[0], -12, 12, n=401) == pytest.approx(1, abs=1e-3)


def test_zero_is_the_identity(flow, dtype, rng):
    eps = rng.normal(size=(4, flow.n_latent)).astype(dtype)
    z, log_det, _ = flow.forward(np.zeros(flow.n_params, dtype), eps)
    np.testing.assert_array_equal(z, eps)
    np.testing.assert_allclose(log_det, 0, atol=1e-6)


def test_the_first_lam_is_near_the_identity_and_moves_r(flow, rng):
    lam, eps = flow.initial(rng), rng.normal(size=(50, flow.n_latent))
    z, _, cache = flow.forward(lam, eps)
    assert 0 < np.abs(z - eps).max() < 1
    dlam, _ = flow.backward(cache, z, np.full(50, -1.0))
    assert np.abs(dlam[flow.ends[0] : flow.ends[1]]).max() > 0.1


def test_across_the_columns_of_q_nothing_moves(rng):
    flow = Sylvester(5, 2)
    lam, eps = draw(flow, rng)
    z, _, cache = flow.forward(lam, eps)
    moved = z - eps
    np.testing.assert_allclose(moved, cache.q @ cache.q.T @ moved, atol=1e-13)
    assert np.abs(moved).max() > 0.01


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((3, 4), "the rank must be at most the number of latents, 3, not 4"),
        ((3, 0), "the rank must be a whole number of at least 1, not 0"),
        ((3, 2, "householder"), "the rank must be the number of latents, 3, not 2"),
        ((3, 2, "orthogonall"), "unknown way to make Q 'orthogonall'; did you mean 'orthogonal'"),
    ],
)
def test_wrong_arguments_are_clear_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        Sylvester(*arguments)


def test_specs_and_the_default_rank():
    assert Sylvester(20).spec == "sylvester:8"
    assert Sylvester(3).spec == "sylvester:3"
    assert Sylvester(3, by="householder").spec == HouseholderSylvester(3).spec == "householder_sylvester"
