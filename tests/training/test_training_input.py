"""Bad input to `train`: one sentence, before the first step, with the model and the disk untouched."""

import numpy as np
import pytest
from training_runs import bits, gray, model, run

from scratchvae import VAE, train
from scratchvae.data import Dataset


def with_one(value, at=(3, 4)):
    x = bits()
    x[at] = value
    return x


DATA = {
    "data has 1 NaN or infinite entries, the first at index .3, 4. .nan.": with_one(np.nan),
    "data has 1 NaN or infinite entries.*inf": with_one(-np.inf),
    "data has 11 values a row, but the model has n_data=12": bits()[:, 1:],
    "data has 13 values a row": np.pad(bits(), ((0, 0), (0, 1))),
    r"data must have shape .*not \(12,\)": bits()[0],
    r"data must have shape .*not \(5, 10, 3, 4\)": bits().reshape(5, 10, 3, 4),
    r"data must have shape .*not \(0, 12\)": bits()[:0],
    r"data must have shape .*not \(50, 0\)": bits()[:, :0],
    "0 and 1 only, but 600 of 600 entries are gray.*binarization='dynamic'": gray(),
    "0 and 1 only, but 1 of 600 entries are gray": with_one(0.5),
    r"x of 0 and 1 only, but x runs from 0.0 to 2.0": with_one(2),
    r"x of 0 and 1 only, but x runs from -1.0 to 1.0": with_one(-1),
    "They look like bytes: divide by 255": 255 * bits(),
    "data must hold real numbers, not complex": bits().astype(complex),
    "data must hold real numbers, not <U": np.full((5, 12), "1"),
    "data must hold real numbers, not object": None,
    "data must be an array of numbers": [[1, 0], [1]],
}


@pytest.mark.parametrize("message", DATA)
def test_data(message, tmp_path):
    refused(tmp_path, message, data=DATA[message])


@pytest.mark.parametrize("message", [m for m in DATA if "array of numbers" not in m and "object" not in m])
def test_validation_data(message, tmp_path):
    refused(
        tmp_path,
        message.replace("data ", "validation data ", 1) if message.startswith("data") else message,
        valid=DATA[message],
    )


def refused(folder, message, **changes):
    vae = changes.pop("vae", None) or model()
    before = vae.parameters.value.tobytes()
    with pytest.raises(ValueError, match=message) as raised:
        run(folder / "run", vae, **changes)
    assert vae.parameters.value.tobytes() == before
    assert not list(folder.iterdir())
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("binarization", ["dynamic", "fixed"])
def test_only_gray_levels_become_bits(binarization, tmp_path):
    for x, message in [
        (with_one(1.5), "values from 0.0 to 1.5"),
        (with_one(-0.1), "values from -0.1"),
        (200 * gray(), "gray levels run from 0 to 1; rescale it"),
        (Dataset(with_one(np.nan)), "values from nan"),
    ]:
        refused(tmp_path, message, data=x, binarization=binarization)


LEVELS = {
    "categorical:4": ("from 0 to 3, but x runs from 0 to 9", 9),
    "poisson": ("a Poisson likelihood needs", -1),
}


@pytest.mark.parametrize("likelihood", LEVELS)
def test_levels(likelihood, tmp_path):
    message, value = LEVELS[likelihood]
    refused(tmp_path, message, vae=model(likelihood=likelihood), data=with_one(value))
    refused(tmp_path, "likelihood( of 4 levels)? needs", vae=model(likelihood=likelihood), data=with_one(0.5))


