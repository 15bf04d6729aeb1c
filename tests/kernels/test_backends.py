"""Which backend runs: the default, the environment variable, `use` and `using`."""

import gc
import os
import subprocess
import sys

import pytest

from scratchvae import kernels
from scratchvae.kernels import jitted, reference


def backend_of_a_new_process(**environment):
    code = "from scratchvae import kernels; print(kernels.active().__name__)"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stdout.strip() or run.stderr


def test_using_chooses_a_backend_and_gives_back_the_one_before():
    with kernels.using("numpy"):
        assert kernels.active() is reference
        with kernels.using("numba"):
            assert kernels.active() is jitted
        assert kernels.backend() == "numpy"


def test_using_gives_back_the_backend_after_an_error():
    before = kernels.backend()
    other = "numpy" if before == "numba" else "numba"
    with pytest.raises(RuntimeError), kernels.using(other):
        raise RuntimeError
    assert kernels.backend() == before


def test_an_unknown_backend_is_refused_and_the_nearest_named():
    before = kernels.backend()
    with pytest.raises(ValueError, match="unknown kernel backend 'numbar'; did you mean 'numba'"):
        kernels.use("numbar")
    assert kernels.backend() == before


def test_the_environment_variable_chooses_the_backend():
    assert backend_of_a_new_process(SCRATCHVAE_KERNELS="numpy").endswith("reference")


def test_numba_is_the_default(monkeypatch):
    monkeypatch.delenv("SCRATCHVAE_KERNELS", raising=False)
    assert backend_of_a_new_process().endswith("jitted")


@pytest.mark.parametrize("value", ["cuda", ""])
def test_a_wrong_environment_variable_is_an_error_that_names_it_and_the_known_ones(value):
    said = backend_of_a_new_process(SCRATCHVAE_KERNELS=value)
    assert f"unknown value of the environment variable SCRATCHVAE_KERNELS {value!r}" in said
    assert "Known: 'numpy', 'numba'" in said


def test_the_collector_runs_again_after_the_kernels_are_loaded():
    code = "import gc; from scratchvae import kernels; kernels.active(); print(gc.isenabled())"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "True\n"
    )


def test_a_collector_that_was_off_stays_off():
    gc.disable()
    try:
        kernels.use(kernels.backend())
        kernels.active()
        assert not gc.isenabled()
    finally:
        gc.enable()
