"""The test densities: the printed formulas, gradients, evidence, moments and exact draws."""

import math

import naive
import numpy as np
import pytest
from scipy import stats

from scratchvae.models import BayesianModel
from scratchvae.models.targets import (
    TARGETS,
    Banana,
    EnergyU1,
    EnergyU2,
    EnergyU3,
    EnergyU4,
    Funnel,
    Ring,
)
from scratchvae.models.targets.base import quadrature, rejection
from scratchvae.models.targets.ring import radius_and_direction

ALL = sorted(TARGETS)
#: Densities in the plane, and how far out a grid must reach for all but 1e-7 of their mass.
IN_THE_PLANE = [
    pytest.param(lambda name=name: TARGETS[name](), 9.0, id=name)
    for name in ALL
    if name not in ("banana", "funnel")
] + [
    pytest.param(lambda: Banana(0.5, 1.0), 22.0, id="banana"),
    pytest.param(lambda: Banana(-0.8, 0.7), 18.0, id="banana bent upwards"),
    pytest.param(lambda: Funnel(2, 0.5), 24.0, id="narrow funnel"),
    pytest.param(lambda: Ring(0.0, 0.5), 6.0, id="ring of no radius"),
    pytest.param(lambda: Ring(0.3, 0.5), 6.0, id="thick ring"),
    pytest.param(lambda: EnergyU3(window=0), 8.0, id="no window"),
    pytest.param(lambda: EnergyU4(window=0.7), 9.0, id="small window"),
]


# --- the contract, for every density in the registry --------------------------------------------


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("lead", [(), (3,), (2, 1, 3)])
def test_leading_axes_are_samples(name, lead, rng):
    target = TARGETS[name]()
    assert isinstance(target, BayesianModel)
    z = rng.normal(size=(*lead, target.n_latent))
    log_p, grad = target.log_joint(z), target.grad_log_joint(z)
    assert np.shape(log_p) == lead
    assert grad.shape == z.shape
    for place in np.ndindex(lead):
        assert log_p[place] == pytest.approx(target.log_joint(z[place]), rel=1e-14)
        np.testing.assert_allclose(grad[place], target.grad_log_joint(z[place]), rtol=1e-13)


#: The registry's, and some whose parameters are other numbers than two and their squares no doubles.
FOR_GRADIENTS = [pytest.param(TARGETS[name], id=name) for name in ALL] + [
    pytest.param(lambda: Banana(-0.8, 0.7, 3), id="banana bent upwards"),
    pytest.param(lambda: Funnel(3, 0.5), id="narrow funnel"),
    pytest.param(lambda: Ring(0.3, 0.5), id="thick ring"),
]


@pytest.mark.parametrize("make", FOR_GRADIENTS)
def test_the_gradient_equals_central_differences(make, rng):
    target = make()
    for z in 2.5 * rng.normal(size=(20, target.n_latent)):
        numerical = naive.numerical_gradient(target.log_joint, z, step=1e-3)
        assert naive.relative_error(target.grad_log_joint(z), numerical) < 1e-7


@pytest.mark.parametrize("name", ALL)
def test_z_is_left_as_it_was(name, rng):
    target = TARGETS[name]()
    z = rng.normal(size=(4, target.n_latent))
    before = z.copy()
    target.log_joint(z), target.grad_log_joint(z)
    np.testing.assert_array_equal(z, before)


@pytest.mark.parametrize("name", ALL)
def test_a_z_of_another_width_is_refused(name):
    target = TARGETS[name]()
    with pytest.raises(ValueError, match=rf"z must have shape \(..., {target.n_latent}\)"):
        target.log_joint(np.zeros((3, target.n_latent + 1)))


@pytest.mark.parametrize("name", ALL)
def test_forward_and_backward_are_the_joint_density_and_its_gradient(name, rng):
    target = TARGETS[name]()
    z = rng.normal(size=(4, target.n_latent))
    log_likelihood, log_prior, cache = target.forward(z)
    np.testing.assert_array_equal(log_likelihood + log_prior, target.log_joint(z))
    dlog_p = rng.normal(size=4)
    np.testing.assert_allclose(
        target.backward(cache, dlog_p, dlog_p), dlog_p[:, None] * target.grad_log_joint(z), rtol=1e-14
    )


