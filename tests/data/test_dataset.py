import subprocess
import sys

import numpy as np
import pytest

from scratchvae.data import Dataset, as_dataset


@pytest.fixture
def gray():
    x = np.arange(12, dtype=np.uint8).reshape(4, 3) * 20
    factors = {"size": np.array([1.0, 2.0, 3.0, 4.0])}
    return Dataset(x, scale=255, labels=np.arange(4), factors=factors, name="gray", image_shape=(1, 3))


def test_pixels_are_the_bytes_over_255(gray):
    pixels = gray.pixels()
    assert pixels.dtype == np.float32
    np.testing.assert_allclose(pixels, np.arange(12).reshape(4, 3) * 20 / 255, rtol=1e-7)
    assert gray.x.dtype == np.uint8


def test_pixels_of_some_rows(gray):
    np.testing.assert_array_equal(gray.pixels([2, 0], "float64"), gray.x[[2, 0]] / 255)
    np.testing.assert_array_equal(gray.pixels(slice(1, 3), "float64"), gray.x[1:3] / 255)
    assert gray.pixels(1).shape == (3,)


def test_pixels_are_new_even_where_nothing_is_converted():
    x = np.ones((2, 2))
    as_dataset(x).pixels(dtype="float64")[0, 0] = 7
    assert x[0, 0] == 1


@pytest.mark.parametrize("index", [9, [0, 4], [0.5], [True, False]])
def test_an_index_that_does_not_fit_is_an_error(gray, index):
    with pytest.raises(ValueError, match="gray has 4 rows"):
        gray.pixels(index)
    with pytest.raises(ValueError, match="gray has 4 rows"):
        gray.subset(index)


def test_pixels_in_another_dtype_is_an_error(gray):
    with pytest.raises(ValueError, match="dtype"):
        gray.pixels(dtype="int8")


def test_sizes(gray):
    assert (len(gray), gray.n_data) == (4, 3)


@pytest.mark.parametrize(
    ("x", "scale", "expected"),
    [([[0, 1]], 1, True), ([[0, 255]], 255, True), ([[0, 1]], 255, False), ([[0.0, 0.5]], 1, False)],
)
def test_is_binary(x, scale, expected):
    x = np.array(x) if scale == 1 else np.array(x, np.uint8)
    assert Dataset(x, scale).is_binary is expected


@pytest.mark.parametrize("index", [[3, 1], np.array([False, True, False, True]), slice(1, None, 2)])
def test_subset_takes_labels_and_factors_along(gray, index):
    part = gray.subset(index)
    np.testing.assert_array_equal(part.x, gray.x[index])
    np.testing.assert_array_equal(part.labels, gray.labels[index])
    np.testing.assert_array_equal(part.factors["size"], gray.factors["size"][index])
    assert (part.scale, part.image_shape, part.name) == (255, (1, 3), "gray")


def test_subset_of_one_row_and_of_none(gray):
    assert gray.subset(-1).labels.tolist() == [3]
    with pytest.raises(ValueError, match="at least one row"):
        gray.subset(slice(0, 0))


def test_a_dataset_is_frozen(gray):
    with pytest.raises(AttributeError):
        gray.scale = 1


def test_labels_and_factors_must_fit():
    with pytest.raises(ValueError, match=r"labels must have shape \(2,\)"):
        as_dataset(np.zeros((2, 3)), labels=[1, 2, 3])
    with pytest.raises(ValueError, match=r"size must have shape \(2,\)"):
        Dataset(np.zeros((2, 3)), factors={"size": np.zeros((2, 1))})


def test_lists_become_arrays():
    dataset = Dataset(
        [[1, 2], [3, 4]], 4, labels=["a", "b"], factors={"size": [1.0, 2.0]}, image_shape=[1, 2]
    )
    assert dataset.pixels([0], "float64").tolist() == [[0.25, 0.5]]
    part = dataset.subset([1])
    assert (part.labels.tolist(), part.factors["size"].tolist()) == (["b"], [2.0])
    assert part.image_shape == (1, 2)


