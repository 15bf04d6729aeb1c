"""What an installation consists of, for ``scratchvae doctor`` and for reports of measurements."""

import os
import platform
from importlib import metadata

import scratchvae

PACKAGES = ("numpy", "scipy", "numba", "llvmlite", "matplotlib", "pooch", "tqdm")


def examine(data_dir=None):
    """Return {section: {name: value}}, all values strings."""
    return {
        "versions": versions(),
        "machine": machine(),
        "linear algebra": blas(),
        "kernels": kernels(),
        "data": data(data_dir),
    }


def versions():
    """Python's and the packages' versions."""
    found = {"python": platform.python_version(), "scratchvae": scratchvae.__version__}
    return found | versions_of(PACKAGES)


def versions_of(names):
    """{package: version}, or that it is not installed."""
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def machine():
    """Processor and operating system."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": _processor(),
        "cores": str(usable),
        "system": f"{platform.system()} {platform.release()}",
    }


def _processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            lines = [line for line in file if line.startswith("model name")]
        return lines[0].partition(":")[2].strip()
    except (OSError, IndexError):
        return platform.processor() or platform.machine()


def blas():
    """The BLAS that NumPy uses, the kernels that it chose for this processor, and its threads."""
    library = blas_library()
    found = {"BLAS": "none that threadpoolctl knows"}
    if library is not None:
        found["BLAS"] = f"{library['internal_api']} {library.get('version') or ''}".strip()
        found["kernels chosen"] = library.get("architecture") or "unknown"
        found["threads"] = str(library["num_threads"])
    pinned = {
        name: value for name, value in os.environ.items() if name.startswith(("OPENBLAS_", "OMP_", "MKL_"))
    }
    found["pinned by"] = ", ".join(f"{name}={value}" for name, value in sorted(pinned.items())) or "nothing"
    return found


def blas_library():
    """What threadpoolctl says of the BLAS that NumPy uses, a dict; None if it knows none."""
    import numpy as np
    from threadpoolctl import threadpool_info

    np.ones((2, 2)) @ np.ones((2, 2))  # what loads late is loaded now
    loaded = [library for library in threadpool_info() if library["user_api"] == "blas"]
    loaded.sort(key=lambda library: "numpy" not in library["filepath"])  # SciPy brings another
    return loaded[0] if loaded else None


def kernels():
    """The backend of the hot loop, and whether numba can be loaded."""
    from scratchvae import kernels

    found = {"backend": kernels.backend()}
    try:
        import numba
    except ImportError as error:
        return found | {"numba": f"cannot be loaded: {error}"}
    from scratchvae.kernels import jitted

    cache = jitted.activation_backward.stats.cache_path
    return found | {
        "numba": numba.__version__,
        "cache": cache or "no writable folder: kernels are compiled in every process",
    }


def data(data_dir=None):
    """For each known data set, where its files were found."""
    from scratchvae.data import sources

    try:
        folder = sources.user_folder(data_dir) or "no folder given: SCRATCHVAE_DATA is not set"
    except FileNotFoundError as error:
        return {"folder": str(error)}
    found = {"folder": str(folder), "cache": str(sources.cache_folder()), "glyphs": "embedded"}
    return found | {name: _where(name, data_dir) for name in sources.SOURCES}


def _where(name, data_dir):
    from scratchvae.data import sources

    files = sources.SOURCES[name].sha256
    if all(sources.find(name, file, data_dir) for file in files):
        return "in the folder"
    if all((sources.cache_folder() / name / file).exists() for file in files):
        return "in the cache"
    return "not here: downloaded when first asked for"
