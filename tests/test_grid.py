"""Bayes' theorem on a grid: against conjugate posteriors, quadrature and the literature."""

import numpy as np
import pytest
from grid_models import Coin, Mean, Plane, Schools, Target
from scipy import integrate, stats

import scratchvae as sv
from scratchvae.constraints import Interval, Ordered, Positive, Real, Simplex
from scratchvae.grid import PiecewiseLinear, grid_posterior
from scratchvae.grid.piecewise import interpolate, linear_quantile, sample_cells
from scratchvae.models import BayesianModel, ConstrainedModel

UNIT = np.linspace(0, 1, 501)
COINS = [(7, 10, 1, 1), (7, 10, 2, 3), (0, 10, 1, 1), (10, 10, 1, 1), (0, 0, 1, 1), (30, 100, 2, 2)]


@pytest.fixture
def plane():
    return grid_posterior(Plane(), {"a": np.linspace(-7, 8, 151), "b": np.linspace(-6, 6, 141)})


# --- against exact posteriors ---------------------------------------------------------------------


@pytest.mark.parametrize("coin", COINS)
def test_the_beta_binomial(coin):
    model = Coin(*coin)
    posterior = grid_posterior(model, {"p": UNIT})
    assert posterior.log_evidence == pytest.approx(model.log_evidence, abs=1e-4)
    assert posterior.mean[0] == pytest.approx(model.posterior.mean(), abs=1e-5)
    assert posterior.sd[0] == pytest.approx(model.posterior.std(), rel=1e-4)
    inside = posterior.density[1:-1]
    np.testing.assert_allclose(inside, model.posterior.pdf(UNIT[1:-1]), rtol=1e-4, atol=1e-12)
    p = np.array([0.01, 0.05, 0.5, 0.95])
    np.testing.assert_allclose(posterior.quantile(p)[:, 0], model.posterior.ppf(p), atol=2e-5)
    low, high = posterior.interval(0.9)
    np.testing.assert_allclose([low, high], posterior.quantile([0.05, 0.95]), rtol=1e-12)


@pytest.mark.parametrize("coin", [*COINS, (0, 3, 0.5, 0.5), (3, 3, 0.5, 0.5), (500, 100_000, 1, 1)])
def test_the_beta_binomial_on_a_grid_that_is_found(coin):
    model = Coin(*coin)
    posterior = grid_posterior(model)
    assert posterior.log_evidence == pytest.approx(model.log_evidence, abs=2e-3)
    assert posterior.mean[0] == pytest.approx(model.posterior.mean(), abs=2e-4)
    assert posterior.sd[0] == pytest.approx(model.posterior.std(), rel=1e-3)


@pytest.mark.parametrize("coin", COINS)
def test_a_grid_of_free_z_knows_the_evidence_to_many_digits(coin):
    model = Coin(*coin)
    posterior = grid_posterior(model, space="free")
    assert posterior.log_evidence == pytest.approx(model.log_evidence, abs=1e-8)
    assert posterior.names == ("z of p",)


def test_the_two_spaces_differ_by_the_jacobian():
    """p(z|x) = p(p|x) dp/dz, dp/dz = p (1 - p)."""
    p = np.linspace(0.05, 0.98, 400)
    own = grid_posterior(Coin(7, 10, 2, 2), {"p": p})
    free = grid_posterior(Coin(7, 10, 2, 2), {"p": np.log(p / (1 - p))}, space="free")
    np.testing.assert_allclose(own.log_prior + np.log(p * (1 - p)), free.log_prior, rtol=1e-10)
    np.testing.assert_allclose(own.log_likelihood, free.log_likelihood, rtol=1e-10)
    np.testing.assert_allclose(own.density * p * (1 - p), free.density, rtol=1e-3)


def test_a_normal_mean():
    model = Mean([1.0, 2.0, 4.0])
    posterior = grid_posterior(model, np.linspace(-3, 7, 101))
    assert posterior.log_evidence == pytest.approx(model.log_evidence, abs=1e-12)
    assert posterior.mean[0] == pytest.approx(model.posterior.mean(), abs=1e-12)
    assert posterior.sd[0] == pytest.approx(model.posterior.std(), rel=1e-10)
    assert posterior.mode[0] == pytest.approx(model.posterior.mean(), abs=0.05)
    assert posterior.problems == ()


