"""Every constraint: log|det|, inverse, backward, shapes, and densities that still integrate to one."""

import math

import numpy as np
import pytest
from naive import numerical_gradient, numerical_jacobian, relative_error
from scipy import integrate, stats

from scratchvae.constraints import CONSTRAINTS, Interval, Ordered, Positive, Real, Simplex
from scratchvae.distributions import densities

CASES = [
    Real(),
    Real(1),
    Real((2, 3)),
    Positive(),
    Positive(4),
    Positive(by="softplus"),
    Positive((2, 2), by="softplus"),
    Interval(),
    Interval(-1.0, 0.5, shape=3),
    Interval(-5.0, 0.0, shape=(1, 2)),
    Ordered(1),
    Ordered(2),
    Ordered(5),
    Simplex(2),
    Simplex(3),
    Simplex(6),
]
LEADS = [(), (3,), (2, 3)]


@pytest.fixture(params=CASES, ids=repr)
def constraint(request):
    return request.param


def test_no_kind_is_left_out():
    assert {type(case) for case in CASES} == set(CONSTRAINTS.values())


# --- the map ------------------------------------------------------------------------------------


@pytest.mark.parametrize("lead", LEADS)
def test_shapes(constraint, lead, rng):
    z = rng.standard_normal((*lead, constraint.n_free))
    theta, log_det, cache = constraint.forward(z)
    assert theta.shape == (*lead, *constraint.shape)
    assert np.shape(log_det) == lead
    assert constraint.backward(cache, np.ones_like(theta), np.ones(lead)).shape == z.shape
    assert np.all(constraint.allows(theta))


def test_every_sample_is_as_if_alone(constraint, rng):
    z = rng.standard_normal((2, 3, constraint.n_free))
    theta, log_det, _ = constraint.forward(z)
    for place in np.ndindex(2, 3):
        alone, its_log_det, _ = constraint.forward(z[place])
        np.testing.assert_allclose(theta[place], alone, rtol=1e-14)
        assert log_det[place] == pytest.approx(its_log_det, rel=1e-14)


def test_the_log_determinant_is_that_of_the_jacobian(constraint, rng):
    """Of n_free rows: the last entry of a simplex follows from the others."""

    def free_entries(z):
        return constraint.forward(z)[0].ravel()[: constraint.n_free]

    for z in 1.5 * rng.standard_normal((5, constraint.n_free)):
        expected = np.linalg.slogdet(numerical_jacobian(free_entries, z))[1]
        assert constraint.forward(z)[1] == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("lead", LEADS)
def test_backward_with_both_gradients(constraint, lead, rng):
    z = rng.standard_normal((*lead, constraint.n_free))
    dtheta, dlog_det = rng.standard_normal((*lead, *constraint.shape)), rng.standard_normal(lead)

    def contracted(z):
        theta, log_det, _ = constraint.forward(z)
        return float((dtheta * theta).sum() + (dlog_det * log_det).sum())

    dz = constraint.backward(constraint.forward(z)[2], dtheta, dlog_det)
    assert relative_error(dz, numerical_gradient(contracted, z)) < 1e-9


@pytest.mark.parametrize("lead", LEADS)
def test_the_inverse_leads_back_both_ways(constraint, lead, rng):
    z = 2 * rng.standard_normal((*lead, constraint.n_free))
    theta = constraint.forward(z)[0]
    np.testing.assert_allclose(constraint.inverse(theta), z, atol=1e-10)
    np.testing.assert_allclose(constraint.forward(constraint.inverse(theta))[0], theta, rtol=1e-10)


# --- far out ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "constraint",
    [Real(2), Positive(2), Positive(2, by="softplus"), Simplex(3), Interval(0, 7, 2), Interval(-7, 0, 2)],
    ids=repr,
)
def test_the_inverse_leads_back_from_far_out(constraint):
    """Where theta can be told from its bound: beside one at zero, always."""
    sides = {"Interval(0, 7, shape=2)": [-30], "Interval(-7, 0, shape=2)": [30]}.get(
        repr(constraint), [-30, 30]
    )
    for z in (np.full(2, side) + [0.0, 1.0] for side in sides):
        np.testing.assert_allclose(constraint.inverse(constraint.forward(z)[0]), z, rtol=1e-10)


@pytest.mark.parametrize("constraint", [case for case in CASES if not isinstance(case, Ordered)], ids=repr)
@pytest.mark.parametrize("size", [30, 40, 800, 1e4])
def test_bounds_are_never_reached(constraint, size, rng):
    """theta is allowed, and nothing that is computed from it overflows or warns."""
    for z in size * rng.choice([-1.0, 1.0], (20, constraint.n_free)):
        theta, log_det, cache = constraint.forward(z)
        assert np.all(constraint.allows(theta))
        assert np.isfinite(constraint.inverse(theta)).all()
        dtheta = 5 / theta if np.all(theta) else np.ones_like(theta)
        assert np.isfinite(constraint.backward(cache, dtheta, np.ones_like(log_det))).all()
        assert np.isfinite(log_det)


def test_a_beta_density_at_the_end_of_the_unit_interval():
    """x is rounded to 1 - 1e-16 there, which is finite; at 1 itself the density would be -inf."""
    theta = Interval().forward(np.array([50.0]))[0]
    assert all(np.isfinite(number) for number in densities.beta(theta, 2.0, 2.0))


def test_an_interval_far_from_zero_keeps_off_its_ends():
    theta = Interval(1e9, 1e9 + 1, shape=2).forward(np.array([-60.0, 60.0]))[0]
    assert ((theta > 1e9) & (theta < 1e9 + 1)).all()


