"""Random generators from a seed: one stream a purpose."""

import operator

import numpy as np


def generator(seed, *stream):
    """Return a generator for `seed`; different `stream` numbers give independent streams.

    Parameters
    ----------
    seed : int
        At least 0.
    *stream : int

    Raises
    ------
    ValueError
        If `seed` is not a whole number of at least 0.
    """
    try:
        number = operator.index(seed)
    except TypeError:
        number = -1
    if number < 0:
        raise ValueError(f"seed must be a whole number of at least 0, not {seed!r}.")
    return np.random.default_rng(np.random.SeedSequence([number, *stream]))


def plain(state):
    """A bit generator's state as JSON can hold it: lists for arrays, Python's integers for NumPy's."""
    if isinstance(state, dict):
        return {key: plain(value) for key, value in state.items()}
    return state.tolist() if isinstance(state, np.ndarray | np.generic) else state
