"""Replicated data beside the observed."""

import numpy as np

from scratchvae.plotting.style import COLOURS, legend_above
from scratchvae.validation import numeric_array


def predictive_histogram(ax, replicated, observed, name="T", p=None):
    """A statistic of replicated data as a histogram, that of the observed data as a line.

    Parameters
    ----------
    ax : Axes
    replicated : array (S,)
    observed : float
    name : str
        Of the statistic.
    p : float, optional
        The tail probability, for the legend.
    """
    replicated = numeric_array(replicated, "replicated")
    if not replicated.size:
        raise ValueError("there is nothing to draw: give at least one replication.")
    ax.hist(
        replicated,
        bins=_bins(replicated),
        density=True,
        color=COLOURS[5],
        edgecolor="white",
        label="replicated",
    )
    label = "observed" if p is None else f"observed ($p$ = {p:.3f})"
    ax.axvline(observed, color=COLOURS[1], linewidth=2, label=label)
    ax.set(xlabel=name, ylabel="density")
    ax.spines[["top", "right"]].set_visible(False)
    legend_above(ax)
    return ax


def _bins(values, most=40):
    """Edges of bins: one around each value if these are few and whole, else by Freedman & Diaconis (1981)."""
    low, high = float(values.min()), float(values.max())
    if np.all(values == np.round(values)) and high - low < most:
        return np.arange(low - 0.5, high + 1)
    edges = np.histogram_bin_edges(values, "fd")
    return edges if len(edges) <= most else np.linspace(low, high, most + 1)
