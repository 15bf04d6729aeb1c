"""The normal distributions: hand-worked values, the standard normal, bad standard deviations."""

import naive
import numpy as np
import pytest
from scipy import stats

from scratchvae.distributions import Normal, NormalFixed, StandardNormal


def test_the_second_half_of_the_parameters_is_the_log_of_the_standard_deviation():
    log_p = Normal().log_prob(np.array([3.0]), np.array([1.0, np.log(2.0)]))
    assert log_p == pytest.approx(-0.5 - np.log(2) - 0.5 * np.log(2 * np.pi), rel=1e-15)


def test_draws_have_the_standard_deviation_that_was_asked_for(rng):
    n = 40_000
    for sigma in (0.1, 3.0):
        draws = Normal().sample(np.tile([1.0, np.log(sigma)], (n, 1)), rng)
        fixed = NormalFixed(sigma).sample(np.ones((n, 1)), rng)
        for x in (draws, fixed):
            assert x.std() == pytest.approx(sigma, rel=4 / np.sqrt(2 * n))
            assert x.mean() == pytest.approx(1, abs=4 * sigma / np.sqrt(n))


def test_a_fixed_sigma_equals_the_learned_one_of_the_same_value(rng):
    x, mu = rng.normal(size=(2, 5, 3))
    params = np.concatenate([mu, np.full_like(mu, np.log(0.3))], axis=-1)
    np.testing.assert_allclose(NormalFixed(0.3).log_prob(x, mu), Normal().log_prob(x, params), rtol=1e-13)


@pytest.mark.parametrize("sigma", [0, -1.0, float("nan"), float("inf"), "wide", None])
def test_a_sigma_that_is_no_positive_number_is_refused(sigma):
    with pytest.raises(ValueError, match="sigma must"):
        NormalFixed(sigma)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 4, 3)])
def test_the_standard_normal_equals_scipy_and_its_gradient_central_differences(shape, rng):
    z, dlog_p = rng.normal(size=shape), rng.normal(size=shape[:-1])
    prior = StandardNormal()
    log_p, cache = prior.forward(z)
    np.testing.assert_allclose(log_p, stats.norm.logpdf(z).sum(axis=-1), rtol=1e-13)
    numerical = naive.numerical_gradient(lambda t: float((prior.log_prob(t) * dlog_p).sum()), z)
    assert naive.relative_error(prior.backward(cache, dlog_p), numerical) < 1e-9


def test_the_entropy_of_the_standard_normal():
    assert StandardNormal().entropy(3) == pytest.approx(3 * stats.norm.entropy(), rel=1e-14)


def test_the_standard_normal_keeps_the_dtype_and_draws_in_it(dtype, rng):
    draws = StandardNormal().sample((20_000, 2), rng, dtype)
    assert draws.dtype == dtype
    assert StandardNormal().log_prob(draws).dtype == dtype
    assert stats.kstest(draws.ravel(), "norm").pvalue > 0.01
