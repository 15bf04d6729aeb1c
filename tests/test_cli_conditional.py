"""``scratchvae train --conditional``, and what the other commands make of such a model."""

import json

import numpy as np
import pytest
from command_line import SMALL, call, refused

import scratchvae as sv
from scratchvae import kernels


@pytest.fixture(autouse=True, scope="module")
def numpy_kernels():
    with kernels.using("numpy"):
        yield


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a small conditional run."""
    from scratchvae import cli

    folder = tmp_path_factory.mktemp("runs") / "by_label"
    assert cli.main(["train", *SMALL, "--conditional", "--out", str(folder), "--quiet"]) == 0
    return folder


def test_the_model_has_a_class_for_each_label(trained):
    assert sv.VAE.load(trained / "best.npz").n_classes == 10


def test_evaluate_gives_the_labels_of_the_data(trained, capsys):
    status, out, _ = call(
        capsys, "evaluate", trained / "best.npz", "--rows", 30, "--samples", 3, "--json", "--quiet"
    )
    assert status == 0
    assert np.isfinite(json.loads(out)["log_p"])


def test_samples_are_of_every_label_in_turn_or_of_one(trained, tmp_path, capsys):
    for options in ((), ("--label", 7)):
        out = tmp_path / f"{len(options)}.npy"
        status, _, err = call(capsys, "sample", trained / "best.npz", "-n", 20, "--out", out, *options)
        assert status == 0, err
    vae = sv.VAE.load(trained / "best.npz")
    for name, y in (("0", np.arange(20) % 10), ("2", 7)):
        expected = vae.sample_mean(20, np.random.default_rng(0), y)
        np.testing.assert_array_equal(np.load(tmp_path / f"{name}.npy"), expected)


def test_resume_goes_on(trained, tmp_path, capsys):
    longer = [*SMALL, "--conditional", "--epochs", "3"]
    call(capsys, "train", *SMALL, "--conditional", "--out", tmp_path)
    assert call(capsys, "train", *longer, "--out", tmp_path, "--resume")[0] == 0
    sentence = refused(capsys, "train", *SMALL, "--out", tmp_path, "--resume")
    assert "n_classes is 10 there and None here" in sentence


def test_what_is_wrong_is_said(trained, tmp_path, capsys):
    np.save(tmp_path / "plain.npy", np.eye(20)[:, :4].repeat(5, axis=0))
    np.savez(
        tmp_path / "names.npz", x=np.eye(4).repeat(20, axis=0), labels=np.array(["a", "b", "c", "d"] * 20)
    )
    out = ("--out", tmp_path / "run")
    sentence = refused(capsys, "train", "--data", tmp_path / "plain.npy", "--conditional", *out)
    assert "has no labels, which --conditional needs" in sentence
    sentence = refused(capsys, "train", "--data", tmp_path / "names.npz", "--conditional", *out)
    assert "--conditional needs labels 0, 1, 2" in sentence
    assert "from 0 to 9" in refused(capsys, "sample", trained / "best.npz", "--label", 10)
    unconditional = sv.VAE(4, 2, (3,))
    unconditional.save(tmp_path / "plain.npz")
    assert "takes no labels" in refused(capsys, "sample", tmp_path / "plain.npz", "--label", 1)
