"""The numerical derivative: central differences, extrapolated, with an estimate of their own error."""

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from scratchvae.validation import has_shape, in_range, numeric_array

#: The step that suits a smooth function of ordinary scale, relative to the coordinate.
STEP = 1e-3
#: Steps that shrink stay inside the function's domain, step around a kink nearby, and resolve what changes
#: within a short distance; steps that grow lift a small slope out of the function's noise.
SMALLER = tuple(10.0**-k for k in range(4, 17))
LARGER = (1e-2, 1e-1, 1.0)
#: How much narrower the step beside a wide one is.
ANOTHER = 0.7
#: How many estimated errors two estimates may be apart.
ERRORS = 4
#: How many standard deviations of its noise a value of the function may be off.
ROUNDINGS = 6
#: The same, relative to a whole unit of the coordinate: so little is never a slope.
RESOLVED = 4
#: How near to an eighth a remainder must be to be that of a smooth function.
EIGHTH = 0.05
EPS = np.finfo(np.float64).eps


class Estimate(NamedTuple):
    """A derivative along a line, and what is known of its error.

    Attributes
    ----------
    value : float
    truncation : float
        What is left of the difference quotient's own error, by the change in the last extrapolation and by
        the kinks that the steps have met.
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
        """The whole, which is what one can trust the value to."""
        return self.truncation + self.rounding


class Line:
    """t -> f(theta + t d), remembered, and how far a value is off.

    Parameters
    ----------
    along : callable
        float -> float.
    at_zero : float
        Its value at zero.
    unit : float
        The length that steps are relative to.
    noise : Noise
    """

    def __init__(self, along, at_zero, unit, noise):
        self.along, self.unit, self.noise = along, unit, noise
        self.values = {0.0: at_zero}

    def __call__(self, t):
        if t not in self.values:
            self.values[t] = self.along(t)
        return self.values[t]

    def rounding(self, slope, size, h):
        """What noise of values of `size` may do to a slope found with the step h.

        The point itself is rounded too, to eps of its size, which is eps unit / h of the step.
        """
        noise = self.noise.of(size)
        return ROUNDINGS * noise / h + abs(slope) * EPS * self.unit / h + RESOLVED * noise / self.unit


def extrapolate(line, h, n_rows):
    """The derivative of ``line`` at zero from the steps h, h/2, h/4, ...

    Each central difference D(h) = (f(h) - f(-h)) / (2 h) errs by c_1 h^2 + c_2 h^4 + ...; a combination of
    two of them is rid of the first term, one of three of the first two (Richardson 1911):

        T_k0 = D(h / 2^k)        T_kj = T_k,j-1 + (T_k,j-1 - T_k-1,j-1) / (4^j - 1)

    The last entry is the result; how far it lies from its two parents tells what is left of the error
    (Ridders 1982; Press et al., Numerical Recipes, 3rd edition, section 5.7).

    Parameters
    ----------
    line : Line
    h : float
    n_rows : int
        How many steps, at least two.

    Returns
    -------
    Estimate
        Not finite if the function is not finite at one of the points.
    """
    rows, jumps, size = [], [], abs(line(0.0))
    for k in range(n_rows):
        step = h / 2**k
        above, below = line(step), line(-step)
        size = max(size, abs(above), abs(below))
        jumps.append((above - 2 * line(0.0) + below) / step)
        row = [(above - below) / (2 * step)]
        for j in range(1, k + 1):
            row.append(row[-1] + (row[-1] - rows[-1][j - 1]) / (4**j - 1))  # Eq. (64)
        rows.append(row)
    value = rows[-1][-1]
    truncation = max(abs(value - rows[-1][-2]), abs(value - rows[-2][-1])) + _of_kinks(jumps)
    return Estimate(value, truncation, line.rounding(value, size, step), tuple(jumps[:2]))


def _of_kinks(jumps):
    """What kinks within the steps do to a central difference.

    Of a smooth function the jump of the slope, J(h) = (f(h) - 2 f(0) + f(-h)) / h, is halved with the step,
    up to a term c h^3. A kink at t, where the slope changes by s, adds s (1 - |t| / h) to the jump, and half
    as much to the central difference. So J(h) - 2 J(h/2) tells of all the kinks that are met, also of so
    many that the differences seem to converge, to the slope of a smoother function. If halving h leaves an
    eighth of it, it is c h^3 and no kink.
    """
    left = [whole - 2 * half for whole, half in pairwise(jumps)]
    if len(left) == 2 and abs(left[0] - 8 * left[1]) <= EIGHTH * abs(left[0]):
        return abs(left[0] - 8 * left[1]) / 2
    return max(map(abs, left)) / 2


def quick_estimate(line, wanted):
    """The estimate at the ordinary step alone if its error is no more than `wanted`; else the best."""
    estimate = extrapolate(line, STEP * line.unit, 3)
    return estimate if estimate.error <= wanted else best_estimate(line, wanted)


def best_estimate(line, wanted):
    """The estimate of the least error over a range of steps; None if the function is nowhere finite.

    Steps shrink until two in succession agree, the second with an error of at most `wanted`, or until noise
    takes over. If noise is what limits the best of them, they grow.
    """
    found = _shrinking(line, wanted)
    if found and found[0].rounding > max(found[0].truncation, wanted):
        found = _growing(line, found)
    return found[0] if found else None


def _shrinking(line, wanted):
    """Estimates of ever smaller steps, the best first."""
    found = []
    for step in (STEP, *SMALLER):
        estimate = extrapolate(line, step * line.unit, 3)
        if not math.isfinite(estimate.error):
            continue
        # A coarse step may miss what happens inside it; a finer one that disagrees says so.
        coarser = [_widened(coarse, estimate) for coarse in found]
        confirmed = bool(found) and _confirms(found[-1], estimate, wanted)
        found = [*coarser, estimate]
        least = min(one.error for one in found)
        if (least <= wanted and confirmed) or estimate.rounding > least:
            break
    return sorted(found, key=lambda one: one.error)


def _confirms(coarse, fine, wanted):
    """Whether two successive steps give the same, up to the noise of the finer one."""
    same = abs(coarse.value - fine.value) <= ERRORS * (wanted + fine.rounding)
    return same and not jumps_at(fine)


def _widened(coarse, fine):
    """A coarse estimate errs by what a finer one differs, unless the finer one's noise explains that."""
    gap = abs(coarse.value - fine.value)
    if gap <= coarse.error + fine.rounding:
        return coarse
    return coarse._replace(truncation=max(coarse.truncation, gap))


