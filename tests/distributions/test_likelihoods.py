"""Every registered likelihood: density, gradients, sampler, shapes. A new one is found by itself.

The registry gives the class; the text in `SPECS`, if there is one, a smaller or less trivial member
of its family.
"""

import naive
import numpy as np
import pytest
import scipy_densities
from scipy import integrate

from scratchvae.distributions import LIKELIHOODS
from scratchvae.validation import build

SPECS = {
    "categorical": "categorical:4",
    "normal_fixed": "normal_fixed:0.7",
    "normal_shared": "normal_shared:0.7",
}
N_DATA = 3
# Leading axes of x and of the parameters; the rows of the VAE's own use come first.
LEADS = [
    ((4,), (2, 4)),
    ((), (4,)),
    ((), ()),
    ((4,), (4,)),
    ((4,), ()),
    ((2, 4), (4,)),
    ((2, 1), (1, 4)),
    ((1, 4), (2, 1)),
    ((3, 1, 2), (4, 2)),
]

pytestmark = pytest.mark.usefixtures("backend")


@pytest.fixture(params=LIKELIHOODS)
def likelihood(request):
    return build(LIKELIHOODS, SPECS.get(request.param, request.param), "likelihood")


def draw_params(likelihood, rng, lead=(), dtype="float64"):
    return rng.normal(size=(*lead, likelihood.n_params(N_DATA))).astype(dtype)


def draw_x(likelihood, rng, lead=(), dtype="float64"):
    return likelihood.sample(draw_params(likelihood, rng, lead, dtype), rng)


def accepts(likelihood, value):
    """Whether `value` can come from this distribution."""
    try:
        likelihood.check(np.array([[float(value)]]))
    except ValueError:
        return False
    return True


def total_probability(likelihood, params):
    """Sum or integral of e^log_p over all x that `check` lets through, for one entry of x."""

    def density(x):
        return float(np.exp(likelihood.log_prob(np.array([float(x)]), params)))

    if accepts(likelihood, 0.5):
        low = -np.inf if accepts(likelihood, -0.5) else 0
        return integrate.quad(density, low, np.inf, epsabs=1e-12)[0]
    return sum(density(x) for x in range(300) if accepts(likelihood, x))


def test_the_density_sums_to_one(likelihood, rng):
    for _ in range(3):
        params = rng.normal(size=likelihood.n_params(1))
        assert total_probability(likelihood, params) == pytest.approx(1, abs=1e-10)


def test_every_likelihood_has_a_density_in_scipy_to_be_held_against():
    assert scipy_densities.DENSITIES.keys() == LIKELIHOODS.keys()


def test_log_prob_equals_scipy(likelihood, rng):
    params, x = 2 * draw_params(likelihood, rng, (20,)), draw_x(likelihood, rng, (20,))
    expected = [scipy_densities.log_prob(likelihood, *row) for row in zip(x, params, strict=True)]
    np.testing.assert_allclose(likelihood.log_prob(x, params), expected, rtol=1e-12)


def test_forward_and_log_prob_are_the_same_number(likelihood, rng):
    params, x = draw_params(likelihood, rng, (5,)), draw_x(likelihood, rng, (5,))
    np.testing.assert_allclose(likelihood.forward(x, params)[0], likelihood.log_prob(x, params), rtol=1e-14)


@pytest.mark.parametrize(("x_lead", "params_lead"), LEADS)
def test_leading_axes_broadcast_as_a_loop_over_rows(likelihood, x_lead, params_lead, rng):
    x, params = draw_x(likelihood, rng, x_lead), draw_params(likelihood, rng, params_lead)
    batch = np.broadcast_shapes(x_lead, params_lead)
    dlog_p = rng.normal(size=batch)
    log_p, cache = likelihood.forward(x, params)
    dx, dparams = likelihood.backward(cache, dlog_p)
    rows = np.broadcast_to(x, (*batch, N_DATA)), np.broadcast_to(params, (*batch, params.shape[-1]))
    expected = np.zeros(batch)
    dx_rows, dparams_rows = np.zeros(rows[0].shape), np.zeros(rows[1].shape)
    for place in np.ndindex(batch):
        expected[place], cache = likelihood.forward(rows[0][place], rows[1][place])
        by_x, dparams_rows[place] = likelihood.backward(cache, dlog_p[place])
        dx_rows[place] = 0 if not likelihood.differentiable_in_x else by_x
    np.testing.assert_allclose(log_p, expected, rtol=1e-13)
    np.testing.assert_allclose(dparams, naive.unbroadcast(dparams_rows, params.shape), rtol=1e-12, atol=1e-13)
    if not likelihood.differentiable_in_x:
        assert dx is None
    else:
        np.testing.assert_allclose(dx, naive.unbroadcast(dx_rows, x.shape), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("x_lead", "params_lead"), LEADS[:3])
