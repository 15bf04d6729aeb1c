"""The Renyi bounds: from the importance-weighted bound over the ELBO to the smallest weight, and VR-max."""

import math

import naive
import numpy as np
import pytest
from gradient_draws import normal_grid, objective, terms_of
from test_estimators import COORDINATES, at_the_posterior, linear_regression, poisson_regression

import scratchvae as sv
from scratchvae.bounds import BOUNDS, Elbo, Iwae, Renyi, Terms, VRMax
from scratchvae.bounds.renyi import log_power_mean
from scratchvae.numerics import log_sum_exp
from scratchvae.validation import build

ALPHAS = (-30.0, -2.0, -0.5, 0.0, 0.3, 0.5, 0.999999, 1.0, 1.000001, 1.5, 4.0, 30.0)


def terms_with(log_w):
    """Terms whose weights are these."""
    return Terms(log_w, 0 * log_w, 0 * log_w, 0 * log_w)


def value(bound, log_w):
    return -float(bound.forward(terms_with(log_w))[0])


def gradient(bound, log_w):
    return bound.backward(bound.forward(terms_with(log_w))[1]).log_det


# --- the family ---------------------------------------------------------------------------------


def naive_renyi(column, alpha):
    """The definition, weight by weight."""
    if alpha == 1:
        return math.fsum(column) / len(column)
    return naive.log_mean_exp([(1 - alpha) * entry for entry in column]) / (1 - alpha)


@pytest.mark.parametrize("alpha", [alpha for alpha in ALPHAS if abs(alpha - 1) > 1e-3 or alpha == 1])
def test_it_is_the_log_of_a_power_mean(alpha, rng):
    log_w = 3 * rng.standard_normal((5, 4)) - 100
    expected = np.mean([naive_renyi(column, alpha) for column in log_w.T])
    assert value(Renyi(alpha), log_w) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("order", [-2.0, 0, 0.5, 1])
def test_each_datum_has_a_mean_and_shares_of_its_own(order, rng):
    log_w = rng.standard_normal((5, 3))
    log_mean, share = log_power_mean(log_w, order)
    for column, mean, shares in zip(log_w.T, log_mean, share.T, strict=True):
        expected = np.log(np.mean(np.exp(order * column))) / order if order else column.mean()
        assert mean == pytest.approx(expected, rel=1e-12)
        np.testing.assert_allclose(shares, np.exp(order * column) / np.exp(order * column).sum(), rtol=1e-13)


@pytest.mark.parametrize("shape", [(1, 3), (7, 3)])
def test_alpha_zero_is_the_importance_weighted_bound(shape, dtype, rng):
    log_w = (4 * rng.standard_normal(shape)).astype(dtype)
    rounding = 8 * float(np.finfo(dtype).eps)
    assert value(Renyi(0), log_w) == pytest.approx(value(Iwae(), log_w), rel=rounding)
    np.testing.assert_allclose(gradient(Renyi(0), log_w), gradient(Iwae(), log_w), rtol=20 * rounding)


@pytest.mark.parametrize("alpha", [1, 1.0, 1 - 1e-16])
def test_alpha_one_is_the_elbo(alpha, dtype, rng):
    log_w = rng.standard_normal((7, 3)).astype(dtype)
    rounding = 16 * float(np.finfo(dtype).eps)  # of numbers about one whose mean is near zero
    assert value(Renyi(alpha), log_w) == pytest.approx(value(Elbo(), log_w), abs=rounding)
    np.testing.assert_allclose(gradient(Renyi(alpha), log_w), gradient(Elbo(), log_w), rtol=1e-6)


@pytest.mark.parametrize("off", [1e-2, 1e-5, 1e-9, 1e-13, -1e-2, -1e-5, -1e-9, -1e-13])
def test_beside_one_it_leaves_the_elbo_by_half_the_variance(off, rng):
    """L_alpha = mean + (1 - alpha) var / 2 + O((1 - alpha)^2), to the last digit: no 0 / 0 on the way."""
    log_w = rng.standard_normal((50, 1)) - 90
    expected = value(Elbo(), log_w) + off * log_w.var() / 2
    assert value(Renyi(1 - off), log_w) == pytest.approx(expected, abs=0.5 * off**2 + 1e-13)


def test_with_one_draw_all_are_the_elbo(dtype, rng):
    log_w = rng.standard_normal((1, 6)).astype(dtype)
    for bound in (*map(Renyi, ALPHAS), VRMax()):
        assert value(bound, log_w) == pytest.approx(value(Elbo(), log_w), rel=4 * float(np.finfo(dtype).eps))
        np.testing.assert_allclose(gradient(bound, log_w), gradient(Elbo(), log_w), rtol=1e-6)


def test_it_falls_as_alpha_grows_draw_by_draw(rng):
    """The inequality of power means; between the largest weight and the smallest."""
    log_w = 3 * rng.standard_normal((6, 1, 200))
    for column in log_w.transpose(2, 0, 1):
        values = [value(VRMax(), column), *(value(Renyi(alpha), column) for alpha in ALPHAS), column.min()]
        assert values == sorted(values, reverse=True)
        assert values[0] - values[-1] > 0.01


def test_far_out_it_is_the_largest_weight(rng):
    log_w = rng.standard_normal((6, 3))
    assert value(Renyi(-1e6), log_w) == pytest.approx(value(VRMax(), log_w), abs=1e-5)
    np.testing.assert_allclose(gradient(Renyi(-1e6), log_w), gradient(VRMax(), log_w), atol=1e-12)


def test_the_largest_weight_takes_the_whole_gradient():
    log_w = np.array([[1.0, 5.0], [3.0, 2.0], [2.0, 5.0]])
    assert value(VRMax(), log_w) == pytest.approx(4.0)
    np.testing.assert_array_equal(
        gradient(VRMax(), log_w), [[0, -0.5], [-0.5, 0], [0, 0]]
    )  # the first of two


