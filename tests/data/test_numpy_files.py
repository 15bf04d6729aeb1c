import io
import pickle
import zipfile

import numpy as np
import pytest

from scratchvae.data.numpy_files import read_numpy

X = np.arange(6.0).reshape(2, 3)


def saved(save, *args, **arrays):
    buffer = io.BytesIO()
    save(buffer, *args, **arrays)
    return buffer.getvalue()


class Trap:
    """Its unpickling raises the alarm."""

    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


def test_npy(tmp_path):
    np.save(tmp_path / "f.npy", X)
    x, labels = read_numpy(tmp_path / "f.npy")
    np.testing.assert_array_equal(x, X)
    assert labels is None


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize(
    "arrays", [{"x": X}, {"images": X}, {"x": X, "other": np.zeros(2)}, {"images": X, "labels": np.arange(2)}]
)
def test_npz(tmp_path, save, arrays):
    save(tmp_path / "f.npz", **arrays)
    x, labels = read_numpy(tmp_path / "f.npz")
    np.testing.assert_array_equal(x, X)
    assert (labels is not None) == ("labels" in arrays)


def test_an_npz_that_does_not_say_which_array_is_meant_is_an_error(tmp_path):
    np.savez(tmp_path / "f.npz", a=X, b=X)
    with pytest.raises(ValueError, match=r"f\.npz holds the arrays \['a', 'b'\]; call the data x"):
        read_numpy(tmp_path / "f.npz")
    np.savez(tmp_path / "f.npz", labels=np.arange(2))
    with pytest.raises(ValueError, match=r"holds the arrays \[\]"):
        read_numpy(tmp_path / "f.npz")


@pytest.mark.parametrize(
    "content",
    [
        saved(np.save, np.array([Trap()], dtype=object)),
        saved(np.savez, x=np.array([Trap()], dtype=object)),
        saved(np.savez, x=X, labels=np.array([Trap()], dtype=object)),
        pickle.dumps(Trap()),
    ],
    ids=["npy", "npz", "labels", "pickle"],
)
def test_pickles_are_never_loaded(tmp_path, content):
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(ValueError, match="pickles are never loaded"):
        read_numpy(tmp_path / "f")


def damaged():
    npy, npz = saved(np.save, X), saved(np.savez_compressed, x=X, labels=np.arange(2))
    yield from (npy[:-1], npy[:20], npy[:8], npy.replace(b"(2, 3)", b"(2, 9)"), npy.replace(b"<f8", b"<q9"))
    yield from (npz[:-1], npz[:-30], npz[:40], npz[:70] + b"\0\0\0\0" + npz[74:])
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("x.npy", b"not an array")
    yield other.getvalue()


@pytest.mark.parametrize("content", list(damaged()))
def test_a_damaged_file_is_named(tmp_path, content):
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(ValueError, match=r"f is a damaged NumPy file") as caught:
        x, _ = read_numpy(tmp_path / "f")
        raise ValueError(f"read {x!r} and said nothing")
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("content", [b"text", b"\x1f\x8b"])
def test_another_kind_of_file_is_an_error(tmp_path, content):
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(ValueError, match="f is no NumPy file|f is a damaged gzip"):
        read_numpy(tmp_path / "f")
