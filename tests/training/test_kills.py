"""A process that is killed at random moments, again and again, ends with the bits of one that was not."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from training_runs import outcome

import scratchvae as sv

REPOSITORY = Path(__file__).parents[2]
# Each epoch says so on standard output. The disk is used as always: these are real kills.
SCRIPT = """
import sys
from pathlib import Path
import training_runs as runs
from scratchvae import kernels, optim

kernels.use("numpy")
optimizer = optim.Adam(optim.Cosine(0.01, total=EPOCHS * 13))
runs.run(
    Path(sys.argv[1]), data=runs.gray(50), valid=runs.gray(20, 1), binarization="dynamic", epochs=EPOCHS,
    batch_size=4, optimizer=optimizer, checkpoint_seconds=0.02,
    on_epoch=lambda history: print(len(history), flush=True),
)
print("done", flush=True)
"""
EPOCHS = 40


def start(folder):
    paths = [REPOSITORY, REPOSITORY / "tests" / "training"]
    return subprocess.Popen(
        [sys.executable, "-c", f"EPOCHS = {EPOCHS}\n{SCRIPT}", str(folder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_after(process, n_epochs, seconds):
    """Let a process finish some epochs, and some moments more, then kill it; return its output so far."""
    lines = [process.stdout.readline() for _ in range(n_epochs)]
    time.sleep(seconds)
    process.kill()
    rest, errors = process.communicate(timeout=30)
    assert errors == ""
    return "".join(lines) + rest


@pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX has them")
def test_kills_at_random_moments(tmp_path):
    whole = start(tmp_path / "whole")
    chance = random.Random(1)
    killed = 0
    for _ in range(5):
        said = kill_after(start(tmp_path / "parts"), chance.randint(1, 6), chance.uniform(0, 0.03))
        killed += "done" not in said
        assert sv.VAE.load(tmp_path / "parts" / "last.npz")  # never half a file
    assert killed >= 3
    for process in (whole, start(tmp_path / "parts")):
        said, errors = process.communicate(timeout=60)
        assert (errors, said.split()[-1]) == ("", "done")
    for left_over in (tmp_path / "parts").glob(".*"):  # of a kill within a write
        left_over.unlink()
    assert outcome(tmp_path / "parts") == outcome(tmp_path / "whole")
