"""Logistic regression against SciPy's densities, at extremes, in blocks, and on refused data."""

import numpy as np
import pytest
from scipy import special, stats

from scratchvae.models import LogisticRegression, blocks


@pytest.fixture
def data(rng):
    x = rng.normal(size=(40, 3))
    return x, rng.random(40) < special.expit(x @ [1.0, -2.0, 0.5])


def test_the_joint_density_is_scipys(data, rng):
    x, y = data
    scales = np.array([10.0, 2.0, 1.0, 0.5])
    model = LogisticRegression(x, y, prior_sigma=scales)
    for z in rng.normal(size=(3, 4)):
        p = special.expit(z[0] + x @ z[1:])
        expected = stats.bernoulli.logpmf(y, p).sum() + stats.norm.logpdf(z, scale=scales).sum()
        assert model.log_joint(z) == pytest.approx(expected, rel=1e-12)


def test_a_flat_prior_adds_zero(data):
    x, y = data
    model = LogisticRegression(x, y, prior_sigma=[np.inf, 1, 1, 2])
    z = np.array([5.0, 1.0, 2.0, 3.0])
    expected = stats.norm.logpdf(z[1:], scale=[1, 1, 2]).sum()
    assert model.log_prior(z) == pytest.approx(expected, rel=1e-14)
    assert model.grad_log_prior(z)[0] == 0


def test_the_linear_predictor_is_x_beta_of_the_models_rows_or_of_others(data, rng):
    x, y = data
    z = rng.normal(size=(2, 3, 4))
    model, other = LogisticRegression(x, y), np.column_stack([np.ones(5), rng.normal(size=(5, 3))])
    np.testing.assert_allclose(model.linear_predictor(z), z[..., :1] + z[..., 1:] @ x.T, rtol=1e-12)
    np.testing.assert_allclose(model.linear_predictor(z, other), z @ other.T, rtol=1e-12)


def test_an_extreme_predictor_loses_nothing():
    model = LogisticRegression([1.0, 1.0], [0, 1], intercept=False)
    z = np.array([[800.0], [-800.0]])
    np.testing.assert_allclose(model.log_likelihood(z), [-800.0, -800.0])
    np.testing.assert_allclose(model.grad_log_likelihood(z), [[-1.0], [1.0]])


@pytest.mark.parametrize("rows", [None, np.array([3, 1, 30, 31, 7])])
def test_blocks_of_rows_give_the_same(data, rows, rng, monkeypatch):
    model = LogisticRegression(*data)
    z, weights = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 2, 3))
    whole = model.forward(z, rows)
    assert whole[2].deta is not None
    dz = model.backward(whole[2], *weights)
    monkeypatch.setattr(blocks, "MAX_TABLE", 20)
    blockwise = model.forward(z, rows)
    assert blockwise[2].deta is None
    np.testing.assert_allclose(blockwise[0], whole[0], rtol=1e-12)
    np.testing.assert_allclose(model.backward(blockwise[2], *weights), dz, rtol=1e-11)


def test_no_block_of_a_large_table_exceeds_the_limit(data, rng, monkeypatch):
    model, seen = LogisticRegression(*data), []
    monkeypatch.setattr(blocks, "MAX_TABLE", 64)
    terms = model.terms
    monkeypatch.setattr(model, "terms", lambda eta, rows: seen.append(eta.size) or terms(eta, rows))
    model.log_likelihood(rng.normal(size=(10, 4)))
    assert max(seen) <= 64
    assert sum(seen) == 400


def test_the_predictor_is_computed_once_both_ways(data, rng, monkeypatch):
    model, calls = LogisticRegression(*data), []
    terms = model.terms
    monkeypatch.setattr(model, "terms", lambda eta, rows: calls.append(1) or terms(eta, rows))
    *_, cache = model.forward(rng.normal(size=(10, 4)), np.arange(20))
    model.backward(cache, np.ones(10), np.ones(10))
    assert len(calls) == 1


def test_draws_of_y_have_the_probabilities_of_the_model(data, rng):
    model, z = LogisticRegression(*data), np.array([0.3, 1.0, -1.0, 0.5])
    n = 20_000
    y = model.simulate(np.tile(z, (n, 1)), rng)
    assert y.shape == (n, 40)
    p = special.expit(model.linear_predictor(z))
    assert np.abs((y.mean(axis=0) - p) / np.sqrt(p * (1 - p) / n)).max() < 4.5


def test_draws_of_the_prior_have_its_scales(data, rng):
    model = LogisticRegression(*data, prior_sigma=[1, 2, 3, 4])
    z = model.sample_prior(20_000, rng)
    np.testing.assert_allclose(z.std(axis=0), [1, 2, 3, 4], rtol=4 / np.sqrt(2 * 20_000))


@pytest.mark.parametrize("y", [[0, 1, 2], [0, 1, -1], [0.5, 0, 1], [1, 2, 2]])
def test_a_class_that_is_neither_0_nor_1_is_refused(y):
    with pytest.raises(ValueError, match="y must be 0 or 1"):
        LogisticRegression([1.0, 2.0, 3.0], y)


@pytest.mark.parametrize("value", [0, 1])
def test_one_class_alone_is_allowed(value):
    model = LogisticRegression([1.0, 2.0, 3.0], [value] * 3)
    assert model.log_likelihood(np.zeros(2)) == pytest.approx(3 * np.log(0.5))


def test_with_data_checks_what_comes_and_leaves_the_model_alone(data):
    model = LogisticRegression(*data)
    other = model.with_data(1 - model.y)
    np.testing.assert_array_equal(model.y, data[1])
    z = np.array([0.1, 0.2, 0.3, 0.4])
    assert other.log_likelihood(z) == pytest.approx(model.log_likelihood(-z), rel=1e-13)
    with pytest.raises(ValueError, match="y must be 0 or 1"):
        model.with_data(np.full(40, 3))
    with pytest.raises(ValueError, match="NaN"):
        model.with_data(np.full(40, np.nan))


def test_dependent_columns_under_a_flat_prior_are_named(rng):
    x = rng.normal(size=(10, 1)) * [1, 2]
    with pytest.raises(ValueError, match="age, twice_age are linearly dependent"):
        LogisticRegression(x, np.arange(10) % 2, prior_sigma=np.inf, names=["age", "twice_age"])
