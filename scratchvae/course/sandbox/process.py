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

CHILD = Path(__file__).with_name("child.py")
#: Seconds that Python and NumPy may take to start, on a busy machine.
STARTING = 60


@dataclass(frozen=True)
class Limits:
    """What a solution may take.

    Attributes
    ----------
    seconds : float
        Of the wall clock, to load the file and for each call.
    megabytes : int
        On top of what Python and NumPy need.
    """

    seconds: float = 5.0
    megabytes: int = 1024


@dataclass(frozen=True)
class Failure:
    """Why there is no result.

    Attributes
    ----------
    code : str
        "exception", "timeout", "memory", "crash", "exit" or "protocol".
    message : str
    kinds : tuple of str
        Names of the exception's classes, its own first.
    line : int or None
        In the student's file.
    source : str
        That line.
    """

    code: str
    message: str
    kinds: tuple = ()
    line: int | None = None
    source: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a call, or the loading, gave.

    Attributes
    ----------
    value : object
        What the function returned; the names of all functions, of a loading.
    failure : Failure or None
    changed : tuple of str
        Arguments that the function changed.
    printed : str
        The beginning of what it printed.
    """

    value: object = None
    failure: Failure | None = None
    changed: tuple = ()
    printed: str = ""


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
        reply, _, failure = self._ask({"do": "load", "file": self.path.name}, [source])
        if failure is not None:
            return Outcome(failure=failure)
        return _outcome(reply, lambda: [str(name) for name in reply["functions"]])

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
        return _outcome(reply, lambda: wire.decode(reply["value"], arrays))

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
            return None, [], _how_it_ended(answer, status)
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


def _outcome(reply, value):
    """The outcome that a reply tells of; of one that makes no sense, a failure."""
    try:
        printed = str(reply.get("printed", ""))
        if "error" in reply:
            return Outcome(failure=_exception(reply["error"]), printed=printed)
        return Outcome(value(), changed=tuple(map(str, reply.get("changed", ()))), printed=printed)
    except Exception as error:
        return Outcome(failure=_how_it_ended(error, None))


def _exception(error):
    kinds, line = tuple(map(str, error["kinds"])), error["line"]
    code = "memory" if "MemoryError" in kinds else "exit" if "SystemExit" in kinds else "exception"
    return Failure(
        code, str(error["message"]), kinds, None if line is None else int(line), str(error["code"])
    )


def _how_it_ended(error, status):
    """A failure, from what went wrong with the line and the exit status (minus a signal's number)."""
    if not isinstance(error, OSError | EOFError):
        return Failure("protocol", "what came back could not be read: does it write to file descriptors?")
    if status is None:
        return Failure("protocol", "it closed the line to the grader")
    if status >= 0:
        return Failure("exit", f"it ended the process, with status {status}")
    name = signal.Signals(-status).name
    if name == "SIGXCPU":
        return Failure("timeout", "it is not done after all the processor time that it may take")
    if name == "SIGKILL":
        return Failure("memory", "the system ended the process, for its memory or its processor time")
    return Failure("crash", f"it crashed the process ({name}), as endless recursion does")


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
