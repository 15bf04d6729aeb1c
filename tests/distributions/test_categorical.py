"""The categorical distribution: layout of the logits, hard logits, its check of x."""

import numpy as np
import pytest
from scipy import special

from scratchvae.distributions import Categorical


def test_the_logits_lie_entry_by_entry():
    logits = np.array([0.0, 1.0, 2.0, 5.0, 4.0, 3.0])  # two entries of three levels
    log_p = Categorical(3).log_prob(np.array([2, 0]), logits)
    expected = special.log_softmax(logits[:3])[2] + special.log_softmax(logits[3:])[0]
    assert log_p == pytest.approx(expected, rel=1e-14)


def test_two_levels_are_a_bernoulli(rng):
    logits = rng.normal(size=4)
    pairs = np.stack([np.zeros(4), logits], axis=-1).ravel()
    x = np.array([1.0, 0.0, 1.0, 1.0])
    expected = np.where(x == 1, special.log_expit(logits), special.log_expit(-logits)).sum()
    assert Categorical(2).log_prob(x, pairs) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("size", [1e3, 1e8])
def test_huge_logits_neither_overflow_nor_warn(size):
    categorical, logits = Categorical(3), np.array([size, -size, 0.0])
    log_p, cache = categorical.forward(np.array([1]), logits)
    assert log_p == -2 * size
    np.testing.assert_array_equal(categorical.backward(cache, np.ones(()))[1], [-1, 1, 0])


def test_the_draws_have_the_probabilities_of_the_softmax(rng):
    logits, n = np.array([0.0, 1.0, -1.0, 0.5]), 40_000
    draws = Categorical(4).sample(np.tile(logits, (n, 1)), rng)
    p = special.softmax(logits)
    share = np.bincount(draws.astype(int).ravel(), minlength=4) / n
    assert (np.abs(share - p) < 4 * np.sqrt(p * (1 - p) / n)).all()


def test_the_encoder_sees_levels_between_zero_and_one(dtype):
    seen = Categorical(256).encoder_input(np.array([0, 51, 255], dtype))
    assert seen.dtype == dtype
    np.testing.assert_allclose(seen, [0, 0.2, 1], rtol=1e-6)


@pytest.mark.parametrize("n_levels", [1, 0, -3, 257, 2.5, "ten"])
def test_a_number_of_levels_out_of_range_is_refused(n_levels):
    with pytest.raises(ValueError, match="number of gray levels must be"):
        Categorical(n_levels)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([[0.0, 5.0]], "4 levels needs x of whole numbers from 0 to 3, but x runs from 0 to 5"),
        ([[-1, 2]], "but x runs from -1 to 2"),
        ([[0.5, 1.0]], "with fractions: give the gray levels themselves"),
    ],
)
def test_x_that_is_no_level_is_refused(x, message):
    with pytest.raises(ValueError, match=message):
        Categorical(4).check(np.array(x))


@pytest.mark.parametrize("kind", [bool, np.uint8, np.int64, np.float32])
def test_levels_of_any_type_pass_the_check(kind):
    Categorical(4).check(np.array([[0, 1]]).astype(kind))


def test_the_fitted_logits_are_those_of_the_shares_with_each_level_once_more(rng):
    x = np.array([[0, 2], [0, 1], [2, 1], [0, 2], [0, 0]])
    expected = np.log([[5 / 8, 1 / 8, 2 / 8], [2 / 8, 3 / 8, 3 / 8]])
    np.testing.assert_allclose(Categorical(3).fit_params(x), expected.ravel(), rtol=1e-13)