@pytest.mark.parametrize("alpha", [*ALPHAS, -1e6, 1e6])
def test_no_weight_is_too_large_or_too_small(alpha, dtype, rng):
    log_w = rng.standard_normal((4, 5)) + np.array([-5000, 0, 5000, 3e4, -3e4])
    log_w[0] -= 1000
    log_w = log_w.astype(dtype)
    assert np.isfinite(value(Renyi(alpha), log_w))
    np.testing.assert_allclose(gradient(Renyi(alpha), log_w).sum(axis=0), -1 / 5, rtol=1e-5)


def test_one_weight_of_a_million_keeps_its_digits_in_float32():
    """Where the mean of e^u - 1 is nearly -1, its logarithm is not taken from there."""
    log_w = np.full((1_000_000, 1), -40.0, np.float32)
    log_w[0] = 10.0
    expected = float(log_sum_exp(log_w.astype(float), 0)[0]) - math.log(len(log_w))
    assert value(Renyi(0), log_w) == pytest.approx(expected, rel=1e-6)


# --- what it bounds -----------------------------------------------------------------------------


def renyi_divergence(alpha, mean, cov, other_mean, other_cov):
    """D_alpha(N(mean, cov) || N(other_mean, other_cov)) in closed form (Gil, Alajaji & Linder 2013)."""
    mixed = alpha * other_cov + (1 - alpha) * cov
    off = mean - other_mean
    log_dets = [np.linalg.slogdet(matrix)[1] for matrix in (mixed, cov, other_cov)]
    distance = 0.5 * alpha * off @ np.linalg.solve(mixed, off)
    return distance - (log_dets[0] - (1 - alpha) * log_dets[1] - alpha * log_dets[2]) / (2 * (alpha - 1))


@pytest.mark.parametrize("alpha", [0.0, 0.3, 0.5, 0.9, 1.2, 2.0])
@pytest.mark.parametrize("family", ["mean_field", "full_rank"])
def test_of_many_draws_it_is_the_evidence_less_renyis_divergence(alpha, family, rng):
    """In closed form for two Gaussians, by quadrature over eps, and by the bound of 100,000 draws."""
    made, lam = at_the_posterior(family, Renyi(alpha))
    n, exact = made.model.n_latent, made.model.exact_posterior()
    lam[:n] += 0.3 * np.sqrt(np.diag(exact.cov))
    lam[n : 2 * n] -= 0.2  # narrower, or the integral for alpha = 2 might not exist
    divergence = renyi_divergence(alpha, *made.reparam.mean_and_cov(lam), exact.mean, exact.cov)
    eps, weight = normal_grid(n, 30)
    log_w = terms_of(made, lam, eps[:, None])[0].log_weights()  # (G, 1)
    order = 1 - alpha
    by_grid = log_sum_exp(order * log_w[:, 0] + np.log(weight), 0) / order
    assert by_grid == pytest.approx(made.model.log_evidence() - divergence, abs=1e-3)
    many = rng.standard_normal((100_000, 1, n))
    assert value(made.bound, terms_of(made, lam, many)[0].log_weights()) == pytest.approx(by_grid, abs=0.02)
    assert divergence > (0.04 if alpha else -1e-9)


def test_below_zero_it_is_no_lower_bound(rng):
    """And neither is the largest weight: of a q that is too wide and many draws."""
    made = objective(poisson_regression(), "mean_field", VRMax(), COORDINATES[1])
    z = np.linspace(-8, 8, 20_001)[:, None]
    log_evidence = math.log(np.exp(made.model.log_joint(z)).sum() * (z[1] - z[0])[0])
    wide = np.array([0.0, 1.0])
    log_w = terms_of(made, wide, rng.standard_normal((100, 2000, 1)))[0].log_weights()
    above = {
        name: value(build(BOUNDS, name, "bound"), log_w) - log_evidence for name in ("vr_max", "renyi:-9")
    }
    assert min(above.values()) > 0.1
    assert value(Renyi(0), log_w) < log_evidence


# --- names --------------------------------------------------------------------------------------


def test_names_carry_alpha():
    assert build(BOUNDS, "renyi:0.25", "bound") == Renyi(0.25)
    assert build(BOUNDS, "renyi:-3", "bound") == Renyi(-3)
    assert BOUNDS["renyi"]().alpha == 0.5
    assert Renyi(2).config == {"name": "renyi", "alpha": 2.0}


@pytest.mark.parametrize("name", ["renyi:inf", "renyi:-inf", "renyi:nan"])
def test_an_alpha_without_end_is_refused_and_vr_max_named(name):
    with pytest.raises(ValueError, match=r"bound 'renyi:.*alpha must lie in \(-inf, inf\).*'vr_max'"):
        build(BOUNDS, name, "bound")


@pytest.mark.parametrize("name", ["renyi:", "renyi:half"])
def test_an_alpha_that_is_no_number(name):
    with pytest.raises(ValueError, match=f"bound '{name}'"):
        build(BOUNDS, name, "bound")


@pytest.mark.parametrize("name", ["vr_max:3", "iwae:5", "dreg:5", "elbo:2"])
def test_the_others_take_no_number(name):
    with pytest.raises(ValueError, match="takes no number"):
        build(BOUNDS, name, "bound")


@pytest.mark.filterwarnings("ignore:the fit has not converged")
def test_a_fit_says_which_alpha_it_had():
    q = sv.fit(linear_regression(), bound="renyi:0.2", steps=200, start="laplace", progress=False)
    assert q.bound == "renyi:0.2"
