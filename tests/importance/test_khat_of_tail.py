"""khat by the largest weights alone is that by all of them."""

import numpy as np
import pytest

from scratchvae.importance import khat_of_tail, psis, tail_size


@pytest.mark.parametrize("n_samples", [25, 100, 1000, 5000])
@pytest.mark.parametrize("spread", [0.0, 1e-13, 0.3, 2.0, 300.0])
def test_it_is_the_khat_of_all_weights(n_samples, spread, rng):
    log_w = 7 + spread * rng.standard_normal(n_samples)
    largest = np.sort(log_w)[-tail_size(n_samples) - 1 :]
    assert khat_of_tail(rng.permutation(largest), n_samples) == psis(log_w)[1]


def test_weights_of_zero_are_weights(rng):
    log_w = np.full(200, -np.inf)
    log_w[:20] = rng.standard_normal(20)
    assert khat_of_tail(np.sort(log_w)[-tail_size(200) - 1 :], 200) == psis(log_w)[1]


@pytest.mark.parametrize("length", [0, 20, 22])
def test_another_number_of_weights_is_refused(length, rng):
    with pytest.raises(ValueError, match="log_w"):
        khat_of_tail(rng.standard_normal(length), 100)


def test_fewer_samples_than_a_tail_needs_are_refused(rng):
    with pytest.raises(ValueError, match="n_samples must be a whole number of at least 25"):
        khat_of_tail(rng.standard_normal(6), 24)
