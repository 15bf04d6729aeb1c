"""Weighted estimates: equal weights give NumPy's, known posteriors are met within the standard error."""

import numpy as np
import pytest

from scratchvae.importance import (
    effective_sample_size,
    log_evidence,
    weighted_cov,
    weighted_mean,
    weighted_quantiles,
    weighted_sd,
)

N_REPEATS = 300


def weighted_draws(rng, n_samples=1000):
    """q = N(0, 2^2) twice, p(x, z) = 5 N(z; m, C): a posterior that is known."""
    mean, cov = np.array([0.5, -1.0]), np.array([[1.0, 0.6], [0.6, 2.0]])
    z = 2 * rng.standard_normal((n_samples, 2))
    precision = np.linalg.inv(cov)
    log_p = np.log(5 / (2 * np.pi)) - 0.5 * np.log(np.linalg.det(cov))
    log_p = log_p - 0.5 * np.einsum("si,ij,sj->s", z - mean, precision, z - mean)
    log_q = -np.log(2 * np.pi * 4) - 0.125 * (z**2).sum(axis=-1)
    return z, log_p - log_q, mean, cov


def z_scores(estimates, truth):
    """(estimate - truth) / standard error over repetitions: of mean 0 and deviation 1 if both are right."""
    values, errors = (np.array(part) for part in zip(*estimates, strict=True))
    return (values - truth) / errors


def assert_standard(scores):
    assert np.all(np.abs(scores.mean(axis=0)) < 0.3)  # N(0, 1/300), and a bias of order 1 / S
    assert np.all(np.abs(scores.std(axis=0) - 1) < 0.2)


# --- truth --------------------------------------------------------------------------------------


def test_mean_and_its_standard_error(rng):
    draws = [weighted_draws(rng) for _ in range(N_REPEATS)]
    assert_standard(z_scores([weighted_mean(z, w) for z, w, *_ in draws], draws[0][2]))


def test_sd_and_its_standard_error(rng):
    draws = [weighted_draws(rng) for _ in range(N_REPEATS)]
    assert_standard(z_scores([weighted_sd(z, w) for z, w, *_ in draws], np.sqrt(np.diag(draws[0][3]))))


def test_covariance_and_its_standard_error(rng):
    draws = [weighted_draws(rng) for _ in range(N_REPEATS)]
    assert_standard(z_scores([weighted_cov(z, w) for z, w, *_ in draws], draws[0][3]))


def test_evidence_and_its_standard_error(rng):
    draws = [weighted_draws(rng) for _ in range(N_REPEATS)]
    assert_standard(z_scores([log_evidence(w) for _, w, *_ in draws], np.log(5)))


def test_quantiles_and_their_standard_error(rng):
    draws = [weighted_draws(rng) for _ in range(N_REPEATS)]
    truth = 0.5 + 1.0 * np.array([-0.6744897501960817, 0, 1.2815515655446004])
    scores = z_scores([weighted_quantiles(z[:, 0], w, [0.25, 0.5, 0.9]) for z, w, *_ in draws], truth)
    assert_standard(scores)


# --- equal weights ------------------------------------------------------------------------------


def test_equal_weights_are_no_weights(rng):
    z, log_w = rng.standard_normal((500, 3)), np.full(500, -1e5)
    mean, error = weighted_mean(z, log_w)
    np.testing.assert_allclose(mean, z.mean(axis=0), atol=1e-14)
    np.testing.assert_allclose(error, z.std(axis=0) / np.sqrt(500), rtol=1e-10)
    np.testing.assert_allclose(weighted_sd(z, log_w).value, z.std(axis=0), rtol=1e-10)
    np.testing.assert_allclose(weighted_cov(z, log_w).value, np.cov(z.T, ddof=0), rtol=1e-9, atol=1e-12)
    probs = [0.0, 0.03, 0.5, 0.975, 1.0]
    expected = np.quantile(z, probs, axis=0, method="hazen")
    np.testing.assert_allclose(weighted_quantiles(z, log_w, probs).value, expected, atol=1e-10)
    assert effective_sample_size(log_w) == pytest.approx(500)


def test_whole_weights_are_repetitions(rng):
    """A draw of weight 3 is as three of weight 1, for the moments."""
    z, n = rng.standard_normal((40, 2)), rng.integers(1, 5, 40)
    repeated = np.repeat(z, n, axis=0)
    np.testing.assert_allclose(weighted_mean(z, np.log(n)).value, repeated.mean(axis=0))
    np.testing.assert_allclose(weighted_cov(z, np.log(n)).value, np.cov(repeated.T, ddof=0))
    assert effective_sample_size(np.log(n)) == pytest.approx(n.sum() ** 2 / (n**2).sum())


