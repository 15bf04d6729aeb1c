"""Arrays in, matplotlib Axes out. Nothing here computes anything of a model.

Figures are drawn without pyplot, so that no window system is needed and no global state is left.
"""

from scratchvae.plotting.corner import pairs
from scratchvae.plotting.curves import bound_trace, learning_curve
from scratchvae.plotting.evaluation import (
    brackets,
    gap_bars,
    parts_of_whole,
    rate_distortion,
    rate_distortion_of_each,
    unit_bars,
    value_histogram,
)
from scratchvae.plotting.grids import grid_contours, grid_density
from scratchvae.plotting.images import image_grid, manifold, reconstructions
from scratchvae.plotting.predictive import predictive_histogram
from scratchvae.plotting.ranks import rank_histogram, rank_histograms
from scratchvae.plotting.scatter import latent_scatter
from scratchvae.plotting.steps import v_curve
from scratchvae.plotting.style import COLOURS, figure, save

__all__ = [
    "COLOURS",
    "bound_trace",
    "brackets",
    "figure",
    "gap_bars",
    "grid_contours",
    "grid_density",
    "image_grid",
    "latent_scatter",
    "learning_curve",
    "manifold",
    "pairs",
    "parts_of_whole",
    "predictive_histogram",
    "rank_histogram",
    "rank_histograms",
    "rate_distortion",
    "rate_distortion_of_each",
    "reconstructions",
    "save",
    "unit_bars",
    "value_histogram",
    "v_curve",
]