@pytest.mark.parametrize("n", [0, -1, 2.5, None])
def test_a_number_of_draws_that_is_none_is_refused(n, rng):
    with pytest.raises(ValueError, match="n must be a whole number"):
        Ring().sample_exact(n, rng)


def test_a_seed_in_place_of_a_generator_is_refused():
    with pytest.raises(ValueError, match="rng must be a numpy.random.Generator"):
        Ring().sample_exact(5, 0)


# --- evidence, moments and draws against brute force in the plane -------------------------------


def grid(target, half_width, n=1201):
    """Points (n, n, 2) and the mass of the density at each, by equal steps in the plane."""
    axis = np.linspace(-half_width, half_width, n)
    z = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
    return axis, z, np.exp(target.log_joint(z)) * (axis[1] - axis[0]) ** 2


@pytest.mark.parametrize(("make", "half_width"), IN_THE_PLANE)
def test_evidence_and_moments_equal_brute_force_on_a_grid(make, half_width):
    target = make()
    _, z, mass = grid(target, half_width)
    assert target.log_evidence() == pytest.approx(math.log(mass.sum()), abs=1e-6)
    p = (mass / mass.sum()).ravel()
    mean = p @ z.reshape(-1, 2)
    centred = z.reshape(-1, 2) - mean
    np.testing.assert_allclose(target.mean, mean, atol=1e-6)
    np.testing.assert_allclose(target.cov, (centred * p[:, None]).T @ centred, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("make", "half_width"), IN_THE_PLANE)