def test_an_axis_of_any_spacing():
    model = Mean([1.0, 2.0, 4.0])
    axis = 2 + 5 * np.linspace(-1, 1, 801) ** 3  # dense in the middle
    posterior = grid_posterior(model, axis)
    assert posterior.log_evidence == pytest.approx(model.log_evidence, abs=1e-4)
    assert posterior.sd[0] == pytest.approx(model.posterior.std(), rel=1e-3)


def test_a_correlated_normal_in_the_plane(plane):
    exact = Plane().posterior
    assert plane.log_evidence == pytest.approx(Plane().log_evidence, abs=1e-9)
    np.testing.assert_allclose(plane.mean, exact.mean, atol=1e-9)
    np.testing.assert_allclose(plane.cov, exact.cov, rtol=1e-7)
    points = np.stack(np.meshgrid(*plane.axes, indexing="ij"), axis=-1)
    np.testing.assert_allclose(plane.density, exact.pdf(points), atol=1e-9)


def test_marginals_of_the_plane(plane):
    exact = Plane().posterior
    for i, name in enumerate("ab"):
        marginal = plane.marginal(name)
        expected = stats.norm(exact.mean[i], exact.cov[i, i] ** 0.5)
        np.testing.assert_allclose(marginal.density, expected.pdf(marginal.axis), atol=1e-7)
        np.testing.assert_allclose(marginal.cdf(marginal.axis), expected.cdf(marginal.axis), atol=1e-3)
        np.testing.assert_array_equal(marginal.density, plane.marginal(i).density)
        assert marginal.name == name


def test_regions_of_highest_density(plane):
    """A normal's region of mass m in the plane ends where the density is 1 - m of its largest."""
    largest = Plane().posterior.pdf(Plane().posterior.mean)
    for mass in (0.5, 0.9, 0.99):
        assert plane.density_level(mass) == pytest.approx((1 - mass) * largest, rel=0.05)


def test_the_eight_schools():
    """mu 4.397 (3.318), tau 3.598 (3.220), log evidence -31.3114, by adaptive quadrature."""
    axes = {"mu": np.linspace(-30, 40, 301), "tau": np.linspace(0, 100, 801)}
    posterior = grid_posterior(Schools(), axes)
    np.testing.assert_allclose(posterior.mean, [4.397, 3.598], atol=2e-3)
    np.testing.assert_allclose(posterior.sd, [3.318, 3.220], atol=2e-3)
    assert posterior.log_evidence == pytest.approx(-31.3114, abs=2e-4)


@pytest.mark.parametrize("space", ["parameters", "free"])
def test_the_eight_schools_on_a_grid_that_is_found(space):
    posterior = grid_posterior(Schools(), space=space)
    assert posterior.mean[0] == pytest.approx(4.397, abs=2e-3)
    assert posterior.log_evidence == pytest.approx(-31.3114, abs=3e-3)


def test_an_evidence_by_adaptive_quadrature():
    model = Schools()

    def slice_of(tau):
        z = np.stack([np.linspace(-40, 50, 2001), np.full(2001, np.log(tau))], axis=-1)
        values = np.exp(model.log_joint(z) - np.log(tau) + 30)  # a density over tau
        return integrate.simpson(values, x=z[:, 0])

    expected = np.log(integrate.quad(slice_of, 0, 10)[0] + integrate.quad(slice_of, 10, np.inf)[0]) - 30
    assert grid_posterior(model, space="free").log_evidence == pytest.approx(expected, abs=1e-5)


# --- prior, likelihood, joint ---------------------------------------------------------------------


def test_prior_and_likelihood_on_the_grid():
    posterior = grid_posterior(Coin(7, 10, 2, 3), {"p": UNIT})
    np.testing.assert_allclose(posterior.prior, stats.beta(2, 3).pdf(UNIT), atol=1e-4)
    assert posterior.likelihood.max() == 1
    assert UNIT[posterior.likelihood.argmax()] == pytest.approx(0.7)
    product = posterior.prior * posterior.likelihood
    np.testing.assert_allclose(posterior.density, product / np.trapezoid(product, UNIT), rtol=1e-10)


