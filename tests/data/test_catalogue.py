import numpy as np
import pytest

from scratchvae.data import load


def test_glyphs_are_the_embedded_set():
    dataset = load("glyphs", "test", n=20, seed=5)
    assert (dataset.name, dataset.split, len(dataset)) == ("glyphs", "test", 20)
    assert set(dataset.factors) >= {"font", "rotation", "slant", "stretch", "shift_x", "shift_y", "weight"}


@pytest.mark.parametrize("name", ["mnits", "MNIST", "fashion-mnist", "", None, 3])
def test_an_unknown_name_lists_the_known(name):
    with pytest.raises(ValueError, match="unknown data set.*'glyphs', 'mnist', 'fashion_mnist'"):
        load(name)


def test_the_nearest_name_is_offered():
    with pytest.raises(ValueError, match="did you mean 'mnist'"):
        load("mnits")


def test_n_takes_rows_at_random(small_sets):
    folder, arrays = small_sets
    images, labels = arrays["mnist", "train"]
    part = load("mnist", "train+valid", n=6, seed=1, data_dir=folder)
    rows = [int(np.flatnonzero((images == row).all(axis=1))[0]) for row in part.x]
    assert rows == sorted(set(rows))
    np.testing.assert_array_equal(part.labels, labels[rows])
    assert rows != list(range(6))


@pytest.mark.parametrize(
    ("n", "message"), [(9, "mnist .train.valid. has 8 rows, not 9"), (0, "n must be"), (1.5, "n must be")]
)
def test_more_rows_than_there_are_is_an_error(small_sets, n, message):
    with pytest.raises(ValueError, match=message):
        load("mnist", "train+valid", n=n, data_dir=small_sets[0])
