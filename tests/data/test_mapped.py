"""Rows that stay in a memory-mapped file are those of an array in memory, and few are read at once."""

import mmap
import os

import numpy as np
import pytest

import scratchvae as sv
from scratchvae.data import Minibatches, as_dataset, load, mapped
from scratchvae.data.binarization import dynamic, threshold
from scratchvae.data.mapped import MappedRows
from scratchvae.evaluation.kept import fingerprint

N, D = 50, 6
KINDS = ["gray bytes", "bool", "float", "images"]
X = np.random.default_rng(0).integers(0, 256, (N, D), dtype=np.uint8)


@pytest.fixture(autouse=True)
def everything_is_large(monkeypatch):
    monkeypatch.setattr(mapped, "MAPPED_FROM", 1)


@pytest.fixture
def path(tmp_path):
    np.save(tmp_path / "x.npy", X)
    return tmp_path / "x.npy"


@pytest.fixture
def rows(path):
    return MappedRows(np.load(path, mmap_mode="r"))


@pytest.mark.parametrize(
    "index", [3, -1, slice(2, 7), slice(None, None, -3), np.array([4, 0, 4]), np.arange(N) % 3 == 0]
)
def test_indexing_reads_what_an_array_gives(rows, index):
    np.testing.assert_array_equal(rows[index], X[index])
    assert not isinstance(rows[index], np.memmap)


def test_shapes(rows):
    assert (rows.shape, len(rows), rows.ndim, rows.size, rows.nbytes) == ((N, D), N, 2, N * D, N * D)
    np.testing.assert_array_equal(np.asarray(rows, np.float32), X)


def test_a_subset_stays_in_the_file_in_its_order(rows):
    part = rows.subset(np.array([9, 3, 5]))
    assert isinstance(part, MappedRows)
    np.testing.assert_array_equal(part[:], X[[3, 5, 9]])
    np.testing.assert_array_equal(part.subset(np.array([2, 1]))[:], X[[5, 9]])


def test_a_small_subset_is_read(rows, monkeypatch):
    monkeypatch.setattr(mapped, "MAPPED_FROM", 3 * D)
    np.testing.assert_array_equal(rows.subset(np.array([4, 2])), X[[4, 2]])
    assert isinstance(rows.subset(np.array([4, 2])), np.ndarray)
    assert isinstance(rows.subset(np.array([4, 2, 7])), MappedRows)


@pytest.mark.skipif(not hasattr(mmap, "MADV_DONTNEED"), reason="this system has no such advice")
def test_pages_are_given_back_once_many_are_touched(rows, monkeypatch):
    advice = []

    class Pages:
        madvise = staticmethod(advice.append)

    monkeypatch.setattr(rows, "_pages", Pages)
    monkeypatch.setattr(mapped, "GIVEN_BACK_AFTER", 8 * D)
    for first in range(0, 18, 3):
        rows[first : first + 3]
    assert advice == 2 * [mmap.MADV_DONTNEED]


@pytest.mark.skipif(not hasattr(os, "preadv"), reason="this system reads from no place given")
def test_single_rows_are_read_without_the_map(path):
    """So that a large page of the map is not touched for each: views, offsets and orders are kept."""
    file = np.load(path, mmap_mode="r")
    for view, array in ((file, X), (file[7:], X[7:]), (np.asarray(file[3:])[2:].reshape(-1, 2, 3), X[5:])):
        rows = MappedRows(view)
        assert rows._file is not None
        which = np.array([1, -1, 0])
        rows.array = np.zeros_like(rows.array)  # what is read is not read here
        np.testing.assert_array_equal(rows[which], array[which])


def test_a_file_that_was_replaced_is_read_through_its_map(path):
    file = np.load(path, mmap_mode="r")
    other = path.with_name("other.npy")
    np.save(other, 255 - X)
    other.replace(path)
    np.testing.assert_array_equal(MappedRows(file)[np.array([5, 2])], X[[5, 2]])
    path.unlink()
    np.testing.assert_array_equal(MappedRows(file)[np.array([5, 2])], X[[5, 2]])


@pytest.mark.parametrize(
    "index", [np.array([0, N]), np.array([-N - 1]), np.ones(N + 1, bool)], ids=["after", "before", "mask"]
)
def test_a_row_that_is_not_there_is_an_error(path, index):
    dataset = as_dataset(np.load(path, mmap_mode="r"), "mine")
    with pytest.raises(ValueError, match="mine has 50 rows: "):
        dataset.pixels(index)


def test_a_private_copy_keeps_what_was_written_to_it(path, monkeypatch):
    monkeypatch.setattr(mapped, "GIVEN_BACK_AFTER", 0)
    array = np.load(path, mmap_mode="c")
    array[0] = 7
    dataset = as_dataset(array)
    dataset.x[:]
    assert (dataset.x[0] == 7).all()


def test_what_is_no_whole_mapped_file_is_left_as_it_is(path):
    assert mapped.mapped_rows(X) is None
    assert mapped.mapped_rows(np.load(path, mmap_mode="r")[:, ::2]) is None
    assert mapped.mapped_rows(np.asarray(np.load(path, mmap_mode="r"))[10:20]) is not None


@pytest.mark.parametrize(("n", "kind"), [(10_000_000, np.int32), (2**31 - 1, np.int32), (2**31, np.int64)])
def test_ten_million_rows_are_counted_in_four_bytes(n, kind):
    assert mapped.smallest_index(n) is kind


# --- as a data set ------------------------------------------------------------------------------


