"""Arrays in, matplotlib Axes out. Nothing here computes anything of a model.

Figures are drawn without pyplot, so that no window system is needed and no global state is left.
"""

import math

import numpy as np

from scratchvae.validation import height_and_width, numeric_array, positive_int

#: Ten colours, from the palettes of Okabe & Ito (2008) and of Tol (2021), of which every two remain apart
#: for readers with and without colour blindness.
COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#CCBB44",
    "#66CCEE",
    "#000000",
    "#661100",
    "#332288",
    "#555555",
)


def figure(width=6.4, height=4.0, n_columns=1):
    """A figure and its Axes (an array of them if more than one), laid out so that no label is cut."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(width, height), layout="constrained")
    return drawn, drawn.subplots(1, n_columns)


def save(drawn, path, dpi=150):
    """Write a figure, atomically and without the date, so that the same figure gives the same bytes."""
    from scratchvae.storage import atomic_write

    with atomic_write(path) as file:
        drawn.savefig(file, format="png", dpi=dpi, metadata={"Software": None})


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


def image_grid(ax, images, image_shape, n_columns=None, gap=1):
    """Images (N, D) side by side, row by row, black on white.

    Parameters
    ----------
    ax : Axes
    images : array (N, D)
        Values from 0 to 1.
    image_shape : (int, int)
    n_columns : int, optional
        By default as many as make the grid about square.
    gap : int
        White pixels between two images.

    Raises
    ------
    ValueError
        If there is no image, or `image_shape` is not that of the images.
    """
    images = _rows(images, image_shape, "images")
    height, width = image_shape
    n_columns = math.ceil(math.sqrt(len(images))) if n_columns is None else n_columns
    positive_int(n_columns, "n_columns")
    n_rows = math.ceil(len(images) / n_columns)
    sheet = np.zeros((n_rows * (height + gap) - gap, n_columns * (width + gap) - gap))
    for i, image in enumerate(images):
        row, column = divmod(i, n_columns)
        top, left = row * (height + gap), column * (width + gap)
        sheet[top : top + height, left : left + width] = image.reshape(image_shape)
    ax.imshow(sheet, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    ax.set_axis_off()
    return ax


def _rows(images, image_shape, name):
    """Images as an array (N, D), or a ValueError."""
    height, width = height_and_width(image_shape, "image_shape")
    images = numeric_array(images, name)
    if images.ndim < 2 or not images.size or images[0].size != height * width:
        raise ValueError(
            f"{name} must be (N, D) with at least one image of D = {height} x {width} pixels, "
            f"not {images.shape}."
        )
    return images.reshape(len(images), -1)


def reconstructions(ax, x, reconstructed, image_shape):
    """Two pairs of rows: data above, their reconstructions below; N of each, both (N, D)."""
    x, reconstructed = _rows(x, image_shape, "x"), _rows(reconstructed, image_shape, "reconstructed")
    if len(x) != len(reconstructed):
        raise ValueError(f"there are {len(x)} data, but {len(reconstructed)} reconstructions; give as many.")
    n_columns = math.ceil(len(x) / 2)
    pairs = np.zeros((4, n_columns, x.shape[1]))  # an odd N leaves one place white
    pairs[0], pairs[1] = x[:n_columns], reconstructed[:n_columns]
    n_left = len(x) - n_columns
    pairs[2, :n_left], pairs[3, :n_left] = x[n_columns:], reconstructed[n_columns:]
    shown = pairs if n_left else pairs[:2]
    return image_grid(ax, shown.reshape(-1, x.shape[1]), image_shape, n_columns=n_columns)


def manifold(ax, images, image_shape, z1, z2):
    """Decoded images over a grid of two latent coordinates.

    Parameters
    ----------
    images : array (len(z2) * len(z1), D)
        Row by row from the largest z2 down, so that z2 grows upwards as on a map.
    z1, z2 : array
        The grid's coordinates, growing.
    """
    image_grid(ax, images, image_shape, n_columns=len(z1), gap=0)
    height, width = image_shape
    ax.set_axis_on()
    columns, rows = _few(len(z1)), _few(len(z2))
    ax.set_xticks([(i + 0.5) * width for i in columns], [_label(z1[i]) for i in columns])
    ax.set_yticks(
        [(len(z2) - 1 - i + 0.5) * height for i in rows],
        [_label(z2[i]) for i in rows],
    )
    ax.set(xlabel="$z_1$", ylabel="$z_2$")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def _label(number):
    return f"{number:.1f}".replace("-", "\N{MINUS SIGN}")


def _few(n, wanted=5):
    """About `wanted` places from 0 to n - 1, both ends among them."""
    return np.unique(np.linspace(0, n - 1, min(n, wanted)).round().astype(int))


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


# --- densities on a grid, predictive checks -------------------------------------------------------


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
    shades = [_tint(COLOURS[0], 0.15 + 0.6 * i / len(levels)) for i in range(len(levels))]
    # Rows of what matplotlib draws go upwards, so the first parameter is the columns.
    ax.contourf(axis_1, axis_2, density.T, levels=[*levels, top], colors=shades)
    ax.contour(axis_1, axis_2, density.T, levels=levels, colors=[COLOURS[0]], linewidths=1)
    patches = [
        Patch(facecolor=shade, edgecolor=COLOURS[0], label=f"{masses[i]:.0%}")
        for shade, i in zip(shades, order, strict=True)
    ]
    patches[0].set_label(f"{patches[0].get_label()} of the posterior")
    _legend_above(ax, handles=patches[::-1])
    ax.set(xlabel=names[0], ylabel=names[1])
    _frame(ax, (axis_1, axis_2), density > levels[0])
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _legend_above(ax, **options):
    """A legend in one row above the Axes, where it hides nothing."""
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False, **options)


def _tint(colour, share):
    """A colour with so much of it, the rest white: unlike transparency it does not let a grid through."""
    from matplotlib.colors import to_rgb

    return tuple(1 - share * (1 - channel) for channel in to_rgb(colour))


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
    _legend_above(ax)
    return ax


def _bins(values, most=40):
    """Edges of bins: one around each value if these are few and whole, else by Freedman & Diaconis (1981)."""
    low, high = float(values.min()), float(values.max())
    if np.all(values == np.round(values)) and high - low < most:
        return np.arange(low - 0.5, high + 1)
    edges = np.histogram_bin_edges(values, "fd")
    return edges if len(edges) <= most else np.linspace(low, high, most + 1)
