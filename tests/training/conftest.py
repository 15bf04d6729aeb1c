"""Fixtures of the training's tests."""

import signal

import pytest

from scratchvae import kernels, storage


@pytest.fixture(autouse=True)
def numpy_kernels():
    """The backend that has nothing to compile; the kernels' own tests hold the other one against it."""
    with kernels.using("numpy"):
        yield


@pytest.fixture(autouse=True)
def hasty_disk(monkeypatch):
    """Files are not forced to the disk: the power stays on, and the tests take a fraction of the time."""
    monkeypatch.setattr(storage.os, "fsync", lambda handle: None)


@pytest.fixture
def sigint():
    """Python's own answer to Ctrl-C, whatever the process that runs the tests has inherited."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)
