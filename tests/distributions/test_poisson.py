"""The Poisson distribution: variance of its draws, its check of x."""

import numpy as np
import pytest

from scratchvae.distributions import Poisson


def test_the_variance_of_the_draws_is_the_rate(rng):
    log_rate, n = np.log([0.5, 20.0]), 40_000
    draws = Poisson().sample(np.tile(log_rate, (n, 1)), rng)
    rate = np.exp(log_rate)
    standard_error = np.sqrt((rate + 2 * rate**2) / n)  # of the estimated variance
    assert (np.abs(draws.var(axis=0) - rate) < 4 * standard_error).all()


def test_a_count_of_zero_has_probability_e_to_the_minus_rate():
    assert Poisson().log_prob(np.array([0]), np.array([np.log(3.0)])) == pytest.approx(-3, rel=1e-15)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([[1.0, 0.5]], "1 of 2 entries are not .such as 0.5"),
        ([[-1, 2]], "1 of 2 entries are not .such as -1"),
    ],
)
def test_x_that_is_no_count_is_refused(x, message):
    with pytest.raises(ValueError, match=message):
        Poisson().check(np.array(x))


@pytest.mark.parametrize("kind", [bool, np.uint8, np.int64, np.float32])
def test_counts_of_any_type_pass_the_check(kind):
    Poisson().check(np.array([[0, 1]]).astype(kind))