# --- the change of variables --------------------------------------------------------------------


def integral(constraint, log_density, bound=40.0):
    """Of the density of the free z, over the real line."""

    def density(z):
        theta, log_det, _ = constraint.forward(np.array([z]))
        return math.exp(log_density(theta) + log_det)

    return integrate.quad(density, -bound, bound, points=[-5, 0, 5], limit=200)[0]


@pytest.mark.parametrize("by", ["exp", "softplus"])
@pytest.mark.parametrize(
    "log_density",
    [lambda t: densities.gamma(t, 2.0, 3.0)[0], lambda t: densities.half_normal(t, 2.0)[0]],
)
def test_a_positive_parameters_density_integrates_to_one(by, log_density):
    assert integral(Positive(by=by), log_density) == pytest.approx(1, abs=1e-8)


def test_a_half_cauchy_through_the_logarithm_integrates_to_one():
    assert integral(Positive(), lambda t: densities.half_cauchy(t, 5.0)[0]) == pytest.approx(1, abs=1e-8)


def test_a_beta_through_the_unit_interval_integrates_to_one():
    assert integral(Interval(), lambda t: densities.beta(t, 0.5, 2.5)[0], 80) == pytest.approx(1, abs=1e-6)


def test_a_uniform_through_any_interval_integrates_to_one():
    assert integral(Interval(-3, 5), lambda t: -math.log(8)) == pytest.approx(1, abs=1e-8)


def grid(n=401, bound=16.0):
    """Points (n, n, 2) of the plane, and the area of each."""
    axis = np.linspace(-bound, bound, n)
    return np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1), (axis[1] - axis[0]) ** 2


def test_a_dirichlet_through_the_simplex_integrates_to_one():
    """A density of the first n - 1 entries, as SciPy's is."""
    alpha = np.array([2.0, 1.5, 3.0])
    z, area = grid()
    theta, log_det, _ = Simplex(3).forward(z)
    theta = theta / theta.sum(axis=-1, keepdims=True)
    log_p = stats.dirichlet(alpha).logpdf(theta.reshape(-1, 3).T).reshape(z.shape[:-1])
    assert np.exp(log_p + log_det).sum() * area == pytest.approx(1, abs=1e-6)


def test_order_statistics_integrate_to_one():
    """The order statistics of two standard normals have the density 2 N(t_1) N(t_2)."""
    z, area = grid()
    theta, log_det, _ = Ordered(2).forward(np.clip(z, -16, 6))
    log_p = math.log(2) + stats.norm.logpdf(theta).sum(axis=-1)
    inside = (z[..., 1] <= 6) & (np.abs(z[..., 0]) < 16)
    assert np.exp(log_p + log_det)[inside].sum() * area == pytest.approx(1, abs=1e-6)


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("constraint", "theta", "message"),
    [
        (Positive(), 0.0, "theta must be positive, but holds 0 to 0"),
        (Positive(2), [1.0, -1.0], "theta must be positive, but holds -1 to 1"),
        (Interval(0, 2), 2.0, "theta must be between 0 and 2"),
        (Interval(0, 2), 0.0, "theta must be between 0 and 2"),
        (Ordered(3), [1.0, 1.0, 2.0], "theta must be in increasing order"),
        (Simplex(3), [0.5, 0.5, 0.5], "theta must be positive and of sum one"),
        (Simplex(3), [0.3, 0.3, 0.4 + 1e-7], "theta must be positive and of sum one"),
        (Simplex(3), [0.5, 0.5, 0.0], "theta must be positive and of sum one"),
        (Simplex(3), [0.5, 0.5], r"theta must have shape \(\.\.\., 3\), not \(2,\)"),
        (Real((2, 3)), np.ones(3), r"theta must have shape \(\.\.\., 2, 3\), not \(3,\)"),
        (Real(), np.nan, "theta has 1 NaN"),
        (Real(), "a", "theta must hold real numbers"),
    ],
)
def test_a_theta_that_is_not_allowed(constraint, theta, message):
    with pytest.raises(ValueError, match=message):
        constraint.inverse(theta)


def test_too_many_free_numbers(constraint):
    with pytest.raises(ValueError, match=rf"z must have shape \(\.\.\., {constraint.n_free}\)"):
        constraint.forward(np.zeros(constraint.n_free + 1))


def test_a_list_of_free_numbers_will_do(constraint):
    theta = constraint.forward([0] * constraint.n_free)[0]
    assert np.array_equal(theta, constraint.forward(np.zeros(constraint.n_free))[0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Real(0), "a size of a parameter must be a whole number of at least 1"),
        (lambda: Real((2, -1)), "a size of a parameter"),
        (lambda: Positive(by="square"), "unknown map to positive numbers 'square'"),
        (lambda: Interval(1, 1), r"high must lie in \(1\.0, inf\)"),
        (lambda: Interval(0, np.inf), "high must lie in"),
        (lambda: Interval(-1.7e308, 1.7e308), "high - low must lie in"),
        (lambda: Interval(1, np.nextafter(1, 2)), "no number lies between low and high"),
        (lambda: Ordered(0), "the number of ordered parameters"),
        (lambda: Simplex(1), "the number of probabilities must be a whole number of at least 2"),
    ],
)
def test_a_constraint_that_is_none(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_constraint_shows_how_it_is_made():
    shown = ["Real()", "Real(1)", "Real((2, 3))", "Positive()", "Positive(4)", "Positive(by='softplus')"]
    shown += ["Positive((2, 2), by='softplus')", "Interval(0, 1)", "Interval(-1, 0.5, shape=3)"]
    assert [repr(case) for case in CASES[:9]] == shown
