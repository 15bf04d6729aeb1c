"""Tests in a forked child: which lines they reach, and whether they notice a changed function."""

import gc
import os
import pickle
import resource
import signal
import sys
import types

import pluggy
import pytest

#: Exceptions by which a test says something else than that it fails.
NO_FAILURE = (pytest.skip.Exception, pytest.xfail.Exception)
#: Bytes of address space: a mutant that asks for more is caught by a MemoryError.
MEMORY = 16 << 30


class FirstFailure(Exception):
    """Leaves pytest where a test has failed, before its report, which takes longer than most tests."""


class Listener:
    """The plugin: it hands the collected tests to `take_over` and hears of each failure first."""

    def __init__(self, take_over):
        self.take_over, self.failed = take_over, None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        """In place of pytest's own loop."""
        self.take_over(session.items, self)
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item, call):
        """Note a failure."""
        if call.excinfo is not None and not isinstance(call.excinfo.value, NO_FAILURE):
            self.failed(item, call.excinfo)

    def run(self, items):
        """One test after the other, a fixture kept if the next one needs it; it may be stopped between."""  # noqa: E501
        for item, following in zip(items, [*items[1:], None], strict=False):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            yield item


def first_failure(listener, items):
    """(test, name of the exception) of the first test that fails, or None."""

    def leave(item, excinfo):
        found.append((item.nodeid, excinfo.typename))
        raise FirstFailure(item.nodeid)

    found, listener.failed = [], leave
    try:
        for _ in listener.run(items):
            pass
    except (FirstFailure, pluggy.PluggyTeardownRaisedWarning):  # which pytest may make of it on its way
        pass
    return found[0] if found else None


# --- a child ---------------------------------------------------------------------------------


def in_child(function):
    """Fork, call `function()` in the child; return (process id, end of the pipe that brings its pickle)."""
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return process, reading
    os.close(reading)
    try:
        answer = function()
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(answer, pipe)
    finally:
        os._exit(0)


def brought(reading):
    """(True, what came through the pipe), or (False, None) if the child died before."""
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read()
    return (True, pickle.loads(text)) if text else (False, None)


def limit(seconds):
    """End this process after so many seconds of its own time: an endless loop."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, seconds)


def silence():
    """Output of the tests goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


# --- which lines are reached -----------------------------------------------------------------


class Lines:
    """The lines of some files that are executed between `start` and `stop`, {path: set of numbers}."""

    def __init__(self, paths, in_functions_only=False):
        self.paths, self.in_functions_only, self.seen = paths, in_functions_only, {}

    def start(self):
        """Begin to listen, with nothing seen."""
        self.seen = {}
        sys.settrace(self._entered)

    def stop(self):
        """Listen no more, and return what was seen."""
        sys.settrace(None)
        return self.seen

    def _entered(self, frame, event, _):
        code = frame.f_code
        if code.co_filename not in self.paths:
            return None
        if (
            self.in_functions_only and not code.co_flags & 2
        ):  # CO_NEWLOCALS: a class body or a module has none
            return None
        return self._within

    def _within(self, frame, event, _):
        if event == "line":
            self.seen.setdefault(frame.f_code.co_filename, set()).add(frame.f_lineno)
        return self._within


# --- a changed function in place -------------------------------------------------------------


def live_functions(paths):
    """{(path, qualified name, first line): functions} of all functions in memory that these files define."""
    found = {}
    for thing in gc.get_objects():
        if isinstance(thing, types.FunctionType) and thing.__code__.co_filename in paths:
            found.setdefault(_place(thing.__code__), []).append(thing)
    return found


def _place(code):
    return code.co_filename, code.co_qualname, code.co_firstlineno


def put_in_place(module_code, functions):
    """Give every live function the code that the changed module has for it."""
    for code in _all_codes(module_code):
        for function in functions.get(_place(code), ()):
            if function.__code__ != code:
                function.__code__ = code


def _all_codes(code):
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _all_codes(constant)
