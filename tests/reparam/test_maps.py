"""Every registered Gaussian map z = g(eps; lam): its determinant, its inverse, both gradients, all shapes.

A round trip cannot see a wrong log-determinant, so it is held against the determinant of a numerical
Jacobian, and the density that it makes must integrate to one.
"""

import re

import naive
import numpy as np
import pytest
from scipy import integrate, stats

from scratchvae import reparam as maps
from scratchvae.reparam import MAPS, Affine

# Leading axes of lam and of eps.
LEADS = [
    ((), ()),
    ((), (4,)),
    ((), (2, 4)),
    ((1,), (2, 4)),
    ((4,), ()),
    ((4,), (4,)),
    ((4,), (2, 4)),
    ((4,), (1, 4)),
    ((2, 1), (2, 4)),
    ((2, 1), (4,)),
    ((2, 4), (2, 4)),
    ((2, 4), (4,)),
    ((3, 1, 2), (4, 2)),
]

pytestmark = pytest.mark.usefixtures("backend")


@pytest.fixture(params=[*(name for name, kind in MAPS.items() if issubclass(kind, Affine)), "low_rank:2"])
def name(request):
    return request.param


def make(name, n_latent=3):
    """The map; of rank 1 where the dimension allows no higher one."""
    return maps.build("low_rank" if n_latent == 1 and name == "low_rank:2" else name, n_latent)


def draw(name, n_latent, rng, lam_lead=(), eps_lead=(), dtype="float64"):
    """A map with a random lam and eps."""
    reparam = make(name, n_latent)
    lam = 0.7 * rng.normal(size=(*lam_lead, reparam.n_params))
    return reparam, lam.astype(dtype), rng.normal(size=(*eps_lead, n_latent)).astype(dtype)


@pytest.mark.parametrize("n_latent", [1, 2, 5])
def test_log_det_equals_slogdet_of_the_numerical_jacobian(name, n_latent, rng):
    for _ in range(5):
        reparam, lam, eps = draw(name, n_latent, rng)
        jacobian = naive.numerical_jacobian(lambda t, g=reparam, lam=lam: g.forward(lam, t)[0], eps)
        _, expected = np.linalg.slogdet(jacobian)
        assert reparam.forward(lam, eps)[1] == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("n_latent", [1, 2, 5])
def test_inverse_undoes_forward(name, n_latent, rng):
    reparam, lam, eps = draw(name, n_latent, rng, (4,), (3, 4))
    np.testing.assert_allclose(reparam.inverse(lam, reparam.forward(lam, eps)[0]), eps, rtol=0, atol=1e-12)


def test_the_density_integrates_to_one(name, rng):
    """q(z) = p(eps) / |det dz/deps| at eps = g^-1(z), over the line."""
    reparam, lam, _ = draw(name, 1, rng)

    def density(z):
        eps = reparam.inverse(lam, np.array([z]))
        return float(np.exp(stats.norm.logpdf(eps).sum() - reparam.forward(lam, eps)[1]))

    assert integrate.quad(density, -30, 30, points=[lam[0]], limit=200)[0] == pytest.approx(1, abs=1e-9)


def test_the_density_in_the_plane_integrates_to_one(name, rng):
    reparam, lam, _ = draw(name, 2, rng)
    side = np.linspace(-25, 25, 1001)
    z = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    eps = reparam.inverse(lam, z)
    log_q = stats.norm.logpdf(eps).sum(axis=-1) - reparam.forward(lam, eps)[1]
    assert np.exp(log_q).sum() * (side[1] - side[0]) ** 2 == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("n_latent", [1, 2, 5])
@pytest.mark.parametrize(("lam_lead", "eps_lead"), LEADS)
def test_backward_equals_central_differences(name, n_latent, lam_lead, eps_lead, rng):
    reparam, lam, eps = draw(name, n_latent, rng, lam_lead, eps_lead)
    z, log_det, cache = reparam.forward(lam, eps)
    dz, dlog_det = rng.normal(size=z.shape), rng.normal(size=log_det.shape)

    def loss(lam, eps):
        z, log_det, _ = reparam.forward(lam, eps)
        return float((z * dz).sum() + (log_det * dlog_det).sum())

    dlam, deps = reparam.backward(cache, dz, dlog_det)
    assert naive.relative_error(dlam, naive.numerical_gradient(lambda t: loss(t, eps), lam)) < 1e-8
    assert naive.relative_error(deps, naive.numerical_gradient(lambda t: loss(lam, t), eps)) < 1e-8


