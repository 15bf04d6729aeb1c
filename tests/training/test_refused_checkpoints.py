"""A checkpoint that does not belong to the run is refused in words, and nothing is changed by that."""

import json

import numpy as np
import pytest
from training_runs import bits, gray, model, run

from scratchvae import optim, storage
from scratchvae.data import Dataset


def refused(folder, message, **changes):
    """Try to go on in a folder; model, generator and files must be as before."""
    vae, rng = changes.pop("vae", model()), np.random.default_rng(1)
    before, rng_before = vae.parameters.value.tobytes(), rng.bit_generator.state
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(ValueError, match=message) as raised:
        run(folder, vae, **{"rng": rng, **changes})
    assert vae.parameters.value.tobytes() == before
    assert changes.get("rng", rng).bit_generator.state == rng_before or "rng" in changes
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
    assert "\n" not in str(raised.value)


@pytest.fixture
def folder(tmp_path):
    """The folder of a finished run."""
    run(tmp_path)
    return tmp_path


MODELS = {
    r"hidden is \[6\] there and \[7\]": {"hidden": (7,)},
    "n_latent is 2 there and 3": {"n_latent": 3},
    "activation is 'tanh' there and 'relu'": {"activation": "relu"},
    "likelihood is 'bernoulli' there and 'normal'": {"likelihood": "normal"},
    "dtype is 'float32' there and 'float64'": {"dtype": "float64"},
    "seed is 0 there and 1": {"seed": 1},
    "initialization is 'auto' there": {"initialization": "he_normal"},
}


@pytest.mark.parametrize("message", MODELS)
def test_another_model(folder, message):
    refused(folder, f"another model: {message}", vae=model(**MODELS[message]))


RUNS = {
    "batch_size is 20 there and 25": {"batch_size": 25},
    "bound is 'elbo' there and 'analytic_kl'": {"bound": "analytic_kl"},
    "n_samples is 1 there and 2": {"n_samples": 2},
    "clip is None there and 1.0": {"clip": 1},
    "binarization is None there and 'dynamic'": {"binarization": "dynamic"},
    "optimizer is .*'adam'.* there and .*'adagrad'": {"optimizer": "adagrad"},
    "optimizer is .*0.001.* there and .*0.002": {"optimizer": optim.Adam(0.002)},
    "optimizer is .*'constant'.* there and .*'cosine'": {"optimizer": optim.Adam(optim.Cosine(0.001, 12))},
    "data is .* there": {"data": bits(seed=2)},
    "data is .*50, 12.* there and .*49, 12": {"data": bits(49)},
    "data is .* float32 .* there and .* uint8": {"data": bits().astype(np.uint8)},
    "data is .* scale 1 .* there and .* scale 255": {"data": Dataset(255 * bits(), scale=255)},
    "valid is .* there and None here": {"valid": None},
    "valid is .* there and .*21, 12": {"valid": bits(21, seed=1)},
}


@pytest.mark.parametrize("message", RUNS)
def test_another_run(folder, message):
    refused(folder, f"another run: {message}", **RUNS[message])


def test_other_kernels(folder):
    from scratchvae import kernels

    with kernels.using("numba"):
        refused(folder, "another run: kernels is 'numpy' there and 'numba'")


def test_another_kind_of_generator(folder):
    rng = np.random.Generator(np.random.MT19937(0))
    refused(folder, "last.npz cannot|is for a|state", rng=rng)


def test_one_pixel_that_differs(folder):
    other = bits()
    other[17, 3] = 1 - other[17, 3]
    refused(folder, "another run: data is", data=other)


def test_gray_data_of_a_dynamic_run(tmp_path):
    run(tmp_path, data=gray(), binarization="dynamic", valid=None)
    refused(tmp_path, "another run: data is", data=gray(seed=1), binarization="dynamic", valid=None)


def test_the_message_says_what_to_do(folder):
    refused(folder, "Use the same settings to go on, or another folder to start anew.", batch_size=3)


# --- damaged files ------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0, 0.01, 0.3, 0.9, 0.999])
def test_a_truncated_checkpoint(folder, share):
    content = (folder / "last.npz").read_bytes()
    (folder / "last.npz").write_bytes(content[: int(share * len(content))])
    refused(folder, "last.npz is damaged")


def test_altered_bytes_are_noticed(folder):
    content = bytearray((folder / "last.npz").read_bytes())
    at = content.index(b"encoder.0.weight.npy") + 300  # within the first array
    content[at] ^= 255
    (folder / "last.npz").write_bytes(content)
    refused(folder, "last.npz is damaged")


def test_text_in_its_place(folder):
    (folder / "last.npz").write_text("epoch,loss\n1,2\n")
    refused(folder, "not an npz file")


def test_a_model_without_a_run(folder):
    model().save(folder / "last.npz")
    refused(folder, "holds no run of training")


def test_another_programs_npz(folder):
    np.savez(folder / "last.npz", x=np.zeros(3))
    refused(folder, "was not saved by scratchvae")


def test_a_pickle_is_never_loaded(folder):
    np.savez(folder / "last.npz", x=np.array([{"a": 1}], dtype=object))
    refused(folder, "holds pickled objects")


def rewrite(folder, change):
    """Change the arrays and the description of last.npz by hand."""
    arrays, meta = storage.load_npz(folder / "last.npz")
    change(arrays, meta)
    storage.save_npz(folder / "last.npz", arrays, json.loads(json.dumps(meta)))


CHANGES = {
    "no such block": lambda arrays, meta: arrays.pop("decoder.1.bias"),
    "must have shape": lambda arrays, meta: arrays.update({"decoder.1.bias": np.zeros(3)}),
    "decoder.1.bias in .* has .* NaN": lambda arrays, meta: arrays["decoder.1.bias"].fill(np.nan),
    "The state has the arrays": lambda arrays, meta: arrays.pop("optimizer/m"),
    "no state of an optimizer": lambda arrays, meta: meta.update(optimizer=None),
    "step count must be": lambda arrays, meta: meta["optimizer"].update(t=-1),
    "progress cannot be read .*rng": lambda arrays, meta: meta["progress"].pop("rng"),
    "progress cannot be read .*history": lambda arrays, meta: meta["progress"].pop("history"),
    "no state of Minibatches": lambda arrays, meta: meta["progress"].update(batches=None),
    "position -1": lambda arrays, meta: meta["progress"]["batches"].update(position=-1),
    "progress cannot be read": lambda arrays, meta: meta.update(progress=None),
    "holds no run of training": lambda arrays, meta: meta.pop("settings"),
}


@pytest.mark.parametrize("message", CHANGES)
def test_a_checkpoint_changed_by_hand(folder, message):
    rewrite(folder, CHANGES[message])
    refused(folder, message)