def test_the_covariances_error_is_that_of_the_products(rng):
    z, log_w, *_ = weighted_draws(rng, 50)
    weight = np.exp(log_w) / np.exp(log_w).sum()
    a = z - weight @ z
    cov, error = weighted_cov(z, log_w)
    for i, j in np.ndindex(2, 2):
        assert cov[i, j] == pytest.approx(sum(weight[s] * a[s, i] * a[s, j] for s in range(50)))
        square = sum(weight[s] ** 2 * (a[s, i] * a[s, j] - cov[i, j]) ** 2 for s in range(50))
        assert error[i, j] == pytest.approx(square**0.5)
    sd, sd_error = weighted_sd(z, log_w)
    np.testing.assert_allclose(sd**2, np.diag(cov))
    np.testing.assert_allclose(2 * sd * sd_error, np.diag(error))


# --- shapes and extremes ------------------------------------------------------------------------


def test_one_number_a_draw_gives_floats(rng):
    z, log_w = rng.standard_normal(50), rng.standard_normal(50)
    for estimate in (weighted_mean(z, log_w), weighted_sd(z, log_w), log_evidence(log_w)):
        assert all(type(number) is float for number in estimate)
    assert weighted_quantiles(z, log_w, [0.5]).value.shape == (1,)


def test_draws_of_any_shape(rng):
    z, log_w = rng.standard_normal((50, 2, 3)), rng.standard_normal(50)
    flat = z.reshape(50, 6)
    for function in (weighted_mean, weighted_sd, lambda z, w: weighted_quantiles(z, w, [0.1, 0.8])):
        for whole, columns in zip(function(z, log_w), function(flat, log_w), strict=True):
            assert whole.shape[-2:] == (2, 3)
            np.testing.assert_allclose(whole.reshape(columns.shape), columns, rtol=1e-12)


@pytest.mark.parametrize("axis", [0, 1])
def test_evidence_and_size_of_a_batch(axis, rng):
    log_w = rng.standard_normal((4, 5))
    rows = np.moveaxis(log_w, axis, -1)
    value, error = log_evidence(log_w, axis)
    np.testing.assert_allclose(value, [log_evidence(row).value for row in rows])
    np.testing.assert_allclose(error, [log_evidence(row).standard_error for row in rows])
    expected = [effective_sample_size(row) for row in rows]
    np.testing.assert_allclose(effective_sample_size(log_w, axis), expected)


def test_one_weight_that_outweighs_all(rng):
    log_w = np.full(30, -2000.0)
    log_w[3] = 1000.0
    z = rng.standard_normal((30, 2))
    assert effective_sample_size(log_w) == pytest.approx(1)
    np.testing.assert_allclose(weighted_mean(z, log_w).value, z[3])
    np.testing.assert_allclose(weighted_sd(z, log_w), np.zeros((2, 2)), atol=1e-12)
    assert log_evidence(log_w).value == pytest.approx(1000 - np.log(30))


def test_a_weight_of_zero_is_a_draw_less(rng):
    z, log_w = rng.standard_normal(20), rng.standard_normal(20)
    with_zero = weighted_mean(np.append(z, 1e6), np.append(log_w, -np.inf))
    assert with_zero == pytest.approx(weighted_mean(z, log_w))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: weighted_mean(np.zeros(4), np.zeros(5)), "same S, not \\(4,\\) and \\(5,\\)"),
        (lambda: weighted_mean(np.zeros((5, 2)), np.zeros((5, 2))), "must have the same S"),
        (lambda: weighted_mean([np.nan, 1.0], np.zeros(2)), "z has 1 NaN"),
        (lambda: weighted_cov(np.zeros(5), np.zeros(5)), "shape \\(S, L\\)"),
        (lambda: weighted_quantiles(np.zeros(5), np.zeros(5), [1.5]), "numbers in \\[0, 1\\]"),
        (lambda: weighted_quantiles(np.zeros(5), np.zeros(5), 0.5), "numbers in \\[0, 1\\]"),
        (lambda: log_evidence([np.nan]), "NaN or \\+inf"),
        (lambda: effective_sample_size([]), "at least 1"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