@pytest.mark.parametrize(("lam_lead", "eps_lead"), LEADS)
def test_leading_axes_broadcast_as_a_loop_over_rows(name, lam_lead, eps_lead, rng):
    reparam, lam, eps = draw(name, 3, rng, lam_lead, eps_lead)
    z, log_det, _ = reparam.forward(lam, eps)
    batch = np.broadcast_shapes(lam_lead, eps_lead)
    assert z.shape == (*batch, 3)
    assert log_det.shape == batch
    lams, noises = np.broadcast_to(lam, (*batch, lam.shape[-1])), np.broadcast_to(eps, (*batch, 3))
    for place in np.ndindex(batch):
        row, row_log_det, _ = reparam.forward(lams[place], noises[place])
        np.testing.assert_allclose(z[place], row, rtol=1e-14)
        np.testing.assert_allclose(log_det[place], row_log_det, rtol=1e-14)


def test_each_gradient_comes_alone_too(name, rng):
    """backward is linear in (dz, dlog_det): the two parts add up."""
    reparam, lam, eps = draw(name, 3, rng, (4,), (2, 4))
    z, log_det, cache = reparam.forward(lam, eps)
    dz, dlog_det = rng.normal(size=z.shape), rng.normal(size=log_det.shape)
    both = reparam.backward(cache, dz, dlog_det)
    by_z = reparam.backward(cache, dz, np.zeros_like(dlog_det))
    by_log_det = reparam.backward(cache, np.zeros_like(dz), dlog_det)
    for whole, first, second in zip(both, by_z, by_log_det, strict=True):
        np.testing.assert_allclose(whole, first + second, rtol=1e-12, atol=1e-13)


def test_two_forwards_before_a_backward_do_not_disturb_each_other(name, rng):
    reparam, lam, eps = draw(name, 3, rng, (4,), (2, 4))
    dz, dlog_det = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 4))
    expected = reparam.backward(reparam.forward(lam, eps)[2], dz, dlog_det)
    _, _, cache = reparam.forward(lam, eps)
    reparam.forward(-lam, -eps)
    for got, wanted in zip(reparam.backward(cache, dz, dlog_det), expected, strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_arguments_are_left_alone(name, rng):
    reparam, lam, eps = draw(name, 3, rng, (4,), (2, 4))
    dz, dlog_det = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 4))
    arrays = (lam, eps, dz, dlog_det)
    before = [array.copy() for array in arrays]
    reparam.backward(reparam.forward(lam, eps)[2], dz, dlog_det)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_the_dtype_is_kept_and_float32_is_close_to_float64(name, dtype, rng):
    reparam, lam, eps = draw(name, 3, rng, (4,), (2, 4))
    dz, dlog_det = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 4))

    def everything(kind):
        z, log_det, cache = reparam.forward(lam.astype(kind), eps.astype(kind))
        return z, log_det, *reparam.backward(cache, dz.astype(kind), dlog_det.astype(kind))

    for got, expected in zip(everything(dtype), everything("float64"), strict=True):
        assert got.dtype == dtype
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


def test_the_mean_and_standard_deviation_are_those_of_many_draws(name, rng):
    reparam, lam, _ = draw(name, 3, rng)
    z, _, _ = reparam.forward(lam, rng.standard_normal((40_000, 3)))
    mean, sigma = reparam.mean_and_sigma(lam)
    assert (np.abs(z.mean(axis=0) - mean) < 4 * z.std(axis=0) / np.sqrt(len(z))).all()
    np.testing.assert_allclose(z.std(axis=0), sigma, rtol=4 / np.sqrt(2 * len(z)))


def test_the_closed_form_of_kl_is_the_mean_of_the_log_ratio(name, rng):
    reparam, lam, eps = draw(name, 3, rng, (), (100_000,))
    z, log_det, _ = reparam.forward(lam, eps)
    log_q = stats.norm.logpdf(eps).sum(axis=-1) - log_det
    log_ratio = log_q - stats.norm.logpdf(z).sum(axis=-1)
    kl, _ = reparam.kl_forward(lam)
    assert abs(log_ratio.mean() - kl) < 4 * log_ratio.std() / np.sqrt(len(eps))


def test_the_map_knows_its_own_name(name):
    spec = make(name).spec
    assert spec == ("low_rank:1" if name == "low_rank" else name)
    assert maps.build(spec, 3).spec == spec


@pytest.mark.parametrize("n_latent", [0, -1, 2.0, "2", None])
def test_a_number_of_latents_that_is_no_positive_whole_number_is_refused(name, n_latent):
    with pytest.raises(ValueError, match="n_latent must be a whole number of at least 1"):
        MAPS[name.partition(":")[0]](n_latent)


