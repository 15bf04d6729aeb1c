"""The commands of the README that train a model of another kind, on a few rows."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from command_line import call

import scratchvae as sv
from scratchvae import kernels

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^scratchvae (train --[^&\n]*)", README, flags=re.MULTILINE)
FEW = ("--rows", "60", "--hidden", "8", "--epochs", "1")


@pytest.fixture(autouse=True, scope="module")
def numpy_kernels():
    with kernels.using("numpy"):
        yield


def test_there_are_some():
    kinds = " ".join(COMMANDS)
    for kind in ("--conditional", "--prior vamp", "--likelihood normal_shared", "--likelihood poisson"):
        assert kind in kinds


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_trains_a_model_that_draws(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.save("counts.npy", np.random.default_rng(0).poisson(3.0, (100, 6)))
    status, _, err = call(capsys, *shlex.split(command), *FEW)
    assert status == 0, err
    [best] = Path("runs").rglob("best.npz")
    status, _, err = call(capsys, "sample", best, "-n", 4, "--draw", "--out", "drawn.npy")
    assert status == 0, err
    drawn = np.load("drawn.npy")
    vae = sv.VAE.load(best)
    assert drawn.shape == (4, vae.n_data)
    vae.likelihood.check(drawn)