SETTINGS = {
    "epochs must be a whole number of at least 1, not 0": {"epochs": 0},
    "epochs must be a whole number of at least 1, not -2": {"epochs": -2},
    "epochs must be a whole number of at least 1, not 1.5": {"epochs": 1.5},
    "epochs must be a whole number of at least 1, not None": {"epochs": None},
    "epochs must be a whole number of at least 1, not True": {"epochs": True},
    "batch_size must be a whole number of at least 1, not 0": {"batch_size": 0},
    "batch_size must be a whole number of at least 1, not 'all'": {"batch_size": "all"},
    "n_samples must be a whole number of at least 1, not 0": {"n_samples": 0},
    "patience must be a whole number of at least 1, not 0": {"patience": 0},
    "clip must lie in .*, not 0": {"clip": 0},
    "clip must lie in .*, not nan": {"clip": float("nan")},
    "clip must be a number in .*, not 'much'": {"clip": "much"},
    "checkpoint_seconds must lie in .*, not -1": {"checkpoint_seconds": -1},
    "checkpoint_seconds must be a number in .*, not None": {"checkpoint_seconds": None},
    "unknown bound 'elb'; did you mean 'elbo'": {"bound": "elb"},
    "unknown bound 'analytic-kl'; did you mean 'analytic_kl'": {"bound": "analytic-kl"},
    "unknown optimizer 'adm'; did you mean 'adam'": {"optimizer": "adm"},
    "unknown optimizer None": {"optimizer": None},
    "'sgd' has no default for lr; give it": {"optimizer": "sgd"},
    "unknown binarization 'dynamc'; did you mean 'dynamic'": {"binarization": "dynamc"},
    "rng must be a numpy.random.Generator, not 7; use default_rng": {"rng": 7},
    "rng must be a numpy.random.Generator, not RandomState": {"rng": np.random.RandomState(0)},
    "on_epoch must be a function of the History, not 5": {"on_epoch": 5},
    "checkpoint must be a path, not 5": {"checkpoint": 5},
    "checkpoint must be a path, not True": {"checkpoint": True},
    "clip must lie in .*too large for a float": {"clip": 10**400},
}


@pytest.mark.parametrize("message", SETTINGS)
def test_settings(message, tmp_path):
    refused(tmp_path, message, **SETTINGS[message])


def test_an_optimizer_of_other_parameters(tmp_path):
    from scratchvae import optim

    optimizer = optim.Adam()
    run(None, model(), optimizer=optimizer)
    other = model(hidden=(9,))
    with pytest.raises(ValueError, match="use a new optimizer for other parameters"):
        run(None, other, optimizer=optimizer)


@pytest.mark.parametrize("vae", [5, "vae", VAE], ids=["number", "text", "class"])
def test_what_is_no_model(vae):
    with pytest.raises(ValueError, match=r"vae must be a VAE, such as VAE\(784, 20\), not"):
        train(vae, bits())


def gray_bytes(n=50, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 12), dtype=np.uint8)


@pytest.mark.parametrize("likelihood", ["normal", "bernoulli"])
def test_training_and_validation_data_of_different_scale(likelihood, tmp_path):
    floats = gray_bytes(20, 1).astype(float)
    bits = "dynamic" if likelihood == "bernoulli" else None
    for data, valid, message in [
        (gray_bytes(), floats, "validation data has values from 0.0 to 255.0, but data is divided by 255"),
        (floats, gray_bytes(), "data has values from 0.0 to 255.0, but validation data is divided by 255"),
        (
            gray_bytes(),
            floats / 64 - 1,
            "validation data has values from -1.0 to 2.984375, but data is divided",
        ),
    ]:
        changes = {"data": data, "valid": valid, "binarization": bits}
        refused(tmp_path, message, vae=model(likelihood=likelihood), **changes)


@pytest.mark.parametrize("binarization", ["dynamic", "fixed"])
def test_bytes_and_their_fractions_are_of_one_scale(binarization):
    valid = gray_bytes(20, 1)
    run(data=gray_bytes(), valid=valid / 255, binarization=binarization, epochs=1)
    run(data=gray_bytes(), valid=valid, binarization=binarization, epochs=1)
    run(vae=model(likelihood="poisson"), data=gray_bytes(), valid=valid.astype(float), epochs=1)


@pytest.mark.parametrize("kind", [np.uint8, np.int64, bool])
@pytest.mark.parametrize("likelihood", ["bernoulli", "categorical:3", "poisson"])
def test_whole_numbers_are_judged_as_the_same_floats(kind, likelihood):
    """They are checked as they are stored, without a copy in floats."""
    from scratchvae.training.preparation import prepare

    vae = VAE(6, 2, (3,), likelihood=likelihood)
    for x in ([[0, 1, 0, 1, 1, 0]], [[0, 1, 2, 3, 1, 0]]):
        stored = Dataset(np.array(x).astype(kind))
        for dataset in (stored, Dataset(stored.pixels())):
            if likelihood == "poisson" or dataset.x.max() <= 1:
                prepare(vae, dataset)
                continue
            with pytest.raises(ValueError, match="runs from 0"):
                prepare(vae, dataset)
