"""Every registered map and every family by name: what each must pass, whatever it is made of.

A round trip cannot see a wrong log-determinant, so it is held against the determinant of a numerical
Jacobian, and the density that it makes must integrate to one.
"""

import flow_checks
import naive
import numpy as np
import pytest

from scratchvae.reparam import FAMILIES, MAPS, Affine, Free, build, build_free
from scratchvae.reparam.families import FLOWS

SINGLE = [name for name, kind in MAPS.items() if not issubclass(kind, Affine)]
CHAINS = [f"{name}:{n}" for name in FLOWS for n in (1, 3)]
#: For long chains, which hand leading axes on to their maps.
SOME_LEADS = [((), (2, 4)), ((4,), ()), ((2, 1), (4,))]


def make(name, n_latent=2, n_context=2, moved=0.2):
    """The map with weights moved far from where they begin; skipped where the dimension does not allow it."""
    takes_context = name.endswith(("coupling", "autoregressive"))
    try:
        if name in CHAINS:
            flow = build(name, n_latent, n_context=n_context)
        else:
            flow = MAPS[name](n_latent, n_context=n_context) if takes_context else MAPS[name](n_latent)
    except ValueError as error:
        assert n_latent == 1 and "two dimensions" in str(error)
        pytest.skip("needs two dimensions")
    rng = np.random.default_rng(3)
    flow.initialize(rng)
    if flow.shapes():
        flow.parameters.value = flow.parameters.value + moved * rng.standard_normal(len(flow.parameters))
    return flow


@pytest.fixture(params=[*SINGLE, *CHAINS])
def name(request):
    return request.param


@pytest.mark.parametrize("n_latent", [1, 2, 5])
@pytest.mark.parametrize("scale", [0.3, 1.5])
def test_log_det_equals_slogdet_of_the_numerical_jacobian(name, n_latent, scale, rng):
    flow = make(name, n_latent)
    for _ in range(3):
        lam, eps = flow_checks.draw(flow, rng, scale=scale)
        expected = flow_checks.numerical_log_det(flow, lam, eps)
        assert flow.forward(lam, eps)[1] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("n_latent", [1, 2, 5])
@pytest.mark.parametrize("scale", [0.3, 1.5])
def test_inverse_undoes_forward(name, n_latent, scale, rng):
    flow = make(name, n_latent)
    lam, eps = flow_checks.draw(flow, rng, (4,), (3, 4), scale)
    z = flow.forward(lam, eps)[0]
    np.testing.assert_allclose(flow.inverse(lam, z), eps, rtol=0, atol=1e-8)


@pytest.mark.parametrize(("lam_lead", "eps_lead"), flow_checks.LEADS)
def test_backward_equals_central_differences(name, lam_lead, eps_lead, rng):
    if name.endswith(":3") and (lam_lead, eps_lead) not in SOME_LEADS:
        pytest.skip("a chain hands the leading axes on to its maps")
    flow = make(name, 3)
    lam, eps = flow_checks.draw(flow, rng, lam_lead, eps_lead)
    flow_checks.check_gradients(flow, lam, eps, rng, tolerance=1e-6)


def test_the_gradient_of_every_weight_equals_central_differences(name, rng):
    flow = Free(make(name, 3))
    if not flow.n_weights:
        pytest.skip("no weights")
    weights = flow.reparam.parameters.value.copy()
    lam = np.concatenate([rng.normal(size=flow.reparam.n_params), weights])
    eps = rng.normal(size=(4, 3))
    z, log_det, cache = flow.forward(lam, eps)
    dz, dlog_det = rng.normal(size=z.shape), rng.normal(size=log_det.shape)
    dlam, _ = flow.backward(cache, dz, dlog_det)
    places = rng.choice(len(lam), 60, replace=False)

    def loss(t):
        moved = lam.copy()
        moved[places] = t
        z, log_det, _ = flow.forward(moved, eps)
        return float((z * dz).sum() + (log_det * dlog_det).sum())

    assert naive.relative_error(dlam[places], naive.numerical_gradient(loss, lam[places])) < 1e-6


@pytest.mark.parametrize(("lam_lead", "eps_lead"), flow_checks.LEADS)
def test_leading_axes_broadcast_as_a_loop_over_rows(name, lam_lead, eps_lead, rng):
    flow = make(name, 3)
    flow_checks.check_rows(flow, *flow_checks.draw(flow, rng, lam_lead, eps_lead))


def test_the_density_in_the_plane_integrates_to_one(name, rng):
    flow = make(name, 2, moved=0.05)  # a density that a grid can resolve
    lam, _ = flow_checks.draw(flow, rng, scale=0.5)
    if name == "elementwise":  # its z is positive
        assert flow_checks.mass(flow, lam, 0.005, 7) == pytest.approx(1, abs=1e-3)
    else:
        assert flow_checks.mass(flow, lam) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("n_latent", [2, 3])
def test_the_gradient_of_log_q_is_that_of_log_prob(name, n_latent, rng):
    flow = make(name, n_latent)
    n_kinks = 1 if "spline" in name else 0  # the second derivative of a spline jumps at its knots
    flow_checks.check_score(flow, *flow_checks.draw(flow, rng, (), (5,), 0.5), n_kinks)
    lam, eps = flow_checks.draw(flow, rng, (4,), (), 0.5)  # eps is shared
    flow_checks.check_score(flow, lam, eps, n_kinks)


def test_the_special_solution_is_the_general_one(name, rng):
    flow = make(name, 3)
    flow_checks.check_solution(flow, *flow_checks.draw(flow, rng, (4,), (2, 4), 0.5), rng)


def test_both_precisions(name, rng):
    flow = make(name, 3)
    if flow.shapes():
        weights = flow.parameters.value.copy()
        flow.parameters.value = weights.astype("float32")  # which float64 holds exactly
    flow_checks.check_dtypes(flow, rng)


def test_lam_of_zero_is_finite_and_near_the_identity(name, rng):
    """An encoder's output is near zero before it is trained."""
    flow = make(name, 3)
    flow.initialize(rng)
    eps = rng.normal(size=(5, 3))
    z, log_det, cache = flow.forward(np.zeros(flow.n_params), eps)
    dlam, deps = flow.backward(cache, np.ones_like(z), np.ones_like(log_det))
    assert all(np.isfinite(array).all() for array in (z, log_det, dlam, deps))
    assert np.abs(np.sort(z, axis=-1) - np.sort(eps, axis=-1)).max() < 3


@pytest.mark.parametrize("family", sorted(FAMILIES))
@pytest.mark.parametrize("n_latent", [2, 5])
def test_every_family_begins_near_the_identity_in_a_free_fit(family, n_latent, rng):
    flow = build_free(family, n_latent)
    lam, eps = flow.initial(rng), rng.normal(size=(50, n_latent))
    z, log_det, cache = flow.forward(lam, eps)
    assert np.abs(log_det).max() < 3
    dlam, _ = flow.backward(cache, z, np.ones_like(log_det))
    assert np.isfinite(dlam).all()
    mean, factor, rest = flow.split(lam)
    y, rest_log_det, _ = flow.forward(rest, eps)
    stretched = factor * y if factor.ndim == 1 else y @ factor.T
    np.testing.assert_allclose(mean + stretched, z, rtol=1e-10, atol=1e-12)
