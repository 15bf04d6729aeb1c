import itertools

import numpy as np
import pytest

from scratchvae.data import glyphs
from scratchvae.data.fonts import FONTS, distance_fields

PLAIN = {"font": 0, **dict.fromkeys(glyphs.RANGES, 0.0), "stretch": 1.0, "size": 18.0}


@pytest.fixture(scope="module")
def train():
    return glyphs.load(n=3000)


def ink(image):
    """First and last row and column whose gray level passes one half."""
    rows, columns = np.nonzero(image > 127)
    return rows.min(), rows.max(), columns.min(), columns.max()


def centre(images):
    """Centres of mass of a batch of images, (right, up)."""
    weights = images / images.sum(axis=(1, 2), keepdims=True, dtype=float)
    places = np.arange(28)
    return (weights.sum(1) * places).sum(1), -(weights.sum(2) * places).sum(1)


def test_the_default_sizes_and_type():
    dataset = glyphs.load("valid")
    assert dataset.x.shape == (2000, 784)
    assert (dataset.x.dtype, dataset.scale, dataset.image_shape) == (np.uint8, 255, (28, 28))
    assert (dataset.name, dataset.split) == ("glyphs", "valid")


def test_the_seed_decides(train):
    again = glyphs.load(n=3000)
    np.testing.assert_array_equal(train.x, again.x)
    assert (glyphs.load(n=3000, seed=1).labels != train.labels).mean() > 0.8


def test_a_longer_set_begins_with_the_shorter(train):
    np.testing.assert_array_equal(glyphs.load(n=7).x, train.x[:7])


def test_the_splits_are_different_streams(train):
    for split in ("valid", "test"):
        other = glyphs.load(split, n=3000)
        assert abs(np.corrcoef(train.factors["slant"], other.factors["slant"])[0, 1]) < 0.1


def test_labels_and_fonts_are_uniform(train):
    for values, n_kinds in ((train.labels, 10), (train.factors["font"], len(FONTS))):
        counts, mean = np.bincount(values, minlength=n_kinds), 3000 / n_kinds
        assert len(counts) == n_kinds
        assert np.abs(counts - mean).max() < 5 * np.sqrt(mean)


def test_factors_fill_their_ranges_independently(train):
    columns = np.array([train.factors[name] for name in glyphs.RANGES])
    for (low, high), column in zip(glyphs.RANGES.values(), columns, strict=True):
        assert low <= column.min() < low + 0.01 * (high - low)
        assert high - 0.01 * (high - low) < column.max() <= high
    correlation = np.corrcoef(columns) - np.eye(len(columns))
    assert np.abs(correlation).max() < 0.1


def test_the_gray_levels_are_like_mnist(train):
    assert 0.11 < train.pixels().mean() < 0.15  # MNIST's is 0.13
    assert (train.x.max(axis=1) > 200).mean() > 0.99
    assert (train.x == 0).mean() > 0.7


def test_the_images_are_what_their_factors_say(train):
    images = glyphs.render(train.labels[:50], {k: v[:50] for k, v in train.factors.items()})
    np.testing.assert_array_equal(images.reshape(50, 784), train.x[:50])


def test_nothing_is_cut_off_at_the_extremes():
    """The border stays black for every digit of every font at the corners of the factors' ranges."""
    largest = {name: (glyphs.RANGES[name][1],) for name in ("stretch", "size", "weight")}
    corners = np.array(list(itertools.product(*{**glyphs.RANGES, **largest}.values())))
    for font, digit in itertools.product(range(len(FONTS)), range(10)):
        factors = {"font": font, **dict(zip(glyphs.RANGES, corners.T, strict=True))}
        images = glyphs.render(np.full(len(corners), digit), factors)
        images[:, 1:-1, 1:-1] = 0
        assert not images.any(), (FONTS[font], digit)


def test_a_plain_digit_is_centred_and_18_pixels_high():
    for digit in range(10):
        first_row, last_row, first_column, last_column = ink(glyphs.render([digit], PLAIN)[0])
        assert last_row - first_row + 1 in (17, 18, 19)
        assert abs(first_row + last_row - 27) <= 1
        assert abs(first_column + last_column - 27) <= 1


