"""What optimizers ask of the numbers and vectors that they are given."""

import math

import numpy as np

from scratchvae.validation import in_range


def positive(value, name):
    """Return `value` as a finite float above zero, else raise a ValueError."""
    return in_range(value, name, 0, math.inf, low_open=True, high_open=True)


def decay(value, name):
    """Return `value`, what an average keeps of its past, as a float in [0, 1), else raise a ValueError."""
    return in_range(value, name, 0, 1, high_open=True)


def flag(value, name):
    """Return `value` as a bool if it is one, else raise a ValueError."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} must be True or False, not {value!r}.")
    return bool(value)


def vector(array, name):
    """Return `array` if it is a NumPy vector (P,) of float32 or float64, else raise a ValueError."""
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{name} must be a NumPy array, not a {type(array).__name__}.")
    if array.ndim != 1:
        raise ValueError(f"{name} must be a vector of shape (P,), not {array.shape}; flatten it.")
    if array.dtype not in (np.float32, np.float64):
        raise ValueError(f"{name} must be float32 or float64, not {array.dtype}; convert it with astype.")
    return array


def writable_vector(array, name):
    """Return `array` if it is a `vector` that may be written to, else raise a ValueError."""
    if not vector(array, name).flags.writeable:
        raise ValueError(f"{name} is read-only, but it is updated in place; pass a copy of it.")
    return array
