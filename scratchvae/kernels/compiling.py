"""How the jitted kernels are compiled: once, cached on disk, and said aloud."""

import contextlib
import functools
import logging

import numba
from numba.core import event
from numba.core.caching import FunctionCache
from numba.core.registry import cpu_target

log = logging.getLogger("scratchvae")

OPTIONS = {"error_model": "numpy", "fastmath": {"contract", "nsz", "reassoc"}, "nogil": True}


class ForgivingCache(FunctionCache):
    """Numba's cache on disk, except that a damaged file or a full disk only costs a compilation."""

    # A damaged cache file can raise anything while it is unpickled: hence the wide net.
    def load_overload(self, sig, target_context):
        """The machine code of a signature, or None if it is not kept or cannot be read."""
        try:
            return super().load_overload(sig, target_context)
        except Exception as error:
            log.warning("numba's cache in %s is damaged (%s): compiling anew.", self.cache_path, error)
            with contextlib.suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig, data):
        """Keep the machine code of a signature, if that is possible."""
        try:
            super().save_overload(sig, data)
        except Exception as error:
            log.warning("numba's cache in %s cannot be written: %s.", self.cache_path, error)


def jit(function):
    """Compile `function` on its first call and keep the machine code in numba's cache folder."""
    dispatcher = numba.njit(**OPTIONS)(function)
    try:
        dispatcher._cache = ForgivingCache(function)  # what `cache=True` does with numba's own
    except RuntimeError:
        _say_that_nothing_is_kept()
    return dispatcher


@functools.cache
def _say_that_nothing_is_kept():
    log.warning("no writable folder for numba's cache: kernels are compiled anew in every process.")


class Announcer(event.Listener):
    """Says once that compilation has begun, since the first call then takes seconds."""

    def __init__(self):
        self.announced = False

    def on_start(self, event):
        """Speak, the first time that one of this package's functions is compiled."""
        module = event.data["dispatcher"].py_func.__module__ or ""  # None in code that was made by exec
        if module.startswith("scratchvae.") and not self.announced:
            self.announced = True
            log.warning("compiling numba kernels, which takes some seconds the first time.")

    def on_end(self, event):
        """Nothing to say at the end."""


event.register("numba:compile", Announcer())
# What the first kernel would load; here it is done while `kernels.active` has paused the garbage collector.
cpu_target.target_context.refresh()
