"""Files: whole or not at all, read back bit by bit, and never a pickle."""

import errno
import os
import zipfile

import numpy as np
import pytest
from test_vae import ALL_LIKELIHOODS, data, make, noise

import scratchvae as sv
from scratchvae import storage
from scratchvae.nn import ACTIVATIONS, INITIALIZATIONS

CUTS = [0.0, 0.01, 0.1, 0.5, 0.9, 0.99]  # where a file is cut short, as a share of its length


@pytest.fixture
def saved(tmp_path):
    """A model and the file that it was saved to."""
    vae = make()
    vae.save(tmp_path / "vae.npz")
    return vae, tmp_path / "vae.npz"


class Exploit:
    """Creates a file if it is ever unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


# --- there and back -----------------------------------------------------------------------------


@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
@pytest.mark.parametrize("hidden", [(), (5,), (6, 4)])
def test_a_saved_model_comes_back_bit_by_bit(likelihood, hidden, dtype, tmp_path):
    vae = make(likelihood, hidden, dtype=dtype)
    vae.save(tmp_path / "vae.npz")
    again = sv.VAE.load(tmp_path / "vae.npz")
    assert again.config == vae.config
    assert again.parameters.value.tobytes() == vae.parameters.value.tobytes()
    assert again.parameters.shapes == vae.parameters.shapes
    assert again.loss_and_grad(data(vae), noise()) == vae.loss_and_grad(data(vae), noise())


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("initialization", ["auto", *INITIALIZATIONS])
def test_every_configuration_comes_back(activation, initialization, tmp_path):
    vae = sv.VAE(3, 1, np.array([2]), activation, seed=np.int64(7), initialization=initialization)
    vae.save(tmp_path / "vae.npz")
    assert sv.VAE.load(tmp_path / "vae.npz").config == vae.config


@pytest.mark.parametrize("sigma", [0.1, 1 / 3, 1e-12, 2])
def test_the_likelihoods_number_comes_back_exactly(sigma, tmp_path):
    make(sv.distributions.NormalFixed(sigma)).save(tmp_path / "vae.npz")
    assert sv.VAE.load(tmp_path / "vae.npz").likelihood.sigma == sigma


def test_save_writes_the_very_path_it_was_given_and_makes_its_folder(tmp_path):
    vae = make()
    vae.save(str(tmp_path / "new" / "folder" / "model.of.mine"))
    assert os.listdir(tmp_path / "new" / "folder") == ["model.of.mine"]
    assert sv.VAE.load(tmp_path / "new" / "folder" / "model.of.mine").config == vae.config


def test_save_replaces_an_earlier_file(saved):
    vae, path = saved
    vae.parameters.value = vae.parameters.value + 1
    vae.save(path)
    np.testing.assert_array_equal(sv.VAE.load(path).parameters.value, vae.parameters.value)


def test_the_file_is_an_npz_that_numpy_reads_without_pickle(saved):
    vae, path = saved
    with np.load(path, allow_pickle=False) as npz:
        assert set(npz.files) == {*vae.parameters.names, "meta"}
        np.testing.assert_array_equal(npz["encoder.0.weight"], vae.parameters["encoder.0.weight"])


def test_the_file_has_the_permissions_that_a_new_file_would_have(saved):
    _, path = saved
    fresh = path.parent / "fresh"
    fresh.touch()
    assert path.stat().st_mode == fresh.stat().st_mode


# --- files that are no good ---------------------------------------------------------------------


def test_a_missing_file_is_an_oserror_that_names_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="cannot read .*nowhere.npz: No such file"):
        sv.VAE.load(tmp_path / "nowhere.npz")


def test_a_folder_is_an_oserror_that_names_it(tmp_path):
    with pytest.raises(OSError, match=f"cannot read {tmp_path}"):
        sv.VAE.load(tmp_path)


@pytest.mark.parametrize("share", CUTS)
def test_a_file_cut_short_is_refused(saved, share):
    _, path = saved
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=r"vae.npz .*(cut short|damaged)"):
        sv.VAE.load(path)


def test_a_file_that_lacks_its_last_byte_is_refused(saved):
    _, path = saved
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"vae.npz .*(cut short|damaged)"):
        sv.VAE.load(path)


@pytest.mark.parametrize("flip", [0x01, 0xFF])
def test_an_altered_byte_is_noticed_or_harmless(saved, flip):
    """Anywhere in the file: either an error that names the file, or the very same model."""
    vae, path = saved
    content = path.read_bytes()
    refused = 0
    for place in range(0, len(content), 17):
        altered = bytearray(content)
        altered[place] ^= flip
        path.write_bytes(altered)
        try:
            again = sv.VAE.load(path)
        except (ValueError, OSError) as error:
            assert "vae.npz" in str(error)
            refused += 1
        else:
            assert again.config == vae.config
            assert again.parameters.value.tobytes() == vae.parameters.value.tobytes()
    assert refused > len(content) / 17 / 2


def test_an_entry_marked_as_encrypted_is_refused(saved):
    _, path = saved
    content = bytearray(path.read_bytes())
    content[content.rindex(b"PK\x01\x02") + 8] |= 1  # the flag in the last entry of the directory
    path.write_bytes(content)
    with pytest.raises(ValueError, match="vae.npz is damaged: .* encrypted"):
        sv.VAE.load(path)


def test_a_pickle_is_never_loaded(tmp_path):
    trap = np.empty(1, object)
    trap[0] = Exploit(tmp_path / "exploited")
    np.savez(tmp_path / "trap.npz", meta=trap)
    with pytest.raises(ValueError, match=r"trap.npz holds pickled objects, which are never loaded"):
        sv.VAE.load(tmp_path / "trap.npz")
    assert not (tmp_path / "exploited").exists()
    with np.load(tmp_path / "trap.npz", allow_pickle=True) as npz:
        npz["meta"]  # the trap works: whoever allows pickles falls into it
    assert (tmp_path / "exploited").exists()


def test_a_pickle_among_the_parameters_is_never_loaded(saved):
    vae, path = saved
    arrays = {name: vae.parameters[name] for name in vae.parameters}
    trap = np.empty((4, 5), object)
    trap[0, 0] = Exploit(path.parent / "exploited")
    storage.save_npz(path, {**arrays, "encoder.0.weight": trap}, {"config": vae.config})
    with pytest.raises(ValueError, match="holds pickled objects"):
        sv.VAE.load(path)
    assert not (path.parent / "exploited").exists()


def test_an_npz_of_something_else_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(ValueError, match="other.npz was not saved by scratchvae"):
        sv.VAE.load(tmp_path / "other.npz")


@pytest.mark.parametrize("meta", [np.array(3), np.array(["a", "b"]), np.array(b"bytes")])
def test_a_description_that_is_no_text_is_refused(meta, tmp_path):
    np.savez(tmp_path / "other.npz", meta=meta)
    with pytest.raises(ValueError, match="other.npz was not saved by scratchvae"):
        sv.VAE.load(tmp_path / "other.npz")


def test_a_description_that_is_no_json_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", meta=np.array("{not json"))
    with pytest.raises(ValueError, match="other.npz is damaged: its description cannot be read"):
        sv.VAE.load(tmp_path / "other.npz")


def test_a_zip_of_other_files_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "other.npz", "w") as archive:
        archive.writestr("meta", "a text, no array")
    with pytest.raises(ValueError, match="other.npz is damaged: it holds something other than arrays"):
        sv.VAE.load(tmp_path / "other.npz")


@pytest.mark.parametrize("content", [b"", b"hello", b"\x93NUMPY", b"PK\x03\x04"])
def test_a_file_that_is_no_npz_is_refused(content, tmp_path):
    (tmp_path / "text.npz").write_bytes(content)
    with pytest.raises(ValueError, match="text.npz .*not an npz file"):
        sv.VAE.load(tmp_path / "text.npz")


@pytest.mark.parametrize("meta", [3, [], {}, {"kind": "VAE"}])
def test_a_file_that_describes_no_model_is_refused(meta, tmp_path):
    storage.save_npz(tmp_path / "other.npz", {}, meta)
    with pytest.raises(ValueError, match="other.npz does not hold a VAE"):
        sv.VAE.load(tmp_path / "other.npz")


@pytest.mark.parametrize(
    "change",
    [{"n_data": -1}, {"likelihood": "laplace"}, {"colour": "red"}, {"hidden": "wide"}, {"seed": "zero"}],
)
def test_a_model_that_cannot_be_made_is_refused(saved, change):
    vae, path = saved
    storage.save_npz(path, {}, {"config": {**vae.config, **change}})
    with pytest.raises(ValueError, match="vae.npz describes no VAE that this version can make"):
        sv.VAE.load(path)


@pytest.mark.parametrize("config", [None, [], "text", 3])
def test_a_configuration_that_is_no_mapping_is_refused(config, tmp_path):
    storage.save_npz(tmp_path / "other.npz", {}, {"config": config})
    with pytest.raises(ValueError, match="describes no VAE that this version can make"):
        sv.VAE.load(tmp_path / "other.npz")


def test_parameters_of_another_shape_are_refused(saved):
    vae, path = saved
    arrays = {name: vae.parameters[name] for name in vae.parameters}
    storage.save_npz(path, {**arrays, "encoder.0.bias": np.zeros(7)}, {"config": vae.config})
    with pytest.raises(ValueError, match=r"encoder.0.bias must have shape \(5,\), but has shape \(7,\)"):
        sv.VAE.load(path)


def test_missing_parameters_are_refused(saved):
    vae, path = saved
    arrays = {name: vae.parameters[name] for name in vae.parameters if name != "decoder.1.bias"}
    storage.save_npz(path, arrays, {"config": vae.config})
    with pytest.raises(ValueError, match=r"decoder.1.bias must have shape \(4,\), but has no such block"):
        sv.VAE.load(path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_parameters_that_are_not_finite_are_refused(saved, value):
    vae, path = saved
    arrays = {name: vae.parameters[name] for name in vae.parameters}
    storage.save_npz(path, {**arrays, "encoder.0.bias": np.full(5, value)}, {"config": vae.config})
    with pytest.raises(ValueError, match=r"encoder.0.bias in .*vae.npz has 5 NaN or infinite entries"):
        sv.VAE.load(path)


def test_parameters_that_are_no_numbers_are_refused(saved):
    vae, path = saved
    arrays = {name: vae.parameters[name] for name in vae.parameters}
    storage.save_npz(path, {**arrays, "encoder.0.bias": np.array(list("abcde"))}, {"config": vae.config})
    with pytest.raises(ValueError, match=r"encoder.0.bias must hold real numbers"):
        sv.VAE.load(path)


# --- saving that fails --------------------------------------------------------------------------


def no_space(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def half_written(file, **_):
    file.write(b"half of it")
    no_space()


@pytest.mark.parametrize(
    ("module", "name", "replacement"),
    [
        (storage.os, "fsync", no_space),
        (storage.np, "savez", half_written),
        (storage.os, "replace", no_space),
        (storage.tempfile, "mkstemp", no_space),
    ],
    ids=["flushing", "writing", "renaming", "opening"],
)
def test_a_full_disk_leaves_the_earlier_file_and_nothing_else(saved, monkeypatch, module, name, replacement):
    vae, path = saved
    before = path.read_bytes()
    monkeypatch.setattr(module, name, replacement)
    message = "cannot save to .*vae.npz: No space left on device. The earlier file is kept"
    with pytest.raises(OSError, match=message) as caught:
        vae.save(path)
    assert caught.value.errno == errno.ENOSPC
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["vae.npz"]


def test_a_full_disk_without_an_earlier_file_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(storage.os, "fsync", no_space)
    with pytest.raises(OSError, match=r"cannot save to .*vae.npz: No space left on device\.$"):
        make().save(tmp_path / "vae.npz")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_an_interruption_leaves_the_earlier_file_and_nothing_else(saved, error):
    _, path = saved
    before = path.read_bytes()
    with pytest.raises(error), storage.atomic_write(path) as file:
        file.write(b"half of it")
        raise error
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["vae.npz"]


def test_a_path_below_a_file_is_an_oserror_that_names_it(saved):
    vae, path = saved
    with pytest.raises(OSError, match="cannot save to .*below.npz: "):
        vae.save(path / "below.npz")


def test_a_folder_in_the_place_of_the_file_is_an_oserror_that_names_it(tmp_path):
    (tmp_path / "vae.npz").mkdir()
    with pytest.raises(OSError, match="cannot save to .*vae.npz: "):
        make().save(tmp_path / "vae.npz")
    assert os.listdir(tmp_path) == ["vae.npz"]


def test_text_can_be_written_atomically_too(tmp_path):
    with storage.atomic_write(tmp_path / "notes.txt", "w") as file:
        file.write("seven")
        assert os.listdir(tmp_path) != ["notes.txt"]  # not there before all is written
    assert (tmp_path / "notes.txt").read_text() == "seven"


def test_arrays_of_any_type_come_back(tmp_path):
    arrays = {"a.b/c": np.arange(6, dtype="u1").reshape(2, 3), "flag": np.array(True), "none": np.zeros(0)}
    meta = {"text": "µ", "list": [1, 2.5, None], "deep": {"x": 1e-300}}
    storage.save_npz(tmp_path / "any.npz", arrays, meta)
    loaded, described = storage.load_npz(tmp_path / "any.npz")
    assert described == meta
    assert loaded.keys() == arrays.keys()
    for name, array in arrays.items():
        assert loaded[name].dtype == array.dtype
        np.testing.assert_array_equal(loaded[name], array)


def test_what_a_kill_left_beside_a_file_can_be_removed(tmp_path):
    for name in (".last.npz.ab12", ".last.npz.cd34", ".other.npz.ab12", "last.npz"):
        (tmp_path / name).touch()
    storage.remove_leftovers(tmp_path / "last.npz")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".other.npz.ab12", "last.npz"]


def test_an_error_without_a_number_is_a_plain_sentence(tmp_path):
    with (
        pytest.raises(OSError, match="^cannot save to .*: short write[.]$"),
        storage.atomic_write(tmp_path / "a"),
    ):
        raise OSError("short write")


def test_saving_to_a_link_writes_the_file_that_it_points_to(tmp_path):
    (tmp_path / "target").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with storage.atomic_write(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "new"


def test_what_is_no_file_is_not_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    with (
        pytest.raises(OSError, match="something that is not a file"),
        storage.atomic_write(tmp_path / "folder"),
    ):
        pass
    assert (tmp_path / "folder").is_dir()


@pytest.mark.parametrize("path", [None, 5, ["a"]])
def test_a_path_is_a_string_or_a_path(path):
    with pytest.raises(ValueError, match="must be a path"):
        sv.VAE(4, 2, (3,)).save(path)
    with pytest.raises(ValueError, match="must be a path"):
        sv.VAE.load(path)


def test_a_model_that_is_not_finite_is_not_saved(tmp_path):
    vae = sv.VAE(4, 2, (3,))
    vae.save(tmp_path / "m.npz")
    before = (tmp_path / "m.npz").read_bytes()
    vae.parameters["decoder.0.bias"][1] = np.nan
    with pytest.raises(ValueError, match=r"decoder\.0\.bias has 1 NaN or infinite entries"):
        vae.save(tmp_path / "m.npz")
    assert (tmp_path / "m.npz").read_bytes() == before