def test_a_joint_density_has_no_prior():
    posterior = grid_posterior(Target(lambda z: stats.norm.logpdf(z, 3, 2) - 5.0), np.linspace(-20, 26, 300))
    assert posterior.prior is None
    assert posterior.log_evidence == pytest.approx(-5)
    assert posterior.mean[0] == pytest.approx(3)


def test_a_tiny_likelihood_does_not_underflow():
    posterior = grid_posterior(Target(lambda z: stats.norm.logpdf(z) - 1e5), np.linspace(-9, 9, 101))
    assert posterior.log_evidence == pytest.approx(-1e5)
    assert posterior.sd[0] == pytest.approx(1)


def test_a_prior_that_is_zero_somewhere():
    target = Target(lambda z: np.where(np.abs(z) <= 1, np.log(0.5), -np.inf))
    posterior = grid_posterior(target, np.linspace(-2, 2, 2001))
    assert posterior.log_evidence == pytest.approx(0, abs=1e-3)
    assert posterior.log_prob(np.array([1.5])) == -np.inf


# --- between the grid points ------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_log_prob_between_the_points(plane, shape, rng):
    exact = Plane().posterior
    z = rng.multivariate_normal(exact.mean, exact.cov, shape)
    log_p = plane.log_prob(z)
    assert log_p.shape == shape
    np.testing.assert_allclose(log_p, exact.logpdf(z), atol=0.05)


def test_log_prob_at_a_point_and_outside(plane):
    at = np.array([plane.axes[0][70], plane.axes[1][70]])
    assert plane.log_prob(at) == pytest.approx(plane.log_density[70, 70])
    assert plane.log_prob(np.array([8.01, 0.0])) == -np.inf
    assert plane.log_prob(np.array([0.0, -6.01])) == -np.inf


def test_samples_have_the_posteriors_moments(plane, rng):
    z = plane.sample(200_000, rng)
    exact = Plane().posterior
    np.testing.assert_allclose(z.mean(axis=0), exact.mean, atol=0.01)
    np.testing.assert_allclose(np.cov(z.T), exact.cov, atol=0.015)
    assert len(np.unique(z)) == z.size  # between the points, not on them


def test_samples_of_one_parameter_follow_its_marginal(rng):
    posterior = grid_posterior(Coin(7, 10), {"p": UNIT})
    drawn = posterior.sample(5000, rng)[:, 0]
    assert stats.kstest(drawn, posterior.marginal("p").cdf).pvalue > 1e-3
    assert stats.kstest(drawn, Coin(7, 10).posterior.cdf).pvalue > 1e-3
    assert stats.kstest(posterior.marginal(0).sample(5000, rng), Coin(7, 10).posterior.cdf).pvalue > 1e-3


def test_the_quantile_of_a_line():
    for a, b in [(0.0, 1.0), (1.0, 0.0), (2.0, 2.0), (0.3, 5.0), (1.0, 1 + 1e-13)]:
        u = np.linspace(0, 1, 11)
        t = linear_quantile(np.full(11, a), np.full(11, b), u)
        np.testing.assert_allclose((a * t + (b - a) * t * t / 2) / ((a + b) / 2), u, atol=1e-12)


def test_the_piecewise_linear_density_agrees_with_quadrature(rng):
    axis = np.sort(rng.normal(size=9))
    density = rng.random(9) * (np.arange(9) != 4)
    piecewise = PiecewiseLinear(axis, density)
    x = rng.uniform(axis[0], axis[-1], 20)
    pdf = lambda t: np.exp(piecewise.log_prob(t))  # noqa: E731
    breaks = [integrate.quad(pdf, axis[0], at, points=axis[1:-1], limit=200)[0] for at in x]
    np.testing.assert_allclose(piecewise.cdf(x), breaks, atol=1e-7)
    np.testing.assert_allclose(piecewise.cdf(piecewise.quantile([0.1, 0.5, 0.9])), [0.1, 0.5, 0.9])
    np.testing.assert_allclose(piecewise.quantile([0, 1]), axis[[0, -1]])
    np.testing.assert_array_equal(piecewise.cdf([axis[0] - 1, axis[-1] + 1]), [0, 1])


