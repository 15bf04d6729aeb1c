"""The digits of the fonts that matplotlib ships, as signed distance fields."""

import functools
import os

import numpy as np

# Those that every matplotlib from 3.8 on ships, so that a font has the same number with each.
# DejaVu Sans Mono is left out: its dotted zero looks like an eight at 20 pixels.
FONTS = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSans-BoldOblique",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "DejaVuSerif-Italic",
    "DejaVuSerif-BoldItalic",
    "STIXGeneral",
    "STIXGeneralBol",
    "STIXGeneralItalic",
    "STIXGeneralBolIta",
    "cmr10",
    "cmb10",
    "cmss10",
    "cmtt10",
)
_POINTS = 180  # size of the raster from which distances are measured: a digit is about 130 pixels high
_MARGIN = 12  # pixels around it, so that the field falls well below zero before it ends
_ASPECT = 0.7  # width over height of the box that every digit is fitted in


@functools.cache
def distance_fields(font):
    """Return the ten digits of one font as signed distance fields.

    The field of a digit is positive in the ink, negative outside, and its zero line is the outline.
    Unlike a bitmap it can be sampled anywhere, and a threshold other than zero makes the strokes
    bolder or thinner.

    Parameters
    ----------
    font : str
        One of `FONTS`.

    Returns
    -------
    list of (field, height)
        For each digit, `field` as a float32 array whose middle is the middle of the ink, in units
        of its own pixels, and the `height` in the same pixels of the box that the ink is fitted in.
        The box's width is 0.7 of its height; nearly all digits fill it upwards.
    """
    return [_distance_field(ink) for ink in _digit_bitmaps(font)]


def _digit_bitmaps(font):
    # The font file is opened directly: matplotlib's font manager would first build a list of all fonts.
    import matplotlib
    from matplotlib import ft2font

    flags = getattr(ft2font, "LoadFlags", None)  # before matplotlib 3.10 the flag is a module constant
    no_hinting = flags.NO_HINTING if flags else ft2font.LOAD_NO_HINTING
    face = ft2font.FT2Font(os.path.join(matplotlib.get_data_path(), "fonts", "ttf", f"{font}.ttf"))
    face.set_size(_POINTS, 72)
    for digit in "0123456789":
        face.set_text(digit, 0.0, flags=no_hinting)
        face.draw_glyphs_to_bitmap(antialiased=True)
        yield np.asarray(face.get_image()) > 127


def _distance_field(bitmap):
    from scipy.ndimage import distance_transform_edt

    rows, columns = np.flatnonzero(bitmap.any(axis=1)), np.flatnonzero(bitmap.any(axis=0))
    ink = np.pad(bitmap[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], _MARGIN)
    # Distances run between pixel centres; the outline lies half a pixel before the other side's first.
    field = np.where(ink, distance_transform_edt(ink) - 0.5, 0.5 - distance_transform_edt(~ink))
    height, width = rows[-1] + 1 - rows[0], columns[-1] + 1 - columns[0]
    return field.astype(np.float32), max(height, width / _ASPECT)
