"""What ``scratchvae doctor`` advises, of machines as they may be."""

import dataclasses
import json
import os

import numpy as np
import pytest
from command_line import call

import scratchvae as sv
from scratchvae.advice import Facts, advise, facts, faster, look_at_run, measured
from scratchvae.advice.checks import in_environment

WELL = Facts(
    cores=8,
    flags=facts.AVX512 | {"fma"},
    blas="openblas",
    architecture="SkylakeX",
    blas_threads=8,
    load=2.0,
)
AMISS = {
    "no known BLAS": ({"blas": ""}, "NumPy's BLAS is none", "Install NumPy"),
    "another BLAS": ({"blas": "flexiblas"}, "NumPy's BLAS is flexiblas", "Install NumPy"),
    "narrow kernels": (
        {"architecture": "Zen"},
        "chose its kernels for Zen, which",
        "OPENBLAS_CORETYPE=SkylakeX",
    ),
    "narrow kernels, pinned": (
        {"architecture": "Haswell", "environment": {"OPENBLAS_CORETYPE": "Haswell"}},
        "because OPENBLAS_CORETYPE=Haswell",
        "Unset OPENBLAS_CORETYPE",
    ),
    "one thread": ({"blas_threads": 1}, "in 1 of 8 cores.", "Set OPENBLAS_NUM_THREADS=8."),
    "one thread, pinned": (
        {"blas_threads": 1, "environment": {"OMP_NUM_THREADS": "1"}},
        "because OMP_NUM_THREADS=1",
        "Unset OMP_NUM_THREADS",
    ),
    "more threads than cores": ({"cores": 1.5}, "8 threads on 1.5 cores", "Set OPENBLAS_NUM_THREADS=1."),
    "more threads than cores, MKL": ({"cores": 2, "blas": "mkl"}, "8 threads on 2", "MKL_NUM_THREADS=2"),
    "others at work": ({"load": 12.1}, "12.1 processes want 8 cores", "no more than 8"),
    "readable kernels": ({"backend": "numpy"}, "readable ones", "Unset SCRATCHVAE_KERNELS"),
    "no numba": (
        {"backend": "numpy", "numba_missing": "cannot be loaded: no module"},
        "numba cannot be loaded",
        "pip install numba",
    ),
    "no cache": ({"cache": False}, "compiled in every process", "NUMBA_CACHE_DIR"),
}


@pytest.mark.parametrize("what", AMISS)
def test_what_is_amiss_is_said_and_what_to_set(what):
    changes, found, remedy = AMISS[what]
    (advice,) = advise(dataclasses.replace(WELL, **changes))
    assert found in advice.found
    assert remedy in advice.remedy


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"architecture": "Cooperlake"},
        {"flags": frozenset({"avx2"}), "architecture": "Haswell"},
        {"flags": facts.AVX512 - {"avx512vl"}, "architecture": "Haswell"},
        {"blas": "accelerate", "architecture": "", "blas_threads": 0},
        {"cores": 7.5, "blas_threads": 8},
        {"cores": 8.5},
    ],
    ids=["all", "Cooperlake", "no AVX-512", "half of it", "Accelerate", "a share", "more"],
)
def test_a_machine_without_fault_gets_no_advice(changes):
    assert advise(dataclasses.replace(WELL, **changes)) == []


def test_several_faults_are_all_said():
    ill = dataclasses.replace(WELL, architecture="Zen", cores=2, cache=False)
    assert len(advise(ill)) == 3


# --- facts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "share"), [("150000 100000\n", 1.5), ("max 100000\n", None), ("", None), ("1 0", None)]
)
def test_a_containers_share_of_the_cores(tmp_path, content, share):
    (tmp_path / "cpu.max").write_text(content)
    whole = facts.usable_cores(tmp_path / "none")
    assert facts.usable_cores(tmp_path / "cpu.max") == min(whole, share or whole)
    assert 1 <= whole <= os.cpu_count()


def test_the_flags_of_a_processor(tmp_path):
    (tmp_path / "cpuinfo").write_text("model name\t: X\nflags\t\t: fpu sse avx512f\nflags\t\t: other\n")
    assert facts.cpu_flags(tmp_path / "cpuinfo") == {"fpu", "sse", "avx512f"}
    assert facts.cpu_flags(tmp_path / "none") == frozenset()


def test_this_machine():
    here = Facts.of_this_machine()
    assert here.backend == sv.kernels.backend()
    assert here.environment == dict(os.environ)
    assert here.load >= 0
    assert all(isinstance(item.remedy, str) for item in advise(here))