def _growing(line, found):
    """The same with larger steps, as long as they agree with the best so far and err less."""
    for step in LARGER:
        best = found[0]
        estimate = extrapolate(line, step * line.unit, 3)
        agrees = abs(estimate.value - best.value) <= estimate.error + best.error
        if not (agrees and estimate.error < best.error):  # NaN is neither
            break
        estimate = _witnessed(line, estimate, step)
        if not estimate.error < best.error:
            break
        found = [estimate, *found]
    return found


def _witnessed(line, estimate, step):
    """A wide estimate, given the error of a narrower one that meets other kinks, or what they differ by.

    Of a smooth function the narrower one errs by less, and nothing changes.
    """
    other = extrapolate(line, ANOTHER * step * line.unit, 3)
    gap = abs(estimate.value - other.value)
    unlike = gap if gap > other.rounding else 0.0
    return estimate._replace(truncation=max(estimate.truncation, other.truncation, unlike))


#: A slope that jumps by more than this share of itself, and no less at half the step, is a kink.
JUMP = 1e-3


def jumps_at(estimate):
    """Whether the right slope exceeds the left one by as much at half the step as at the whole one."""
    whole, half = map(abs, estimate.jumps)
    if not (math.isfinite(whole) and math.isfinite(half)):
        return False
    large = JUMP * abs(estimate.value) + 4 * estimate.rounding
    return half > 0.75 * whole and half > large


def value_at(function, theta):
    """function(theta) as a float. An overflow at a probe is no news: it shows in the value."""
    with np.errstate(all="ignore"):
        value = np.asarray(function(theta))
    if value.size != 1 or value.dtype.kind not in "buif":
        came = f"{value.dtype} of shape {value.shape}"
        raise ValueError(f"the function must return one real number, not {came}; return the loss as a float.")
    return float(value.item())


def value_near(function, theta):
    """The same at a probe, where a failure (a logarithm of a negative number, an overflow) is NaN."""
    try:
        return value_at(function, theta)
    except (ValueError, ArithmeticError):
        return math.nan


# --- for use by itself --------------------------------------------------------------------------


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
    values = [value_at(function, theta + t * direction) for t in (step, -step, step / 2, -step / 2)]
    coarse, fine = (values[0] - values[1]) / (2 * step), (values[2] - values[3]) / step
    derivative = (4 * fine - coarse) / 3  # Eq. (21)
    return derivative, 20 * EPS * max(map(abs, values)) / step


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


def complex_step(function, theta, direction):
    """d/dt function(theta + t direction) at t = 0 by an imaginary step, free of cancellation.

        f(theta + i h d) = f(theta) + i h f'_d(theta) - h^2 f''_dd(theta) / 2 + ...

    so that Im f(theta + i h d) / h is the derivative to the last digit for h = 1e-30 (Squire & Trapp 1998).
    The function must be analytic and written for complex numbers: no abs, no maximum, no conjugate.

    Parameters
    ----------
    function : callable
        array, complex -> complex number.
    theta, direction : array
        Of one shape.

    Raises
    ------
    ValueError
        If the function does not return a complex number.
    """
    theta, direction = _float64(theta, "theta"), _float64(direction, "direction")
    value = np.asarray(function(theta + 1e-30j * direction))
    if value.size != 1 or value.dtype.kind != "c":
        raise ValueError(
            f"the function returned {value.dtype} of shape {value.shape} for a complex theta, not one "
            "complex number: it drops the imaginary part (float(), .real, abs); use finite differences."
        )
    return float(value.item().imag / 1e-30)


def _float64(value, name):
    return np.asarray(numeric_array(value, name), dtype=np.float64)
