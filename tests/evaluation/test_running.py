"""Weights that come some at a time, against all of them at once."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from scratchvae import importance
from scratchvae.evaluation.running import RunningWeights


def in_pieces(log_w, sizes):
    running = RunningWeights(log_w.shape[1], len(log_w))
    for piece in np.split(log_w, np.cumsum(sizes)[:-1]):
        running.add(piece)
    return running


@pytest.fixture
def log_w(rng):
    """(S, B), around values at which e^log_w is zero or infinite in double precision."""
    return 3 * rng.standard_normal((400, 4)) + np.array([-2000.0, -90.0, 0.0, 1500.0])


@pytest.mark.parametrize("sizes", [[400], [1] * 400, [7, 93, 250, 50], [399, 1]])
def test_any_pieces_give_what_all_at_once_give(sizes, log_w):
    running = in_pieces(log_w, sizes)
    value, error = importance.log_evidence(log_w)
    np.testing.assert_allclose(running.log_p(), value, rtol=1e-12)
    np.testing.assert_allclose(running.log_p(), logsumexp(log_w, axis=0) - np.log(400), rtol=1e-12)
    np.testing.assert_allclose(running.log_p_error(), error, rtol=1e-9)
    np.testing.assert_allclose(running.ess(), importance.effective_sample_size(log_w), rtol=1e-9)
    np.testing.assert_allclose(running.khat(), importance.psis(log_w)[1], rtol=1e-12)
    np.testing.assert_allclose(running.elbo(), log_w.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(running.elbo_error(), stats.sem(log_w, axis=0), rtol=1e-9)


def test_of_the_weights_only_the_largest_are_kept(log_w):
    running = in_pieces(log_w, [100] * 4)
    assert running.largest.shape == (importance.tail_size(400) + 1, 4)
    np.testing.assert_array_equal(np.sort(running.largest, axis=0), np.sort(log_w, axis=0)[-61:])


def test_a_weight_of_zero_counts(rng):
    log_w = rng.standard_normal((60, 1))
    log_w[::3] = -np.inf
    running = in_pieces(log_w, [20, 20, 20])
    np.testing.assert_allclose(running.log_p(), logsumexp(log_w, axis=0) - np.log(60), rtol=1e-12)
    np.testing.assert_allclose(running.ess(), importance.effective_sample_size(log_w), rtol=1e-12)
    assert running.elbo() == -np.inf


def test_equal_weights_have_no_error_and_the_largest_sample_size():
    running = in_pieces(np.full((40, 1), -90.0), [13, 27])
    assert running.log_p_error() == pytest.approx(0, abs=1e-7)
    assert running.ess() == pytest.approx(40)
    assert running.khat() == 0


def test_a_single_sample_has_no_error_and_few_have_no_khat(rng):
    assert np.isnan(in_pieces(rng.standard_normal((1, 2)), [1]).elbo_error()).all()
    assert np.isnan(in_pieces(rng.standard_normal((24, 2)), [24]).khat()).all()


def test_there_is_no_khat_before_all_samples_are_there(log_w):
    running = RunningWeights(4, 400)
    running.add(log_w[:399])
    assert np.isnan(running.khat()).all()
    running.add(log_w[399:])
    assert np.isfinite(running.khat()).all()
