"""Pareto smoothing: against a published implementation, tails of known shape, and exact expectations."""

import numpy as np
import pytest
from scipy.special import log_softmax, logsumexp

from scratchvae.importance import (
    effective_sample_size,
    khat_threshold,
    needed_samples,
    psis,
    tail_size,
    weighted_mean,
)


def spread(n):
    """n numbers in (0, 1), evenly spread and shuffled, the same on every machine."""
    return ((np.arange(n) + 0.5) * 0.6180339887498949) % 1


def logit(u):
    return np.log(u / (1 - u))


#: log_w of u; S; and what ArviZ 0.23.4's psislw gives for it: khat, and of the smoothed logarithms the
#: largest, the effective sample size and the one at place 17.
PUBLISHED = {
    "pareto 0.3": (
        lambda u: -0.3 * np.log(u),
        1000,
        (0.27647280866595975, -5.177407020282535, 844.8794257609676, -7.200926008535999),
    ),
    "pareto 0.9": (
        lambda u: -0.9 * np.log(u),
        1000,
        (0.7918580486390173, -2.309149935774364, 57.51743735870621, -8.379706900534757),
    ),
    "pareto 1.5, 100 draws": (
        lambda u: -1.5 * np.log(u),
        100,
        (1.0337549065144835, -0.9204214903796264, 5.342832461683545, -7.304416378196665),
    ),
    "bounded": (
        np.log,
        500,
        (-0.7643047385249235, -5.52370352476576, 374.8142889346613, -5.727314559319344),
    ),
    "25 draws": (
        lambda u: -0.5 * np.log(u),
        25,
        (0.5347816679906584, -1.9370483178917002, 17.59710151196792, -3.7497014816371226),
    ),
    "a large constant": (
        lambda u: 1e3 + 3 * logit(u),
        2000,
        (2.8003236080932044, -0.06572617473835507, 1.137895361470923, -19.374561225357994),
    ),
    "300 powers of ten": (
        lambda u: 400 * logit(u),
        400,
        (95.30298509561025, 0.0, 1.0, -1383.951246942446),
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_algorithm_gives_the_same(name):
    log_w, n_samples, expected = PUBLISHED[name]
    smoothed, khat = psis(log_w(spread(n_samples)))
    found = khat, smoothed.max(), effective_sample_size(smoothed), smoothed[17]
    assert found == pytest.approx(expected, rel=1e-8, abs=1e-12)


# --- the tail's shape ---------------------------------------------------------------------------


@pytest.mark.parametrize("k", [0.2, 0.4, 0.6, 0.8, 1.0])
def test_pareto_weights_have_their_shape(k, rng):
    """w = u^-k; the excesses of a Pareto over any threshold are generalised Pareto of shape k."""
    khat = psis(-k * np.log(rng.random((10_000, 40))))[1]
    expected = (300 * k + 5) / 310  # M = 300 and the prior's ten
    assert abs(khat.mean() - expected) < 4 * khat.std() / np.sqrt(40) + 0.01


@pytest.mark.parametrize("sigma", [1.2, 1.5, 2.0])
def test_a_normal_that_is_too_narrow(sigma, rng):
    """E_q[w^a] is finite for a < 1 / (1 - 1/sigma^2), with q = N(0, 1) and p = N(0, sigma^2).

    The tail is Pareto only up to a logarithm, so khat comes near to the limit and no nearer.
    """
    z = rng.standard_normal((200_000, 6))
    khat = psis(0.5 * z**2 - 0.5 * (z / sigma) ** 2)[1]
    assert khat.mean() == pytest.approx(1 - 1 / sigma**2, abs=0.1)


def test_a_normal_that_is_too_wide_is_no_danger(rng):
    z = 2 * rng.standard_normal(20_000)
    assert psis(-0.5 * z**2 + 0.5 * (z / 2) ** 2)[1] < 0.2


@pytest.mark.parametrize("constant", [0.0, -1e5])
def test_equal_weights_have_no_tail(constant, rng):
    """q is the posterior: what is left is the rounding of log p(x, z) - log q(z)."""
    log_w = constant + 1e-11 * rng.standard_normal(1000)
    smoothed, khat = psis(log_w)
    assert khat == 0
    assert effective_sample_size(smoothed) == pytest.approx(1000)


def test_weights_of_two_values_have_no_tail():
    assert psis(np.where(np.arange(1000) % 4, 0.0, -1.0))[1] == 0


def test_nearly_all_weights_zero():
    log_w = np.full(1000, -np.inf)
    log_w[:3] = 0.0, -1.0, -2.0
    smoothed, khat = psis(log_w)
    assert khat == np.inf
    np.testing.assert_allclose(smoothed, log_softmax(log_w))


# --- the smoothed weights -----------------------------------------------------------------------


@pytest.mark.parametrize("k", [0.1, 0.5, 0.9, 2.0])
def test_smoothed_weights_keep_their_order_and_sum_to_one(k, rng):
    log_w = -k * np.log(rng.random(3000))
    smoothed, _ = psis(log_w)
    assert (np.diff(smoothed[np.argsort(log_w)]) >= 0).all()
    assert np.exp(smoothed).sum() == pytest.approx(1, rel=1e-12)


def test_only_the_tail_changes_and_none_rises_above_the_largest(rng):
    log_w = -0.8 * np.log(rng.random(2000)) - 700
    smoothed, _ = psis(log_w, normalize=False)
    assert np.sum(np.abs(smoothed - log_w) > 1e-9) <= tail_size(2000) == 135
    assert smoothed.max() <= log_w.max()
    body = log_w <= np.sort(log_w)[-136]
    np.testing.assert_allclose(smoothed[body], log_w[body], rtol=1e-14)


def test_the_raw_weights_are_not_changed(rng):
    log_w = rng.standard_normal(100)
    before = log_w.copy()
    psis(log_w)
    np.testing.assert_array_equal(log_w, before)


def test_a_constant_factor_is_no_matter(rng):
    log_w = 2 * rng.standard_normal(500)
    (first, khat), (second, again) = psis(log_w), psis(log_w + 1e4)
    assert again == pytest.approx(khat, rel=1e-8)
    np.testing.assert_allclose(second, first, atol=1e-8)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_a_batch_is_one_set_after_another(axis, rng):
    log_w = rng.standard_normal((40, 50)) ** 2
    smoothed, khat = psis(log_w, axis)
    sets = np.moveaxis(log_w, axis, 0)
    singles = [psis(sets[:, b]) for b in range(sets.shape[1])]
    np.testing.assert_array_equal(khat, [k for _, k in singles])
    expected = np.stack([single for single, _ in singles], axis=-1)
    np.testing.assert_allclose(np.moveaxis(smoothed, axis, 0), expected, rtol=1e-13)


def test_smoothing_lowers_the_error_of_a_heavy_tailed_estimate(rng):
    """E_p[1] / Z = 1 by the mean of w = u^-k (1 - k): raw and smoothed over 200 repetitions, k = 0.7."""
    log_w = np.log(0.3) - 0.7 * np.log(rng.random((1000, 200)))
    raw, smoothed = (logsumexp(w, axis=0) - np.log(1000) for w in (log_w, psis(log_w, normalize=False)[0]))
    raw, smoothed = (np.sqrt(np.mean((np.exp(log_mean) - 1) ** 2)) for log_mean in (raw, smoothed))
    assert smoothed < 0.7 * raw


def test_smoothing_lowers_the_error_of_a_posterior_mean(rng):
    """p = N(0.5, 1), q = N(0, 0.7^2): the self-normalised mean of z, 200 repetitions."""
    errors = {"raw": [], "smoothed": []}
    for _ in range(200):
        z = 0.7 * rng.standard_normal(1000)
        log_w = -0.5 * (z - 0.5) ** 2 + 0.5 * (z / 0.7) ** 2
        errors["raw"].append(weighted_mean(z, log_w).value - 0.5)
        errors["smoothed"].append(weighted_mean(z, psis(log_w)[0]).value - 0.5)
    raw, smoothed = (np.sqrt(np.mean(np.square(e))) for e in errors.values())
    assert smoothed < raw


# --- sample sizes -------------------------------------------------------------------------------


def test_the_threshold_rises_with_the_samples_up_to_seven_tenths():
    """The pairs of the release notes of the R package loo 2.7.0."""
    for n_samples, threshold in [(100, 0.5), (320, 0.6), (1000, 0.67), (2200, 0.7), (10**6, 0.7)]:
        assert khat_threshold(n_samples) == pytest.approx(threshold, abs=0.005)


def test_needed_samples_is_its_inverse():
    for n_samples in (10, 100, 1000):
        assert needed_samples(khat_threshold(n_samples)) == n_samples
    assert needed_samples(-3.0) == 10
    assert needed_samples(1.0) == needed_samples(np.inf) == needed_samples(1 - 1e-9) == np.inf


@pytest.mark.parametrize(
    ("n_samples", "size"), [(25, 5), (26, 6), (225, 45), (10_000, 300), (1_000_000, 3000)]
)
def test_the_tails_size(n_samples, size):
    assert tail_size(n_samples) == size


@pytest.mark.parametrize(
    ("log_w", "message"),
    [
        (np.zeros(24), "24 samples along axis 0; it takes at least 25: draw more"),
        (np.full(30, np.nan), "30 entries that are NaN or \\+inf, the first at index \\(0,\\)"),
        (np.full(30, np.inf), "NaN or \\+inf"),
        (np.full(30, -np.inf), "-inf for every sample"),
        (np.zeros((30, 0)), "shape \\(30, 0\\)"),
        (0.0, "no axis 0"),
        ("a", "real numbers"),
    ],
)
def test_bad_weights_are_refused(log_w, message):
    with pytest.raises(ValueError, match=message):
        psis(log_w)


def test_an_axis_that_is_not_there():
    with pytest.raises(ValueError, match="no axis 2"):
        psis(np.zeros((30, 2)), axis=2)
