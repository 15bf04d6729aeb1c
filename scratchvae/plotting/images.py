"""Images side by side: data, reconstructions, the latent manifold."""

import math

import numpy as np

from scratchvae.validation import height_and_width, numeric_array, positive_int


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


def to_unit_range(x, limits=None):
    """Values as `image_grid` draws them, from 0 to 1; likelihoods other than Bernoulli leave that.

    Parameters
    ----------
    x : array
    limits : (float, float), optional
        What becomes 0 and 1, those of the data for example; what lies beyond is drawn like them. By default
        the least and the largest value of x, or 0 and 1 if none lies beyond.
    """
    low, high = (min(x.min(), 0), max(x.max(), 1)) if limits is None else limits
    return (x - low) / (high - low if high > low else 1)


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
