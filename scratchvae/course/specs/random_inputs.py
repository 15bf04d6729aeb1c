"""Random shapes and values that several exercises need."""

import numpy as np


def size(rng, low=3, high=6):
    """A random length of an axis, both ends included."""
    return int(rng.integers(low, high + 1))


def leading(rng, at_least=0):
    """A random shape of up to two leading axes."""
    return tuple(size(rng, 2, 4) for _ in range(rng.integers(at_least, 3)))


def covariance(rng, d):
    """A random covariance matrix (d, d), of which no entry is zero."""
    factor = np.tril(rng.uniform(0.3, 0.9, (d, d))) + np.eye(d) * rng.uniform(0.2, 1.0, d)
    return factor @ factor.T
