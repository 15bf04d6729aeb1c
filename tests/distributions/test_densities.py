"""Every density against SciPy's, every derivative against central differences."""

import inspect
from typing import NamedTuple

import numpy as np
import pytest
from naive import numerical_gradient
from scipy import stats

from scratchvae.distributions import densities


class Case(NamedTuple):
    """One density: SciPy's, how to draw its arguments, and which of them have a derivative."""

    scipy: object  # the arguments -> log p
    draw: tuple  # for each argument: rng, size -> array
    outside: tuple = ()  # x outside of the support
    fixed: tuple = ()  # places of the arguments without a derivative


def any_number(rng, size):
    return 2 * rng.standard_normal(size)


def positive(rng, size):
    return np.exp(rng.standard_normal(size))


def unit(rng, size):
    return rng.uniform(0.05, 0.95, size)


def count(rng, size):
    return rng.integers(0, 8, size)


def trials(rng, size):
    return rng.integers(8, 30, size)


def bit(rng, size):
    return rng.integers(0, 2, size)


def sigmoid(logit):
    return 1 / (1 + np.exp(-np.asarray(logit)))


CASES = {
    "normal": Case(lambda x, mu, s: stats.norm.logpdf(x, mu, s), (any_number, any_number, positive)),
    "half_normal": Case(lambda x, s: stats.halfnorm.logpdf(x, scale=s), (positive, positive), (-0.1,)),
    "log_normal": Case(
        lambda x, mu, s: stats.lognorm.logpdf(x, s, scale=np.exp(mu)),
        (positive, any_number, positive),
        (0.0, -1.0),
    ),
    "student_t": Case(
        lambda x, nu, mu, s: stats.t.logpdf(x, nu, mu, s), (any_number, positive, any_number, positive)
    ),
    "cauchy": Case(lambda x, mu, s: stats.cauchy.logpdf(x, mu, s), (any_number, any_number, positive)),
    "half_cauchy": Case(lambda x, s: stats.halfcauchy.logpdf(x, scale=s), (positive, positive), (-0.1,)),
    "laplace": Case(lambda x, mu, b: stats.laplace.logpdf(x, mu, b), (any_number, any_number, positive)),
    "exponential": Case(lambda x, rate: stats.expon.logpdf(x, scale=1 / rate), (positive, positive), (-0.1,)),
    "gamma": Case(
        lambda x, a, b: stats.gamma.logpdf(x, a, scale=1 / b), (positive, positive, positive), (0.0, -1.0)
    ),
    "inverse_gamma": Case(
        lambda x, a, b: stats.invgamma.logpdf(x, a, scale=b), (positive, positive, positive), (0.0, -1.0)
    ),
    "beta": Case(stats.beta.logpdf, (unit, positive, positive), (0.0, 1.0, -0.2, 1.2)),
    "bernoulli_logit": Case(
        lambda x, logit: stats.bernoulli.logpmf(x, sigmoid(logit)), (bit, any_number), fixed=(0,)
    ),
    "binomial_logit": Case(
        lambda x, n, logit: stats.binom.logpmf(x, n, sigmoid(logit)),
        (count, trials, any_number),
        (-1, 30),
        fixed=(0, 1),
    ),
    "poisson_log": Case(
        lambda x, log_rate: stats.poisson.logpmf(x, np.exp(log_rate)), (count, any_number), (-1,), fixed=(0,)
    ),
}
NO_DX = ("binomial_logit", "poisson_log")
DISCRETE = ("bernoulli_logit", *NO_DX)


@pytest.fixture(params=CASES)
def name(request):
    return request.param


def function(name):
    return getattr(densities, name)


def arguments(name, rng, size):
    return [draw(rng, size) for draw in CASES[name].draw]


def derivatives(name, found):
    """The derivatives that a density returns, by the place of their argument."""
    n_arguments = len(CASES[name].draw)
    places = [i for i in range(n_arguments) if i not in CASES[name].fixed or name not in NO_DX]
    return dict(zip(places, found[1:], strict=True))


def test_no_density_is_left_out():
    public = {
        name
        for name, member in vars(densities).items()
        if inspect.isfunction(member) and member.__module__ == densities.__name__ and name[0] != "_"
    }
    assert public == {*CASES, "dirichlet"}


def test_the_density_is_scipys(name, rng):
    given = arguments(name, rng, 200)
    np.testing.assert_allclose(function(name)(*given)[0], CASES[name].scipy(*given), rtol=1e-10, atol=1e-12)


def test_every_derivative(name, rng):
    given = [np.asarray(argument, float) for argument in arguments(name, rng, 20)]
    for place, derivative in derivatives(name, function(name)(*given)).items():

        def total(changed, place=place):
            return float(function(name)(*given[:place], changed, *given[place + 1 :])[0].sum())

        step = 1e-3 * min(1, np.abs(given[0]).min()) if place == 0 and name not in DISCRETE else 1e-4
        expected = numerical_gradient(total, given[place], step)
        np.testing.assert_allclose(derivative, expected, rtol=1e-6, atol=1e-7)


def test_all_that_is_returned_has_the_broadcast_shape(name, rng):
    n = len(CASES[name].draw)
    shapes = [(3, 1), (4,), (2, 1, 1), ()][:n]
    given = [draw(rng, shape) for draw, shape in zip(CASES[name].draw, shapes, strict=True)]
    expected = np.broadcast_shapes(*shapes)
    found = function(name)(*given)
    assert [np.shape(part) for part in found] == [expected] * len(found)
    spread = [np.broadcast_to(argument, expected) for argument in given]
    for part, whole in zip(found, function(name)(*spread), strict=True):
        np.testing.assert_allclose(part, whole, rtol=1e-12)


