"""Ctrl-C in a terminal: the run is saved, exit status 130, and ``--resume`` goes on to the same bits."""

import csv
import signal
import sys

import pytest
from command_line import SMALL, call, start

import scratchvae as sv
from scratchvae import kernels
from scratchvae.storage import load_npz

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
#: So many that no test waits for the end.
ENDLESS = (*SMALL, "--epochs", "1000000")


def interrupted(folder, times=1):
    """Start an endless run, interrupt it in its third epoch; return exit status and both streams."""
    process = start("train", *ENDLESS, "--out", folder)
    out = ""
    while "epoch    2" not in out:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        out += line
    for _ in range(times):
        process.send_signal(signal.SIGINT)
    rest, err = process.communicate(timeout=60)
    return process.returncode, out + rest, err


def progress(folder):
    return load_npz(folder / "last.npz")[1]["progress"]


def test_it_is_saved_and_goes_on(tmp_path, capsys):
    status, _, err = interrupted(tmp_path / "parts")
    assert status == 130
    assert err.startswith(
        f"saved in {tmp_path / 'parts' / 'last.npz'}: the same command with --resume goes on"
    )
    assert err.endswith("scratchvae train: interrupted.\n")
    stopped = progress(tmp_path / "parts")
    assert stopped["step"] >= 6
    longer = [*SMALL, "--epochs", stopped["batches"]["epoch"] + 2]
    with kernels.using("numpy"):
        assert call(capsys, "train", *longer, "--out", tmp_path / "parts", "--resume")[0] == 0
        assert call(capsys, "train", *longer, "--out", tmp_path / "whole")[0] == 0
    for name in ("last.npz", "best.npz"):
        parts, whole = (
            sv.VAE.load(tmp_path / folder / name).parameters.value for folder in ("parts", "whole")
        )
        assert parts.tobytes() == whole.tobytes()
    rows = []
    for folder in ("parts", "whole"):
        with (tmp_path / folder / "history.csv").open(newline="") as file:
            rows.append([row[:-1] for row in csv.reader(file)])
    assert rows[0] == rows[1]
    assert progress(tmp_path / "parts")["rng"] == progress(tmp_path / "whole")["rng"]


def test_a_second_one_ends_it_at_once_and_spoils_nothing(tmp_path):
    status, _, err = interrupted(tmp_path, times=2)
    assert status in (130, -signal.SIGINT)
    assert "Traceback" not in err
    assert progress(tmp_path)["step"] >= 6
    assert not list(tmp_path.glob(".*"))


def test_before_the_first_step(tmp_path):
    """While data is drawn and modules are loaded there is nothing to save."""
    process = start("train", *ENDLESS, "--hidden", "9", "--out", tmp_path / "run")
    line = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert line.startswith("glyphs: 60 rows")
    assert process.returncode == 130
    assert err.endswith("scratchvae train: interrupted.\n")
