"""What the checks want to know of a machine and of how this process may use it."""

import os
from dataclasses import dataclass, field
from pathlib import Path

#: What OpenBLAS's kernels for AVX-512 use, as Linux names it: that of Intel's Skylake-X.
AVX512 = frozenset({"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"})


@dataclass(frozen=True)
class Facts:
    """A machine, its BLAS, and this process's share of it.

    Attributes
    ----------
    cores : float
        That this process may use: by its affinity, or the share that its control group has, 1.5, say.
    flags : frozenset of str
        The instruction sets of the processor, as Linux names them; empty where that is not known.
    blas, architecture : str
        "openblas", "mkl", ...; and the processor whose kernels it chose, "Haswell". Empty if not known.
    blas_threads : int
        That the BLAS takes; 0 if not known.
    load : float
        Processes that wanted to run in the last minute, on average.
    backend : str
        Of the kernels: "numba" or "numpy".
    numba_missing : str
        Why numba cannot be loaded; empty if it can.
    cache : bool
        Whether compiled kernels are kept for the next process.
    environment : mapping of str to str
    """

    cores: float
    flags: frozenset = frozenset()
    blas: str = ""
    architecture: str = ""
    blas_threads: int = 0
    load: float = 0.0
    backend: str = "numba"
    numba_missing: str = ""
    cache: bool = True
    environment: dict = field(default_factory=dict)

    @property
    def has_avx512(self):
        """Whether the processor has what OpenBLAS's kernels for AVX-512 use."""
        return self.flags >= AVX512

    @classmethod
    def of_this_machine(cls):
        """Read them all."""
        return cls(
            cores=usable_cores(),
            flags=cpu_flags(),
            **_blas(),
            load=os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0,
            **_kernels(),
            environment=dict(os.environ),
        )


def usable_cores(quota=Path("/sys/fs/cgroup/cpu.max")):
    """Cores that this process may use; fewer than there are in a container with a share of them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        share, period = quota.read_text(encoding="utf-8").split()
        return min(cores, int(share) / int(period))
    except (OSError, ValueError, ZeroDivisionError):  # no such file; "max": no limit
        return cores


def cpu_flags(path=Path("/proc/cpuinfo")):
    """The processor's instruction sets, where the system is Linux."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return frozenset()
    return frozenset(next((line.partition(":")[2] for line in lines if line.startswith("flags")), "").split())


def _blas():
    from scratchvae.diagnosis import blas_library

    library = blas_library()
    if library is None:
        return {}
    return {
        "blas": library["internal_api"],
        "architecture": library.get("architecture") or "",
        "blas_threads": library["num_threads"],
    }


def _kernels():
    from scratchvae import diagnosis

    found = diagnosis.kernels()
    missing = found["numba"] if "cache" not in found else ""
    kept = not found.get("cache", "").startswith("no writable folder")
    return {"backend": found["backend"], "numba_missing": missing, "cache": kept}
