"""The verdict: q's of known faults against posteriors that are known."""

import json

import numpy as np
import pytest

from scratchvae.importance import Verdict, judge, judge_draws

RIGHT = {
    "mean": [0.0, 1.0],
    "sd": [1.0, 2.0],
    "khat": 0.3,
    "corrected_mean": [0.0, 1.0],
    "corrected_sd": [1.0, 2.0],
    "names": ["mu", "tau"],
    "n_samples": 4000,
}


def judged(**changes):
    return judge(**{**RIGHT, **changes})


def normal_q(rng, mean, sd, n_samples=4000):
    """Draws of N(mean, sd^2) for each entry, weighted for a posterior of N(0, 1) each."""
    eps = rng.standard_normal((n_samples, len(mean)))
    z = mean + sd * eps
    return z, (-0.5 * z**2 + 0.5 * eps**2).sum(axis=-1)


# --- known posteriors ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mean", "sd", "code", "words"),
    [
        ([0.0, 0.0], [1.0, 1.0], "trust", "Trust its mean and its spread"),
        ([0.0, 0.05], [1.0, 0.97], "trust", "Trust its mean and its spread"),
        ([0.0, 0.0], [1.0, 0.75], "trust_mean", "too narrow for tau"),
        ([0.0, 0.0], [1.5, 1.0], "trust_mean", "too wide for mu"),
        ([0.0, 0.6], [1.0, 1.0], "distrust", "that of tau is 0.6 posterior standard deviations too high"),
        ([-0.6, 0.0], [1.0, 1.0], "distrust", "that of mu is 0.6"),
        ([0.0, 0.0], [0.3, 1.0], "distrust", "misses some of the posterior"),
        ([4.0, 0.0], [1.0, 0.4], "distrust", "misses some of the posterior"),
    ],
)
def test_a_normal_posterior(mean, sd, code, words, rng):
    verdict = judge_draws(mean, sd, *normal_q(rng, mean, sd, 20_000), ["mu", "tau"])
    assert verdict.code == code, verdict.text
    assert words in verdict.text
    assert bool(verdict) == (code == "trust")


def test_the_exact_posterior_is_always_trusted(rng):
    for _ in range(100):
        verdict = judge_draws(np.zeros(2), np.ones(2), *normal_q(rng, np.zeros(2), np.ones(2)), "ab")
        assert verdict.code == "trust"
        assert verdict.khat == 0


def test_mean_field_of_a_correlated_normal(rng):
    """KL(q||p) is least at the right mean and the conditional variances 1 - r^2 (Bishop 2006, 10.1.2)."""
    r = 0.6
    sd = np.full(2, np.sqrt(1 - r**2))
    z = sd * rng.standard_normal((20_000, 2))
    log_p = -0.5 * (z[:, 0] ** 2 - 2 * r * z[:, 0] * z[:, 1] + z[:, 1] ** 2) / (1 - r**2)
    verdict = judge_draws(np.zeros(2), sd, z, log_p + 0.5 * (z**2 / sd**2).sum(axis=-1), ["mu", "tau"])
    assert verdict.code == "trust_mean"
    assert verdict.sd_ratio == pytest.approx((0.8, 0.8), abs=0.06)


# --- the rules ----------------------------------------------------------------------------------


def test_a_q_that_agrees_is_trusted():
    verdict = judged()
    assert verdict == Verdict(
        "trust",
        "Trust its mean and its spread: both agree with the importance-weighted ones, and khat 0.30 is below "
        "0.70.",
        0.3,
        0.7,
        ("mu", "tau"),
        (0.0, 0.0),
        (0.0, 0.0),
        (1.0, 1.0),
        (0.0, 0.0),
    )
    assert str(verdict) == verdict.text


@pytest.mark.parametrize("khat", [0.7, 0.71, 3.0, np.inf, np.nan])
def test_a_heavy_tail_is_distrusted_whatever_the_moments(khat):
    assert judged(khat=khat).code == "distrust"


def test_few_samples_have_a_lower_threshold():
    assert judged(khat=0.55, n_samples=100).code == "distrust"
    assert judged(khat=0.55, n_samples=1000).code == "trust"


@pytest.mark.parametrize(("off", "code"), [(0.39, "trust"), (0.41, "distrust"), (-0.41, "distrust")])
def test_a_mean_is_measured_in_posterior_deviations(off, code):
    verdict = judged(mean=[0.0, 1.0 + off])
    assert verdict.code == code
    assert verdict.mean_shift == pytest.approx((0.0, off / 2))


@pytest.mark.parametrize(
    ("sd", "code"),
    [(0.91, "trust"), (0.89, "trust_mean"), (1.09, "trust"), (1.11, "trust_mean")],
)
def test_a_spread_is_a_ratio(sd, code):
    assert judged(sd=[1.0, 2 * sd]).code == code


def test_differences_within_the_monte_carlo_error_do_not_count():
    assert judged(mean=[0.3, 1.0]).code == "distrust"
    assert judged(mean=[0.3, 1.0], mean_error=[0.06, 0.0]).code == "trust"
    assert judged(mean=[0.3, 1.0], mean_error=[0.0, 0.06]).code == "distrust"
    assert judged(sd=[1.2, 2.0]).code == "trust_mean"
    assert judged(sd=[1.2, 2.0], sd_error=[0.1, 0.0]).code == "trust"


def test_the_errors_are_carried_to_shift_and_ratio():
    """d (m / s) = dm / s at fixed s, and d (q / s) = (q / s) ds / s."""
    verdict = judged(sd=[3.0, 2.0], corrected_sd=[2.0, 2.0], mean_error=[0.1, 0.2], sd_error=[0.1, 0.2])
    assert verdict.mean_shift_error == pytest.approx((0.05, 0.1))
    assert verdict.sd_ratio_error == pytest.approx((1.5 * 0.05, 0.1))


def test_a_trust_that_the_draws_are_too_few_for_says_so():
    assert "few" not in judged(mean_error=0.05).text
    assert "take 4 times as many" in judged(mean_error=0.2).text
    assert "take 16 times as many" in judged(sd_error=[0.2, 0.0]).text


def test_the_worst_parameter_is_named():
    verdict = judged(sd=[0.8, 1.2])
    assert "too narrow for tau, whose standard deviation is 0.6 times" in verdict.text
    # as a factor, 2 is farther from 1 than 0.6
    assert "too wide for mu, whose standard deviation is 2 times" in judged(sd=[2.0, 1.2]).text


def test_a_collapsed_weight_is_distrusted():
    """One draw has all the weight: the corrected deviation is zero, and no comparison has a unit."""
    for mean in ([0.0, 1.0], [1.0, 1.0]):
        verdict = judged(mean=mean, corrected_sd=[0.0, 2.0])
        assert verdict.code == "distrust"
        assert "a single draw outweighs all others" in verdict.text


def test_the_verdict_as_json():
    plain = json.loads(json.dumps(judged(khat=np.inf).as_dict()))
    assert plain["khat"] is None
    assert plain["names"] == ["mu", "tau"]
    assert plain["sd_ratio"] == [1.0, 1.0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mean": [0.0]}, r"mean must have shape \(\.\.\., 2\)"),
        ({"sd": np.ones((3, 2))}, r"sd must have shape \(2,\), one number a name"),
        ({"corrected_mean": [np.nan, 0.0]}, "corrected_mean has 1 NaN"),
        ({"n_samples": 1}, "n_samples must be a whole number of at least 2"),
    ],
)
def test_bad_input_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        judged(**changes)
