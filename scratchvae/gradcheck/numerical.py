"""The numerical derivative: central differences, extrapolated once."""

import math

import numpy as np

from scratchvae.validation import has_shape, in_range, numeric_array

#: Relative steps. The first suits a smooth function of ordinary scale; the smaller ones step around a
#: kink nearby, stay inside the function's domain, and resolve what changes within a short distance.
STEPS = (1e-3, 5e-4, 1e-4, 1e-5, 1e-6, 1e-7, 1e-9, 1e-11)
#: How many roundings of the function's value the error bound allows for.
ROUNDINGS = 20


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
    coarse, size = _central_difference(function, theta, direction, step)
    fine, _ = _central_difference(function, theta, direction, step / 2)
    derivative = (4 * fine - coarse) / 3  # Eq. (21)
    return derivative, ROUNDINGS * np.finfo(np.float64).eps * size / step


def _float64(value, name):
    return np.asarray(numeric_array(value, name), dtype=np.float64)


def _central_difference(function, theta, direction, h):
    above = value_at(function, theta + h * direction)
    below = value_at(function, theta - h * direction)
    return (above - below) / (2 * h), max(abs(above), abs(below))


def value_at(function, theta):
    """function(theta) as a float. An overflow at a probe is no news: it shows in the value."""
    with np.errstate(all="ignore"):
        value = np.asarray(function(theta))
    if value.size != 1 or value.dtype.kind not in "buif":
        came = f"{value.dtype} of shape {value.shape}"
        raise ValueError(f"the function must return one real number, not {came}; return the loss as a float.")
    return float(value.item())


def numerical_jacobian(function, theta, step=STEPS[0]):
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