def test_exact_draws_fill_the_boxes_of_the_plane_in_proportion(make, half_width, rng):
    """A chi-squared test of a histogram against the density: moments alone would miss a mode."""
    target = make()
    axis, z, mass = grid(target, half_width)
    draws = target.sample_exact(20_000, rng)
    # The grid's points are the middles of its cells, and the boxes are of whole cells.
    edges = np.linspace(axis[0], axis[-1], len(axis) // 24 + 1) - 0.5 * (axis[1] - axis[0])
    expected = np.histogramdd(z.reshape(-1, 2), bins=(edges, edges), weights=mass.ravel())[0]
    expected *= len(draws) / mass.sum()
    observed = np.histogramdd(draws, bins=(edges, edges))[0]
    large = expected > 20
    assert large.sum() > 10
    chi_squared = ((observed - expected)[large] ** 2 / expected[large]).sum()
    assert stats.chi2.sf(chi_squared, large.sum()) > 1e-4


@pytest.mark.parametrize("name", ALL)
def test_the_mean_of_z_times_the_gradient_is_minus_one_under_exact_draws(name, rng):
    """Integrated by parts, E[z_i d log p / dz_i] = -1: of any density, in any dimension."""
    target = TARGETS[name]()
    z = target.sample_exact(40_000, rng)
    products = z * target.grad_log_joint(z)
    error = products.std(axis=0) / np.sqrt(len(z))
    assert (np.abs(products.mean(axis=0) + 1) < 5 * error).all()


def test_rejection_gives_the_wanted_number_of_the_wanted_density(rng):
    def triangle(m, rng):  # density 2 u on (0, 1), from uniform candidates
        u = rng.random((m, 1))
        return u, u[:, 0]

    draws = rejection(triangle, 5000, rng)
    assert draws.shape == (5000, 1)
    assert stats.kstest(draws[:, 0], lambda u: u**2).pvalue > 1e-3


def test_quadrature_is_exact_for_polynomials():
    x, weight = quadrature(-1.0, 2.3, width=1.0, n_nodes=4)
    assert weight @ x**7 == pytest.approx((2.3**8 - 1) / 8, rel=1e-13)


@pytest.mark.parametrize(("width", "n_panels"), [(0.5, 7), (1.1, 3), (2.0, 2), (9.0, 1)])
def test_no_panel_of_the_quadrature_is_wider_than_asked_for(width, n_panels):
    x, _ = quadrature(-1.0, 2.3, width, n_nodes=2)
    assert len(x) == 2 * n_panels


# --- each by itself -----------------------------------------------------------------------------


def test_the_banana_equals_scipys_normals(rng):
    for z in 2 * rng.normal(size=(20, 4)):
        expected = stats.norm.logpdf(z[0], 0, 1.5) + stats.norm.logpdf(z[1] + 0.3 * (z[0] ** 2 - 2.25))
        expected += stats.norm.logpdf(z[2:]).sum()
        assert Banana(0.3, 1.5, n_latent=4).log_joint(z) == pytest.approx(expected, rel=1e-13)


def test_an_untwisted_banana_is_a_normal(rng):
    banana = Banana(0, 2.0, n_latent=3)
    z = rng.normal(size=(5, 3))
    expected = stats.multivariate_normal(banana.mean, banana.cov).logpdf(z)
    np.testing.assert_allclose(banana.log_joint(z), expected, rtol=1e-13)


def test_the_funnel_equals_scipys_normals(rng):
    z = Funnel().sample_exact(20, rng)
    v, x = z[:, 0], z[:, 1:]
    expected = stats.norm.logpdf(v, 0, 3) + stats.norm.logpdf(x, 0, np.exp(v / 2)[:, None]).sum(axis=1)
    np.testing.assert_allclose(Funnel().log_joint(z), expected, rtol=1e-12)


def test_draws_of_the_funnel_are_normals_of_the_scale_drawn_first(rng):
    z = Funnel(4).sample_exact(20_000, rng)
    assert stats.kstest(z[:, 0] / 3, "norm").pvalue > 1e-3
    u = z[:, 1:] * np.exp(-0.5 * z[:, :1])
    assert stats.kstest(u.ravel(), "norm").pvalue > 1e-3
    np.testing.assert_allclose(np.diag(Funnel(4, 1.0).cov), [1] + [math.exp(0.5)] * 3, rtol=1e-15)


def test_the_ring_has_no_direction_at_the_origin():
    np.testing.assert_array_equal(Ring().grad_log_joint(np.zeros((3, 2))), 0)
    np.testing.assert_array_equal(EnergyU1().grad_log_joint(np.zeros(2)), 0)


def test_a_direction_has_length_one_however_near_the_origin():
    r, direction = radius_and_direction(np.array([[3e-9, -4e-9], [0.3, 0.4], [30.0, 40.0]]))
    np.testing.assert_allclose(r, [5e-9, 0.5, 50.0], rtol=1e-14)
    np.testing.assert_allclose(direction, [[0.6, -0.8], [0.6, 0.8], [0.6, 0.8]], rtol=1e-14)


def test_a_ring_of_no_radius_is_a_normal():
    assert Ring(0, 0.7).log_evidence() == pytest.approx(math.log(2 * math.pi * 0.7**2), rel=1e-14)
    np.testing.assert_allclose(Ring(0, 0.7).cov, 0.49 * np.eye(2), rtol=1e-13)


def test_a_thin_ring_keeps_its_evidence():
    assert Ring(100.0, 0.01).log_evidence() == pytest.approx(
        math.log(2 * math.pi * 100 * 0.01 * math.sqrt(2 * math.pi)), rel=1e-12
    )


# --- the energies as the paper prints them ------------------------------------------------------


def bell(value, width):
    return math.exp(-0.5 * (value / width) ** 2)


def printed_energies(z1, z2):
    """Table 1 of Rezende & Mohamed (2015), line by line."""
    w1 = math.sin(2 * math.pi * z1 / 4)
    w2 = 3 * math.exp(-0.5 * ((z1 - 1) / 0.6) ** 2)
    w3 = 3 / (1 + math.exp(-(z1 - 1) / 0.3))
    ring = 0.5 * ((math.hypot(z1, z2) - 2) / 0.4) ** 2
    return (
        ring - math.log(bell(z1 - 2, 0.6) + bell(z1 + 2, 0.6)),
        0.5 * ((z2 - w1) / 0.4) ** 2,
        -math.log(bell(z2 - w1, 0.35) + bell(z2 - w1 + w2, 0.35)),
        -math.log(bell(z2 - w1, 0.4) + bell(z2 - w1 + w3, 0.35)),
    )


def wall(z1, window):
    """Half normals of standard deviation 0.4 beyond the window."""
    return 0.5 * (max(abs(z1) - window, 0) / 0.4) ** 2


RIDGES = [EnergyU2, EnergyU3, EnergyU4]


@pytest.mark.parametrize("point", [(0.3, -0.7), (1.0, -1.9), (-3.9, 0.2), (3.0, -3.5), (5.5, 0.1), (-4.3, 1)])
def test_the_energies_are_the_papers_with_the_wall_beyond_the_window(point):
    printed = printed_energies(*point)
    assert EnergyU1().energy(np.array(point)) == pytest.approx(printed[0], rel=1e-13)
    for energy, value in zip(RIDGES, printed[1:], strict=True):
        z = np.array(point)
        assert energy(window=None).energy(z) == pytest.approx(value, rel=1e-12)
        assert energy().energy(z) == pytest.approx(value + wall(point[0], 4.0), rel=1e-12)
        assert energy(window=1.5).energy(z) == pytest.approx(value + wall(point[0], 1.5), rel=1e-12)


@pytest.mark.parametrize("energy", RIDGES)
def test_energies_far_out_stay_finite(energy):
    z = np.array([[60.0, -80.0], [-70.0, 500.0]])
    assert np.isfinite(energy().log_joint(z)).all()
    assert np.isfinite(energy().grad_log_joint(z)).all()
    assert np.isfinite(EnergyU1().log_joint(z)).all()


@pytest.mark.parametrize("energy", RIDGES)
def test_the_gradient_is_continuous_where_the_wall_begins(energy):
    before, after = energy().grad_log_joint(np.array([[4 - 1e-9, 0.3], [4 + 1e-9, 0.3]]))
    np.testing.assert_allclose(before, after, atol=1e-6)


@pytest.mark.parametrize("energy", RIDGES)
def test_the_gradient_beyond_the_wall_and_of_the_printed_form(energy, rng):
    for z in ([4.7, 0.2], [-5.1, -1.0]):
        for window in (4.0, None):
            target = energy(window)
            numerical = naive.numerical_gradient(target.log_joint, np.array(z), step=1e-3)
            assert naive.relative_error(target.grad_log_joint(np.array(z)), numerical) < 1e-8


@pytest.mark.parametrize("energy", RIDGES)
def test_the_printed_form_has_no_evidence_and_says_so(energy, rng):
    target = energy(window=None)
    for ask in (target.log_evidence, lambda: target.mean, lambda: target.cov):
        with pytest.raises(ValueError, match="integral over z_1 is infinite: give a window"):
            ask()
    with pytest.raises(ValueError, match="give a window"):
        target.sample_exact(3, rng)


def test_the_moments_of_u2_equal_their_closed_form():
    """E z_1^2 of the flat part and of the two half normals; Cov(z_1, z_2) = E[z_1 sin(pi z_1 / 2)]."""
    flat, ends = 8.0, math.sqrt(2 * math.pi) * 0.4
    at_ends = 16 + 2 * 4 * 0.4 * math.sqrt(2 / math.pi) + 0.16
    expected = (flat * 16 / 3 + ends * at_ends) / (flat + ends)
    assert EnergyU2().cov[0, 0] == pytest.approx(expected, rel=1e-13)


def test_a_wider_ridge_has_more_of_the_draws(rng):
    """Right of the parting of U_4 every draw belongs to one ridge: 0.4 to 0.35, not one to one."""
    z = EnergyU4().sample_exact(60_000, rng)
    z = z[z[:, 0] > 2.2]
    upper = z[:, 1] > np.sin(np.pi * z[:, 0] / 2) - 1.5
    share = 0.4 / 0.75
    assert upper.mean() == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / len(z)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Banana(b=math.inf), "b must lie in"),
        (lambda: Banana(sigma=0), "sigma must lie in"),
        (lambda: Banana(n_latent=1), "n_latent must be a whole number of at least 2"),
        (lambda: Funnel(1), "n_latent must be a whole number of at least 2"),
        (lambda: Funnel(sigma=-3), "sigma must lie in"),
        (lambda: Ring(radius=-1), "radius must lie in"),
        (lambda: Ring(sigma=math.nan), "sigma must lie in"),
        (lambda: EnergyU2(window=-4), "window must lie in"),
        (lambda: EnergyU3(window="wide"), "window must be a number"),
    ],
)
def test_parameters_that_make_no_density_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
