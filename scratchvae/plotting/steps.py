"""Errors of difference quotients against their step: the V-shaped curve."""

import numpy as np

from scratchvae.plotting.style import COLOURS, legend_above
from scratchvae.validation import numeric_array

#: The names of the quotients, and what each falls with on its right arm.
ARMS = {"forward": "$h$", "central": "$h^2$", "extrapolated": "$h^4$"}


def v_curve(ax, steps, errors, limit=None):
    """Relative error of difference quotients against the step, both by their logarithms.

    Parameters
    ----------
    ax : Axes
    steps : array (n,)
        Above zero.
    errors : dict of str to array (n,)
        One curve a name, as "forward", "central" and "extrapolated" of
        `scratchvae.gradcheck.error_curve`; NaN where there is none.
    limit : float, optional
        The largest error that passes a check, drawn as a line.

    Raises
    ------
    ValueError
        If there is nothing to draw, or a curve has not as many values as there are steps.
    """
    steps = np.asarray(numeric_array(steps, "steps"), np.float64)
    curves = {name: np.asarray(numeric_array(e, name), np.float64) for name, e in errors.items()}
    for name, curve in curves.items():
        if curve.shape != steps.shape:
            raise ValueError(f"{name} has shape {curve.shape}, but there are {steps.size} steps.")
    if not any(np.isfinite(curve).any() for curve in curves.values()):
        raise ValueError("there is no error to draw: no value is finite.")
    for (name, curve), colour, marker in zip(curves.items(), COLOURS, "osD^v", strict=False):
        # An error of zero has no logarithm; it is drawn at the last digit of a double.
        shown = np.where(curve == 0, np.finfo(np.float64).eps / 4, curve)
        label = f"{name}, {ARMS[name]}" if name in ARMS else name
        ax.loglog(steps, shown, color=colour, marker=marker, markersize=3, linewidth=1.3, label=label)
    if limit is not None:
        _draw_limit(ax, limit)
    ax.set(xlabel="step h, relative to the coordinate", ylabel="relative error")
    ax.set(xlim=(steps.min(), steps.max()), ylim=_limits(curves.values(), limit))
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(alpha=0.25)
    legend_above(ax)
    return ax


def _draw_limit(ax, limit):
    """A line, named beside the Axes, where no curve runs."""
    ax.axhline(limit, color=COLOURS[9], linestyle=(0, (5, 3)), linewidth=1)
    place = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
    ax.annotate(
        f"limit\n{limit:.0e}", (1, limit), (4, 0), va="center", color=COLOURS[9], fontsize="small", **place
    )


def _limits(curves, limit):
    """All errors up to ten times the gradient itself, the limit, and a little room."""
    shown = np.concatenate([curve[np.isfinite(curve) & (curve > 0)] for curve in curves])
    shown = np.append(shown, [1e-16] if limit is None and not shown.size else [limit] if limit else [])
    low, high = max(shown.min(), 1e-16), min(shown.max(), 10.0)
    return low / 4, max(4 * high, 16 * low)
