"""All maps with a network: determinant, inverse, the gradients of lam, eps and every weight.

A round trip cannot see a wrong log-determinant, so it is held against the determinant of a numerical
Jacobian, and the density that it makes must integrate to one.
"""

from functools import partial

import naive
import numpy as np
import pytest
from scipy import stats

from scratchvae.gradcheck import check_reparameterization
from scratchvae.parameters import Parameters
from scratchvae.reparam.autoregressive import InverseAutoregressive, MaskedAutoregressive
from scratchvae.reparam.base import Reparameterization
from scratchvae.reparam.chain import Chain
from scratchvae.reparam.coupling import AdditiveCoupling, AffineCoupling
from scratchvae.reparam.diagonal import Diagonal
from scratchvae.reparam.spline import SplineCoupling

MAPS = {
    "affine": AffineCoupling,
    "affine flipped": partial(AffineCoupling, flip=True),
    "additive": AdditiveCoupling,
    "spline": partial(SplineCoupling, n_bins=4),
    "inverse autoregressive": InverseAutoregressive,
    "masked autoregressive": MaskedAutoregressive,
}
# The smallest dimension of each.
LEAST = dict.fromkeys(MAPS, 2) | {"inverse autoregressive": 1, "masked autoregressive": 1}
# Where gates near zero let so little of eps into z that no inverse could find it to eight digits.
ILL_CONDITIONED = {("inverse autoregressive", "far")}
# A spline's slope has kinks at its knots, and the more of them the larger the weights: there the
# numerical derivatives take smaller weights and steps.
SIZE = dict.fromkeys(MAPS, {"near": 0.7, "far": 4.0}) | {"spline": {"near": 0.35, "far": 1.0}}
STEP = dict.fromkeys(MAPS, 1e-4) | {"spline": 1e-6}
LEADS = [
    ((), ()),
    ((), (2, 4)),
    ((4,), ()),
    ((4,), (2, 4)),
    ((2, 1), (4,)),
    ((3, 1, 2), (4, 2)),
]
# The size of the context and the leading axes.
CASES = [(2, *lead) for lead in LEADS] + [(0, (), (2, 4)), (0, (4,), ())]


@pytest.fixture(params=MAPS)
def name(request):
    return request.param


def make(name, n_latent, n_context, rng, scale="near", hidden=(5,)):
    """The map with random weights everywhere."""
    reparam = MAPS[name](n_latent, hidden=hidden, n_context=n_context)
    reparam.parameters.value = SIZE[name][scale] * rng.normal(size=len(reparam.parameters))
    return reparam


def draw(name, n_latent, n_context, rng, lam_lead=(), eps_lead=(), **options):
    """The map, lam and eps."""
    reparam = make(name, n_latent, n_context, rng, **options)
    return reparam, rng.normal(size=(*lam_lead, n_context)), rng.normal(size=(*eps_lead, n_latent))


def sizes(name):
    """The dimensions in which to test a map."""
    return [n for n in (1, 2, 3, 5) if n >= LEAST[name]]


# --- the determinant and the density ------------------------------------------------------------


