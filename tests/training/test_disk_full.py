"""A disk that is full, or fails, while a run is saved."""

import errno
import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from training_runs import outcome, run

import scratchvae as sv
from scratchvae import storage
from scratchvae.data import minibatches

REPOSITORY = Path(__file__).parents[2]


def full(*args, **kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def fails_from(number, function):
    """`function`, until the call of this number, which and all later ones find the disk full."""
    counter = itertools.count(1)
    return lambda *args, **kwargs: (full if next(counter) >= number else function)(*args, **kwargs)


@pytest.mark.parametrize("place", [(storage.os, "fsync"), (storage.os, "replace"), (storage.np, "savez")])
@pytest.mark.parametrize("number", range(4, 10))
def test_the_earlier_checkpoint_is_kept(place, number, tmp_path, monkeypatch):
    module, name = place
    run(tmp_path / "whole", checkpoint_seconds=1e9)
    with monkeypatch.context() as patch:
        patch.setattr(module, name, fails_from(number, getattr(module, name)))
        with pytest.raises(
            OSError, match=r"cannot save to .*(best|last|history)\.(npz|csv): No space left"
        ) as raised:
            run(tmp_path / "parts", checkpoint_seconds=1e9, epochs=5)
    assert raised.value.errno == errno.ENOSPC
    assert "The earlier file is kept" in str(raised.value)
    assert {path.name for path in (tmp_path / "parts").iterdir()} == {"best.npz", "last.npz", "history.csv"}
    assert np.isfinite(sv.VAE.load(tmp_path / "parts" / "last.npz").parameters.value).all()
    run(tmp_path / "parts", checkpoint_seconds=1e9)
    if len(storage.load_npz(tmp_path / "parts" / "last.npz")[1]["progress"]["history"]) == 4:
        assert outcome(tmp_path / "parts") == outcome(tmp_path / "whole")


def test_a_full_disk_before_the_first_checkpoint_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(storage.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        run(tmp_path)
    assert not list(tmp_path.iterdir())


LIMITED = """
import resource, signal, sys
from pathlib import Path
import training_runs as runs
from scratchvae import kernels

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # so that the write fails instead
kernels.use("numpy")
folder = Path(sys.argv[1])
runs.run(folder, epochs=2)
size = (folder / "last.npz").stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, size // 2))
try:
    runs.run(folder, epochs=4)
except OSError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of resources")
def test_a_write_that_the_system_cuts_short(tmp_path):
    """A real failure in the middle of a file: this process may write no file as large as a checkpoint."""
    paths = [REPOSITORY, REPOSITORY / "tests" / "training"]
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, tmp_path],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    assert "cannot save to" in done.stdout
    assert "The earlier file is kept." in done.stdout
    assert not list(tmp_path.glob(".*"))
    assert len(storage.load_npz(tmp_path / "last.npz")[1]["progress"]["history"]) == 2


def test_a_folder_that_cannot_be_made_is_noticed_before_the_first_step(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(minibatches.Minibatches, "__next__", lambda self: pytest.fail("a step was made"))
    with pytest.raises(NotADirectoryError, match="file is a file, not a folder; name another"):
        run(tmp_path / "file")
    with pytest.raises(OSError, match="cannot write to the folder"):
        run(tmp_path / "file" / "below" / "it")
    assert (tmp_path / "file").read_text() == "in the way"