def test_quantiles_step_over_cells_without_mass():
    piecewise = PiecewiseLinear(np.arange(7.0), np.array([0.0, 1, 0, 0, 0, 1, 0]))
    np.testing.assert_allclose(piecewise.quantile([0.25, 0.5, 0.500001, 0.75]), [1, 2, 4, 5], atol=2e-3)


def test_a_bilinear_density_is_interpolated_and_drawn_exactly(rng):
    axes = np.array([0.0, 1.0]), np.array([0.0, 2.0])
    corners = np.array([[1.0, 2.0], [3.0, 8.0]])
    points = rng.random((50, 2)) * [1, 2]
    x, y = points.T
    expected = (1 - x) * ((1 - y / 2) + y / 2 * 2) + x * ((1 - y / 2) * 3 + y / 2 * 8)
    np.testing.assert_allclose(interpolate(axes, corners, points), expected)
    drawn = sample_cells(axes, corners, 100_000, rng)
    # E x = integral of x p / integral of p, by hand: p = 1 + 2x + y/2 + 2xy.
    total = 2 + 2 + 1 + 2
    assert drawn[:, 0].mean() == pytest.approx((1 + 4 / 3 + 1 / 2 + 4 / 3) / total, abs=0.005)
    assert drawn[:, 1].mean() == pytest.approx((2 + 2 + 4 / 3 + 8 / 3) / total, abs=0.01)


# --- updating ---------------------------------------------------------------------------------------


def test_updates_in_either_order_equal_all_data_at_once():
    axes = {"p": UNIT}
    batches = [(7, 10), (0, 4), (3, 3)]
    at_once = grid_posterior(Coin(10, 17, 2, 2), axes)
    for order in ((0, 1, 2), (2, 0, 1)):
        first, *rest = (batches[i] for i in order)
        posterior = grid_posterior(Coin(*first, 2, 2), axes)
        for batch in rest:
            posterior = posterior.update(Coin(*batch, 9, 1))  # the new model's prior is not used
        np.testing.assert_allclose(posterior.density, at_once.density, rtol=1e-9, atol=1e-300)
        np.testing.assert_allclose(posterior.mean, at_once.mean, rtol=1e-12)
    # Orders of heads and tails: the batches' binomial coefficients in place of that of the whole.
    coefficients = sum(np.log(_choose(n, k)) for k, n in batches) - np.log(_choose(17, 10))
    assert posterior.log_evidence_total == pytest.approx(at_once.log_evidence + coefficients)


def _choose(n, k):
    from math import comb

    return comb(n, k)


def test_evidences_of_updates_add_up():
    axis = np.linspace(-6, 8, 401)
    x = np.array([1.0, 2.0, 4.0, -1.0, 0.5])
    whole = grid_posterior(Mean(x), axis)
    old = grid_posterior(Mean(x[:2]), axis)
    new = old.update(Mean(x[2:]))
    np.testing.assert_allclose(new.density, whole.density, rtol=1e-8, atol=1e-300)
    assert new.log_evidence_total == pytest.approx(whole.log_evidence, abs=1e-9)
    # log p(x_new | x_old): the predictive density of normal data.
    exact = Mean(x[:2]).posterior
    predictive = stats.multivariate_normal(np.full(3, exact.mean()), np.eye(3) + exact.var())
    assert new.log_evidence == pytest.approx(predictive.logpdf(x[2:]), abs=1e-9)
    np.testing.assert_allclose(new.prior, old.density, rtol=1e-9, atol=1e-300)


def test_an_update_in_the_plane(plane):
    other = Plane(x=(0.0, 2.0))
    updated = plane.update(other)
    prior, noise = Plane().posterior, other.noise
    cov = np.linalg.inv(np.linalg.inv(prior.cov) + np.linalg.inv(noise))
    mean = cov @ (np.linalg.solve(prior.cov, prior.mean) + np.linalg.solve(noise, other.x))
    np.testing.assert_allclose(updated.mean, mean, atol=1e-7)
    np.testing.assert_allclose(updated.cov, cov, rtol=1e-5)


def test_an_update_after_a_joint_density_knows_its_prior():
    first = grid_posterior(Target(lambda z: stats.norm.logpdf(z)), np.linspace(-9, 9, 201))
    updated = first.update(Mean([1.0]))
    np.testing.assert_allclose(updated.prior, first.density)
    assert updated.mean[0] == pytest.approx(0.5)