@pytest.mark.parametrize("array", [X, X > 99, X / 3.0, X[:, :4].reshape(N, 2, 2)], ids=KINDS)
def test_a_mapped_array_is_the_data_set_of_the_array(tmp_path, array):
    np.save(tmp_path / "a.npy", array)
    ours, plain = as_dataset(np.load(tmp_path / "a.npy", mmap_mode="r")), as_dataset(array)
    assert ours.is_mapped
    assert not plain.is_mapped
    for name in ("scale", "image_shape", "n_data", "is_binary", "limits"):
        assert getattr(ours, name) == getattr(plain, name)
    assert ours.checksum() == plain.checksum()
    np.testing.assert_array_equal(ours.pixels(), plain.pixels())


def test_facts_about_all_rows_do_not_depend_on_blocks(path, monkeypatch):
    whole = as_dataset(X)
    known = whole.limits, whole.is_binary, whole.checksum()
    monkeypatch.setattr("scratchvae.data.dataset.BLOCK_BYTES", 3 * D)
    blocks = as_dataset(np.load(path, mmap_mode="r"))
    assert (blocks.limits, blocks.is_binary, blocks.checksum()) == known


def test_a_value_that_is_no_number_is_found_and_placed(tmp_path):
    array = np.zeros((5000, 2))
    array[4100, 1] = np.nan
    np.save(tmp_path / "nan.npy", array)
    with pytest.raises(ValueError, match=r"bad, rows 4096 to 4999, has 1 NaN .* index \(4, 1\)"):
        as_dataset(np.load(tmp_path / "nan.npy", mmap_mode="r"), "bad")


def test_binarization(path):
    ours, plain = as_dataset(np.load(path, mmap_mode="r")), as_dataset(X)
    np.testing.assert_array_equal(threshold(ours).x, threshold(plain).x)
    draws = [dynamic(dataset, None, np.random.default_rng(0)) for dataset in (ours, plain)]
    np.testing.assert_array_equal(*draws)


def test_minibatches_are_those_of_the_array(path):
    ours, plain = (
        Minibatches(x, 8, np.random.default_rng(0), binarization="dynamic")
        for x in (np.load(path, mmap_mode="r"), X)
    )
    for ours_x, plain_x in zip(ours, plain, strict=True):
        np.testing.assert_array_equal(ours_x, plain_x)


def test_training_is_that_on_the_array_and_goes_on(path, tmp_path):
    """Also from a checkpoint: it tells data apart by a checksum, which is the same."""
    vaes = [sv.VAE(D, 2, (4,)) for _ in range(2)]
    options = {"batch_size": 8, "binarization": "dynamic", "progress": False}
    sv.train(vaes[0], np.load(path, mmap_mode="r"), epochs=1, checkpoint=tmp_path / "run", **options)
    vaes[0] = sv.VAE(D, 2, (4,))
    sv.train(vaes[0], X, epochs=2, checkpoint=tmp_path / "run", **options)
    sv.train(vaes[1], X, epochs=2, **options)
    np.testing.assert_array_equal(vaes[0].parameters.value, vaes[1].parameters.value)


def test_evaluation_tells_it_by_the_same_fingerprint(path):
    vae = sv.VAE(D, 2, (4,))
    ours, plain = as_dataset(np.load(path, mmap_mode="r")), as_dataset(X)
    assert fingerprint(vae, ours) == fingerprint(vae, plain)


# --- from files ---------------------------------------------------------------------------------


def test_a_large_file_is_mapped_and_divided(path):
    parts = [load(path, split) for split in ("train", "valid", "test")]
    assert all(part.is_mapped for part in parts)
    together = np.concatenate([part.x[:] for part in parts])
    assert [len(part) for part in parts] == [40, 5, 5]
    assert sorted(map(bytes, together)) == sorted(map(bytes, X))


@pytest.mark.parametrize("split", ["train", "valid", "test", "all"])
def test_the_parts_have_the_rows_of_a_file_that_is_read(path, split, monkeypatch):
    ours = load(path, split)
    monkeypatch.setattr(mapped, "MAPPED_FROM", 2**26)
    assert sorted(map(bytes, ours.x[:])) == sorted(map(bytes, load(path, split).x))


def test_a_large_idx_file_is_mapped(tmp_path, idx_bytes):
    (tmp_path / "my-ubyte").write_bytes(idx_bytes(X.reshape(N, 2, 3)))
    dataset = load(tmp_path / "my-ubyte", "all")
    assert (dataset.is_mapped, dataset.image_shape) == (True, (2, 3))
    np.testing.assert_array_equal(dataset.x[:], X)


def test_a_packed_file_is_read(tmp_path, idx_bytes):
    import gzip

    (tmp_path / "my-ubyte.gz").write_bytes(gzip.compress(idx_bytes(X)))
    assert not load(tmp_path / "my-ubyte.gz", "all").is_mapped


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (np.array([{}], dtype=object), "pickles are never loaded"),
        (None, "is a damaged NumPy file"),
    ],
    ids=["objects", "cut short"],
)
def test_a_large_file_that_is_no_data_is_an_error(path, content, message):
    if content is None:
        path.write_bytes(path.read_bytes()[:-1])
    else:
        np.save(path, content, allow_pickle=True)
    with pytest.raises(ValueError, match=message):
        load(path, "all")


def test_the_command_line_trains_on_a_large_file_and_validates_on_a_part_of_it(path, tmp_path, monkeypatch):
    from scratchvae.cli import main, train

    monkeypatch.setattr(train, "MOST_MAPPED", 3)
    options = "--hidden 4 --latent 2 --epochs 1 --batch-size 10 --quiet"
    assert main(["train", "--data", str(path), "--out", str(tmp_path / "run"), *options.split()]) == 0