def test_shift_moves_right_and_up():
    x0, y0 = centre(glyphs.render([3], PLAIN))
    x1, y1 = centre(glyphs.render([3], {**PLAIN, "shift_x": 1.3, "shift_y": 0.7}))
    assert x1 - x0 == pytest.approx(1.3, abs=0.05)
    assert y1 - y0 == pytest.approx(0.7, abs=0.05)


def test_rotation_is_anticlockwise_by_the_angle():
    """By the principal axis of the ink of a 1."""

    def axis(rotation):
        image = glyphs.render([1], {**PLAIN, "font": FONTS.index("cmss10"), "rotation": rotation})[0]
        rows, columns = np.nonzero(image > 127)
        covariance = np.cov(columns, -rows)
        return np.arctan2(*np.linalg.eigh(covariance)[1][::-1, -1]) % np.pi

    assert axis(0.2) - axis(-0.2) == pytest.approx(0.4, abs=0.05)


def test_slant_leans_to_the_right():
    """The top moves to the right against the bottom by slant times the distance of the two."""

    def lean(slant):
        image = glyphs.render([0], {**PLAIN, "slant": slant})[0].astype(float)
        top, bottom = image[6:9].sum(axis=0), image[19:22].sum(axis=0)
        return top @ np.arange(28) / top.sum() - bottom @ np.arange(28) / bottom.sum()

    assert lean(0.15) - lean(-0.15) == pytest.approx(0.3 * 13, abs=0.3)


def test_stretch_widens_and_size_heightens():
    def extent(**factors):
        first_row, last_row, first_column, last_column = ink(glyphs.render([0], {**PLAIN, **factors})[0])
        return last_row - first_row + 1, last_column - first_column + 1

    height, width = extent()
    assert extent(stretch=1.5) == (height, pytest.approx(1.5 * width, abs=1))
    assert extent(size=12.0) == (
        pytest.approx(height * 12 / 18, abs=1),
        pytest.approx(width * 12 / 18, abs=1),
    )


def test_weight_thickens_the_stroke_on_both_sides():
    def stroke(weight):  # the area of the middle row of a sans-serif 1, in pixels
        image = glyphs.render([1], {**PLAIN, "weight": weight})[0]
        return image[14].sum() / 255

    assert stroke(0.6) - stroke(0.0) == pytest.approx(1.2, abs=0.1)


def test_the_distance_field_is_a_distance():
    field, height = distance_fields("DejaVuSans")[1]
    assert 100 < height < 150
    along_rows, along_columns = np.gradient(field.astype(float))
    slope = np.hypot(along_rows, along_columns)
    assert np.median(slope) == pytest.approx(1.0, abs=0.02)  # |gradient| = 1 off the ridges
    assert field[0, 0] < 0 < field.max()


@pytest.mark.parametrize("n", [0, -1, 2.5, True, "3"])
def test_a_bad_number_is_an_error(n):
    with pytest.raises(ValueError, match="n must be a whole number"):
        glyphs.load(n=n)


@pytest.mark.parametrize("seed", [-1, 0.5, None, "0"])
def test_a_bad_seed_is_an_error(seed):
    with pytest.raises(ValueError, match="seed must be a whole number"):
        glyphs.load(n=3, seed=seed)


def test_an_unknown_split_is_an_error():
    with pytest.raises(ValueError, match="unknown split 'vaild'; did you mean 'valid'"):
        glyphs.load("vaild")


@pytest.mark.parametrize(
    ("labels", "change", "message"),
    [
        ([10], {}, "digits from 0 to 9"),
        ([1], {"font": len(FONTS)}, "font from 0"),
        ([1, 2], {"size": np.ones(3)}, "does not fit the 2 labels"),
    ],
)
def test_rendering_what_there_is_not_is_an_error(labels, change, message):
    with pytest.raises(ValueError, match=message):
        glyphs.render(labels, {**PLAIN, **change})


def test_a_missing_factor_is_named():
    with pytest.raises(ValueError, match=r"lack \['font', 'rotation'"):
        glyphs.render([1], {"size": 18.0})
