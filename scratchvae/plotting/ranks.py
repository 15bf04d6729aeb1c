"""Ranks of true values among posterior draws: flat if the posterior is calibrated."""

import math

import numpy as np

from scratchvae.plotting.style import COLOURS, tint
from scratchvae.validation import numeric_array

#: The most Axes side by side.
MOST_COLUMNS = 4
INSIDE, OUTSIDE = tint(COLOURS[0], 0.5), COLOURS[1]
BAND, BETWEEN = tint(COLOURS[9], 0.8), tint(COLOURS[9], 0.18)


def rank_histogram(ax, ranks, edges, expected, low, high, name=""):
    """How many ranks fall in each bin, above the band in which they do by chance.

    A bin outside of the band is drawn in another colour, an empty one as a line.

    Parameters
    ----------
    ax : Axes
    ranks : array (S,)
        From 0 to the number of draws.
    edges : array (n + 1,)
        Of the bins, increasing.
    expected : array (n,)
        The counts that uniform ranks have on average.
    low, high : array (n,)
        Ends of the band.
    name : str
        Of the parameter.
    """
    ranks = numeric_array(ranks, "ranks")
    if not ranks.size:
        raise ValueError("there is nothing to draw: give at least one rank.")
    counts, _ = np.histogram(ranks, bins=edges)
    outside = (counts < low) | (counts > high)
    colours = [OUTSIDE if is_outside else INSIDE for is_outside in outside]
    ax.stairs(high, edges, baseline=low, fill=True, color=BETWEEN, zorder=1)
    ax.bar(
        edges[:-1],
        counts,
        np.diff(edges),
        align="edge",
        color=colours,
        edgecolor="white",
        linewidth=0.5,
        zorder=2,
    )
    # An empty bin has no bar that could show its colour: a line at its foot does.
    ax.hlines(
        0 * edges[:-1][outside], edges[:-1][outside], edges[1:][outside], OUTSIDE, linewidth=3, zorder=4
    )
    for end in (low, high):  # again, above the bars
        ax.stairs(end, edges, baseline=None, color=BAND, linewidth=0.8, zorder=3)
    ax.stairs(expected, edges, baseline=None, color=COLOURS[6], linestyle="--", linewidth=1, zorder=3)
    ax.set(xlim=(edges[0], edges[-1]), ylim=(0, 1.08 * max(counts.max(), high.max())))
    ax.set_title(name, fontsize=10)
    _few_whole_ticks(ax, edges)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _few_whole_ticks(ax, edges):
    last = round(edges[-1] - 0.5)
    ax.set_xticks([0, round(last / 2), last])
    ax.yaxis.get_major_locator().set_params(integer=True, nbins=5)
    ax.tick_params(labelsize=8)


def rank_histograms(ranks, names, edges, expected, low, high, band):
    """One `rank_histogram` for each parameter, with a key to the colours.

    Parameters
    ----------
    ranks : array (S, P)
    names : sequence of P str
    edges, expected, low, high : array
        The same for all, as `rank_histogram` takes them.
    band : float
        The probability that a bin's count lies in the band, for the key.

    Returns
    -------
    matplotlib Figure
        Of P Axes, row by row.
    """
    from matplotlib.figure import Figure

    n_columns = min(len(names), MOST_COLUMNS)
    n_rows = math.ceil(len(names) / n_columns)
    drawn = Figure(figsize=(max(4.8, 2.5 * n_columns), 0.7 + 2.0 * n_rows), layout="constrained")
    axes = drawn.subplots(n_rows, n_columns, sharey=True, squeeze=False)
    most = max(np.histogram(column, bins=edges)[0].max() for column in np.transpose(ranks))
    for ax, name, column in zip(axes.flat, names, np.transpose(ranks), strict=False):
        rank_histogram(ax, column, edges, expected, low, high, name)
    axes[0, 0].set_ylim(0, 1.08 * max(most, high.max()))
    for ax in axes.flat[len(names) :]:
        ax.remove()
    drawn.supxlabel(f"rank of the true value among {round(edges[-1] - 0.5)} posterior draws", fontsize=10)
    drawn.supylabel("simulations", fontsize=10)
    drawn.legend(
        handles=_key(band),
        loc="outside upper center",
        ncols=4 if n_columns > 2 else 2,
        frameon=False,
        fontsize=8.5,
    )
    return drawn


def _key(band):
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    return [
        Line2D([], [], color=COLOURS[6], linestyle="--", linewidth=1, label="expected"),
        Patch(facecolor=BETWEEN, edgecolor=BAND, label=f"{band:.0%} band of each bin"),
        Patch(facecolor=INSIDE, label="count inside the band"),
        Patch(facecolor=OUTSIDE, label="count outside"),
    ]
