import hashlib

import numpy as np
import pytest

from scratchvae.data import load
from scratchvae.data.files import read_bytes
from scratchvae.data.sources import ENVIRONMENT_VARIABLE, SOURCES


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
@pytest.mark.parametrize(
    ("split", "prefix", "rows"),
    [
        ("train", "train", slice(0, 5)),
        ("valid", "train", slice(5, 8)),
        ("train+valid", "train", slice(0, 8)),
        ("test", "t10k", slice(0, 4)),
    ],
)
def test_mnist_splits(small_sets, name, split, prefix, rows):
    folder, arrays = small_sets
    dataset = load(name, split, data_dir=folder)
    images, labels = arrays[name, prefix]
    np.testing.assert_array_equal(dataset.x, images[rows])
    np.testing.assert_array_equal(dataset.labels, labels[rows])
    assert (dataset.scale, dataset.image_shape) == (255, (28, 28))
    assert (dataset.name, dataset.split) == (name, split)


@pytest.mark.parametrize("split", ["train", "valid", "test", "train+valid"])
def test_binarized_splits(small_sets, split):
    folder, arrays = small_sets
    dataset = load("binarized_mnist", split, data_dir=folder)
    expected = np.concatenate([arrays["binarized_mnist", part] for part in split.split("+")])
    np.testing.assert_array_equal(dataset.x, expected)
    assert dataset.is_binary
    assert (dataset.scale, dataset.labels, dataset.image_shape) == (1, None, (28, 28))


def test_the_environment_variable_names_the_folder(small_sets, monkeypatch):
    folder, arrays = small_sets
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(folder))
    np.testing.assert_array_equal(load("mnist", "test").x, arrays["mnist", "t10k"][0])


def test_a_whole_file_of_another_size_is_an_error(small_sets, idx_bytes):
    folder, _ = small_sets
    path = folder / "mnist" / "t10k-labels-idx1-ubyte"
    path.write_bytes(idx_bytes(np.zeros(3, np.uint8)))
    with pytest.raises(
        ValueError, match=r"t10k-labels-idx1-ubyte holds an array of shape \(3,\), not \(4,\)"
    ):
        load("mnist", "test", data_dir=folder)


def test_a_text_that_lost_whole_lines_is_an_error(small_sets):
    folder, _ = small_sets
    path = folder / "binarized_mnist" / "binarized_mnist_train.amat"
    path.write_bytes(path.read_bytes()[: 2 * 784 * 3])
    with pytest.raises(ValueError, match=r"shape \(3, 784\), not \(5, 784\)"):
        load("binarized_mnist", data_dir=folder)


@pytest.mark.parametrize("name", ["mnist", "binarized_mnist"])
def test_an_unknown_split_lists_the_known(small_sets, name):
    with pytest.raises(ValueError, match="unknown split 'all'.*'train\\+valid'"):
        load(name, "all", data_dir=small_sets[0])


def test_the_real_mnist(real_data):
    train = load("mnist", "train+valid", data_dir=real_data)
    test = load("mnist", "test", data_dir=real_data)
    assert np.bincount(train.labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(test.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert train.x.mean() / 255 == pytest.approx(0.130660, abs=1e-6)


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_the_real_binarized_mnist_is_the_text_of_the_table(real_data, split):
    filename = f"binarized_mnist_{split}.amat"
    dataset = load("binarized_mnist", split, data_dir=real_data)
    lines = np.full((len(dataset), 2 * 784), ord(" "), np.uint8)
    lines[:, ::2] = dataset.x + ord("0")
    lines[:, -1] = ord("\n")
    digest = SOURCES["binarized_mnist"].sha256[filename]
    assert hashlib.sha256(lines.tobytes()).hexdigest() == digest
    text = read_bytes(real_data / "binarized_mnist" / f"{filename}.gz")
    assert hashlib.sha256(text).hexdigest() == digest


def test_the_real_binarized_mnist_has_its_known_likelihood(real_data):
    """Under a Bernoulli a pixel, fitted on train with add-one smoothing; in nats."""
    train = load("binarized_mnist", "train", data_dir=real_data).x
    test = load("binarized_mnist", "test", data_dir=real_data).pixels(dtype="float64")
    assert test.mean() == pytest.approx(0.132512, abs=5e-7)
    p = (train.sum(axis=0, dtype=float) + 1) / (len(train) + 2)
    log_likelihood = test @ np.log(p) + (1 - test) @ np.log1p(-p)
    assert log_likelihood.mean() == pytest.approx(-205.793, abs=5e-4)
