"""What a run says of itself, step by step: the bound that it climbs."""

import numpy as np

from scratchvae.plotting.style import COLOURS, tint
from scratchvae.validation import numeric_array


def learning_curve(ax, epochs, train_elbo, valid_elbo=None):
    """ELBO against epoch, training and validation (None, or a list of None, where there is none)."""
    if len(epochs) == 0:
        raise ValueError("there is no epoch to draw: train for one at least.")
    if valid_elbo is not None and all(elbo is None for elbo in valid_elbo):
        valid_elbo = None
    marker = "o" if len(epochs) == 1 else None  # a line through one point cannot be seen
    ax.plot(epochs, train_elbo, color=COLOURS[0], marker=marker, label="training")
    if valid_elbo is not None:
        ax.plot(epochs, valid_elbo, color=COLOURS[1], linestyle="--", marker=marker, label="validation")
    # The first epochs fall so far below the rest that they would hide it.
    shown = np.concatenate([train_elbo, train_elbo if valid_elbo is None else valid_elbo])
    low = np.quantile(shown, 0.08) if len(epochs) > 10 else shown.min()
    margin = 0.05 * max(shown.max() - low, 1e-9)
    ax.set_ylim(low - margin, shown.max() + margin)
    ax.set(xlabel="epoch", ylabel="ELBO (nats a datum)")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(alpha=0.3)
    ax.legend(frameon=False, loc="lower right")
    return ax


def bound_trace(ax, trace, ends, bounds):
    """The bound of a fit: noisy at each step, averaged over each stage.

    Parameters
    ----------
    ax : Axes
    trace : array (n,)
        The bound's estimate at each step, nats; NaN where a step had none.
    ends : sequence of int
        The number of steps at the end of each stage.
    bounds : sequence of float
        The bound of each stage's averaged iterate, nats.

    Raises
    ------
    ValueError
        If there is no step to draw, or not a bound for each stage.
    """
    trace = np.asarray(numeric_array(trace, "trace"), np.float64)
    ends, bounds = np.asarray(ends, np.float64), np.asarray(bounds, np.float64)
    if not np.isfinite(trace).any():
        raise ValueError("there is no step to draw: the trace is empty or nowhere finite.")
    if ends.shape != bounds.shape:
        raise ValueError(f"there are {ends.size} ends of stages, but {bounds.size} bounds; give as many.")
    ax.plot(
        np.arange(1, len(trace) + 1), trace, color=tint(COLOURS[0], 0.35), linewidth=0.6, label="each step"
    )
    for end in ends[:-1]:
        ax.axvline(end, color=COLOURS[9], linewidth=0.7, alpha=0.6, zorder=2.5)
    if len(ends):
        shown = np.where(np.isfinite(bounds), bounds, np.nan)
        ax.stairs(
            shown, [0, *ends], baseline=None, color=COLOURS[1], linewidth=2, zorder=3, label="stage's average"
        )
    ax.set(xlabel="step", ylabel="bound (nats)", xlim=(0, len(trace)), ylim=_limits_of_trace(trace, bounds))
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, loc="lower right")
    return ax


def _limits_of_trace(trace, bounds):
    """What the second half of the steps spans, the stages' bounds near it, and the last one.

    The first steps may be wild, and a stage that goes astray is not taken; neither may hide the rest.
    """
    later = trace[len(trace) // 2 :]
    later = later[np.isfinite(later)]
    later = later if later.size else trace[np.isfinite(trace)]
    low, high = np.quantile(later, [0.02, 0.98])
    room = high - low or 1e-3 * (abs(high) or 1.0)
    bounds = bounds[np.isfinite(bounds)]
    near = bounds[(bounds > low - 2 * room) & (bounds < high + 2 * room)]
    shown = np.concatenate([[low, high], near, bounds[-1:]])
    room = 0.15 * max(np.ptp(shown), room)
    return shown.min() - room, shown.max() + room
