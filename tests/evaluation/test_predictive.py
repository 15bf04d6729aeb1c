"""Posterior predictive checks: tail probabilities, ties, words, and what they find."""

import numpy as np
import pytest
from grid_models import Coin, Mean, Plane
from scipy import stats

from scratchvae import plotting
from scratchvae.evaluation.predictive import PredictiveCheck, predictive_check


def check_of(observed, replicated, name="T"):
    return PredictiveCheck(name, observed, np.asarray(replicated, float))


def draws(model, n, rng):
    """From the exact posterior of a `Mean`."""
    return model.posterior.rvs((n, 1), random_state=rng)


# --- the tail probability -----------------------------------------------------------------------------


def test_the_share_above_and_half_of_the_ties():
    assert check_of(2, [1, 2, 2, 3]).p == pytest.approx(0.25 + 0.25)
    assert check_of(2, [1, 1, 1, 3]).p == pytest.approx(0.25)
    assert check_of(5, [1, 2, 3, 4]).p == 0
    assert check_of(0, [1, 2, 3, 4]).p == 1
    assert check_of(3, [3, 3, 3]).p == 0.5


def test_values_that_differ_by_rounding_are_ties():
    assert check_of(0.1 + 0.2, [0.3, 0.3]).p == 0.5
    assert check_of(0.3, [0.1 + 0.2, 0.3]).p == 0.5
    assert check_of(0.3 + 1e-6, [0.3, 0.3]).p == 0


def test_the_standard_error_of_p(rng):
    p = [check_of(1.0, rng.standard_normal(400)).p for _ in range(2000)]
    expected = stats.norm.sf(1.0)
    assert np.mean(p) == pytest.approx(expected, abs=2e-3)
    assert check_of(1.0, stats.norm.isf((np.arange(400) + 0.5) / 400)).p_error == pytest.approx(
        np.std(p), rel=0.1
    )


def test_p_is_that_of_the_exact_predictive_distribution(rng):
    """The mean of N replicated data is normal around the posterior mean, of both variances."""
    model = Mean([1.0, 2.0, 4.0, 1.5])
    check = predictive_check(model, draws(model, 4000, rng), np.mean, rng, observed=[2.0, 3.0, 4.0, 3.0])
    sd = np.sqrt(model.posterior.var() + 1 / 4)
    expected = stats.norm(model.posterior.mean(), sd)
    assert check.observed == 3
    assert check.p == pytest.approx(expected.sf(3), abs=4 * check.p_error)
    assert check.replicated.shape == (4000,)
    assert stats.kstest(check.replicated, expected.cdf).pvalue > 1e-3


def test_p_of_a_count_is_the_mid_p_value_of_the_beta_binomial(rng):
    model = Coin(7, 10)
    p = model.posterior.rvs(4000, random_state=rng)
    check = predictive_check(model, np.log(p / (1 - p))[:, None], float, rng, observed=9, name="heads")
    exact = stats.betabinom(10, 8, 4)
    assert check.p == pytest.approx(exact.sf(9) + 0.5 * exact.pmf(9), abs=4 * check.p_error)


# --- what a check finds -------------------------------------------------------------------------------


def test_an_outlier_is_found_and_the_mean_is_not(rng):
    x = np.append(rng.standard_normal(50), 8.0)
    model = Mean(x)
    z = draws(model, 500, rng)
    largest = predictive_check(model, z, np.max, rng, name="the largest value")
    assert largest.p < 0.01
    assert "the largest value is 8 in the data" in largest.sentence
    assert "does not reproduce it, its values are too small" in str(largest)
    mean = predictive_check(model, z, np.mean, rng)
    assert 0.1 < mean.p < 0.9
    assert mean.name == "mean"
    assert "no misfit shows" in mean.sentence


def test_the_words_for_each_tail():
    replicated = np.arange(1001.0)
    assert "too large" in check_of(-1, replicated).sentence
    assert "does not reproduce" in check_of(-1, replicated).sentence
    assert "mostly too large" in check_of(30, replicated).sentence
    assert "mostly too small" in check_of(970, replicated).sentence
    assert "no misfit" in check_of(100, replicated).sentence
    assert "is 100 in the data and 50 to 950 in nine of ten" in check_of(100, replicated).sentence


def test_the_same_noise_gives_the_same_check():
    model = Mean([1.0, 2.0])
    z = np.linspace(0, 2, 20)[:, None]
    first, second = (predictive_check(model, z, np.max, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first.replicated, second.replicated)


def test_a_function_without_a_name(rng):
    check = predictive_check(Mean([1.0, 2.0]), np.zeros((3, 1)), lambda x: x[0], rng)
    assert (check.name, check.observed) == ("T", 1.0)


def test_the_plot_shows_the_check():
    ax = plotting.figure()[1]
    check = check_of(2.5, [1.0, 2.0, 2.5, 3.5, 2.2], "largest")
    assert check.plot(ax) is ax
    assert ax.get_xlabel() == "largest"
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [2.5, 2.5])
    assert "0.300" in ax.get_legend().get_texts()[1].get_text()


# --- bad input ----------------------------------------------------------------------------------------


def test_data_that_are_not_known(rng):
    with pytest.raises(ValueError, match="Coin has no attribute `data`; give the observed data as observed="):
        predictive_check(Coin(7, 10), np.zeros((3, 1)), float, rng)


@pytest.mark.parametrize(
    ("statistic", "message"),
    [
        (
            lambda x: x,
            r"must give one finite number, but gave an array of shape \(2,\) for the observed data",
        ),
        (lambda x: np.nan, "but gave nan for the observed data"),
        (lambda x: "a", "but gave 'a' for the observed data"),
        (lambda x: 0.0 if x[0] == 1 else np.inf, "but gave inf for a replication"),
        ("mean", "statistic must be a function .*, not 'mean'"),
    ],
)
def test_a_statistic_that_is_no_number(statistic, message, rng):
    with pytest.raises(ValueError, match=message):
        predictive_check(Mean([1.0, 2.0]), np.zeros((3, 1)), statistic, rng)


@pytest.mark.parametrize("z", [np.zeros(3), np.zeros((3, 2)), np.zeros((0, 1)), np.zeros((2, 3, 1))])
def test_draws_of_the_wrong_shape(z, rng):
    with pytest.raises(ValueError, match=r"z must have shape \(S, L\) = \(any, 1\)"):
        predictive_check(Mean([1.0, 2.0]), z, np.max, rng)


def test_other_bad_arguments(rng):
    with pytest.raises(ValueError, match="z has 1 NaN"):
        predictive_check(Mean([1.0]), [[np.nan]], np.max, rng)
    with pytest.raises(ValueError, match="rng must be a numpy.random.Generator"):
        predictive_check(Mean([1.0]), [[0.0]], np.max, 1)
    with pytest.raises(NotImplementedError, match="Plane has no simulate"):
        predictive_check(Plane(), np.zeros((1, 2)), np.max, rng, observed=[1.0])
