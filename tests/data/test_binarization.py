import numpy as np
import pytest

from scratchvae.data import Dataset, as_dataset
from scratchvae.data.binarization import dynamic, fixed, threshold


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.fixture
def gray():
    x = rng().integers(0, 256, (50, 40), dtype=np.uint8)
    return Dataset(x, 255, labels=np.arange(50), name="gray", image_shape=(5, 8))


def test_every_gray_level_has_its_probability():
    """P(pixel = 1) = x / 255 for all 256 levels: a chi-squared statistic with 254 degrees of freedom."""
    n = 40_000
    x = np.broadcast_to(np.arange(256, dtype=np.uint8), (n, 256))
    ones = dynamic(x, 255, rng()).sum(axis=0, dtype=float)
    p = np.arange(256) / 255
    assert ones[0] == 0
    assert ones[255] == n
    inner = slice(1, 255)
    z = (ones - n * p)[inner] / np.sqrt(n * p * (1 - p))[inner]
    assert z @ z == pytest.approx(254, abs=5 * np.sqrt(2 * 254))
    assert np.abs(z).max() < 4.5


def test_the_draw_takes_255_equally_likely_values():
    """u < x for u uniform on 0 ... 254 is x / 255 without rounding: one u, compared with every level."""
    u = np.sum([1 - dynamic(np.full(2000, level, np.uint8), 255, rng()) for level in range(1, 256)], axis=0)
    np.testing.assert_array_equal(u, rng().integers(0, 255, 2000, dtype=np.uint8))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_in_the_unit_interval(dtype):
    x = np.broadcast_to(np.array([0.0, 0.25, 0.9, 1.0], dtype), (20_000, 4))
    mean = dynamic(x, 1, rng()).mean(axis=0)
    assert (mean[0], mean[3]) == (0, 1)
    np.testing.assert_allclose(mean, x[0], atol=0.02)


def test_floats_on_a_scale_of_255():
    x = np.full(20_000, 51.0)
    assert dynamic(x, 255, rng()).mean() == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize("dtype", ["uint8", "int64", "bool", "float64"])
def test_zeros_and_ones_stay(dtype):
    x = rng().integers(0, 2, (30, 30)).astype(dtype)
    binary = dynamic(x, 1, rng())
    assert binary.dtype == np.uint8
    np.testing.assert_array_equal(binary, x)


def test_a_dataset_brings_its_scale(gray):
    np.testing.assert_array_equal(dynamic(gray, None, rng(3)), dynamic(gray.x, 255, rng(3)))
    with pytest.raises(ValueError, match="gray has the scale 255, not 1"):
        dynamic(gray, 1, rng())


@pytest.mark.parametrize(
    ("x", "scale"),
    [
        (np.array([[0, 2]], np.uint8), 1),
        (np.array([[-1, 2]]), 255),
        (np.array([[0.0, 1.01]]), 1),
        (np.array([[-0.01, 1.0]]), 1),
        (np.array([[np.nan]]), 1),
        (np.array([[256]]), 255),
    ],
)
def test_values_that_are_no_gray_levels_are_an_error(x, scale):
    with pytest.raises(ValueError, match=f"gray levels run from 0 to {scale}"):
        dynamic(x, scale, rng())
    for binarize in (fixed, threshold):
        with pytest.raises(ValueError, match=f"gray levels run from 0 to {scale}"):
            binarize(Dataset(x, scale))


def test_fixed_is_one_draw_by_the_seed(gray):
    once, again, other = fixed(gray, 1), fixed(gray, 1), fixed(gray, 2)
    np.testing.assert_array_equal(once.x, again.x)
    assert (once.x != other.x).any()
    assert abs(once.x.mean() - gray.pixels().mean()) < 0.05


@pytest.mark.parametrize("binarize", [fixed, threshold])
def test_the_rest_of_the_data_set_stays(gray, binarize):
    binary = binarize(gray)
    assert binary.is_binary
    assert (binary.scale, binary.x.dtype, binary.image_shape) == (1, np.uint8, (5, 8))
    assert binary.labels is gray.labels
    assert gray.x.max() > 1


@pytest.mark.parametrize("level", [0.0, 0.3, 0.5, 0.999])
def test_threshold(gray, level):
    np.testing.assert_array_equal(threshold(gray, level).x, gray.x.astype(float) > level * 255)


def test_threshold_of_floats():
    assert threshold(as_dataset([[0.2, 0.5, 0.7]])).x.tolist() == [[0, 0, 1]]


@pytest.mark.parametrize("level", [1, -0.1, "half"])
def test_a_level_outside_the_unit_interval_is_an_error(gray, level):
    with pytest.raises(ValueError, match="level"):
        threshold(gray, level)


def test_arrays_become_data_sets(gray):
    np.testing.assert_array_equal(fixed(gray.x, 1).x, fixed(gray, 1).x)
    np.testing.assert_array_equal(threshold(gray.x).x, threshold(gray).x)
    assert threshold([[0.2, 0.7]]).x.tolist() == [[0, 1]]
    for binarize in (fixed, threshold):
        with pytest.raises(ValueError, match="must hold real numbers"):
            binarize(None)


def test_an_array_knows_no_scale(gray):
    with pytest.raises(ValueError, match="an array has no scale of its own: give scale, 255 for gray bytes"):
        dynamic(gray.x, None, rng())


@pytest.mark.parametrize("scale", [0, -1, float("nan"), "white", 10**400])
def test_a_scale_that_is_no_positive_number_is_refused(gray, scale):
    with pytest.raises(ValueError, match="scale must "):
        dynamic(gray.x, scale, rng())


def test_whole_numbers_on_a_scale_that_is_not_whole_or_beyond_a_byte():
    x = np.full(20_000, 1, np.uint8)
    assert dynamic(x, 2.5, rng()).mean() == pytest.approx(0.4, abs=0.02)
    assert dynamic(100 * x, 1000, rng()).mean() == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("wrong", [None, 0, np.random.RandomState(0)])
def test_what_is_no_generator_is_refused(gray, wrong):
    with pytest.raises(ValueError, match="rng must be a numpy.random.Generator"):
        dynamic(gray, None, wrong)
