"""How far difference quotients are from a gradient, step by step: the V of truncation and rounding."""

import math
from typing import NamedTuple

import numpy as np

from scratchvae.gradcheck.arguments import point, shape_fault
from scratchvae.gradcheck.numerical import value_at
from scratchvae.validation import finite, numeric_array

#: From below the rounding of the coordinate up to its own size, four steps a power of ten.
STEPS = np.logspace(-13, 0, 53)


class ErrorCurve(NamedTuple):
    """Relative errors of difference quotients for many steps.

    Attributes
    ----------
    steps : array (n,)
        h, relative to the coordinate.
    forward, central, extrapolated : arrays (n,)
        |D(h) - g| / |g| for (f(h) - f(0)) / h, for (f(h) - f(-h)) / 2 h, and for the combination
        (4 D(h/2) - D(h)) / 3 of two of the latter; NaN where the function is not finite.
    analytic : float
        g, the derivative by the code.
    label : str
        Where: a coordinate, or a direction.
    """

    steps: np.ndarray
    forward: np.ndarray
    central: np.ndarray
    extrapolated: np.ndarray
    analytic: float
    label: str


def error_curve(function, theta, gradient, where=None, steps=STEPS):
    """The errors of difference quotients against a gradient, for steps from tiny to large.

    For a right gradient each curve is a V: on the right the quotient's own error, which falls with h, h^2 or
    h^4; on the left the rounding of f, about eps |f| / h. Against a wrong gradient the curves level out at
    the mistake, whatever the step.

    Parameters
    ----------
    function : callable
        array like `theta` -> float.
    theta : array
    gradient : callable or array
    where : int, tuple of int, or array like theta, optional
        A coordinate, by its place in the flat vector or by its index; or a direction. By default the
        coordinate of the largest gradient.
    steps : array, optional
        Above zero; relative to max(1, |theta_i|), or to one for a direction.

    Returns
    -------
    ErrorCurve

    Raises
    ------
    ValueError
        If `where` is none of them, or the gradient is not of theta's shape.

    Examples
    --------
    >>> curve = error_curve(lambda t: float(np.exp(t[0])), np.zeros(1), np.exp)
    >>> bool(curve.central.min() < 1e-9 < curve.forward.min() < 1e-7)
    True
    """
    theta = point(theta)
    given = gradient(theta.copy()) if callable(gradient) else gradient
    analytic, fault = shape_fault(given, theta)
    if fault is not None:
        raise ValueError(f"{fault.message}.")
    steps = _steps(steps)
    direction, unit, label = _direction(theta, np.asarray(analytic, np.float64), where)
    slope = float((np.asarray(analytic, np.float64) * direction)[direction != 0].sum())

    def line(t):
        return value_at(function, theta + t * unit * direction)

    at_zero = line(0.0)
    above, below = (np.array([line(sign * h) for h in steps]) for sign in (1, -1))
    half = np.array([(line(h / 2) - line(-h / 2)) / h for h in steps])
    central = (above - below) / (2 * steps)
    quotients = (above - at_zero) / steps, central, (4 * half - central) / 3  # Eq. (21)
    size = abs(slope) or 1.0
    with np.errstate(invalid="ignore"):
        errors = [np.abs(quotient / unit - slope) / size for quotient in quotients]
    return ErrorCurve(steps, *(np.where(np.isfinite(e), e, math.nan) for e in errors), slope, label)


def _steps(steps):
    steps = np.asarray(finite(numeric_array(steps, "steps"), "steps"), np.float64)
    if steps.ndim != 1 or not steps.size or np.any(steps <= 0):
        raise ValueError("steps must be a vector of numbers above zero.")
    return steps


def _direction(theta, analytic, where):
    """The direction in theta's shape, the unit of the steps, and what to call it."""
    if where is None:
        where = int(np.argmax(np.where(np.isfinite(analytic), np.abs(analytic), -1)))
    dense = np.zeros(theta.shape)
    if np.shape(where) == theta.shape and theta.ndim and not isinstance(where, tuple):
        return np.asarray(numeric_array(where, "where"), np.float64), 1.0, "direction"
    try:
        index = tuple(map(int, np.unravel_index(where, theta.shape))) if np.ndim(where) == 0 else tuple(where)
        dense[index] = 1.0
    except (IndexError, TypeError, ValueError):
        raise ValueError(
            f"where must be a coordinate of theta {theta.shape} or a direction like it, not {where!r}."
        ) from None
    if np.count_nonzero(dense) != 1:
        raise ValueError(f"where must name one coordinate of theta {theta.shape}, not {where!r}.")
    return dense, max(1.0, abs(float(theta[index]))), f"coordinate {index}" if theta.ndim else "theta"