@pytest.mark.parametrize("scale", ["near", "far"])
@pytest.mark.parametrize("n_context", [0, 2])
def test_log_det_equals_slogdet_of_the_numerical_jacobian(name, n_context, scale, rng):
    for n_latent in sizes(name):
        for _ in range(3):
            reparam, lam, eps = draw(name, n_latent, n_context, rng, scale=scale)
            jacobian = naive.numerical_jacobian(
                lambda t, g=reparam, lam=lam: g.forward(lam, t)[0], eps, 10 * STEP[name]
            )
            sign, expected = np.linalg.slogdet(jacobian)
            assert sign == 1
            assert reparam.forward(lam, eps)[1] == pytest.approx(expected, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("scale", ["near", "far"])
@pytest.mark.parametrize(("lam_lead", "eps_lead"), [((), ()), ((4,), (3, 4)), ((2, 1), (4,))])
def test_inverse_undoes_forward(name, lam_lead, eps_lead, scale, rng):
    for n_latent in sizes(name):
        reparam, lam, eps = draw(name, n_latent, 2, rng, lam_lead, eps_lead, scale=scale)
        z, _, _ = reparam.forward(lam, eps)
        again = reparam.inverse(lam, z)
        np.testing.assert_allclose(reparam.forward(lam, again)[0], z, rtol=0, atol=1e-8)
        if (name, scale) not in ILL_CONDITIONED:
            np.testing.assert_allclose(again, np.broadcast_to(eps, z.shape), rtol=0, atol=1e-8)


def test_the_density_in_the_plane_integrates_to_one(name, rng):
    reparam, lam, _ = draw(name, 2, 2, rng)
    side = np.linspace(-30, 30, 361)
    z = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    eps = reparam.inverse(lam, z)
    log_q = stats.norm.logpdf(eps).sum(axis=-1) - reparam.forward(lam, eps)[1]
    np.testing.assert_allclose(reparam.log_prob(lam, z), log_q, rtol=1e-10)
    assert np.exp(log_q).sum() * (side[1] - side[0]) ** 2 == pytest.approx(1, abs=1e-3)


# --- gradients ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("n_context", "lam_lead", "eps_lead"), CASES)
def test_backward_equals_central_differences(name, n_context, lam_lead, eps_lead, rng):
    reparam, lam, eps = draw(name, 3, n_context, rng, lam_lead, eps_lead, hidden=(4,))
    check_backward(reparam, lam, eps, rng, STEP[name])


@pytest.mark.parametrize("scale", ["near", "far"])
def test_backward_in_other_dimensions_and_far_from_the_start(name, scale, rng):
    for n_latent in sizes(name):
        check_backward(
            *draw(name, n_latent, 2, rng, (4,), (2, 4), hidden=(4, 3), scale=scale), rng, STEP[name]
        )


def check_backward(reparam, lam, eps, rng, step=1e-4):
    """Both incoming gradients at once, through to lam, eps and the weights."""
    theta = reparam.parameters.value.copy()
    z, log_det, cache = reparam.forward(lam, eps)
    dz, dlog_det = rng.normal(size=z.shape), rng.normal(size=log_det.shape)

    def loss(lam, eps, theta):
        reparam.parameters.value = theta
        z, log_det, _ = reparam.forward(lam, eps)
        return float((z * dz).sum() + (log_det * dlog_det).sum())

    dlam, deps = reparam.backward(cache, dz, dlog_det)
    grad = reparam.parameters.grad.copy()
    numerical = naive.numerical_gradient(lambda t: loss(lam, eps, t), theta, step)
    assert naive.relative_error(grad, numerical) < 1e-6
    reparam.parameters.value = theta
    numerical = naive.numerical_gradient(lambda t: loss(t, eps, theta), lam, step)
    assert naive.relative_error(dlam, numerical) < 1e-6
    numerical = naive.numerical_gradient(lambda t: loss(lam, t, theta), eps, step)
    assert naive.relative_error(deps, numerical) < 1e-6


def test_the_checker_passes_the_map(name, rng):
    report = check_reparameterization(make(name, 3, 2, rng))
    assert report.passed, report


def test_each_gradient_comes_alone_too(name, rng):
    """backward is linear in (dz, dlog_det): the two parts add up."""
    reparam, lam, eps = draw(name, 3, 2, rng, (4,), (2, 4))
    z, log_det, cache = reparam.forward(lam, eps)
    dz, dlog_det = rng.normal(size=z.shape), rng.normal(size=log_det.shape)

    def gradients(dz, dlog_det):
        return *reparam.backward(cache, dz, dlog_det), reparam.parameters.grad.copy()

    both = gradients(dz, dlog_det)
    by_z, by_log_det = gradients(dz, 0 * dlog_det), gradients(0 * dz, dlog_det)
    for whole, first, second in zip(both, by_z, by_log_det, strict=True):
        np.testing.assert_allclose(whole, first + second, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("lam_lead", "eps_lead"), LEADS)
def test_grad_log_q_is_the_gradient_of_log_prob(name, lam_lead, eps_lead, rng):
    reparam, lam, eps = draw(name, 3, 2, rng, lam_lead, eps_lead)
    z, _, cache = reparam.forward(lam, eps)
    numerical = naive.numerical_gradient(lambda t: float(reparam.log_prob(lam, t).sum()), z, STEP[name])
    assert naive.relative_error(reparam.grad_log_q(cache), numerical) < 1e-6


@pytest.mark.parametrize("scale", ["near", "far"])
def test_the_transposed_solution_is_that_of_the_whole_jacobian(name, scale, rng):
    for n_latent in sizes(name):
        reparam, lam, eps = draw(name, n_latent, 2, rng, (4,), (2, 4), scale=scale)
        z, _, cache = reparam.forward(lam, eps)
        v = rng.normal(size=z.shape)
        expected = Reparameterization.solve_transposed(reparam, cache, v)
        np.testing.assert_allclose(reparam.solve_transposed(cache, v), expected, rtol=1e-7, atol=1e-7)


def test_the_density_is_differentiated_by_z_lam_and_weights(name, rng):
    reparam, lam, z = draw(name, 3, 2, rng, (4,), (2, 4))
    theta, step = reparam.parameters.value.copy(), STEP[name]
    log_q, cache = reparam.density_forward(lam, z)
    np.testing.assert_allclose(log_q, reparam.log_prob(lam, z), rtol=1e-13)
    dlog_q = rng.normal(size=log_q.shape)
    dz, dlam = reparam.density_backward(cache, dlog_q)
    grad = reparam.parameters.grad.copy()

    def loss(lam, z, theta):
        reparam.parameters.value = theta
        return float((dlog_q * reparam.log_prob(lam, z)).sum())

    assert naive.relative_error(dz, naive.numerical_gradient(lambda t: loss(lam, t, theta), z, step)) < 1e-6
    assert naive.relative_error(dlam, naive.numerical_gradient(lambda t: loss(t, z, theta), lam, step)) < 1e-6
    assert naive.relative_error(grad, naive.numerical_gradient(lambda t: loss(lam, z, t), theta, step)) < 1e-6


def test_the_score_added_is_the_derivative_by_lam_and_weights_with_z_held_fixed(name, rng):
    reparam, lam, eps = draw(name, 3, 2, rng, (4,), (2, 4))
    theta, step = reparam.parameters.value.copy(), STEP[name]
    z, log_det, cache = reparam.forward(lam, eps)
    score = rng.normal(size=log_det.shape)
    dz, dlog_det = reparam.add_score(cache, score, np.zeros_like(z), np.zeros_like(log_det))
    dlam, _ = reparam.backward(cache, dz, dlog_det)
    grad = reparam.parameters.grad.copy()

    def loss(lam, theta):
        reparam.parameters.value = theta
        return float((score * reparam.log_prob(lam, z)).sum())

    assert naive.relative_error(dlam, naive.numerical_gradient(lambda t: loss(t, theta), lam, step)) < 1e-6
    assert naive.relative_error(grad, naive.numerical_gradient(lambda t: loss(lam, t), theta, step)) < 1e-6


def test_the_gradient_of_log_q_leaves_the_weights_gradients_alone(name, rng):
    reparam, lam, eps = draw(name, 3, 2, rng, (4,), (2, 4))
    _, _, cache = reparam.forward(lam, eps)
    reparam.parameters.grad = np.full(len(reparam.parameters), 7.0)
    reparam.grad_log_q(cache)
    assert (reparam.parameters.grad == 7).all()


# --- shapes, dtypes, arguments ------------------------------------------------------------------


@pytest.mark.parametrize(("n_context", "lam_lead", "eps_lead"), CASES)
def test_leading_axes_broadcast_as_a_loop_over_rows(name, n_context, lam_lead, eps_lead, rng):
    reparam, lam, eps = draw(name, 3, n_context, rng, lam_lead, eps_lead)
    z, log_det, cache = reparam.forward(lam, eps)
    batch = np.broadcast_shapes(lam_lead, eps_lead)
    assert z.shape == cache.eps.shape == (*batch, 3)
    assert log_det.shape == batch
    lams, noises = np.broadcast_to(lam, (*batch, n_context)), np.broadcast_to(eps, (*batch, 3))
    for place in np.ndindex(batch):
        row, row_log_det, _ = reparam.forward(lams[place], noises[place])
        np.testing.assert_allclose(z[place], row, rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(log_det[place], row_log_det, rtol=1e-11, atol=1e-12)


def test_two_forwards_before_a_backward_do_not_disturb_each_other(name, rng):
    reparam, lam, eps = draw(name, 3, 2, rng, (4,), (2, 4))
    dz, dlog_det = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 4))
    expected = *reparam.backward(reparam.forward(lam, eps)[2], dz, dlog_det), reparam.parameters.grad.copy()
    _, _, cache = reparam.forward(lam, eps)
    reparam.forward(-lam, -eps)
    got = *reparam.backward(cache, dz, dlog_det), reparam.parameters.grad
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_arguments_are_left_alone(name, rng):
    reparam, lam, eps = draw(name, 3, 2, rng, (4,), (2, 4))
    dz, dlog_det, v = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 4)), rng.normal(size=(2, 4, 3))
    arrays = (lam, eps, dz, dlog_det, v)
    before = [array.copy() for array in arrays]
    cache = reparam.forward(lam, eps)[2]
    reparam.backward(cache, dz, dlog_det)
    reparam.solve_transposed(cache, v)
    reparam.inverse(lam, eps)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("weights_dtype", ["float32", "float64"])
