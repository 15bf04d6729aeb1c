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
