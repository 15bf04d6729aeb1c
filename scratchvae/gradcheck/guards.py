"""What makes every comparison worthless: functions that change their input, or their mind."""

import numpy as np

from scratchvae.gradcheck.numerical import value_at
from scratchvae.gradcheck.report import Diagnosis

#: Two calls may differ by so much, relative, where threads add in another order.
REORDERED = 1e-10


def guarded_value(function, theta):
    """function(theta) and what is wrong with the call, None if nothing is."""
    given = theta.copy()
    value = value_at(function, given)
    if not _same(given, theta):
        return value, _mutates("the function", given, theta)
    again = value_at(function, theta.copy())
    if np.isfinite(value) and abs(value - again) > REORDERED * max(abs(value), abs(again)):
        return value, Diagnosis(
            "nondeterministic",
            f"two calls of the function at the same theta differ ({value:.6g}, {again:.6g}): draw all noise "
            "before the check, and let the function keep no state",
        )
    return value, None


def guarded_gradient(function, gradient, theta):
    """The gradient's array (as it came) and what is wrong with the call, None if nothing is."""
    if not callable(gradient):
        return gradient, None
    given = theta.copy()
    value_at(function, theta.copy())
    analytic = _copied(gradient(given))
    if not _same(given, theta):
        return analytic, _mutates("the gradient", given, theta)
    again = _copied(gradient(theta.copy()))
    if _differ(analytic, again):
        return analytic, Diagnosis(
            "nondeterministic",
            "two calls of the gradient at the same theta differ: it draws noise, adds to an array that it "
            "should first set to zero, or keeps some other state",
        )
    value_at(function, theta + 1e-3 * np.maximum(1, np.abs(theta)))
    later = _copied(gradient(theta.copy()))
    if _differ(analytic, later):
        return analytic, Diagnosis(
            "nondeterministic",
            "the gradient depends on where the function was called last: it reads a cache that another call "
            "has overwritten; let the forward pass return its cache",
        )
    return analytic, None


def _copied(analytic):
    """A copy, for what is returned may be an array that the next call overwrites."""
    return analytic.copy() if isinstance(analytic, np.ndarray) else analytic


def _same(a, b):
    return a.shape == b.shape and a.tobytes() == b.tobytes()


def _mutates(who, given, theta):
    changed = (
        int(np.sum(~((given == theta) | (np.isnan(given) & np.isnan(theta)))))
        if given.shape == theta.shape
        else 0
    )
    return Diagnosis(
        "mutates",
        f"{who} changes its input ({changed} of {theta.size} entries of theta): work on a copy, "
        "and beware of += and of out=",
    )


def _differ(a, b):
    try:
        a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    except (TypeError, ValueError):
        return False  # no array of numbers: that is reported elsewhere
    if a.shape != b.shape:
        return True
    size = np.max(np.abs(np.where(np.isfinite(a), a, 0)), initial=0)
    with np.errstate(invalid="ignore"):
        gap = np.abs(a - b)
    return bool(np.any(gap > 1e-9 * max(size, 1e-300)))
