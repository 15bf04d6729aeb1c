"""Eight schools: the exact answer against brute force, the two parametrizations, the local terms."""

import numpy as np
import pytest
from scipy import integrate, stats

from scratchvae.models import EightSchools, HierarchicalNormal


def test_the_exact_answer_of_the_eight_schools():
    exact = EightSchools().exact_by_quadrature()
    assert exact.mu_mean == pytest.approx(4.397, abs=6e-4)
    assert exact.mu_sd == pytest.approx(3.318, abs=6e-4)
    assert exact.tau_mean == pytest.approx(3.598, abs=6e-4)
    assert exact.tau_sd == pytest.approx(3.220, abs=6e-4)
    assert exact.log_evidence == pytest.approx(-31.31135, abs=6e-6)


def marginal(model, tau):
    """p(y | tau) with mu and theta integrated out: one normal of J dimensions."""
    cov = np.diag(model.sigma**2 + tau**2) + model.mu_sigma**2
    return stats.multivariate_normal(np.zeros(model.n_groups), cov).pdf(model.y)


def expectation(model, function):
    """int function(tau) p(y | tau) p(tau) dtau by adaptive quadrature."""

    def integrand(tau):
        return function(tau) * marginal(model, tau) * stats.halfcauchy.pdf(tau, scale=model.tau_scale)

    pieces = [(0, 1), (1, 20), (20, np.inf)]
    return sum(integrate.quad(integrand, *piece, epsabs=0, epsrel=1e-10)[0] for piece in pieces)


@pytest.mark.parametrize(
    "model",
    [
        EightSchools(),
        EightSchools(mu_sigma=20, tau_scale=1),
        HierarchicalNormal([3.0, -1.0, 40.0], [1.0, 2, 0.5]),
    ],
    ids=["schools", "other priors", "one group far away"],
)
def test_evidence_and_tau_by_adaptive_quadrature_of_a_joint_normal(model):
    exact = model.exact_by_quadrature()
    evidence = expectation(model, lambda tau: 1.0)
    assert exact.log_evidence == pytest.approx(np.log(evidence), abs=1e-9)
    assert model.log_evidence() == exact.log_evidence
    mean = expectation(model, lambda tau: tau) / evidence
    assert exact.tau_mean == pytest.approx(mean, rel=1e-8)
    variance = expectation(model, lambda tau: (tau - mean) ** 2) / evidence
    assert exact.tau_sd == pytest.approx(np.sqrt(variance), rel=1e-7)


def theta_given(model, tau):
    """Mean (J,) and variances (J,) of theta given tau and y, by conditioning one normal of 2 J dimensions."""
    prior = tau**2 * np.eye(model.n_groups) + model.mu_sigma**2
    gain = prior @ np.linalg.inv(prior + np.diag(model.sigma**2))
    return gain @ model.y, np.diag(prior - gain @ prior)


@pytest.mark.parametrize("j", [0, 2])
def test_theta_by_adaptive_quadrature_of_conditional_normals(j):
    model = HierarchicalNormal([3.0, -1.0, 4.0], [1.0, 2.0, 0.5], mu_sigma=3.0)
    exact, evidence = model.exact_by_quadrature(), expectation(model, lambda tau: 1.0)

    def square(tau):
        mean, variance = (part[j] for part in theta_given(model, tau))
        return variance + (mean - exact.theta_mean[j]) ** 2

    mean = expectation(model, lambda tau: theta_given(model, tau)[0][j]) / evidence
    assert exact.theta_mean[j] == pytest.approx(mean, rel=1e-8)
    assert exact.theta_sd[j] == pytest.approx(np.sqrt(expectation(model, square) / evidence), rel=1e-8)


