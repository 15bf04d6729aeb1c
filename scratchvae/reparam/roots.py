"""Roots of many increasing functions at once: the inverses of maps that have no closed one."""

import numpy as np

#: Far more than the halvings that take a bracket to the spacing of floating-point numbers.
MAX_STEPS = 300


def increasing_root(function, low, high):
    """The root of each of many strictly increasing functions, between `low` and `high`.

    Newton's steps, which double the correct digits once they are near; and the middle of the bracket
    wherever such a step would leave it, or does not at least halve the step before last. The second
    makes sure that it ends (Press et al. 2007, Numerical Recipes, section 9.4, rtsafe). A root is
    found when the step or the bracket is below 4 machine epsilons of max(1, |root|).

    Parameters
    ----------
    function : callable
        Array of any shape -> (values, slopes) of that shape.
    low, high : arrays
        With function(low) <= 0 <= function(high).

    Raises
    ------
    ValueError
        If there is no root to be found, as where the parameters are NaN.
    """
    low, high = low.copy(), high.copy()
    root, step, before = (low + high) / 2, high - low, high - low
    for _ in range(MAX_STEPS):
        value, slope = function(root)
        low, high = np.where(value <= 0, root, low), np.where(value >= 0, root, high)
        new = _next(root, value, slope, low, high, before)
        before, step, root = step, np.abs(new - root), new
        if (np.minimum(step, high - low) <= _tolerance(root)).all():
            return root
    raise ValueError(
        f"the inverse of the map did not converge in {MAX_STEPS} steps; "
        "are all entries of lam and z finite, and of moderate size?"
    )


def _next(root, value, slope, low, high, before):
    """Newton's point where it is to be trusted, else the middle of the bracket."""
    change = value / np.where(slope > 0, slope, 1)
    newton = root - change
    trusted = (low <= newton) & (newton <= high) & (2 * np.abs(change) <= before) & (slope > 0)
    return np.where(trusted, newton, (low + high) / 2)


def _tolerance(root):
    return 4 * np.finfo(root.dtype).eps * np.maximum(1, np.abs(root))
