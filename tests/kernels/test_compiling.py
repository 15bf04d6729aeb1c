"""Numba's cache: kept, announced, and no obstacle when it is damaged or cannot be written."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = """
import numpy as np
from scratchvae.kernels import jitted, codes
a = np.ones((2, 3))
kernel = jitted.activation_backward
print(kernel(codes.TANH, a, a / 2, a)[1].tolist(), kernel.stats.cache_hits)
"""


def run_with_cache(folder, code=CODE):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder), "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return run.stdout.strip(), run.stderr


def test_compilation_is_said_once_and_the_next_process_loads_it(tmp_path):
    first, said = run_with_cache(tmp_path)
    assert first.startswith("[1.5, 1.5, 1.5] Counter()")
    assert said.count("compiling numba kernels") == 1
    again, said = run_with_cache(tmp_path)
    assert again.startswith("[1.5, 1.5, 1.5] Counter({")
    assert said == ""


def test_a_damaged_cache_costs_a_compilation_only(tmp_path):
    run_with_cache(tmp_path)
    for number, file in enumerate(path for path in tmp_path.rglob("*") if path.is_file()):
        file.write_bytes(file.read_bytes()[:50] if number % 2 else b"")
    found, said = run_with_cache(tmp_path)
    assert found.startswith("[1.5, 1.5, 1.5]")
    assert "is damaged" in said
    assert run_with_cache(tmp_path)[1] == ""  # and is whole again afterwards


def test_a_full_disk_costs_a_compilation_only(tmp_path):
    full = """
import errno
from numba.core import caching
def no_space(*args, **kwargs):
    raise OSError(errno.ENOSPC, "No space left on device")
caching.IndexDataCacheFile.save = no_space
"""
    found, said = run_with_cache(tmp_path, full + CODE)
    assert found.startswith("[1.5, 1.5, 1.5]")
    assert "cannot be written: [Errno 28] No space left on device" in said


def test_without_any_folder_kernels_are_compiled_in_memory(tmp_path):
    nowhere = """
from numba.core import caching
caching.CacheImpl._locator_classes = []
caching.CompileResultCacheImpl._locator_classes = []
"""
    found, said = run_with_cache(tmp_path, nowhere + CODE)
    assert found == "[1.5, 1.5, 1.5] Counter()"
    assert said.count("no writable folder") == 1


def test_functions_of_others_compile_in_silence(tmp_path):
    """Code that was made by `exec` has no module; numba tells every listener of its compilation too."""
    others = """
import numba
from scratchvae.kernels import jitted
space = {"__name__": None}
exec("def twice(x): return 2 * x", space)
print(numba.njit(space["twice"])(21))
"""
    assert run_with_cache(tmp_path, others) == ("42", "")
