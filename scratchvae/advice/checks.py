"""What is amiss with a machine's settings, one check each, and what to set."""

import math
import os
from typing import NamedTuple

#: Names of the processors whose OpenBLAS kernels use AVX-512.
WIDE = ("SkylakeX", "Cooperlake", "SapphireRapids")
#: What sets the number of threads, by BLAS; the first that is set counts.
THREADS = {
    "openblas": ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"),
    "mkl": ("MKL_NUM_THREADS", "OMP_NUM_THREADS"),
    "blis": ("BLIS_NUM_THREADS", "OMP_NUM_THREADS"),
}
KNOWN = (*THREADS, "accelerate")


class Advice(NamedTuple):
    """One thing that costs time: what was found, and what to do about it."""

    found: str
    remedy: str


def advise(facts):
    """Return the `Advice` of all checks, those that cost most first; an empty list if nothing is amiss."""
    return [advice for check in CHECKS if (advice := check(facts)) is not None]


def unknown_blas(facts):
    """Matrix products are most of a training step: nothing costs more than a slow BLAS."""
    if facts.blas in KNOWN:
        return None
    return Advice(
        f"NumPy's BLAS is {facts.blas or 'none that is known'}: matrix products may be ten times slower.",
        "Install NumPy from PyPI or conda-forge, whose packages bring OpenBLAS, MKL or Accelerate.",
    )


def slow_kernels(facts):
    """OpenBLAS asks the processor for its name, and takes narrow kernels if it does not know it."""
    if facts.blas != "openblas" or not facts.has_avx512 or facts.architecture in WIDE:
        return None
    pinned = facts.environment.get("OPENBLAS_CORETYPE")
    chosen = (
        f"The processor has AVX-512, but OpenBLAS chose its kernels for {facts.architecture or 'another'}"
    )
    if pinned:
        return Advice(f"{chosen}, because OPENBLAS_CORETYPE={pinned}.", "Unset OPENBLAS_CORETYPE.")
    return Advice(
        f"{chosen}, which have half its width.",
        "Set OPENBLAS_CORETYPE=SkylakeX before Python starts, and see by scratchvae doctor --measure whether "
        "it is faster here.",
    )


def readable_kernels(facts):
    """The NumPy kernels are there to be read."""
    if facts.backend != "numpy":
        return None
    if facts.numba_missing:
        return Advice(f"numba {facts.numba_missing}.", "Install it: pip install numba.")
    return Advice(
        "The kernels in use are the readable ones in NumPy: what is between the products takes longer.",
        "Unset SCRATCHVAE_KERNELS, or set it to numba.",
    )


def one_thread(facts):
    """A BLAS that was told to use one thread, or fewer than it could."""
    cores = math.floor(facts.cores)
    if not 0 < facts.blas_threads < cores:
        return None
    found = f"Matrix products run in {facts.blas_threads} of {facts.cores:g} cores"
    name, value = _pinned_threads(facts)
    if name is None:
        return Advice(f"{found}.", f"Set {_thread_variable(facts)}={cores}.")
    return Advice(
        f"{found}, because {name}={value}.",
        f"Unset {name}, or set it to {cores}, unless other processes need the cores.",
    )


def oversubscribed(facts):
    """Threads without a core of their own wait for each other, spinning."""
    if facts.blas_threads <= math.ceil(facts.cores):
        return None
    return Advice(
        f"Matrix products run in {facts.blas_threads} threads on {facts.cores:g} cores: threads wait for "
        "each other, and everything may be several times slower.",
        f"Set {_thread_variable(facts)}={_whole_cores(facts)}.",
    )


def busy(facts):
    """Others at work: two BLAS of two threads on two cores are both more than twice as slow."""
    if facts.load <= 1.5 * facts.cores:
        return None
    return Advice(
        f"{facts.load:.1f} processes want {facts.cores:g} cores: this one gets a share only.",
        "End what is not needed; if several runs are to go on side by side, give each "
        f"{_thread_variable(facts)}=1 and start no more than {_whole_cores(facts)}.",
    )


def no_cache(facts):
    """Compiled anew, the kernels cost some seconds at every start."""
    if facts.backend != "numba" or facts.cache:
        return None
    return Advice(
        "Compiled kernels cannot be kept: they are compiled in every process, which takes some seconds.",
        "Set NUMBA_CACHE_DIR to a folder that can be written to.",
    )


CHECKS = (unknown_blas, oversubscribed, busy, one_thread, slow_kernels, readable_kernels, no_cache)


def _whole_cores(facts):
    return max(1, math.floor(facts.cores))


def _thread_variable(facts):
    return THREADS.get(facts.blas, ("OMP_NUM_THREADS",))[0]


def _pinned_threads(facts):
    """The variable that sets the number of threads, and its value; None for both if none does."""
    names = THREADS.get(facts.blas, ())
    return next(
        ((name, facts.environment[name]) for name in names if facts.environment.get(name)), (None, None)
    )


def in_environment(**settings):
    """The environment of a new process with these settings, None to unset one, and no other of their kind."""
    found = {name: value for name, value in os.environ.items() if name not in settings}
    return found | {name: value for name, value in settings.items() if value is not None}