@pytest.mark.parametrize("centred", [False, True])
def test_two_groups_by_brute_force_over_all_four_unknowns(centred):
    """The trapezoidal rule on a grid of z itself: no analytic step is shared with the model's method.

    tau's own moments, to which the far tail matters that this grid does not resolve, are held above.
    """
    model = HierarchicalNormal([1.0, -0.5], [0.6, 0.8], centred, mu_sigma=1.0, tau_scale=0.5)
    exact = model.exact_by_quadrature()
    mu, log_tau = np.linspace(-5, 5, 35), np.linspace(-12, 5, 52)
    wide = np.linspace(-6, 6, 37)
    z = np.stack(np.meshgrid(mu, log_tau, wide, wide, indexing="ij"), axis=-1)
    volume = (mu[1] - mu[0]) * (log_tau[1] - log_tau[0]) * (wide[1] - wide[0]) ** 2
    if centred:  # theta lies about mu at distance tau: stretch its axes, theta_j = mu + tau u_j
        z[..., 2:] = z[..., :1] + np.exp(z[..., 1:2]) * z[..., 2:]
        volume = volume * np.exp(2 * z[..., 1])
    weight = np.exp(model.log_joint(z)) * volume
    assert np.log(weight.sum()) == pytest.approx(exact.log_evidence, abs=2e-4)
    weight /= weight.sum()
    theta = model.group_means(z)
    for got, values in [
        ((exact.mu_mean, exact.mu_sd), z[..., 0]),
        ((exact.theta_mean[0], exact.theta_sd[0]), theta[..., 0]),
        ((exact.theta_mean[1], exact.theta_sd[1]), theta[..., 1]),
    ]:
        mean = (weight * values).sum()
        assert got[0] == pytest.approx(mean, abs=1e-3)
        assert got[1] == pytest.approx(np.sqrt((weight * (values - mean) ** 2).sum()), rel=0.02)


def test_the_answer_does_not_depend_on_the_parametrization_or_the_step():
    first, second = EightSchools().exact_by_quadrature(), EightSchools(centred=True).exact_by_quadrature(0.1)
    for got, expected in zip(first, second, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-11)


@pytest.mark.parametrize("unit", [1e-18, 1e18])
def test_the_answer_has_the_units_of_the_data(unit):
    """Of scales e^41 apart: log tau is sought from below the least to above the largest."""
    y, sigma, tau_scale = np.array([1.0, 0.0, -0.3]), np.array([1e-15, 2e-15, 1e-3]), 1e-18
    first = HierarchicalNormal(y, sigma, mu_sigma=2.0, tau_scale=tau_scale).exact_by_quadrature()
    again = HierarchicalNormal(unit * y, unit * sigma, mu_sigma=2 * unit, tau_scale=unit * tau_scale)
    again = again.exact_by_quadrature()
    assert again.log_evidence == pytest.approx(first.log_evidence - 3 * np.log(unit), abs=1e-9)
    for name in ("mu_mean", "mu_sd", "tau_mean", "theta_mean", "theta_sd"):
        expected = unit * np.array(getattr(first, name))
        np.testing.assert_allclose(getattr(again, name), expected, rtol=1e-8, atol=1e-10 * unit)


def test_with_tau_near_zero_all_groups_are_one():
    model = HierarchicalNormal([0.3, -0.1], [1.0, 2.0], mu_sigma=1.5, tau_scale=1e-18)
    one = stats.multivariate_normal(np.zeros(2), np.diag([1.0, 4.0]) + 1.5**2).logpdf([0.3, -0.1])
    exact = model.exact_by_quadrature()
    assert exact.log_evidence == pytest.approx(one, abs=1e-9)
    np.testing.assert_allclose(exact.theta_mean, exact.mu_mean, rtol=1e-9)


def test_one_group_and_one_standard_error_for_all():
    assert HierarchicalNormal([3.0], 1.0).sigma.tolist() == [1.0]
    assert HierarchicalNormal([3.0, 4.0], 0.5).sigma.tolist() == [0.5, 0.5]


def test_a_single_group_leaves_tau_without_a_variance():
    exact = HierarchicalNormal([3.0], [1.0]).exact_by_quadrature()
    assert exact.tau_sd == np.inf
    assert np.isfinite(exact.tau_mean)


# --- densities ----------------------------------------------------------------------------------


def test_the_joint_density_is_scipys(rng):
    for centred in (False, True):
        model = EightSchools(centred=centred)
        z = rng.normal(size=10)
        mu, tau, effect = z[0], np.exp(z[1]), z[2:]
        theta = effect if centred else mu + tau * effect
        expected = (
            stats.norm.logpdf(mu, 0, 5)
            + stats.halfcauchy.logpdf(tau, scale=5)
            + z[1]
            + (stats.norm.logpdf(effect, mu, tau) if centred else stats.norm.logpdf(effect)).sum()
            + stats.norm.logpdf(model.y, theta, model.sigma).sum()
        )
        assert model.log_joint(z) == pytest.approx(expected, rel=1e-13)