def test_the_diagonal_map_is_mu_plus_sigma_eps(rng):
    reparam, lam, eps = draw("diagonal", 3, rng)
    z, log_det, _ = reparam.forward(lam, eps)
    np.testing.assert_allclose(z, lam[:3] + np.exp(lam[3:]) * eps, rtol=1e-14)
    log_q = stats.norm.logpdf(eps).sum() - log_det
    assert log_q == pytest.approx(stats.norm.logpdf(z, lam[:3], np.exp(lam[3:])).sum(), rel=1e-12)


def test_widths_that_do_not_fit_are_an_error(backend):
    with pytest.raises(ValueError, match=r"eps must have shape \(..., 4\), not \(2, 3, 5\)"):
        MAPS["diagonal"](4).forward(np.ones((3, 8)), np.ones((2, 3, 5)))
    with pytest.raises(ValueError, match=r"lam must have shape \(..., 8\), not \(3, 7\)"):
        MAPS["diagonal"](4).forward(np.ones((3, 7)), np.ones((2, 3, 4)))


def test_mean_field_is_another_name_of_the_diagonal_map():
    assert type(maps.build("mean_field", 3)) is MAPS["diagonal"]


def test_log_prob_is_that_of_the_multivariate_normal(name, rng):
    reparam, lam, eps = draw(name, 3, rng, (), (5,))
    mean, cov = reparam.mean_and_cov(lam)
    z, log_det, _ = reparam.forward(lam, eps)
    expected = stats.multivariate_normal.logpdf(z, mean, cov)
    np.testing.assert_allclose(reparam.log_prob(lam, z), expected, rtol=1e-12)
    np.testing.assert_allclose(reparam.log_noise(eps) - log_det, expected, rtol=1e-12)


@pytest.mark.parametrize(("lam_lead", "eps_lead"), LEADS)
def test_grad_log_q_is_the_gradient_of_log_prob(name, lam_lead, eps_lead, rng):
    reparam, lam, eps = draw(name, 3, rng, lam_lead, eps_lead)
    z, _, cache = reparam.forward(lam, eps)
    got = reparam.grad_log_q(cache)
    numerical = naive.numerical_gradient(lambda t: float(reparam.log_prob(lam, t).sum()), z)
    assert naive.relative_error(got, numerical) < 1e-8


def test_the_score_added_is_the_derivative_by_lam_with_z_held_fixed(name, rng):
    reparam, lam, eps = draw(name, 3, rng, (4,), (2, 4))
    z, log_det, cache = reparam.forward(lam, eps)
    score = rng.normal(size=log_det.shape)
    dz, dlog_det = reparam.add_score(cache, score, np.zeros_like(z), np.zeros_like(log_det))
    dlam, _ = reparam.backward(cache, dz, dlog_det)
    numerical = naive.numerical_gradient(lambda t: float((score * reparam.log_prob(t, z)).sum()), lam)
    assert naive.relative_error(dlam, numerical) < 1e-8


def test_the_score_by_coordinate_adds_up_to_the_whole(rng):
    reparam, lam, eps = draw("diagonal", 3, rng, (4,), (2, 4))
    z, log_det, cache = reparam.forward(lam, eps)
    np.testing.assert_allclose(
        reparam.log_q_by_coordinate(cache).sum(axis=-1), reparam.log_noise(eps) - log_det, rtol=1e-13
    )
    score = rng.normal(size=log_det.shape)
    dz, dlog_det = reparam.add_score(cache, score, np.zeros_like(z), np.zeros_like(log_det))
    by_coordinate = reparam.score_by_coordinate(cache, np.repeat(score[..., None], 3, axis=-1))
    np.testing.assert_allclose(by_coordinate, reparam.backward(cache, dz, dlog_det)[0], rtol=1e-12)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("full_rnk", "unknown map 'full_rnk'; did you mean 'full_rank'?"),
        ("diagonal:2", "map 'diagonal' takes no number"),
        ("low_rank:0", "map 'low_rank:0': the rank must be a whole number of at least 1"),
        ("low_rank:9", "the rank must be at most the number of latents, 3, not 9"),
        ("low_rank:x", "map 'low_rank:x'"),
        (7, "unknown map 7"),
        (MAPS["diagonal"](4), "the map maps 4 dimensions, but 3 are needed"),
    ],
)
def test_a_wrong_spec_is_a_clear_error(spec, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        maps.build(spec, 3)
