"""How the jitted kernels are compiled: once, cached on disk, and said aloud."""

import logging

import numba
from numba.core import event

log = logging.getLogger("scratchvae")

OPTIONS = {"error_model": "numpy", "fastmath": {"contract", "nsz", "reassoc"}, "nogil": True}


def jit(function):
    """Compile `function` on its first call and keep the machine code in numba's cache folder."""
    try:
        return numba.njit(cache=True, **OPTIONS)(function)
    except RuntimeError:  # no folder can be written: neither the package's own nor the user's cache
        log.warning("no writable folder for numba's cache: kernels are compiled anew in every process.")
        return numba.njit(**OPTIONS)(function)


class Announcer(event.Listener):
    """Says once that compilation has begun, since the first call then takes seconds."""

    def __init__(self):
        self.announced = False

    def on_start(self, event):
        ours = event.data["dispatcher"].py_func.__module__.startswith("scratchvae.")
        if ours and not self.announced:
            self.announced = True
            log.warning("compiling numba kernels, some seconds; they are cached for the next time.")

    def on_end(self, event):
        """Nothing to say at the end."""


event.register("numba:compile", Announcer())
