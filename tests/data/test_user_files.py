import numpy as np
import pytest

from scratchvae.data import load

X = np.arange(40.0).reshape(20, 2)


@pytest.fixture
def path(tmp_path):
    np.savez(tmp_path / "mine.npz", x=X, labels=np.arange(20))
    return tmp_path / "mine.npz"


def test_all_is_the_file_in_its_order(path):
    dataset = load(path, "all")
    np.testing.assert_array_equal(dataset.x, X)
    assert (dataset.name, dataset.split, len(dataset.labels)) == ("mine.npz", "all", 20)


def test_the_splits_divide_the_file(path):
    splits = {split: load(path, split).labels.tolist() for split in ("train", "valid", "test")}
    assert {split: len(rows) for split, rows in splits.items()} == {"train": 16, "valid": 2, "test": 2}
    assert sorted(sum(splits.values(), [])) == list(range(20))
    assert load(path, "train+valid").labels.tolist() == splits["train"] + splits["valid"]


def test_the_division_is_by_the_seed(path):
    assert load(path, seed=1).labels.tolist() == load(path, seed=1).labels.tolist()
    assert load(path, seed=1).labels.tolist() != load(path, seed=2).labels.tolist()


def test_rows_keep_their_labels(path):
    dataset = load(path, "train")
    np.testing.assert_array_equal(dataset.x, X[dataset.labels])


def test_images_and_bytes(tmp_path):
    np.save(tmp_path / "images.npy", np.full((10, 3, 4), 200, np.uint8))
    dataset = load(str(tmp_path / "images.npy"), "all")
    assert (dataset.image_shape, dataset.n_data, dataset.scale) == ((3, 4), 12, 255)


@pytest.mark.parametrize("name", ["t.csv", "t.CSV", "t.csv.gz"])
def test_csv(tmp_path, name):
    np.savetxt(tmp_path / name, X, delimiter=",")
    np.testing.assert_array_equal(load(tmp_path / name, "all").x, X)


def test_a_name_with_an_ending_is_a_file(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    assert len(load("mine.npz", "all")) == 20


def test_n_rows_at_random_in_their_order(path):
    dataset = load(path, "all", n=5, seed=3)
    assert dataset.labels.tolist() == sorted(set(dataset.labels.tolist()))
    assert len(dataset) == 5
    assert dataset.labels.tolist() != load(path, "all", n=5, seed=4).labels.tolist()


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(3), "bad.npy must have shape"),
        (np.zeros((0, 3)), "bad.npy must have shape"),
        (np.array([[np.nan]]), "bad.npy has 1 NaN"),
        (np.array([["a"]]), "bad.npy must hold real numbers"),
        (np.zeros((2, 2), complex), "bad.npy must hold real numbers"),
    ],
)
def test_an_array_that_is_no_data_is_an_error_that_names_the_file(tmp_path, array, message):
    np.save(tmp_path / "bad.npy", array)
    with pytest.raises(ValueError, match=message):
        load(tmp_path / "bad.npy", "all")


def test_labels_of_another_length_are_an_error(tmp_path):
    np.savez(tmp_path / "bad.npz", x=X, labels=np.arange(3))
    with pytest.raises(ValueError, match=r"bad\.npz: labels must have shape \(20,\)"):
        load(tmp_path / "bad.npz", "all")


def test_too_few_rows_to_divide(tmp_path):
    np.save(tmp_path / "few.npy", X[:3])
    with pytest.raises(ValueError, match="has 3 rows, too few for a split 'test'; use the split 'all'"):
        load(tmp_path / "few.npy", "test")


def test_an_unknown_split_lists_the_known(path):
    with pytest.raises(ValueError, match="unknown split 'tran'; did you mean 'train'"):
        load(path, "tran")


def test_an_unknown_kind_of_file_lists_the_known(tmp_path):
    with pytest.raises(ValueError, match="unknown kind of file '.txt'.*'.npy'"):
        load(tmp_path / "f.txt")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"There is no file .*none\.npy"):
        load(tmp_path / "none.npy")


def test_a_file_of_a_user_who_is_not_there_is_missing():
    with pytest.raises(FileNotFoundError, match=r"There is no file ~nosuchuser/x\.npy"):
        load("~nosuchuser/x.npy")


def test_the_home_folder_is_understood(path, monkeypatch):
    monkeypatch.setenv("HOME", str(path.parent))
    monkeypatch.setenv("USERPROFILE", str(path.parent))
    assert len(load("~/mine.npz", "all")) == 20


@pytest.mark.parametrize("name", [1.5, b"mine.npz"])
def test_a_name_that_is_no_path_is_refused(name):
    with pytest.raises(ValueError, match="the file must be a path, not"):
        load(name)
