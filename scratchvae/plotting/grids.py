"""Densities on a grid of one or two parameters."""

import numpy as np

from scratchvae.plotting.style import COLOURS, legend_above, tint


def grid_density(ax, axis, posterior, prior=None, likelihood=None, interval=None, name="z"):
    """Posterior density over one parameter, with the prior and the likelihood it comes from.

    Parameters
    ----------
    ax : Axes
    axis : array (n,)
        Increasing values of the parameter.
    posterior, prior, likelihood : array (n,)
        Densities over the axis; the likelihood scaled to area one, so that its place and width show.
    interval : (float, float), optional
        Shaded under the posterior.
    name : str
        The parameter's.
    """
    if interval is not None:
        low, high = interval
        ends = np.interp([low, high], axis, posterior)
        inside = (axis > low) & (axis < high)
        x = np.concatenate([[low], axis[inside], [high]])
        y = np.concatenate([ends[:1], posterior[inside], ends[1:]])
        ax.fill_between(x, y, color=COLOURS[0], alpha=0.2, linewidth=0)
    if prior is not None:
        ax.plot(axis, prior, color=COLOURS[9], linestyle=":", linewidth=1.8, label="prior")
    if likelihood is not None:
        ax.plot(axis, likelihood, color=COLOURS[1], linestyle="--", label="likelihood (scaled)")
    ax.plot(axis, posterior, color=COLOURS[0], linewidth=2, label="posterior")
    top = 1.08 * max(
        _height(axis, density) for density in (posterior, prior, likelihood) if density is not None
    )
    ax.set(xlabel=name, ylabel="density", xlim=(axis[0], axis[-1]), ylim=(0, top))
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(alpha=0.3)
    ax.legend(frameon=False)
    return ax


def _height(axis, density, most=4):
    """The largest density, or `most` times that within which half the mass lies: one that rises without
    end at a border would hide the rest."""
    order = np.argsort(density)[::-1]
    held = np.cumsum((density * np.gradient(axis))[order])
    typical = density[order[np.searchsorted(held, 0.5 * held[-1])]]
    return min(density[order[0]], most * typical)


def grid_contours(ax, axis_1, axis_2, density, levels, masses, names):
    """Posterior density over two parameters as regions of highest density.

    Parameters
    ----------
    ax : Axes
    axis_1, axis_2 : array (n_1,), (n_2,)
        Increasing; the first goes to the right, the second upwards.
    density : array (n_1, n_2)
    levels : sequence of float
        The density at each region's border.
    masses : sequence of float
        The probability in each region, for the legend.
    names : (str, str)
    """
    from matplotlib.patches import Patch

    order = np.argsort(levels)
    levels = np.asarray(levels, float)[order]
    density = np.asarray(density)
    top = max(float(density.max()), levels[-1] * (1 + 1e-9))
    shades = [tint(COLOURS[0], 0.15 + 0.6 * i / len(levels)) for i in range(len(levels))]
    # Rows of what matplotlib draws go upwards, so the first parameter is the columns.
    ax.contourf(axis_1, axis_2, density.T, levels=[*levels, top], colors=shades)
    ax.contour(axis_1, axis_2, density.T, levels=levels, colors=[COLOURS[0]], linewidths=1)
    patches = [
        Patch(facecolor=shade, edgecolor=COLOURS[0], label=f"{masses[i]:.0%}")
        for shade, i in zip(shades, order, strict=True)
    ]
    patches[0].set_label(f"{patches[0].get_label()} of the posterior")
    legend_above(ax, handles=patches[::-1])
    ax.set(xlabel=names[0], ylabel=names[1])
    _frame(ax, (axis_1, axis_2), density > levels[0])
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _frame(ax, axes, inside, margin=0.1):
    """Show the part of the grid where something lies, with a margin."""
    limits = []
    for k, axis in enumerate(axes):
        shown = axis[inside.any(axis=1 - k)]
        room = margin * (shown[-1] - shown[0]) if len(shown) > 1 else 0.0
        low, high = (
            (max(axis[0], shown[0] - room), min(axis[-1], shown[-1] + room)) if room else axis[[0, -1]]
        )
        limits.append((low, high))
    ax.set(xlim=limits[0], ylim=limits[1])
