"""A corner plot: every parameter's marginal on the diagonal, every pair of them below it."""

import numpy as np

from scratchvae.plotting.contours import highest_density_levels, smoothed_histogram
from scratchvae.plotting.style import COLOURS, tint
from scratchvae.plotting.ticks import few_ticks
from scratchvae.validation import numeric_array

#: The share of draws inside each contour.
MASSES = (0.5, 0.9)
#: The quantiles that are marked on the diagonal.
PROBS = (0.05, 0.5, 0.95)
#: Axes end at these quantiles, so that a heavy tail does not squeeze the rest.
SHOWN = (0.005, 0.995)
#: Draws that are shown as dots, outside of the contours.
MOST_DOTS = 2000
SHADES = tint(COLOURS[0], 0.25), tint(COLOURS[0], 0.6)  # outer, inner
DOTS = tint(COLOURS[0], 0.5)
#: In inches: the space above, on the right, between two Axes, and of one character of a tick's label.
TOP, RIGHT, GAP, CHARACTER = 0.35, 0.15, 0.09, 0.065


def pairs(draws, names):
    """Draws of some parameters: the marginal of each as a histogram, each two as contours.

    On the diagonal lines mark the 5%, 50% and 95% quantiles. Below it, contours are the smallest regions
    that hold 50% and 90% of the draws, by a two-dimensional histogram that is smoothed; dots are draws.
    A parameter that is the same in all draws is a line.

    Parameters
    ----------
    draws : array (S, P)
        In the parameters' own space. Rows with NaN or infinity are left out.
    names : sequence of P str

    Returns
    -------
    matplotlib Figure
        Of P (P + 1) / 2 Axes, row by row: ``axes[0]`` is the first parameter's marginal, ``axes[1]`` the
        first two parameters, ``axes[2]`` the second's marginal, ...

    Raises
    ------
    ValueError
        If there is nothing to draw, or `names` does not fit.
    """
    draws, names = _checked(draws, names)
    limits = [_limits(column) for column in draws.T]
    plan = _Plan(names, limits)
    drawn, axes = plan.axes()
    for (i, j), ax in axes.items():
        if i == j:
            _marginal(ax, draws[:, i], limits[i])
        else:
            _joint(ax, draws[:, j], draws[:, i], limits[j], limits[i])
        plan.annotate(ax, i, j)
    plan.explain(drawn, axes)
    return drawn


def _checked(draws, names):
    draws, names = np.asarray(numeric_array(draws, "draws"), np.float64), [str(name) for name in names]
    if draws.ndim != 2 or not draws.shape[1] or draws.shape[1] != len(names):
        raise ValueError(
            f"draws must have shape (S, P) with a column for each of {len(names)} names, one at least, "
            f"not {draws.shape}."
        )
    draws = draws[np.isfinite(draws).all(axis=1)]
    if not len(draws):
        raise ValueError("there is nothing to draw: no row of draws is finite.")
    return draws, names


def _limits(column):
    """Where the axis begins and ends: quantiles with a margin, but not beyond the draws."""
    low, high = np.quantile(column, SHOWN)
    if not high > low:  # all alike, or nearly all
        room = 0.1 * abs(low) or 1.0
        return low - room, low + room
    room = 0.06 * (high - low)
    return max(low - room, column.min()), min(high + room, column.max())


# --- one Axes -----------------------------------------------------------------------------------


def _marginal(ax, column, limits):
    if column.min() == column.max():
        ax.axvline(column[0], color=COLOURS[0], linewidth=2)
        return
    n_bins = int(np.clip(2 * len(column) ** (1 / 3), 5, 40))
    count, edges = np.histogram(column, bins=n_bins, range=limits)
    density = count / (len(column) * np.diff(edges))
    ax.stairs(density, edges, fill=True, color=SHADES[0])
    ax.stairs(density, edges, color=COLOURS[0], linewidth=1.2)
    for place, style in zip(np.quantile(column, PROBS), (":", "-", ":"), strict=True):
        ax.axvline(place, color=COLOURS[1], linestyle=style, linewidth=1)
    ax.set_ylim(0, 1.1 * density.max())