def test_the_gradient_by_the_parameters_equals_central_differences(likelihood, x_lead, params_lead, rng):
    x, params = draw_x(likelihood, rng, x_lead), draw_params(likelihood, rng, params_lead)
    dlog_p = rng.normal(size=np.broadcast_shapes(x_lead, params_lead))
    _, dparams = likelihood.backward(likelihood.forward(x, params)[1], dlog_p)
    numerical = naive.numerical_gradient(lambda t: float((likelihood.log_prob(x, t) * dlog_p).sum()), params)
    assert naive.relative_error(dparams, numerical) < 1e-8


def test_the_gradient_by_x_equals_central_differences_where_there_is_one(likelihood, rng):
    x, params = draw_x(likelihood, rng, (4,)), draw_params(likelihood, rng, (2, 4))
    dlog_p = rng.normal(size=(2, 4))
    dx, _ = likelihood.backward(likelihood.forward(x, params)[1], dlog_p)
    if not likelihood.differentiable_in_x:
        assert dx is None
        return
    numerical = naive.numerical_gradient(lambda t: float((likelihood.log_prob(t, params) * dlog_p).sum()), x)
    assert naive.relative_error(dx, numerical) < 1e-8


def test_dx_is_left_out_on_request(likelihood, rng):
    x, params = draw_x(likelihood, rng, (4,)), draw_params(likelihood, rng, (4,))
    _, cache = likelihood.forward(x, params)
    dx, dparams = likelihood.backward(cache, np.ones(4), need_dx=False)
    assert dx is None
    np.testing.assert_array_equal(dparams, likelihood.backward(cache, np.ones(4))[1])


def test_the_dtype_is_kept(likelihood, dtype, rng):
    x, params = draw_x(likelihood, rng, (4,), dtype), draw_params(likelihood, rng, (2, 4), dtype)
    log_p, cache = likelihood.forward(x, params)
    dx, dparams = likelihood.backward(cache, np.ones_like(log_p))
    results = [x, log_p, likelihood.log_prob(x, params), dparams, likelihood.mean(params)]
    results += [] if dx is None else [dx]
    assert {array.dtype.name for array in results} == {dtype}


def test_float32_is_close_to_float64(likelihood, rng):
    x, params = draw_x(likelihood, rng, (4,)), draw_params(likelihood, rng, (4,))
    double, single = likelihood.log_prob(x, params), likelihood.log_prob(x.astype("f4"), params.astype("f4"))
    np.testing.assert_allclose(single, double, rtol=1e-5)


def test_draws_have_the_shape_and_pass_the_check(likelihood, rng):
    x = draw_x(likelihood, rng, (2, 4))
    assert x.shape == (2, 4, N_DATA)
    likelihood.check(x)
    assert np.isfinite(likelihood.encoder_input(x)).all()


