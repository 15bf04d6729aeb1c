"""How a map is called: with or without parameters, with or without its log-determinant beside y."""

import numpy as np

from scratchvae.validation import finite, numeric_array


def points_of(points, name="points"):
    """`points` as float64 (..., L), else a ValueError."""
    array = np.array(finite(numeric_array(points, name), name), np.float64)
    if array.ndim == 0 or array.size == 0:
        raise ValueError(f"{name} must have shape (..., L) with at least one point, not {array.shape}.")
    return array


def bound_to(function, lam):
    """x -> function(x), or function(lam, x) if there is a lam; always of a copy of x."""
    if lam is None:
        return lambda x: function(x.copy())
    lam = np.asarray(numeric_array(lam, "lam"))
    return lambda x: function(lam, x.copy())


def first_of(result):
    """y of (y, log_det, ...) or of y alone."""
    return np.asarray(result[0] if isinstance(result, tuple) else result)


def same_shape(y, x, what):
    """y as float64 if it has the shape of x, else a ValueError: a log-determinant needs a square Jacobian."""
    if y.shape != x.shape or y.dtype.kind not in "buif":
        raise ValueError(
            f"{what} must return an array of the shape it is given, {x.shape}, not {y.dtype} of {y.shape}."
        )
    return y.astype(np.float64)


def rows_mix(function, points):
    """Whether moving the first point of a batch changes what another one is mapped to."""
    rows = points.reshape(-1, points.shape[-1])
    if len(rows) < 2:
        return False
    moved = rows.copy()
    moved[0] = rows[0] + 0.01 * np.maximum(1, np.abs(rows[0]))
    with np.errstate(all="ignore"):
        before, after = function(points), function(moved.reshape(points.shape))
    before, after = (y.reshape(len(rows), -1)[1:] for y in (before, after))
    return bool(np.any(np.abs(before - after) > 1e-9 * np.maximum(1, np.abs(before))))
