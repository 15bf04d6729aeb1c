"""The command line as tests call it: in this process, or as a process of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from scratchvae import cli

REPOSITORY = Path(__file__).parents[1]
#: A model and a run that take a fraction of a second.
SMALL = ("--rows", "60", "--hidden", "8", "--latent", "2", "--epochs", "2", "--batch-size", "20")


def call(capsys, *argv):
    """Run a command in this process; return its exit status and what it said on both streams."""
    capsys.readouterr()
    status = cli.main([str(word) for word in argv])
    said = capsys.readouterr()
    return status, said.out, said.err


def refused(capsys, *argv):
    """Run a command that must fail with status 2 and one line on standard error; return the sentence."""
    status, out, err = call(capsys, *argv)
    assert status == 2, err
    beginning = f"scratchvae {argv[0]}: "
    assert err.startswith(beginning)
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert "Errno" not in err
    assert "Traceback" not in out
    return err.removeprefix(beginning).rstrip("\n")


def start(*argv, **options):
    """Start ``python -m scratchvae`` with pipes; Ctrl-C reaches it whatever the tests' own process does."""

    def listen_to_interrupts():
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    return subprocess.Popen(
        [sys.executable, "-m", "scratchvae", *map(str, argv)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "SCRATCHVAE_KERNELS": "numpy"},
        text=True,
        **{
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "preexec_fn": None if sys.platform == "win32" else listen_to_interrupts,
            **options,
        },
    )
