"""A student's file in a process of its own, and what came of loading it and of calling its functions."""

import contextlib
import math
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from scratchvae.course.exercise import Draws, Source
from scratchvae.course.sandbox import wire
from scratchvae.course.sandbox.outcome import Failure, Outcome, how_it_ended, outcome_of

CHILD = Path(__file__).with_name("child.py")
#: Seconds that Python and NumPy may take to start, on a busy machine.
STARTING = 60
#: How many times longer than a call the loading of the file may take: SciPy is slow to import.
LOADING = 3


@dataclass(frozen=True)
class Limits:
    """What a solution may take.

    Attributes
    ----------
    seconds : float
        Of the wall clock, for each call; to load the file it may take three times that.
    megabytes : int
        On top of what Python and NumPy need.
    """

    seconds: float = 5.0
    megabytes: int = 1024


@dataclass
class Sandbox:
    """One process with one student's file; a context manager that leaves nothing behind.

    What ends the process, an endless loop say, is a failure of that call; the next one starts a new process.

    Parameters
    ----------
    path : Path
        The student's file.
    limits : Limits
    """

    path: Path
    limits: Limits = field(default_factory=Limits)
    held: tuple = ()
    _process: subprocess.Popen | None = None
    _folder: tempfile.TemporaryDirectory | None = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._end()

    def load(self):
        """Run the file; the outcome's value is the list of names of its functions."""
        self._end()
        self._start()
        source = np.frombuffer(self.path.read_bytes(), np.uint8)
        request, seconds = {"do": "load", "file": self.path.name}, LOADING * self.limits.seconds
        reply, _, failure = self._ask(request, [source], seconds)
        if failure is not None:
            return Outcome(failure=failure)
        return outcome_of(reply, lambda: [str(name) for name in reply["functions"]])

    def call(self, function, inputs):
        """Call a function with arguments by name."""
        if self._process is None:
            loaded = self.load()
            if loaded.failure is not None:
                return loaded
        values = []
        trees = {name: _encode(value, values) for name, value in inputs.items()}
        reply, arrays, failure = self._ask({"do": "call", "function": function, "inputs": trees}, values)
        if failure is not None:
            return Outcome(failure=failure)
        return outcome_of(reply, lambda: wire.decode(reply["value"], arrays))

    def _start(self):
        self._folder = tempfile.TemporaryDirectory(prefix="scratchvae-grade-", ignore_cleanup_errors=True)
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-B", "-X", "utf8", str(CHILD), *_folders_of_packages()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._folder.name,
            env=_environment(self._folder.name),
            start_new_session=True,
        )
        settings = {
            "megabytes": self.limits.megabytes,
            "seconds": math.ceil(100 * self.limits.seconds),  # a backstop: each call is watched by the clock
            "forbidden": [str(Path(__file__).parents[2])],
        }
        reply, _, failure = self._ask(settings, [], STARTING)
        if failure is not None:
            raise OSError(f"the process for a student's file does not start: {failure.message}")
        self.held = tuple(reply["limits"])

    def _ask(self, message, values, seconds=None):
        """(reply, arrays, None), or (None, [], Failure) after which the process is no more."""
        seconds = self.limits.seconds if seconds is None else seconds
        answers, process = queue.SimpleQueue(), self._process
        arguments = (process, message, values, answers)
        threading.Thread(target=_exchange, args=arguments, daemon=True).start()
        try:
            answer = answers.get(timeout=seconds)
        except queue.Empty:
            self._end()
            return None, [], Failure("timeout", f"it is not done after {seconds:g} seconds")
        if isinstance(answer, Exception):
            status = self._end(wait=isinstance(answer, OSError | EOFError))
            return None, [], how_it_ended(answer, status)
        return *answer, None

    def _end(self, wait=False):
        """End the process and all of its group; return its exit status."""
        process, folder = self._process, self._folder
        self._process = self._folder = None
        if process is None:
            return None
        if wait:  # it has closed the line: give it a moment to end in its own way
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1)
        status = process.poll()
        _kill(process)
        process.wait()
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                stream.close()
        folder.cleanup()
        return status


def _exchange(process, message, values, answers):
    """Write a message and read the answer: in a thread, which a process that does not answer may hold up."""
    try:
        wire.write(process.stdin, message, values)
        reply, arrays = wire.read(process.stdout)
        if not isinstance(reply, dict):
            raise ValueError(f"a {type(reply).__name__} for an answer")
        answers.put((reply, arrays))
    except Exception as error:  # whatever a broken answer leads to
        answers.put(error)


def _encode(value, arrays):
    if isinstance(value, Source):
        return {"source": value.code}
    if isinstance(value, Draws):
        return {"draws": value.seed}
    return wire.encode(value, arrays)


def _kill(process):
    """End a process and its group; on a system without groups, the process."""
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _folders_of_packages():
    """Where NumPy and SciPy are: a folder of the user's own is not on the path in isolated mode."""
    import scipy

    return sorted({str(Path(package.__file__).parents[1]) for package in (np, scipy)})


def _environment(folder):
    """Nothing of ours, but what Python and the BLAS need; one thread, so that nothing else must start."""
    kept = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    threads = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    return {**environment, **dict.fromkeys(threads, "1"), "HOME": folder, "TMPDIR": folder, "LANG": "C.UTF-8"}
