"""What came of loading a student's file or of calling a function in it."""

import signal
from dataclasses import dataclass


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


def outcome_of(reply, value):
    """The outcome that a reply tells of; of one that makes no sense, a failure."""
    try:
        printed = _printable(str(reply.get("printed", "")))
        if "error" in reply:
            return Outcome(failure=_exception(reply["error"]), printed=printed)
        return Outcome(value(), changed=tuple(map(str, reply.get("changed", ()))), printed=printed)
    except Exception as error:
        return Outcome(failure=how_it_ended(error, None))


def _exception(error):
    kinds = tuple(_printable(str(kind)) for kind in error["kinds"])
    line = None if error["line"] is None else int(error["line"])
    code = "memory" if "MemoryError" in kinds else "exit" if "SystemExit" in kinds else "exception"
    return Failure(code, _printable(str(error["message"])), kinds, line, _printable(str(error["code"])))


def _printable(text):
    """Text that may go to a terminal and into any file: no control characters, no halves of characters."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)


def how_it_ended(error, status):
    """A failure, from what went wrong with the line and the exit status (minus a signal's number)."""
    if not isinstance(error, OSError | EOFError):
        return Failure("protocol", "what came back could not be read: does it write to file descriptors?")
    if status is None:
        return Failure("protocol", "it closed the line to the grader")
    if status >= 0:
        return Failure("exit", f"with status {status}")
    name = signal.Signals(-status).name
    if name == "SIGXCPU":
        return Failure("timeout", "it is not done after all the processor time that it may take")
    if name == "SIGKILL":
        return Failure("memory", "the system ended the process, for its memory or its processor time")
    hint = ", as endless recursion does" if name == "SIGSEGV" else ""
    return Failure("crash", f"it crashed the process ({name}){hint}")
