"""The hot loop, twice: readable NumPy (``reference``) and its numba twin (``jitted``).

The backend is numba unless the environment variable ``SCRATCHVAE_KERNELS`` says ``numpy`` or `use`
is called. Nothing is imported or compiled until a kernel is first asked for.

Examples
--------
>>> from scratchvae import kernels
>>> with kernels.using("numpy"):
...     kernels.backend()
'numpy'
"""

import contextlib
import gc
import importlib
import os

from scratchvae.validation import choose

BACKENDS = {"numpy": "scratchvae.kernels.reference", "numba": "scratchvae.kernels.jitted"}
_chosen = None
_active = None  # its module, from the first kernel on


def use(name):
    """Choose the backend by name, ``"numpy"`` or ``"numba"``, from here on."""
    global _chosen, _active
    choose(BACKENDS, name, "kernel backend")
    _chosen, _active = name, None


def backend():
    """Name of the backend in use."""
    if _chosen is None:
        name = os.environ.get("SCRATCHVAE_KERNELS", "numba")
        choose(BACKENDS, name, "value of the environment variable SCRATCHVAE_KERNELS")
        use(name)
    return _chosen


@contextlib.contextmanager
def using(name):
    """Choose the backend within a ``with`` block, for tests and comparisons."""
    before = backend()
    use(name)
    try:
        yield
    finally:
        use(before)


def active():
    """Return the module whose kernels are in use."""
    global _active
    if _active is None:
        with _collector_paused():
            _active = importlib.import_module(BACKENDS[backend()])
    return _active


@contextlib.contextmanager
def _collector_paused():
    """Without the search for garbage: numba makes many objects, none of them garbage, and loads sooner."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()
