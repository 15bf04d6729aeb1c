"""How far the values of a function are off, measured: rounding, float32 inside, cancellation."""

import math
from typing import NamedTuple

import numpy as np

from scratchvae.gradcheck.numerical import EPS, value_near

#: Distances of the points, relative to each coordinate, from the smallest that float64 can tell apart.
SPACINGS = (1e-13, 1e-11, 1e-9, 1e-7, 1e-5, 1e-3)
N_POINTS = 9
EPS32 = float(np.finfo(np.float32).eps)


class Noise(NamedTuple):
    """The error of a function's value.

    Attributes
    ----------
    absolute : float
        As measured near theta, a standard deviation.
    relative : float
        What every value is rounded to.
    """

    absolute: float
    relative: float

    def of(self, size):
        """The error of a value of `size`."""
        return max(self.absolute, self.relative * size)


def measured_noise(function, theta, units, rng):
    """The noise of a function near theta, along two random directions.

    Parameters
    ----------
    function : callable
    theta, units : array
        Of one shape; the directions have components of the size of `units`.
    rng : numpy.random.Generator

    Returns
    -------
    Noise
    """
    absolute, relative = 0.0, 2 * EPS
    for _ in range(2):
        level, values = noise_level(function, theta, units * rng.standard_normal(theta.shape))
        absolute = max(absolute, level)
        if holds_float32(values):
            relative = EPS32 / 2
    return Noise(absolute, relative)


def noise_level(function, theta, direction):
    """The standard deviation of the noise along a direction, from a table of differences.

    Of nine values at a tiny spacing, a smooth function's k-th differences vanish with the spacing^k. Those of
    noise stay: binomial(2 k, k) times its variance. Where the levels of three successive k agree, the rest is
    noise (Hamming 1973; More & Wild 2011, algorithm ECnoise). If most neighbours are equal, as
    where the function rounds to float32, the spacing is too small, and grows.

    Returns
    -------
    level : float
        Zero if the values have no noise that can be told from rounding.
    values : array (9,)
        The function's values, at the last spacing.
    """
    for spacing in SPACINGS:
        values = np.array([value_near(function, theta + i * spacing * direction) for i in range(N_POINTS)])
        if not np.isfinite(values).all():
            return 0.0, values[np.isfinite(values)]
        if np.count_nonzero(np.diff(values)) >= N_POINTS // 2:
            return _level(values), values
    return 0.0, values


def _level(values):
    """The level where the table settles; where it never does, the last, which is an upper bound."""
    largest = np.abs(values).max()
    levels, changes = [], []
    differences = values / largest
    for k in range(1, len(values) - 2):
        differences = np.diff(differences)
        levels.append(math.sqrt(np.mean(differences**2) / math.comb(2 * k, k)))  # Eq. (65)
        changes.append(differences.min() < 0 < differences.max())
    for k in range(len(levels) - 2):
        three = levels[k : k + 3]
        if changes[k] and max(three) <= 4 * min(three):
            return levels[k] * largest
    return levels[-1] * largest


def holds_float32(array):
    """Whether an array is of float32, or holds nothing but numbers of float32 that are no short ones."""
    if array.dtype in (np.float32, np.float16):
        return True
    finite = array[np.isfinite(array) & (array != 0)]
    with np.errstate(over="ignore", under="ignore"):
        exact = finite.astype(np.float32).astype(np.float64) == finite
    return finite.size > 0 and bool(exact.all()) and not _is_short(finite).all()


def _is_short(array):
    """Whether numbers have at most 12 binary digits, as 3, 0.5 or 0.375 have."""
    mantissa, _ = np.frexp(array)
    return mantissa * 2**12 == np.round(mantissa * 2**12)