def test_the_parametrizations_differ_by_the_determinant(rng):
    """theta = mu + tau eta has |dtheta/deta| = tau^J."""
    z = rng.normal(size=(5, 10))
    centred = z.copy()
    centred[:, 2:] = z[:, :1] + np.exp(z[:, 1:2]) * z[:, 2:]
    difference = EightSchools().log_joint(z) - EightSchools(centred=True).log_joint(centred)
    np.testing.assert_allclose(difference, 8 * z[:, 1], atol=1e-11)


@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("lead", [(), (4,), (2, 3)])
def test_local_terms_are_all_that_a_coordinate_changes(centred, lead, rng):
    model = EightSchools(centred=centred)
    z = rng.normal(size=(*lead, 10))
    before, local = model.log_joint(z), model.local_log_joint(z)
    assert local.shape == z.shape
    for i in range(10):
        moved = z.copy()
        moved[..., i] += rng.normal(size=lead)
        np.testing.assert_allclose(
            model.local_log_joint(moved)[..., i] - local[..., i], model.log_joint(moved) - before, atol=1e-10
        )


@pytest.mark.parametrize("centred", [False, True])
def test_local_terms_leave_out_what_does_not_change(centred, rng):
    """Entry eta_j does not see the other schools' data, which the whole does."""
    model, z = EightSchools(centred=centred), rng.normal(size=10)
    other = model.with_data(model.y + 100 * (np.arange(8) == 7))
    np.testing.assert_array_equal(other.local_log_joint(z)[2:9], model.local_log_joint(z)[2:9])
    assert other.local_log_joint(z)[9] != model.local_log_joint(z)[9]
    assert (other.local_log_joint(z)[0] == model.local_log_joint(z)[0]) == centred


# --- simulation and refusals --------------------------------------------------------------------


@pytest.mark.parametrize("centred", [False, True])
def test_prior_draws_have_the_priors_quantiles(centred, rng):
    model = EightSchools(centred=centred)
    z = model.sample_prior(5_000, rng)
    u = [
        stats.norm.cdf(z[:, 0], scale=5),
        stats.halfcauchy.cdf(np.exp(z[:, 1]), scale=5),
        stats.norm.cdf((model.group_means(z)[:, 3] - z[:, 0]) / np.exp(z[:, 1])),
    ]
    for column in u:
        assert stats.kstest(column, "uniform").pvalue > 1e-3


def test_simulated_measurements_scatter_by_their_standard_errors(rng):
    model, z = EightSchools(), rng.normal(size=10)
    y = model.simulate(np.tile(z, (20_000, 1)), rng)
    u = (y - model.group_means(z)) / model.sigma
    assert np.abs(u.mean(axis=0)).max() < 4.5 / np.sqrt(20_000)
    np.testing.assert_allclose(u.std(axis=0), 1, rtol=4.5 / np.sqrt(40_000))


def test_the_data_are_rubins():
    model = EightSchools()
    assert model.y.tolist() == [28, 8, -3, 7, -1, 1, 18, 12]
    assert model.sigma.tolist() == [15, 10, 16, 11, 9, 11, 10, 18]
    assert model.space.names[:3] == ("mu", "tau", "eta[0]")
    assert EightSchools(centred=True).space.names[2] == "theta[0]"


@pytest.mark.parametrize(
    "arguments, message",
    [
        (([1.0, np.nan], [1.0, 1.0]), "y has 1 NaN"),
        (([1.0, 2.0], [1.0, np.nan]), "sigma has 1 NaN"),
        (([1.0, 2.0], [1.0, 0.0]), "sigma must hold standard errors above zero"),
        (([1.0, 2.0], [1.0, 1.0, 1.0]), "y must have shape"),
        (([], []), "sigma must have shape"),
        (([], 1.0), r"y must have shape \(J,\)"),
        (([[1.0]], 1.0), "y must have shape"),
        (([1.0], 1.0, False, 0.0), "mu_sigma must lie"),
        (([1.0], 1.0, False, 1.0, np.inf), "tau_scale must lie"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        HierarchicalNormal(*arguments)
