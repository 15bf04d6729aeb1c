"""What the models ask of their data and their priors' parameters."""

import math

import numpy as np

from scratchvae.validation import finite, has_shape, in_range, numeric_array


def vector(value, name):
    """Return `value` as N > 0 finite numbers, float64 (N,); a single number is one of them."""
    array = np.array(finite(numeric_array(value, name), name), np.float64, ndmin=1)
    return has_shape(array, name, (None,), "(N,)")


def entries(value, name, size):
    """Return `value`, one number for all or one for each, as finite float64 (size,)."""
    array = np.asarray(finite(numeric_array(value, name), name), np.float64)
    if array.shape not in ((), (size,)):
        raise ValueError(f"{name} must be one number or have shape ({size},), not {array.shape}.")
    return np.array(np.broadcast_to(array, (size,)))


def positive(value, name):
    """Return `value` as a float above zero and below infinity, else raise a ValueError."""
    return in_range(value, name, 0.0, math.inf, low_open=True, high_open=True)


def positive_entries(value, name, size, *, may_be_infinite=False):
    """Return standard deviations, one for all or one for each, as float64 (size,) above zero."""
    array = np.asarray(numeric_array(value, name), np.float64)
    if array.shape not in ((), (size,)):
        raise ValueError(f"{name} must be one number or have shape ({size},), not {array.shape}.")
    if not (array > 0).all() or (not may_be_infinite and np.isinf(array).any()):
        above = "above zero" if may_be_infinite else "above zero and finite"
        raise ValueError(f"{name} must be {above}, not {value!r}.")
    return np.array(np.broadcast_to(array, (size,)))


def covariance(value, name, size):
    """Return `value` as a symmetric, positive definite float64 (size, size), else raise a ValueError."""
    cov = np.asarray(finite(numeric_array(value, name), name), np.float64)
    has_shape(cov, name, (size, size), "(L, L)")
    if not np.allclose(cov, cov.T, rtol=1e-8, atol=1e-12 * np.abs(cov).max()):
        raise ValueError(f"{name} must be symmetric; it differs from its transpose.")
    try:
        np.linalg.cholesky(cov)
    except np.linalg.LinAlgError:
        raise ValueError(
            f"{name} must be positive definite; one of its eigenvalues is not positive."
        ) from None
    return (cov + cov.T) / 2
