"""Random generators from a seed: one stream a purpose."""

import numpy as np

from scratchvae.validation import whole_number


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
    number = whole_number(seed, "seed")
    return np.random.default_rng(np.random.SeedSequence([number, *stream]))


def plain(state):
    """A bit generator's state as JSON can hold it: lists for arrays, Python's integers for NumPy's."""
    if isinstance(state, dict):
        return {key: plain(value) for key, value in state.items()}
    return state.tolist() if isinstance(state, np.ndarray | np.generic) else state
