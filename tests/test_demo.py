"""``scratchvae demo`` from end to end, with networks small enough for a test."""

import csv
import json
import re

import numpy as np
import pytest
from command_line import call, refused

import scratchvae as sv
from scratchvae import cli, data, demo, kernels
from scratchvae.evaluation import evaluate
from scratchvae.training import prepare

PICTURES = ("learning_curve", "reconstructions", "samples", "manifold", "latent_scatter")


@pytest.fixture(autouse=True, scope="module")
def small():
    """Narrow networks, few held-out digits and importance samples, kernels that need no compiler."""
    with pytest.MonkeyPatch.context() as patch, kernels.using("numpy"):
        patch.setattr(demo, "HIDDEN", (12,))
        patch.setattr(demo, "IMPORTANCE_SAMPLES", 5)
        patch.setattr(data.glyphs, "SIZES", {"train": 10_000, "valid": 200, "test": 200})
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What ``scratchvae demo --quick`` leaves behind."""
    folder = tmp_path_factory.mktemp("demo")
    assert cli.main(["demo", "--quick", "--out", str(folder), "--quiet"]) == 0
    return folder


@pytest.fixture(scope="module")
def models(folder):
    return json.loads((folder / "summary.json").read_text())["models"]


def test_all_files_are_there(folder):
    expected = {f"{name}.png" for name in PICTURES} | {"summary.md", "summary.json"}
    expected |= {f"{name}.{ending}" for name in ("latent20", "latent2") for ending in ("npz", "csv")}
    assert {path.name for path in folder.iterdir()} == expected


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_valid_and_not_blank(name, folder):
    from matplotlib.image import imread

    pixels = imread(folder / f"{name}.png")
    assert min(pixels.shape[:2]) > 300
    shades = pixels[..., :3].mean(axis=2)
    assert shades.min() < 0.5
    assert shades.max() > 0.9
    assert shades.std() > 0.03


def test_the_numbers_are_those_of_the_models(folder, models):
    for name, n_latent in (("latent20", 20), ("latent2", 2)):
        vae, found = sv.VAE.load(folder / f"{name}.npz"), models[name]
        assert found["n_latent"] == vae.n_latent == n_latent
        assert found["n_parameters"] == len(vae.parameters)
        assert found["gradient_check_worst_relative_error"] < 1e-4
        scores = evaluate(vae, prepare(vae, data.load("glyphs", "test"), "fixed"), 5)
        assert found["test"]["elbo"] == pytest.approx(scores.elbo, rel=1e-12)
        assert found["test"]["log_p"] == pytest.approx(scores.log_p, rel=1e-12)
        assert found["test"]["log_p"] > found["test"]["elbo"]
        with (folder / f"{name}.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == 3
        assert float(rows[-1]["train_elbo"]) == found["train_elbo"]
        assert float(rows[-1]["train_elbo"]) > float(rows[0]["train_elbo"])


def test_the_summary_has_the_same_numbers(folder, models):
    text = (folder / "summary.md").read_text()
    assert "3 epochs of 2,000 digits" in text
    for found in models.values():
        test = found["test"]
        assert re.search(rf"\| +{found['n_latent']} \| +{found['n_parameters']:,} \|", text)
        assert f" {test['elbo']:.2f} +- {test['elbo_error']:.2f} |" in text
        assert f" {test['log_p']:.2f} +- {test['log_p_error']:.2f} |" in text
    assert re.findall(r"!\[(\w+)\]\((\w+)\.png\)", text) == [(name, name) for name in PICTURES]


def without_seconds(path):
    models = json.loads(path.read_text())["models"]
    for found in models.values():
        del found["seconds_of_training"]
    return models


def test_a_seed_fixes_everything(tmp_path, capsys):
    argv = ["demo", "--epochs", 1, "--rows", 100, "--seed", 4, "--quiet"]
    for name in ("one", "again"):
        status, out, err = call(capsys, *argv, "--out", tmp_path / name)
        assert (status, err) == (0, "")
        assert "1 epochs of 100 digits" in out
    assert without_seconds(tmp_path / "one" / "summary.json") == without_seconds(
        tmp_path / "again" / "summary.json"
    )
    for name in ("samples.png", "manifold.png", "latent_scatter.png", "latent20.npz", "latent2.npz"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_another_seed_draws_other_digits(tmp_path):
    one, other = (demo.Demo(tmp_path, 1, 20, seed, lambda text: None, False) for seed in (0, 1))
    assert not np.array_equal(one.train_set.x, other.train_set.x)
    assert not np.array_equal(one.test_set.x, other.test_set.x)


def test_few_digits_and_its_progress(tmp_path, capsys):
    status, out, err = call(capsys, "demo", "--epochs", 1, "--rows", 3, "--out", tmp_path)
    assert status == 0
    assert "rendering 3 digits to train on" in err
    assert "gradient check of the 20-dimensional model" in err
    assert "training" in err
    assert f"Figures and models are in {tmp_path}/." in out


def test_a_wrong_gradient_is_status_1_and_nothing_is_trained(tmp_path, capsys, monkeypatch):
    from scratchvae.distributions.bernoulli import Bernoulli

    monkeypatch.setattr(Bernoulli, "grad_params", lambda self, cache: 2 * cache.residual)
    monkeypatch.setattr(demo, "train", lambda *args, **kwargs: pytest.fail("it went on to train"))
    status, _, err = call(capsys, "demo", "--epochs", 1, "--rows", 20, "--out", tmp_path)
    assert status == 1
    assert "WRONG" in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("below", ["file", "file/below/it"])
def test_a_folder_that_cannot_be_written_is_noticed_at_once(below, tmp_path, capsys, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr(demo.data, "load", lambda *args, **kwargs: pytest.fail("it went on to draw digits"))
    assert "file" in refused(capsys, "demo", "--quick", "--out", tmp_path / below)