def test_an_update_by_another_model_is_refused(plane):
    with pytest.raises(ValueError, match=r"posterior is one of Space\(.*'a': .*, the new model has .*'z'"):
        plane.update(Mean([1.0]))

    class Wider(Coin):
        parameters = {"p": Interval(-1, 1)}

    own, free = grid_posterior(Coin(7, 10), {"p": UNIT}), grid_posterior(Coin(7, 10), space="free")
    assert own.update(Wider(3, 4)).mean[0] == pytest.approx(
        11 / 16, abs=1e-4
    )  # the same theta, though another z
    with pytest.raises(ValueError, match="an update needs the same parameters"):
        free.update(Wider(3, 4))
    first = grid_posterior(Mean([1.0]), np.linspace(-9, 9, 201))
    with pytest.raises(ValueError, match="written as log_joint"):
        first.update(Target(lambda z: -z * z))


def test_an_update_warns_where_the_grid_is_left():
    posterior = grid_posterior(Mean([0.0]), np.linspace(-6, 6, 201))
    with pytest.warns(UserWarning, match="cut off"):
        posterior.update(Mean([6.0] * 10))


# --- is the grid good? ------------------------------------------------------------------------------


def test_a_grid_that_is_cut_off_says_where():
    with pytest.warns(UserWarning, match=r"cut off: [\d.]+% of the posterior .* of z\[0\] at 1; widen"):
        posterior = grid_posterior(Mean([1.0, 2.0, 4.0]), np.linspace(-3, 1, 101))
    masses = posterior.edge_masses
    assert masses[0, 0] < 1e-6 < 1e-3 < masses[0, 1]
    expected = Mean([1.0, 2.0, 4.0]).posterior
    share = np.diff(expected.cdf([0.96, 1.0])) / np.diff(expected.cdf([-3, 1]))
    assert posterior.edge_mass == pytest.approx(share[0], rel=1e-3)
    assert "cut off" in str(posterior)


def test_the_border_of_the_domain_cuts_nothing_off():
    assert grid_posterior(Coin(0, 10), {"p": UNIT}).edge_mass < 1e-12
    with pytest.warns(UserWarning, match="of p at 0.02"):
        grid_posterior(Coin(0, 10), {"p": np.linspace(0.02, 1, 500)})


@pytest.mark.parametrize("coin", [(0, 3, 0.5, 0.5), (500, 100_000, 1, 1)])
def test_a_grid_that_is_too_coarse_says_so(coin):
    """An infinite density at the border; a posterior between two points."""
    with pytest.warns(UserWarning, match="too coarse: its log evidence moves by"):
        posterior = grid_posterior(Coin(*coin), {"p": UNIT})
    assert posterior.resolution_error > 0.1


# --- a window that is found -------------------------------------------------------------------------


@pytest.mark.parametrize(("mean", "sd"), [(0, 1), (1e6, 1e-3), (-300, 40), (5, 1e4), (0.1, 1e-7)])
def test_a_window_at_any_place_and_scale(mean, sd):
    posterior = grid_posterior(Target(lambda z: stats.norm.logpdf(z, mean, sd)))
    assert posterior.log_evidence == pytest.approx(0, abs=1e-4)
    assert posterior.mean[0] == pytest.approx(mean, abs=1e-3 * sd)
    assert posterior.sd[0] == pytest.approx(sd, rel=1e-3)
    assert posterior.edge_mass < 1e-6


def test_a_window_holds_both_modes():
    def two(z):
        return np.logaddexp(stats.norm.logpdf(z, -4, 0.1), stats.norm.logpdf(z, 4, 0.3)) - np.log(2)

    posterior = grid_posterior(Target(two))
    assert posterior.log_evidence == pytest.approx(0, abs=1e-4)
    assert posterior.mean[0] == pytest.approx(0, abs=1e-3)


def test_a_window_holds_modes_that_the_first_grids_step_over():
    def two(z):
        return np.logaddexp(stats.norm.logpdf(z, -1.9, 2e-4), stats.norm.logpdf(z, 2.11, 4e-4)) - np.log(2)

    posterior = grid_posterior(Target(two))
    assert posterior.log_evidence == pytest.approx(0, abs=1e-3)
    assert posterior.marginal(0).cdf(0.0) == pytest.approx(0.5, abs=1e-3)