NO_DATASET = {
    "mine: x must be an array of numbers": {"x": [[1, 2], [3]]},
    "mine: x must hold real numbers": {"x": [["a"]]},
    r"mine: x must be \(N, D\)": {"x": 5},
    "mine: labels must have shape .*not rows of different lengths": {"labels": [[1], [2, 3]]},
    r"mine: scale must lie in \(0, inf\), not 0": {"scale": 0},
    r"mine: scale must lie in \(0, inf\), not -255": {"scale": -255},
    "mine: scale must be a number in": {"scale": None},
    r"mine: image_shape must be .*height \* width = 6, not \(2, 2\)": {"image_shape": (2, 2)},
    r"mine: image_shape must be .*not \(6,\)": {"image_shape": (6,)},
    r"mine: image_shape must be .*not \(-2, -3\)": {"image_shape": (-2, -3)},
    "mine: image_shape must be .*not 6": {"image_shape": 6},
    r"mine: image_shape must be .*not \(1.5, 4\)": {"image_shape": (1.5, 4)},
    "mine: image_shape must be .*not .'a', 'b'.": {"image_shape": ("a", "b")},
    "mine: factors must be a dict of arrays, not": {"factors": [1, 2]},
}


@pytest.mark.parametrize("message", NO_DATASET)
def test_what_does_not_fit_together_is_an_error(message):
    with pytest.raises(ValueError, match=message):
        Dataset(**{"x": np.zeros((2, 6)), "name": "mine", **NO_DATASET[message]})


def test_a_whole_scale_is_kept_whole():
    scales = [Dataset([[1]], scale).scale for scale in (255, 255.0, np.int64(4), 2.5)]
    assert [type(scale) for scale in scales] == [int, int, int, float]


@pytest.mark.parametrize(
    ("x", "scale"),
    [
        (np.array([[0, 1]], np.uint8), 1),
        (np.array([[0, 2]], np.uint8), 255),
        (np.array([[0, 200]]), 1),
        (np.array([[0.0, 200.0]]), 1),
        (np.array([[False, True]]), 1),
        ([[0.5, 1.5]], 1),
    ],
)
def test_scale_of_a_bare_array(x, scale):
    dataset = as_dataset(x)
    assert dataset.scale == scale
    np.testing.assert_allclose(dataset.pixels(), np.asarray(x) / scale, rtol=1e-6)


def test_images_are_flattened_and_their_shape_is_kept():
    x = np.arange(24.0).reshape(2, 3, 4)
    dataset = as_dataset(x)
    assert dataset.image_shape == (3, 4)
    np.testing.assert_array_equal(dataset.x[1], x[1].ravel())
    assert as_dataset(np.zeros((2, 784))).image_shape is None


def test_a_dataset_passes_through(gray):
    assert as_dataset(gray) is gray


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros(3), r"must have shape \(N, D\).*not \(3,\)"),
        (np.zeros((2, 2, 2, 2)), "must have shape"),
        (np.zeros((0, 4)), "no empty axis"),
        (np.zeros((4, 0)), "no empty axis"),
        ([[1.0, np.nan]], r"first at index \(0, 1\)"),
        ([[1.0, np.inf]], "infinite"),
        ([["a", "b"]], "real numbers"),
        ([[1j]], "real numbers"),
        ([[1, 2], [3]], "array of numbers"),
        ([[None]], "real numbers"),
    ],
)
def test_what_is_no_data_is_an_error(x, message):
    with pytest.raises(ValueError, match=message):
        as_dataset(x, "mine")


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, scratchvae.data as d; d.Minibatches, d.glyphs, d.binarization;"
        "print(*{'scipy', 'matplotlib', 'numba', 'pooch', 'requests', 'platformdirs'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""


def test_an_unknown_attribute_is_an_attribute_error():
    from scratchvae import data

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        data.nothing  # noqa: B018
