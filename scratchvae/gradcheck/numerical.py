"""The numerical derivative: central differences, extrapolated, with an estimate of its own error."""

import math
from typing import NamedTuple

import numpy as np

from scratchvae.validation import has_shape, in_range, numeric_array

#: The step that suits a smooth function of ordinary scale, relative to the coordinate.
STEP = 1e-3
#: Smaller ones step around a kink nearby, stay inside the function's domain, and resolve what changes within
#: a short distance; larger ones lift a small slope out of the function's noise.
SMALLER = (1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11)
LARGER = (1e-2, 1e-1, 1.0, 10.0, 100.0)
#: How many standard deviations of its noise a value of the function may be off.
ROUNDINGS = 6
EPS = np.finfo(np.float64).eps


class Estimate(NamedTuple):
    """A derivative along a line, and what is known of its error.

    Attributes
    ----------
    value : float
    truncation : float
        What is left of the difference quotient's own error, by the change in the last extrapolation.
    rounding : float
        What the function's noise may do to it.
    jumps : tuple of float
        The right-hand minus the left-hand slope, for the first step and for half of it. Of a smooth
        function the second is half the first; at a kink they are equal.
    """

    value: float
    truncation: float
    rounding: float
    jumps: tuple

    @property
    def error(self):
        return self.truncation + self.rounding


def extrapolate(line, h, noise, n_rows=2, at_zero=math.nan):
    """The derivative of ``line`` at zero from the steps h, h/2, h/4, ...

    Each central difference D(h) = (f(h) - f(-h)) / (2 h) errs by c_1 h^2 + c_2 h^4 + ..., and a combination of two of
    them is rid of the first term, one of three of the first two (Richardson 1911):

        T_k0 = D(h / 2^k)        T_kj = T_k,j-1 + (T_k,j-1 - T_k-1,j-1) / (4^j - 1)

    The last entry is the result; how far it lies from its two parents tells what is left of the error
    (Ridders 1982).

    Parameters
    ----------
    line : callable
        float -> float, t -> f(theta + t d).
    h : float
    noise : float
        How far a value of the function is off, for other reasons than its argument.
    n_rows : int
        How many steps.
    at_zero : float
        line(0), for the one-sided slopes.

    Returns
    -------
    Estimate
        Not finite if the function is not finite at one of the points.
    """
    rows, jumps, size = [], [], abs(at_zero) if math.isfinite(at_zero) else 0.0
    for k in range(n_rows):
        step = h / 2**k
        above, below = line(step), line(-step)
        size = max(size, abs(above), abs(below))
        jumps.append((above - 2 * at_zero + below) / step)
        row = [(above - below) / (2 * step)]
        for j in range(1, k + 1):
            row.append(row[-1] + (row[-1] - rows[-1][j - 1]) / (4**j - 1))  # Eq. (21)
        rows.append(row)
    value = rows[-1][-1]
    truncation = max(abs(value - rows[-1][-2]), abs(value - rows[-2][-1])) if n_rows > 1 else math.inf
    rounding = ROUNDINGS * max(noise, 2 * EPS * size) / (h / 2 ** (n_rows - 1))
    return Estimate(value, truncation, rounding, tuple(jumps[:2]))


def best_estimate(line, unit, noise, at_zero, wanted):
    """The estimate of the least error over a range of steps; None if the function is nowhere finite.

    Steps shrink until the noise takes over. If noise is what limits the best of them, they grow.
    """
    found = []

    def tried(step):
        estimate = extrapolate(line, step * unit, noise, 3, at_zero)
        if math.isfinite(estimate.value):
            found.append(estimate)
        return estimate

    for step in (STEP, *SMALLER):
        estimate = tried(step)
        least = min((one.error for one in found), default=math.inf)
        if math.isfinite(estimate.value) and estimate.rounding > max(least, wanted):
            break
    if found and _best(found).rounding > max(_best(found).truncation, wanted):
        for step in LARGER:
            before = _best(found).error
            if not tried(step).error < before:
                break
    return _best(found) if found else None