def _joint(ax, x, y, x_limits, y_limits):
    dots = slice(None, None, -(-len(x) // MOST_DOTS))
    ax.plot(x[dots], y[dots], ".", color=DOTS, markersize=2, markeredgewidth=0, zorder=0.5)
    if x.min() == x.max() or y.min() == y.max():
        return
    axis_x, axis_y, density, count = smoothed_histogram(x, y, x_limits, y_limits)
    levels = highest_density_levels(density[1:-1, 1:-1], count / len(x), MASSES)
    top = max(density.max(), levels[-1]) * (1 + 1e-9)
    ax.contourf(axis_x, axis_y, density.T, levels=[*levels, top], colors=SHADES[-len(levels) :])
    ax.contour(axis_x, axis_y, density.T, levels=levels, colors=[COLOURS[0]], linewidths=0.8)


# --- the whole ----------------------------------------------------------------------------------


class _Plan:
    """Where the Axes lie, all in inches, and what is written at them."""

    def __init__(self, names, limits):
        self.n = len(names)
        most = 40 if self.n == 1 else 18
        self.names, self.limits = [_shortened(name, most) for name in names], limits
        self.ticks = [few_ticks(*limit, 5 if self.n == 1 else 3) for limit in limits]
        self.cell = {1: 3.2, 2: 2.5, 3: 2.1, 4: 1.8}.get(self.n, 1.45)
        longest = max(len(text) for _, texts in self.ticks for text in texts)
        self.rotation = 45 if self.n > 1 and 3 * longest * CHARACTER > self.cell - 0.5 else 0
        # From an Axes to the names of its parameters: the ticks and the labels of these lie between.
        self.to_y_name = 0.18 + CHARACTER * (longest if self.n > 1 else 0)
        self.to_x_name = 0.26 + (0.75 * CHARACTER * longest if self.rotation else 0)
        self.left, self.bottom = self.to_y_name + 0.28, self.to_x_name + 0.26

    def axes(self):
        """An empty figure with the Axes of a lower triangle, a dict by (row, column)."""
        from matplotlib.figure import Figure

        across, wider = self.n * (self.cell + GAP) - GAP, 1.5 if self.n == 1 else 0.0
        width, height = self.left + across + wider + RIGHT, self.bottom + across + TOP
        drawn, axes = Figure(figsize=(width, height)), {}
        for i in range(self.n):
            for j in range(i + 1):
                left = self.left + j * (self.cell + GAP)
                bottom = self.bottom + (self.n - 1 - i) * (self.cell + GAP)
                sides = left / width, bottom / height, (self.cell + wider) / width, self.cell / height
                axes[i, j] = drawn.add_axes(sides)
        return drawn, axes

    def annotate(self, ax, i, j):
        """Limits and ticks; labels of x below the lowest row, of y left of the first column."""
        ax.tick_params(labelsize=8 if self.n < 3 else 7, length=2.5)
        ax.set_xlim(self.limits[j])
        self._label(ax.xaxis, j, i == self.n - 1, (0.5, -self.to_x_name / self.cell))
        if i == j:
            ax.spines[["top", "right", "left"]].set_visible(False)
            ax.set_yticks([])
            ax.set_title(self.names[i] if self.n > 1 else "", fontsize=9, pad=4)
        else:
            ax.set_ylim(self.limits[i])
            self._label(ax.yaxis, i, j == 0, (-self.to_y_name / self.cell, 0.5))

    def _label(self, axis, i, shown, place):
        places, texts = self.ticks[i]
        axis.set_ticks(places, texts if shown else [""] * len(places))
        if shown:
            x = axis.axis_name == "x"
            axis.set_tick_params(labelrotation=self.rotation if x else 0)
            axis.set_label_text(self.names[i], fontsize=9, va="top" if x else "bottom")
            axis.set_label_coords(*place)

    def explain(self, drawn, axes):
        """A key to the lines and the shades, in the empty corner."""
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        handles = [
            Line2D([], [], color=COLOURS[1], linewidth=1, label="median"),
            Line2D([], [], color=COLOURS[1], linewidth=1, linestyle=":", label="5% and 95%"),
        ]
        if self.n == 1:
            axes[0, 0].legend(handles=handles, frameon=False, fontsize=8, loc="upper right")
            axes[0, 0].set_ylabel("density", fontsize=9)
            return
        handles += [
            Patch(facecolor=shade, edgecolor=COLOURS[0], label=f"{mass:.0%} of the draws")
            for mass, shade in zip(MASSES, SHADES[::-1], strict=True)
        ]
        right, top = 1 - RIGHT / drawn.get_figwidth(), 1 - TOP / drawn.get_figheight()
        size = 8 + (self.n > 2) + 2 * (self.n > 5)
        drawn.legend(
            handles=handles, loc="upper right", bbox_to_anchor=(right, top), frameon=False, fontsize=size
        )


def _shortened(name, most):
    """A name that fits its Axes: beginning and end, for the end holds the index."""
    return name if len(name) <= most else f"{name[: most - 7]}\N{HORIZONTAL ELLIPSIS}{name[-6:]}"
