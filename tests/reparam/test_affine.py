"""What the Gaussian maps know in closed form, for each lam of many: C, moments, KL, what is split off."""

import naive
import numpy as np
import pytest
from scipy import stats

from scratchvae.reparam import MAPS, Affine, Diagonal, Planar, Reparameterization, build

LEADS = [(), (4,), (2, 4)]


@pytest.fixture(params=[*(name for name, kind in MAPS.items() if issubclass(kind, Affine)), "low_rank:2"])
def reparam(request):
    return build(request.param, 3)


def draw(reparam, rng, lead=()):
    return 0.7 * rng.normal(size=(*lead, reparam.n_params))


@pytest.mark.parametrize("lead", LEADS)
def test_z_is_mu_and_c_times_eps(reparam, lead, rng):
    lam, eps = draw(reparam, rng, lead), rng.normal(size=3)
    expected = lam[..., :3] + reparam.factor(lam) @ eps
    np.testing.assert_allclose(reparam.forward(lam, eps)[0], expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("lead", LEADS)
def test_the_moments_are_those_of_mu_and_c(reparam, lead, rng):
    lam = draw(reparam, rng, lead)
    mean, cov = reparam.mean_and_cov(lam)
    its_mean, sigma = reparam.mean_and_sigma(lam)
    for place in np.ndindex(lead):
        factor = reparam.factor(lam[place])
        np.testing.assert_allclose(cov[place], factor @ factor.T, rtol=1e-12)
        np.testing.assert_allclose(sigma[place], np.sqrt(np.diag(factor @ factor.T)), rtol=1e-12)
        np.testing.assert_array_equal(mean[place], lam[place][:3])
        np.testing.assert_array_equal(its_mean[place], lam[place][:3])


def textbook_kl(mean, cov):
    """KL(N(mean, cov) || N(0, I)) = (tr cov + mean^T mean - L - log det cov) / 2."""
    return 0.5 * (np.trace(cov) + mean @ mean - len(mean) - np.linalg.slogdet(cov)[1])


@pytest.mark.parametrize("lead", LEADS)
def test_kl_is_the_textbooks_and_its_gradient_central_differences(reparam, lead, rng):
    lam, dkl = draw(reparam, rng, lead), rng.normal(size=lead)
    kl, cache = reparam.kl_forward(lam)
    assert np.shape(kl) == lead
    for place in np.ndindex(lead):
        assert kl[place] == pytest.approx(textbook_kl(*reparam.mean_and_cov(lam[place])), rel=1e-12)
    numerical = naive.numerical_gradient(lambda t: float((reparam.kl_forward(t)[0] * dkl).sum()), lam)
    assert naive.relative_error(reparam.kl_backward(cache, np.asarray(dkl)), numerical) < 1e-8


def test_an_inverse_of_one_z_for_many_lam(reparam, rng):
    lam, z = draw(reparam, rng, (4,)), rng.normal(size=3)
    eps = reparam.inverse(lam, z)
    assert eps.shape == (4, 3)
    np.testing.assert_allclose(reparam.forward(lam, eps)[0], np.broadcast_to(z, (4, 3)), rtol=1e-11)


def test_what_is_split_off_and_the_rest_make_the_map_again(reparam, rng):
    lam, eps = draw(reparam, rng), rng.normal(size=(5, 3))
    mean, factor, rest = reparam.split(lam)
    inner = reparam.forward(rest, eps)[0]
    made = mean + (inner * factor if factor.ndim == 1 else inner @ factor.T)
    np.testing.assert_allclose(made, reparam.forward(lam, eps)[0], rtol=1e-12, atol=1e-14)


def test_a_map_that_is_not_affine_has_nothing_to_split_off(rng):
    planar = Planar(3)
    mean, factor, rest = planar.split(lam := rng.normal(size=planar.n_params))
    assert (mean.tolist(), factor.tolist()) == ([0.0] * 3, [1.0] * 3)
    np.testing.assert_array_equal(rest, lam)


# --- moments by draws, where there is no closed form ---------------------------------------------


@pytest.mark.parametrize("lead", LEADS)
def test_moments_by_draws_in_pairs_have_no_error_in_an_affine_mean(lead, rng):
    """eps and -eps: their mean is zero to rounding, and their spread that of 512 draws."""
    lam = rng.normal(size=(*lead, 6))
    mean, sigma = Reparameterization.mean_and_sigma(Diagonal(3), lam)
    np.testing.assert_allclose(mean, lam[..., :3], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(sigma, np.exp(lam[..., 3:]), rtol=4 / np.sqrt(512))


def test_moments_by_draws_are_always_the_same_and_near_the_truth(rng):
    planar, lam = Planar(2), rng.normal(size=(4, Planar(2).n_params))
    mean, sigma = planar.mean_and_sigma(lam)
    np.testing.assert_array_equal(planar.mean_and_sigma(lam), (mean, sigma))
    z = planar.forward(lam, rng.standard_normal((20_000, 1, 2)))[0]
    assert (np.abs(mean - z.mean(axis=0)) < 4 * sigma / np.sqrt(512)).all()
    np.testing.assert_allclose(sigma, z.std(axis=0), rtol=0.2)


@pytest.mark.parametrize("lead", [(4,), (3, 4)])
@pytest.mark.parametrize("name", ["full_rank", "low_rank:2"])
def test_the_general_gradient_of_log_q_is_the_fast_one(name, lead, rng):
    """J by L backward passes, of each z by itself."""
    reparam = build(name, 3)
    cache = reparam.forward(draw(reparam, rng, (4,)), rng.normal(size=(*lead, 3)))[2]
    got = Reparameterization.grad_log_q(reparam, cache)
    np.testing.assert_allclose(got, reparam.grad_log_q(cache), rtol=1e-10)
    solved = Reparameterization.solve_transposed(reparam, cache, cache.eps)
    np.testing.assert_allclose(solved, reparam.solve_transposed(cache, cache.eps), rtol=1e-10)


def test_log_noise_is_scipys(rng):
    eps = rng.normal(size=(2, 4, 3))
    np.testing.assert_allclose(Diagonal(3).log_noise(eps), stats.norm.logpdf(eps).sum(axis=-1), rtol=1e-13)