def test_single_numbers_and_lists_will_do(name, rng):
    given = [argument.tolist() for argument in arguments(name, rng, 1)]
    arrays = function(name)(*map(np.array, given))
    with_list = function(name)(given[0], *map(np.array, given[1:]))
    numbers = function(name)(*(argument[0] for argument in given))
    for part, from_list, number in zip(arrays, with_list, numbers, strict=True):
        np.testing.assert_allclose(from_list, part)
        assert np.ndim(number) == 0
        assert number == pytest.approx(part[0])


OUTSIDE = [(name, x) for name, case in CASES.items() for x in case.outside]


@pytest.mark.parametrize(("name", "x"), OUTSIDE)
def test_outside_of_the_support(name, x, rng):
    """Minus infinity, without a warning, and the neighbours keep their values."""
    given = arguments(name, rng, 5)
    expected = CASES[name].scipy(*given)
    given[0] = np.where(np.arange(5) == 2, x, given[0])
    log_p = function(name)(*given)[0]
    assert log_p[2] == -np.inf
    np.testing.assert_allclose(np.delete(log_p, 2), np.delete(expected, 2), rtol=1e-10)


def test_an_exponential_begins_at_zero():
    log_p, dx, drate = densities.exponential(0.0, 2.0)
    assert (log_p, dx, drate) == (np.log(2.0), -2.0, 0.5)


# --- dirichlet ----------------------------------------------------------------------------------


@pytest.mark.parametrize("lead", [(), (3,), (2, 3)])
def test_dirichlet(lead, rng):
    x, alpha = rng.dirichlet(np.ones(4), lead), np.exp(rng.standard_normal(4))
    log_p, dx, dalpha = densities.dirichlet(x, alpha)
    assert np.shape(log_p) == lead
    assert dx.shape == dalpha.shape == (*lead, 4)
    for place in np.ndindex(lead):
        assert log_p[place] == pytest.approx(stats.dirichlet(alpha).logpdf(x[place]))

    def total(x, alpha):
        return float(densities.dirichlet(x, alpha)[0].sum())

    step = 1e-3 * x.min()
    np.testing.assert_allclose(
        dx, numerical_gradient(lambda t: total(t, alpha), x, step), rtol=1e-6, atol=1e-6
    )
    spread = np.broadcast_to(alpha, x.shape)
    np.testing.assert_allclose(
        dalpha, numerical_gradient(lambda t: total(x, t), spread), rtol=1e-6, atol=1e-8
    )


def test_dirichlet_of_two_is_a_beta(rng):
    x = rng.uniform(0.1, 0.9, 5)
    log_p = densities.dirichlet(np.stack([x, 1 - x], axis=-1), [2.0, 3.0])[0]
    np.testing.assert_allclose(log_p, densities.beta(x, 2.0, 3.0)[0])
    assert densities.dirichlet([0.0, 1.0], [2.0, 3.0])[0] == -np.inf


# --- extremes -----------------------------------------------------------------------------------


def test_a_half_cauchy_of_any_size():
    """u^2 would overflow above 1e154; log p = log(2 sigma / pi) - 2 log x there."""
    x = np.array([1e-290, 1e200, 1e290])
    log_p, dx, dsigma = densities.half_cauchy(x, 5.0)
    np.testing.assert_allclose(log_p[1:], np.log(10 / np.pi) - 2 * np.log(x[1:]), rtol=1e-14)
    assert log_p[0] == pytest.approx(np.log(2 / (5 * np.pi)))
    np.testing.assert_allclose(dx[1:] * x[1:], -2, rtol=1e-12)
    np.testing.assert_allclose(dsigma, [-0.2, 0.2, 0.2], rtol=1e-12)


def test_student_t_of_many_degrees_of_freedom_is_normal():
    """Two log Gamma of 1e12 differ with an error of 1e-4; Student's t and the normal by 1 / nu."""
    x = np.linspace(-4, 4, 9)
    found, expected = densities.student_t(x, 1e12, 0.5, 2.0), densities.normal(x, 0.5, 2.0)
    for part, its in zip((found[0], found[1], found[3], found[4]), expected, strict=True):
        np.testing.assert_allclose(part, its, atol=1e-11)
    assert np.abs(found[2]).max() < 1e-13


@pytest.mark.parametrize("nu", [0.01, 1.0, 99.0, 101.0, 1e3])
def test_student_t_on_both_sides_of_the_series(nu):
    x = np.linspace(-4, 4, 9)
    np.testing.assert_allclose(densities.student_t(x, nu, 0, 1)[0], stats.t.logpdf(x, nu), rtol=1e-12)


def test_a_binomial_of_many_trials(rng):
    """log p is about -10 and n log(1 + e^l) about 1e9; the coefficient adds no error of its own."""
    n = 10**9
    x = np.array([n // 2 - 20_000, n // 2, n // 2 + 30_000])
    log_p, _ = densities.binomial_logit(x, n, 0.0)
    np.testing.assert_allclose(log_p, stats.binom.logpmf(x, n, 0.5), atol=1e-5)


@pytest.mark.parametrize("logit", [-800.0, 800.0])
def test_certain_outcomes(logit):
    x = float(logit > 0)
    assert densities.bernoulli_logit(x, logit)[0] == 0
    assert densities.bernoulli_logit(1 - x, logit)[0] == -800
    assert densities.binomial_logit(7 * x, 7, logit)[0] == pytest.approx(0, abs=1e-9)
    assert densities.bernoulli_logit(1 - x, logit)[2] == pytest.approx(-np.sign(logit))