def test_the_dtype_of_lam_is_kept_whatever_that_of_the_weights(name, dtype, weights_dtype, rng):
    reparam, lam, eps = draw(name, 3, 2, rng, (4,), (2, 4))
    dz, dlog_det = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 4))
    theta = reparam.parameters.value.copy()

    def everything(kind, weights_kind):
        reparam.attach(Parameters(reparam.shapes(), weights_kind))
        reparam.parameters.value = theta
        z, log_det, cache = reparam.forward(lam.astype(kind), eps.astype(kind))
        dlam, deps = reparam.backward(cache, dz.astype(kind), dlog_det.astype(kind))
        grad = reparam.parameters.grad.copy()
        again = reparam.inverse(lam.astype(kind), z)
        return z, log_det, dlam, deps, again, reparam.grad_log_q(cache), grad

    *got, grad = everything(dtype, weights_dtype)
    *expected, expected_grad = everything("float64", "float64")
    assert {array.dtype.name for array in got} == {dtype}
    assert grad.dtype == weights_dtype
    for one, other in zip([*got, grad], [*expected, expected_grad], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


# --- weights ------------------------------------------------------------------------------------


def test_without_a_context_lam_is_empty_and_the_weights_are_shared(name, rng):
    reparam = make(name, 3, 0, rng)
    assert reparam.n_params == 0
    assert reparam.initial(rng).shape == (0,)
    assert reparam.shapes() == reparam.parameters.shapes


def test_the_context_and_the_weights_matter(name, rng):
    reparam, lam, eps = draw(name, 3, 2, rng)
    z, _, _ = reparam.forward(lam, eps)
    assert not np.allclose(reparam.forward(lam + 1, eps)[0], z)
    reparam.parameters.value = reparam.parameters.value + 0.1
    assert not np.allclose(reparam.forward(lam, eps)[0], z)


def test_the_weights_move_into_another_vector(name, rng):
    reparam, lam, eps = draw(name, 3, 2, rng)
    z, _, _ = reparam.forward(lam, eps)
    theta = reparam.parameters.value.copy()
    blocks = {f"posterior.{block}": shape for block, shape in reparam.shapes().items()}
    parameters = Parameters({"before": (2,)} | blocks)
    reparam.attach(parameters, "posterior.")
    assert reparam.parameters is parameters
    parameters.value = np.concatenate([[7, 7], theta])
    again, _, cache = reparam.forward(lam, eps)
    np.testing.assert_array_equal(again, z)
    reparam.backward(cache, np.ones(3), np.ones(()))
    assert not parameters.gradient("before").any()
    assert parameters.gradient("posterior.network.0.weight").any()


def test_the_start_is_near_its_simplest_but_no_saddle(name, rng):
    reparam = MAPS[name](3, hidden=(16,), n_context=2)
    reparam.initialize(rng)
    lam, eps = np.zeros(2), rng.normal(size=(50, 3))
    z, log_det, cache = reparam.forward(lam, eps)
    slope = np.exp(log_det.mean() / 3)
    assert 0.85 < slope < 1.05
    assert np.abs(z - eps).max() < 0.5
    reparam.backward(cache, rng.normal(size=z.shape), rng.normal(size=log_det.shape))
    for block in reparam.parameters.names:
        assert reparam.parameters.gradient(block).any(), block


def test_a_chain_of_two_finds_its_determinant_and_gradients(name, rng):
    chain = Chain(Diagonal(3), MAPS[name](3, hidden=(4,), n_context=1), MAPS[name](3, hidden=(3,)))
    chain.parameters.value = SIZE[name]["near"] * rng.normal(size=len(chain.parameters))
    lam, eps = 0.5 * rng.normal(size=(4, chain.n_params)), rng.normal(size=(2, 4, 3))
    check_backward(chain, lam, eps, rng, STEP[name])
    z, _, _ = chain.forward(lam, eps)
    np.testing.assert_allclose(chain.inverse(lam, z), eps, rtol=0, atol=1e-8)
    assert check_reparameterization(chain, lam, eps).passed


# --- wrong use ----------------------------------------------------------------------------------


@pytest.mark.parametrize("n_latent", [0, -1, 2.0, "2", None])
def test_a_number_of_latents_that_is_no_positive_whole_number_is_refused(name, n_latent):
    with pytest.raises(ValueError, match="n_latent must be a whole number of at least 1"):
        MAPS[name](n_latent)


@pytest.mark.parametrize("hidden", [0, -1, 2.5, (4, 0), "64"])
def test_widths_that_make_no_sense_are_refused(name, hidden):
    with pytest.raises(ValueError, match="a width in hidden must be a whole number of at least 1"):
        MAPS[name](3, hidden=hidden)


def test_one_width_may_be_a_number(name):
    assert MAPS[name](3, hidden=7).shapes() == MAPS[name](3, hidden=(7,)).shapes()


def test_widths_of_arguments_that_do_not_fit_are_an_error(name, rng):
    reparam = make(name, 3, 2, rng)
    with pytest.raises(ValueError, match=r"lam must have shape \(..., 2\), not \(4, 3\)"):
        reparam.forward(np.ones((4, 3)), np.ones((4, 3)))
    with pytest.raises(ValueError, match=r"eps must have shape \(..., 3\), not \(4, 2\)"):
        reparam.forward(np.ones((4, 2)), np.ones((4, 2)))
    with pytest.raises(ValueError, match=r"z must have shape \(..., 3\), not \(4, 2\)"):
        reparam.inverse(np.ones((4, 2)), np.ones((4, 2)))
    with pytest.raises(ValueError, match="n_context must be a whole number of at least 0, not -1"):
        MAPS[name](3, n_context=-1)
