"""Numerical Jacobians of a map of many points at once, each entry with an estimate of its error."""

from typing import NamedTuple

import numpy as np

#: Steps relative to max(1, |x|), from the one that suits a smooth map down to those beside a kink.
STEPS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-8, 1e-10)
EPS = np.finfo(np.float64).eps


class Jacobians(NamedTuple):
    """dy/dx at n points.

    Attributes
    ----------
    value : array (n, M, L)
        value[k, i, j] = dy_i / dx_j at the k-th point.
    error : array (n, M, L)
        Of each entry, absolute.
    """

    value: np.ndarray
    error: np.ndarray


def jacobians(function, points):
    """The Jacobian of `function` at each row of `points`.

    All rows are moved along one axis at the same time, so that L columns cost a few times 2 L calls however
    many points there are. Of several steps the entry with the least estimated error is taken; central
    differences are extrapolated as in Eq. (21).

    Parameters
    ----------
    function : callable
        array (n, L) -> array (n, M), each row by itself.
    points : array (n, L)

    Returns
    -------
    Jacobians
    """
    columns = [_column(function, points, j) for j in range(points.shape[-1])]
    return Jacobians(*(np.stack(part, axis=-1) for part in zip(*columns, strict=True)))


def _column(function, points, j):
    """Derivatives by x_j and their errors, (n, M) each."""
    value = error = None
    unit = np.maximum(1, np.abs(points[:, j]))
    for step in STEPS:
        found, off = _extrapolated(function, points, j, step * unit)
        off = np.where(np.isfinite(found), off, np.inf)
        if value is None:
            value, error = found, off
            continue
        better = off < error
        value, error = np.where(better, found, value), np.where(better, off, error)
        if not (error > 1e-9 * np.maximum(1, np.abs(value))).any():
            break
    return value, error


def _extrapolated(function, points, j, h):
    """Ridders' tableau of three steps along one axis: (n, M) derivatives and errors."""
    rows, size = [], 0.0
    for k in range(3):
        moved = np.zeros_like(points)
        moved[:, j] = h / 2**k
        with np.errstate(all="ignore"):  # outside the map's domain it shows in the values
            above, below = function(points + moved), function(points - moved)
            row = [(above - below) / (2 * moved[:, j, None])]
            for i in range(1, k + 1):
                row.append(row[-1] + (row[-1] - rows[-1][i - 1]) / (4**i - 1))  # Eq. (21)
        size = np.maximum(size, np.maximum(np.abs(above), np.abs(below)))
        rows.append(row)
    best = rows[2][2]
    with np.errstate(invalid="ignore"):
        truncation = np.maximum(np.abs(best - rows[2][1]), np.abs(best - rows[1][1]))
        rounding = 8 * EPS * np.maximum(size, np.abs(points[:, j, None])) / (h[:, None] / 4)
        return best, truncation + rounding
