"""What makes every comparison worthless: functions that change their input, or their mind."""

import numpy as np

from scratchvae.gradcheck.numerical import value_at, value_near
from scratchvae.gradcheck.report import Diagnosis

#: Two calls may differ by so much, relative, where threads add in another order.
REORDERED = 1e-10
#: How far from theta the function is called to see whether the gradient minds, relative.
ELSEWHERE = 1e-3


def guarded_value(function, theta):
    """function(theta) and what is wrong with the call, None if nothing is."""
    given = theta.copy()
    value = value_at(function, given)
    if _changed(given, theta):
        return value, _mutates("the function", given, theta)
    again = value_at(function, theta.copy())
    if np.isfinite(value) and not abs(value - again) <= REORDERED * max(abs(value), abs(again)):
        return value, Diagnosis(
            "nondeterministic",
            f"two calls of the function at the same theta differ ({value:.6g}, {again:.6g}): draw all noise "
            "before the check, and let the function keep no state",
        )
    return value, None


def guarded_gradient(function, gradient, theta):
    """The gradient as it came and what is wrong with the call, None if nothing is."""
    if not callable(gradient):
        return gradient, None
    given = theta.copy()
    value_at(function, theta.copy())
    analytic = called(gradient, given)
    if _changed(given, theta):
        return analytic, _mutates("the gradient", given, theta)
    again = called(gradient, theta.copy())
    if differ(analytic, again):
        return analytic, Diagnosis("nondeterministic", _between_calls(analytic, again))
    value_near(function, theta + ELSEWHERE * np.maximum(1, np.abs(theta)))
    if differ(analytic, called(gradient, theta.copy())):
        return analytic, Diagnosis(
            "nondeterministic",
            "the gradient depends on where the function was called last: it reads a cache that another call "
            "has overwritten; let the forward pass return its cache, and the gradient run its own",
        )
    return analytic, None


def called(gradient, theta):
    """gradient(theta), copied: what is returned may be an array that the next call overwrites.

    Raises
    ------
    ValueError
        That names the error of the gradient.
    """
    try:
        with np.errstate(all="ignore"):
            analytic = gradient(theta)
    except Exception as error:
        raise ValueError(
            f"the gradient fails at theta of shape {theta.shape}: {type(error).__name__}: {error}"
        ) from error
    return analytic.copy() if isinstance(analytic, np.ndarray) else analytic


def _between_calls(first, again):
    first, again = np.asarray(first, dtype=np.float64), np.asarray(again, dtype=np.float64)
    doubled = first.shape == again.shape and np.any(first) and np.allclose(again, 2 * first, rtol=1e-6)
    if doubled:
        return "the second call of the gradient gives twice the first: it adds to an array that it should set"
    return (
        "two calls of the gradient at the same theta differ: it draws noise, adds to an array that it should "
        "first set to zero, or keeps some other state"
    )


def _changed(given, theta):
    return given.shape != theta.shape or given.tobytes() != theta.tobytes()


def _mutates(who, given, theta):
    n = f"{np.sum(given != theta)} of {theta.size} entries" if given.shape == theta.shape else "its shape"
    return Diagnosis(
        "mutates", f"{who} changes its input ({n} of theta): work on a copy, and beware of += and of out="
    )


def differ(a, b):
    """Whether two gradients differ by more than the order of a sum."""
    limit = 1e-5 if getattr(a, "dtype", None) in (np.float16, np.float32) else 1e-9
    try:
        a, b = (np.asarray(value).astype(np.float64, casting="same_kind") for value in (a, b))
    except (TypeError, ValueError):
        return False  # no array of real numbers: that is reported elsewhere
    if a.shape != b.shape:
        return True
    size = np.max(np.abs(np.where(np.isfinite(a), a, 0)), initial=0)
    with np.errstate(invalid="ignore"):
        return bool(np.any(np.abs(a - b) > max(limit * size, 1e-300)))
