"""Minibatches: every row once a pass, an unbiased objective, the same q as of all data."""

import naive
import numpy as np
import pytest
from vi_problems import fitted, standard

from scratchvae import models
from scratchvae.vi import laplace
from scratchvae.vi.minibatches import AnchoredModel, RowBatches, WholeData


@pytest.mark.parametrize(("n_data", "size"), [(10, 5), (10, 3), (10, 10), (10, 99), (7, 1), (1, 1)])
def test_each_pass_takes_every_row_once_in_a_new_order(n_data, size):
    batches = RowBatches(n_data, size, np.random.default_rng(0))
    passes = [[next(batches) for _ in range(batches.n_batches)] for _ in range(3)]
    for one in passes:
        np.testing.assert_array_equal(np.sort(np.concatenate(one)), np.arange(n_data))
        sizes = [len(rows) for rows in one]
        assert max(sizes) <= size
        assert max(sizes) - min(sizes) <= 1
    if n_data > 5:
        assert not np.array_equal(np.concatenate(passes[0]), np.concatenate(passes[1]))


def test_whole_data_is_one_batch():
    assert WholeData.n_batches == 1
    assert next(WholeData()) is None


def logistic(n_data, n_columns, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n_data, n_columns))
    eta = 0.5 + x @ np.linspace(1, -1, n_columns)
    return models.LogisticRegression(x, rng.random(n_data) < 1 / (1 + np.exp(-eta)), prior_sigma=2.0)


ANCHORED = {
    "logistic": logistic(12, 2),
    "poisson": models.PoissonRegression(np.linspace(-1, 1, 12), np.arange(12) % 5),
    "normal gamma": models.NormalGamma(np.linspace(-1, 3, 12)),
}


def parts(model, z, rows):
    """log p(x|z), log p(z) and the gradient of their sum at z (S, L)."""
    log_likelihood, log_prior, cache = model.forward(z, rows)
    ones = np.ones(len(z))
    return log_likelihood, log_prior, model.backward(cache, ones, ones)


@pytest.mark.parametrize("model", ANCHORED.values(), ids=ANCHORED)
def test_the_anchored_minibatches_of_a_partition_average_to_the_whole(model, rng):
    z, anchor = rng.standard_normal((4, model.n_latent)), rng.standard_normal(model.n_latent)
    anchored = AnchoredModel(model, anchor)
    whole = parts(model, z, None)
    batches = [parts(anchored, z, rows) for rows in np.split(rng.permutation(model.n_data), 4)]
    for got, expected in zip(zip(*batches, strict=True), whole, strict=True):
        np.testing.assert_allclose(np.mean(got, axis=0), expected, rtol=1e-10, atol=1e-10)
    for got, expected in zip(parts(anchored, z, None), whole, strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("model", ANCHORED.values(), ids=ANCHORED)
def test_the_gradient_is_that_of_the_value(model, rng):
    z, anchor = rng.standard_normal((1, model.n_latent)), rng.standard_normal(model.n_latent)
    anchored, rows = AnchoredModel(model, anchor), np.array([0, 3, 4, 7, 11])

    def value(z):
        log_likelihood, log_prior, _ = anchored.forward(z, rows)
        return float(2 * log_likelihood[0] + 3 * log_prior[0])

    cache = anchored.forward(z, rows)[2]
    gradient = anchored.backward(cache, np.full(1, 2.0), np.full(1, 3.0))
    assert naive.relative_error(gradient, naive.numerical_gradient(value, z)) < 1e-8


def test_the_anchor_takes_most_of_the_noise_away(rng):
    model = logistic(400, 3)
    posterior = laplace(model, np.zeros(4))
    anchored = AnchoredModel(model, posterior.mode)
    z = posterior.coordinates(False).forward(rng.standard_normal((5, 4)))
    pieces = np.split(rng.permutation(400), 8)
    bare, less = (np.std([parts(m, z, rows)[2] for rows in pieces], axis=0) for m in (model, anchored))
    assert (less < 0.3 * bare).all()
    at_anchor = [parts(anchored, posterior.mode[None], rows) for rows in pieces]
    for part in zip(*at_anchor, strict=True):  # there it is all gone
        np.testing.assert_allclose(part, np.broadcast_to(part[0], np.shape(part)), rtol=1e-9, atol=1e-9)


def test_what_else_a_model_has_is_passed_on():
    model = logistic(12, 2)
    anchored = AnchoredModel(model, np.zeros(3))
    assert anchored.n_latent == 3
    assert anchored.space is model.space


def test_minibatches_of_20000_rows_give_the_fit_of_all_rows():
    model = logistic(20_000, 5)
    whole, batched = fitted(model, batch_size=None), fitted(model, batch_size=500)
    assert whole.converged
    assert batched.converged
    assert np.abs((batched.mean - whole.mean) / whole.sd).max() < 0.1
    np.testing.assert_allclose(batched.sd, whole.sd, rtol=0.03)
    assert batched.elbo == pytest.approx(whole.elbo, abs=0.01)  # of all data, too


@pytest.mark.parametrize("bound", ["elbo", "sticking_the_landing", "analytic_kl"])
def test_small_batches_with_other_bounds(bound):
    model = models.LinearRegression(np.linspace(-1, 1, 60), np.linspace(0, 3, 60), 0.5, 2.0)
    exact = model.exact_posterior()
    q = fitted(model, bound=bound, batch_size=12)
    assert q.converged
    sd = np.sqrt(np.diag(exact.cov))
    assert np.abs((q.mean - exact.mean) / sd).max() < 0.05
    np.testing.assert_allclose(q.sd, sd, rtol=0.03)


@pytest.mark.filterwarnings("ignore:the fit has not converged")
def test_the_score_function_takes_minibatches_without_a_gradient():
    model = models.NormalMean(np.linspace(0, 2, 40), 1.0, prior_sigma=5.0)
    q = fitted(model, "mean_field", bound="score_function_leave_one_out", batch_size=10, steps=3000)
    exact = model.exact_posterior()
    assert abs(q.mean[0] - exact.mean[0]) < 0.2 * np.sqrt(exact.cov[0, 0])


def test_a_batch_of_all_rows_or_more_is_the_whole():
    model = logistic(12, 1)
    whole, same = fitted(model, batch_size=None), fitted(model, batch_size=100)
    np.testing.assert_allclose(same.mean, whole.mean, atol=1e-12)


def test_minibatches_need_a_likelihood_of_rows():
    with pytest.raises(ValueError, match=r"batch_size=5 needs a model .* set n_data, .*rows=None"):
        fitted(standard(), batch_size=5)
    with pytest.raises(ValueError, match="batch_size"):
        fitted(logistic(12, 1), batch_size=0)