def _best(found):
    return min(found, key=lambda estimate: estimate.error)


def noise_level(function, theta, direction):
    """How far values of the function are off, absolute: from a table of differences of nearby values.

    A smooth function's k-th differences at a tiny spacing vanish with the spacing^k; noise stays, enlarged
    to a variance of binomial(2 k, k) times its own (Hamming 1973; More & Wild 2011, algorithm ECnoise). If most
    neighbours are equal, as where the function rounds to float32, the spacing is too small, and grows.

    Parameters
    ----------
    function : callable
    theta, direction : array

    Returns
    -------
    float
        Zero if the values have no noise above their own last digit.
    """
    for spacing in (1e-9, 1e-7, 1e-5):
        values = np.array([value_at(function, theta + i * spacing * direction) for i in range(9)])
        if not np.isfinite(values).all():
            continue
        differences = np.diff(values)
        if np.count_nonzero(differences) >= len(differences) / 2:
            fourth = np.diff(values, 4)
            return float(np.sqrt(np.mean(fourth**2) / math.comb(8, 4)))  # Eq. (65)
    return 0.0


def directional_derivative(function, theta, direction, step):
    """d/dt function(theta + t direction) at t = 0, with a bound on its rounding error.

    The central difference D(h) = (f(h) - f(-h)) / (2 h) errs by a multiple of h^2, and so the
    combination (4 D(h/2) - D(h)) / 3 errs by h^4 only (Richardson 1911). What is left is the
    rounding of f itself, about eps |f| / h with eps = 2.2e-16, below which nothing can be told.

    Parameters
    ----------
    function : callable
        array -> float, in float64.
    theta, direction : array
        Of one shape; `theta` is not changed.
    step : float
        h.

    Returns
    -------
    derivative, rounding_error : float
        NaN or infinite if the function is so at one of the four points.

    Raises
    ------
    ValueError
        If the function returns something other than one real number, `step` is not above zero, or
        `direction` is not of theta's shape.
    """
    step = in_range(step, "step", 0, math.inf, low_open=True, high_open=True)
    theta, direction = _float64(theta, "theta"), _float64(direction, "direction")
    if direction.shape != theta.shape:
        raise ValueError(f"direction must have the shape of theta, {theta.shape}, not {direction.shape}.")
    estimate = extrapolate(lambda t: value_at(function, theta + t * direction), step, 0.0)
    return estimate.value, estimate.rounding


def _float64(value, name):
    return np.asarray(numeric_array(value, name), dtype=np.float64)


def value_at(function, theta):
    """function(theta) as a float. An overflow at a probe is no news: it shows in the value."""
    with np.errstate(all="ignore"):
        value = np.asarray(function(theta))
    if value.size != 1 or value.dtype.kind not in "buif":
        came = f"{value.dtype} of shape {value.shape}"
        raise ValueError(f"the function must return one real number, not {came}; return the loss as a float.")
    return float(value.item())


def numerical_jacobian(function, theta, step=STEP):
    """The Jacobian of a vector-valued function, (n_out, n_in), column by column.

    Parameters
    ----------
    function : callable
        array (n_in,) -> array (n_out,).
    theta : array (n_in,)
    step : float
        Relative to max(1, |theta_i|).

    Raises
    ------
    ValueError
        If `theta` is no vector or `step` is not above zero.
    """
    step = in_range(step, "step", 0, math.inf, low_open=True, high_open=True)
    theta = has_shape(_float64(theta, "theta"), "theta", (None,), "(n_in)")
    columns = []
    for i in range(theta.size):
        e = np.zeros(theta.size)
        e[i] = step * max(1.0, abs(theta[i]))
        coarse = (function(theta + e) - function(theta - e)) / (2 * e[i])
        fine = (function(theta + e / 2) - function(theta - e / 2)) / e[i]
        columns.append((4 * fine - coarse) / 3)  # Eq. (21)
    return np.stack(columns, axis=-1)