def test_the_same_generator_gives_the_same_draws(likelihood, rng):
    params = draw_params(likelihood, rng, (5,))
    first, second = (likelihood.sample(params, np.random.default_rng(8)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_the_mean_is_that_of_each_row(likelihood, rng):
    params = draw_params(likelihood, rng, (2, 4))
    mean = likelihood.mean(params)
    assert mean.shape == (2, 4, N_DATA)
    np.testing.assert_allclose(mean[1, 2], likelihood.mean(params[1, 2]), rtol=1e-13)


def test_a_single_number_is_a_datum_of_one_entry(likelihood, rng):
    params = rng.normal(size=likelihood.n_params(1))
    x = likelihood.sample(params, rng)
    assert likelihood.log_prob(x[0], params) == likelihood.log_prob(x, params)


def test_the_mean_of_many_draws_is_the_mean(likelihood, rng):
    params = draw_params(likelihood, rng)
    draws = likelihood.sample(np.tile(params, (40_000, 1)), rng)
    standard_error = draws.std(axis=0) / np.sqrt(len(draws))
    assert (np.abs(draws.mean(axis=0) - likelihood.mean(params)) < 4 * standard_error).all()


def test_the_expected_score_of_draws_is_zero(likelihood, rng):
    """E_p[d log p / d params] = 0 if, and only if, sampler and density are of one distribution."""
    params = np.tile(draw_params(likelihood, rng), (40_000, 1))
    draws = likelihood.sample(params, rng)
    _, score = likelihood.backward(likelihood.forward(draws, params)[1], np.ones(len(draws)))
    standard_error = score.std(axis=0) / np.sqrt(len(score))
    assert (np.abs(score.mean(axis=0)) < 4 * standard_error).all()


def test_the_spec_makes_the_same_likelihood_again(likelihood, rng):
    again = build(LIKELIHOODS, likelihood.spec, "likelihood")
    params, x = draw_params(likelihood, rng, (5,)), draw_x(likelihood, rng, (5,))
    assert again.spec == likelihood.spec
    np.testing.assert_array_equal(again.log_prob(x, params), likelihood.log_prob(x, params))


def test_arguments_are_left_alone(likelihood, rng):
    x, params = draw_x(likelihood, rng, (4,)), draw_params(likelihood, rng, (2, 4))
    before = x.copy(), params.copy()
    likelihood.backward(likelihood.forward(x, params)[1], np.ones((2, 4)))
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(params, before[1])


def test_widths_that_do_not_fit_are_an_error_and_no_memory_is_read_beyond_the_end(likelihood, backend):
    x = np.zeros((2, 3))
    for width in (1, 2, likelihood.n_params(3) + 1, 5 * likelihood.n_params(3)):
        with pytest.raises(ValueError, match=r"params for x \(2, 3\) must have shape"):
            likelihood.log_prob(x, np.zeros((2, width)))


def test_whole_numbers_are_taken_as_parameters(likelihood):
    x, params = np.ones((2, 3), int), np.zeros((2, likelihood.n_params(3)), int)
    assert likelihood.log_prob(x, params).dtype == np.float64


def test_the_fitted_parameters_are_the_most_probable_of_all_that_are_the_same_for_every_row(likelihood, rng):
    """Where log p has a maximum its gradient is zero, and it is concave in these parameters."""
    params = rng.normal(size=likelihood.n_params(N_DATA))
    x = likelihood.sample(np.broadcast_to(params, (400, params.size)), rng)
    fitted = likelihood.fit_params(x)
    assert fitted.shape == params.shape
    _, gradient = likelihood.backward(likelihood.forward(x, fitted)[1], np.ones(len(x)))
    smoothed = likelihood.spec.startswith("categorical")  # where each level is counted once more
    np.testing.assert_allclose(gradient, 0, atol=len(x) / 50 if smoothed else 1e-9)


def test_of_entries_that_never_change_the_fitted_parameters_are_finite(likelihood):
    for constant in (0.0, 1.0):
        x = np.full((50, N_DATA), constant)
        fitted = likelihood.fit_params(x)
        assert np.isfinite(likelihood.log_prob(x, fitted)).all()
        assert np.isfinite(fitted).all()


SHORT_OF_INFINITY = {"bernoulli": np.log(0.001 / 0.999), "poisson": np.log(0.001), "normal": np.log(0.001)}


@pytest.mark.parametrize("name", SHORT_OF_INFINITY)
def test_how_far_the_fitted_parameters_go(name):
    fitted = build(LIKELIHOODS, name, "likelihood").fit_params(np.zeros((9, 2)))
    np.testing.assert_allclose(fitted[-2:], SHORT_OF_INFINITY[name], rtol=1e-12)


def test_what_a_normal_likelihood_keeps_is_its_standard_deviation(rng):
    log_sigma = rng.normal(size=(4, 2))
    params = np.concatenate([rng.normal(size=(4, 2)), log_sigma], axis=-1)
    cache = build(LIKELIHOODS, "normal", "likelihood").forward(rng.normal(size=(4, 2)), params)[1]
    np.testing.assert_allclose(cache.sigma, np.exp(log_sigma), rtol=1e-15)
    shared = build(LIKELIHOODS, "normal_shared:0.7", "likelihood")
    assert shared.forward(np.zeros(2), np.zeros(2))[1].sigma == pytest.approx(0.7)