def test_a_window_of_a_skewed_density_with_a_long_tail():
    expected = stats.gumbel_r(2, 3)
    posterior = grid_posterior(Target(expected.logpdf))
    assert posterior.mean[0] == pytest.approx(expected.mean(), abs=1e-3)
    assert posterior.sd[0] == pytest.approx(expected.std(), rel=1e-3)


@pytest.mark.parametrize("rho", [0.0, 0.9, -0.999])
def test_a_window_in_the_plane(rho):
    exact = stats.multivariate_normal([100, -3], [[4, 2 * rho * 0.1], [2 * rho * 0.1, 0.01]])
    posterior = grid_posterior(Target(lambda *z: exact.logpdf(np.stack(z, axis=-1)), n_latent=2))
    assert posterior.log_evidence == pytest.approx(0, abs=1e-5)
    np.testing.assert_allclose(posterior.cov, exact.cov, rtol=1e-4, atol=1e-6)


def test_no_window_for_what_has_no_integral():
    with pytest.raises(ValueError, match="Is it proper"):
        grid_posterior(Target(lambda z: 0 * z))
    with pytest.raises(ValueError, match="rises without end"):
        grid_posterior(Target(lambda z: z))
    with pytest.raises(ValueError, match="zero or NaN near z"):
        grid_posterior(Target(lambda z: np.full(z.shape, np.nan)))


# --- bad input --------------------------------------------------------------------------------------


def test_three_parameters_are_too_many():
    with pytest.raises(ValueError, match=r"Target has 3: 100 points an axis would be 1e6 .*fit\(model\)"):
        grid_posterior(Target(lambda *z: 0 * z[0], n_latent=3))


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({"p": [0.1, 0.2, 0.3, 0.4]}, r"axis of p .* at least 5 points, not shape \(4,\)"),
        ({"p": np.ones((5, 5))}, r"not shape \(5, 5\)"),
        ({"p": [0.1, 0.2, 0.4, 0.3, 0.5]}, "must increase, but 0.4 is followed by 0.3"),
        ({"p": [0.1, 0.2, 0.2, 0.3, 0.5]}, "must increase, but 0.2 is followed by 0.2"),
        ({"p": [0.1, 0.2, np.nan, 0.3, 0.5]}, "axis of p has 1 NaN"),
        ({"q": UNIT}, r"the names \['p'\], not \['q'\]"),
        ([UNIT, UNIT], r"2 axes came for 1 parameters, \['p'\]"),
        ([], "0 axes came"),
        (np.linspace(-1, 1, 9), "goes from -1 to 1, but p lies between 0 and 1; cut"),
    ],
)
def test_axes_that_make_no_grid(axes, message):
    with pytest.raises(ValueError, match=message):
        grid_posterior(Coin(7, 10), axes)


def test_a_space_that_is_not_known():
    with pytest.raises(ValueError, match="did you mean 'parameters'"):
        grid_posterior(Coin(7, 10), UNIT, space="parameter")


def test_a_density_that_is_nan_or_zero():
    axis = np.linspace(-2, 2, 5)
    with (
        np.errstate(invalid="ignore"),
        pytest.raises(ValueError, match=r"NaN .* at 2 of 5 .* at z\[0\] = -2"),
    ):
        grid_posterior(Target(np.sqrt), axis)
    with pytest.raises(ValueError, match=r"zero at every grid point \(z\[0\] from -2 to 2\)"):
        grid_posterior(Target(lambda z: np.full(z.shape, -np.inf)), axis)


def test_a_model_of_the_wrong_shape_is_named():
    class Unsummed(Mean):
        def log_likelihood(self, z):
            return stats.norm.logpdf(self.data, z)

    with pytest.raises(ValueError, match=r"log_likelihood must return shape \(101,\)"):
        grid_posterior(Unsummed([1.0, 2.0]), np.linspace(-3, 7, 101))


