"""Digits drawn from fonts under known random factors: an image set that needs no download."""

import numpy as np

from scratchvae.data.dataset import Dataset
from scratchvae.data.fonts import FONTS, distance_fields
from scratchvae.data.seeds import generator
from scratchvae.validation import choose, numeric_array, positive_int

SIDE = 28  # pixels
SIZES = {"train": 10_000, "valid": 2_000, "test": 2_000}
RANGES = {
    "rotation": (-0.2, 0.2),  # radians, anticlockwise
    "slant": (-0.15, 0.15),  # shift to the right per unit of height, on top of an italic font's own
    "stretch": (0.8, 1.15),  # width over the font's own width
    "size": (16.5, 19.0),  # height in pixels, before rotation (wide digits: of a box that fits them)
    "shift_x": (-1.25, 1.25),  # pixels to the right
    "shift_y": (-1.25, 1.25),  # pixels upwards
    "weight": (0.0, 0.6),  # pixels added on either side of a stroke
}


def load(split="train", n=None, seed=0):
    """Return `n` digits in random fonts, each moved, turned and reshaped at random.

    The label, the font and each factor of `RANGES` are uniform and independent. The splits are
    independent streams of the same seed; a longer set begins with the shorter one. Another version
    of matplotlib may change a gray level in some thousands, as its rasteriser rounds otherwise.

    Parameters
    ----------
    split : {"train", "valid", "test"}
    n : int, optional
        10,000 for train, 2,000 for valid and test, if not given.
    seed : int

    Returns
    -------
    Dataset
        `x` (n, 784) uint8, white strokes (255) on black (0). `labels` (n,) are the digits. `factors`
        holds ``font`` (an index into `FONTS`) and the keys of `RANGES`: ``rotation`` in radians
        anticlockwise, ``slant`` and ``stretch`` as ratios, ``size``, ``shift_x`` (to the right),
        ``shift_y`` (upwards) and ``weight`` in pixels.

    Raises
    ------
    ValueError
        If the split is unknown, or `n` or `seed` is no fitting whole number.
    """
    default = choose(SIZES, split, "split")
    n = default if n is None else positive_int(n, "n")
    u = generator(seed, list(SIZES).index(split)).random((n, 2 + len(RANGES)))  # one row an image
    labels = (10 * u[:, 0]).astype(np.int64)
    factors = {"font": (len(FONTS) * u[:, 1]).astype(np.int64)}
    for (name, (low, high)), column in zip(RANGES.items(), u[:, 2:].T, strict=True):
        factors[name] = low + (high - low) * column
    x = render(labels, factors).reshape(n, -1)
    return Dataset(x, 255, labels, factors, "glyphs", split, (SIDE, SIDE))


def render(labels, factors):
    """Draw digits from their factors, for instance to vary one factor and keep the others.

    Parameters
    ----------
    labels : array (N,) of int
        Digits 0 to 9.
    factors : dict of str to array (N,) or number
        ``font`` and the keys of `RANGES`, as `load` returns them; a number serves all images. Inside
        `RANGES` no digit touches the border; outside it may be cut off.

    Returns
    -------
    array (N, 28, 28) of uint8

    Raises
    ------
    ValueError
        If a factor is missing or of another length, or there is no such digit or font.
    """
    labels, factors = _checked(labels, factors)
    images = np.empty((len(labels), SIDE, SIDE), np.uint8)
    kinds = 10 * factors["font"] + labels
    for kind in np.unique(kinds):  # all images of one font and digit at once
        rows = np.flatnonzero(kinds == kind)
        field, height = distance_fields(FONTS[kind // 10])[kind % 10]
        images[rows] = _draw(field, height, {name: factors[name][rows] for name in RANGES})
    return images


def _checked(labels, factors):
    labels = numeric_array(labels, "labels")
    missing = {"font", *RANGES} - set(factors)
    if missing:
        raise ValueError(f"The factors lack {sorted(missing)}; give each a value.")
    try:
        factors = {k: np.broadcast_to(numeric_array(v, k), labels.shape) for k, v in factors.items()}
    except ValueError as error:
        raise ValueError(f"A factor does not fit the {len(labels)} labels: {error}.") from None
    if not (np.isin(labels, range(10)).all() and np.isin(factors["font"], range(len(FONTS))).all()):
        raise ValueError(f"labels must be digits from 0 to 9, and font from 0 to {len(FONTS) - 1}.")
    return labels.astype(int), {**factors, "font": factors["font"].astype(int)}


def _draw(field, height, factors):
    from scipy.ndimage import map_coordinates

    f = {name: values[:, None, None] for name, values in factors.items()}
    column, row = _glyph_coordinates(f)
    middle_row, middle_column = (np.array(field.shape) - 1) / 2
    places = [middle_row + height * row, middle_column + height * column]
    distance = map_coordinates(field, places, order=1, mode="nearest") * (f["size"] / height)  # pixels
    ink = np.clip(distance + f["weight"] + 0.5, 0.0, 1.0)  # an edge one pixel wide
    return np.rint(255 * ink).astype(np.uint8)


def _glyph_coordinates(f):
    """Where in the upright digit of height 1 each pixel comes from: the inverse of the affine map.

    Forwards a digit is stretched, slanted, scaled, rotated, then shifted.
    """
    centred = np.arange(SIDE) - (SIDE - 1) / 2
    x = centred[None, None, :] - f["shift_x"]  # (N, 1, 28)
    y = -centred[None, :, None] - f["shift_y"]  # (N, 28, 1), upwards
    cos, sin = np.cos(f["rotation"]), np.sin(f["rotation"])
    x, y = cos * x + sin * y, cos * y - sin * x  # (N, 28, 28)
    return (x - f["slant"] * y) / (f["size"] * f["stretch"]), -y / f["size"]
