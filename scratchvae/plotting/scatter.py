"""The latent plane: where data lie in it."""

import numpy as np

from scratchvae.plotting.style import COLOURS


def latent_scatter(ax, mu, labels):
    """Posterior means in two latent coordinates, coloured by label, each label's name at its median."""
    for i, label in enumerate(np.unique(labels)):
        points = mu[labels == label]
        colour = COLOURS[i % len(COLOURS)]
        ax.scatter(*points.T, s=5, color=colour, alpha=0.5, linewidths=0, rasterized=True)
        ax.annotate(
            str(label),
            np.median(points, axis=0),
            ha="center",
            va="center",
            fontsize=9,  # small, for two medians may be close
            fontweight="bold",
            bbox={"boxstyle": "circle,pad=0.2", "facecolor": "white", "edgecolor": colour, "linewidth": 1.5},
        )
    ax.set(xlabel="$\\mu_1(x)$", ylabel="$\\mu_2(x)$", aspect="equal")
    ax.spines[["top", "right"]].set_visible(False)
    return ax