def test_parameters_without_rectangular_axes_have_a_grid_of_free_z():
    class Dice(ConstrainedModel):
        parameters = {"p": Simplex(3)}

        def prior(self, theta):
            return np.full(theta["p"].shape[:-1], np.log(2)), {}  # uniform: Dirichlet(1, 1, 1)

        def likelihood(self, theta):
            return np.log(theta["p"]) @ np.array([2.0, 1.0, 0.0]), {}

    with pytest.raises(ValueError, match=r"Simplex\(3\) has no rectangular axes; use space='free'"):
        grid_posterior(Dice())
    posterior = grid_posterior(Dice(), space="free")
    assert posterior.names == ("z[0] of p", "z[1] of p")
    # Gamma(3) Gamma(3) Gamma(2) / Gamma(6), the integral of p1^2 p2 over the simplex, times 2.
    assert posterior.log_evidence == pytest.approx(np.log(2 * 2 * 1 * 1 / 120), abs=1e-6)
    assert Dice.parameters["p"].n_free == Ordered(2).n_free


def test_bad_arguments_of_a_posterior(plane, rng):
    with pytest.raises(ValueError, match="unknown parameter 'c'"):
        plane.marginal("c")
    with pytest.raises(ValueError, match=r"2 parameters, \['a', 'b'\]: no number 2"):
        plane.marginal(2)
    with pytest.raises(ValueError, match="probabilities from 0 to 1, but holds -1 to 0.5"):
        plane.quantile([0.5, -1])
    with pytest.raises(ValueError, match="mass must lie in"):
        plane.interval(1.0)
    with pytest.raises(ValueError, match=r"theta must have shape \(..., 2\)"):
        plane.log_prob(np.zeros(3))
    with pytest.raises(ValueError, match="rng must be"):
        plane.sample(3, 0)


# --- names and words --------------------------------------------------------------------------------


def test_a_vector_parameter_has_an_axis_each():
    class Vector(Plane):
        parameters = {"beta": Real(2)}

    axis = np.linspace(-7, 8, 101)
    posterior = grid_posterior(Vector(), {"beta[1]": axis[:90], "beta[0]": axis})
    assert posterior.density.shape == (101, 90)
    np.testing.assert_allclose(posterior.mean, Plane().posterior.mean, atol=1e-6)


def test_two_constrained_parameters_of_other_order():
    """Independent p ~ Beta(2, 3) and s ~ half-normal: the product, each with its own Jacobian."""

    class Two(ConstrainedModel):
        parameters = {"s": Positive(by="softplus"), "p": Interval(-1, 1)}

        def prior(self, theta):
            p = stats.beta(2, 3, loc=-1, scale=2).logpdf(theta["p"])
            return p + stats.halfnorm(scale=2).logpdf(theta["s"]), {}

        def likelihood(self, theta):
            return 0 * theta["p"], {}

    posterior = grid_posterior(Two(), {"p": np.linspace(-1, 1, 201), "s": np.linspace(0, 20, 401)})
    assert posterior.log_evidence == pytest.approx(0, abs=1e-4)
    np.testing.assert_allclose(posterior.mean, [2 * np.sqrt(2 / np.pi), 2 * 0.4 - 1], atol=1e-3)
    assert posterior.cov[0, 1] == pytest.approx(0, abs=1e-10)
    found = grid_posterior(Two())
    np.testing.assert_allclose(found.mean, posterior.mean, atol=2e-3)


def test_the_table(plane):
    lines = str(plane).splitlines()
    assert lines[0].split() == ["mean", "sd", "5%", "95%"]
    assert [line.split()[0] for line in lines[1:3]] == ["a", "b"]
    assert float(lines[1].split()[1]) == pytest.approx(plane.mean[0], rel=1e-4)
    assert lines[3] == f"log evidence {plane.log_evidence:.4f} nats; grid of 151 x 141 points"


def test_it_is_in_the_public_face():
    assert sv.grid_posterior is grid_posterior


def test_a_model_is_evaluated_in_blocks():
    sizes = []

    class Watched(BayesianModel):
        n_latent = 2

        def log_joint(self, z):
            sizes.append(len(z))
            return -(z**2).sum(-1)

    grid_posterior(Watched(), [np.linspace(-5, 5, 51)] * 2)
    assert max(sizes) <= 256
    assert sum(sizes) == 51**2
