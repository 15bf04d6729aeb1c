"""What ``scratchvae doctor`` finds out."""

import builtins
import json
import os

import numpy as np
import pytest

import scratchvae
from scratchvae import diagnosis, kernels
from scratchvae.data import sources


def test_sections_and_strings():
    found = diagnosis.examine()
    assert list(found) == ["versions", "machine", "linear algebra", "kernels", "data"]
    assert all(isinstance(value, str) and value for entries in found.values() for value in entries.values())
    assert json.loads(json.dumps(found)) == found


def test_versions():
    found = diagnosis.versions()
    assert found["scratchvae"] == scratchvae.__version__
    assert found["numpy"] == np.__version__


def test_a_package_that_is_missing(monkeypatch):
    monkeypatch.setattr(diagnosis, "PACKAGES", ("numpy", "no-such-package"))
    assert diagnosis.versions()["no-such-package"] == "not installed"


def test_cores():
    assert 1 <= int(diagnosis.machine()["cores"]) <= os.cpu_count()


def test_a_processor_without_proc(monkeypatch):
    def no_file(*args, **kwargs):
        raise FileNotFoundError

    monkeypatch.setattr(builtins, "open", no_file)
    assert diagnosis.machine()["processor"]


def test_pinned_threads_are_shown(monkeypatch):
    for name in list(os.environ):
        if name.startswith(("OPENBLAS_", "OMP_", "MKL_")):
            monkeypatch.delenv(name)
    assert diagnosis.blas()["pinned by"] == "nothing"
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert diagnosis.blas()["pinned by"] == "OMP_NUM_THREADS=3"


def test_an_unknown_blas(monkeypatch):
    monkeypatch.setattr("threadpoolctl.threadpool_info", list)
    assert diagnosis.blas()["BLAS"] == "none that threadpoolctl knows"


@pytest.mark.parametrize("name", ["numpy", "numba"])
def test_the_backend_in_use(name):
    with kernels.using(name):
        assert diagnosis.kernels()["backend"] == name


def test_numba_that_cannot_be_loaded(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "numba", None)  # import numba then raises ImportError
    assert diagnosis.kernels()["numba"].startswith("cannot be loaded: ")


def test_data_in_the_users_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.delenv(sources.ENVIRONMENT_VARIABLE, raising=False)
    assert "no folder given" in diagnosis.data()["folder"]
    for file in sources.SOURCES["mnist"].sha256:
        path = tmp_path / "data" / "mnist" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for file in sources.SOURCES["binarized_mnist"].sha256:
        path = tmp_path / "cache" / "binarized_mnist" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = diagnosis.data(tmp_path / "data")
    assert found["folder"] == str(tmp_path / "data")
    assert (found["glyphs"], found["mnist"]) == ("embedded", "in the folder")
    assert found["binarized_mnist"] == "in the cache"
    assert found["fashion_mnist"] == "not here: downloaded when first asked for"