# --- measured -----------------------------------------------------------------------------------


def test_what_there_is_to_try():
    two = dataclasses.replace(WELL, cores=2, blas_threads=2)
    tried = measured.settings(two)
    assert list(tried) == ["as it is set", "1 thread", "Haswell kernels"]
    assert tried["1 thread"]["OPENBLAS_NUM_THREADS"] == "1"
    assert tried["1 thread"]["OMP_NUM_THREADS"] is None
    assert list(measured.settings(dataclasses.replace(two, blas="accelerate"))) == ["as it is set"]


def test_the_faster_setting_is_advised_if_it_is_plainly_faster():
    facts = dataclasses.replace(WELL, architecture="Zen")
    (found, remedy) = faster(facts, {"as it is set": 3.0, "1 thread": 4.0, "SkylakeX kernels": 2.0})
    assert "1.5 times as fast with SkylakeX kernels" in found
    assert "OPENBLAS_CORETYPE=SkylakeX " in remedy
    assert faster(facts, {"as it is set": 2.2, "SkylakeX kernels": 2.0}) is None


def test_each_setting_is_timed_in_a_process_of_its_own(monkeypatch):
    monkeypatch.setattr(measured, "PRODUCTS", "import os; print(os.environ.get('OPENBLAS_NUM_THREADS', 8))")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    assert measured.measure(WELL, n_rounds=1) == {"as it is set": 3, "1 thread": 1, "Haswell kernels": 3}


def test_the_products_run():
    assert 0 < measured._seconds({}) < 10


def test_the_environment_of_a_measurement(monkeypatch):
    monkeypatch.setenv("A_SETTING", "1")
    assert in_environment(A_SETTING="2")["A_SETTING"] == "2"
    assert "A_SETTING" not in in_environment(A_SETTING=None)


def test_tiny_numbers_are_timed():
    assert measured.denormal_slowdown(n=100, repeats=2) > 0
    assert 0 < np.float32(measured.DENORMAL) < np.finfo(np.float32).tiny


# --- a run --------------------------------------------------------------------------------------


@pytest.fixture
def checkpoint(tmp_path):
    """The folder of a short run."""
    x = (np.random.default_rng(0).random((20, 12)) < 0.5).astype(np.uint8)
    sv.train(sv.VAE(12, 2, (4,)), x, epochs=1, checkpoint=tmp_path, progress=False)
    return tmp_path


def test_a_healthy_run_gets_no_advice(checkpoint):
    assert look_at_run(checkpoint / "last.npz") == []


def test_denormal_numbers_in_a_run_are_found(checkpoint, capsys):
    from scratchvae.storage import load_npz, save_npz

    arrays, meta = load_npz(checkpoint / "last.npz")
    name = next(name for name, array in arrays.items() if array.dtype == np.float32)
    arrays[name].flat[:5] = 1e-40
    save_npz(checkpoint / "last.npz", arrays, meta)
    (advice,) = look_at_run(checkpoint / "last.npz")
    assert f"5 of {arrays[name].size:,} entries of {name} are denormal" in advice.found
    _, out, _ = call(capsys, "doctor", "--run", checkpoint, "--json")
    assert advice._asdict() in json.loads(out)["advice"]


def test_zeros_and_whole_numbers_are_not_denormal():
    from scratchvae.advice.runs import denormals

    assert denormals(np.array([0.0, 1.0, 1e-37], np.float32)) == 0
    assert denormals(np.array([1, 2])) == 0
    assert denormals(np.array([1e-39, -1e-39], np.float32)) == 2
    assert denormals(np.array([1e-39])) == 0  # in double precision it is none


def test_the_command_measures_and_says_so_in_words(capsys, monkeypatch):
    monkeypatch.setattr("scratchvae.advice.measure", lambda facts: {"as it is set": 2e-3, "1 thread": 1e-3})
    monkeypatch.setattr("scratchvae.advice.facts.Facts.of_this_machine", classmethod(lambda cls: WELL))
    status, out, _ = call(capsys, "doctor", "--measure")
    assert status == 0
    assert "  as it is set     2000 us for the products\n" in out
    assert "  1. Matrix products are 2.0 times as fast with 1 thread.\n     Set OPENBLAS_NUM_THREADS=1" in out


def test_a_machine_without_fault_is_said_to_be_one(capsys, monkeypatch):
    monkeypatch.setattr("scratchvae.advice.facts.Facts.of_this_machine", classmethod(lambda cls: WELL))
    _, out, _ = call(capsys, "doctor")
    assert out.endswith("advice\n  nothing that costs time was found\n")
