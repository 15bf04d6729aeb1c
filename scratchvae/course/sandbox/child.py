"""The process that runs a student's file: it loads it, calls its functions, and sends back what they return.

Started as a script, in Python's isolated mode and an empty folder, with the folders of NumPy and SciPy as
arguments. It knows no answers: inputs come from the grader over the standard input, results go back over the
standard output, both moved to numbers of their own before the student's code runs, which finds nothing to
read and a bin to write to.
"""

import builtins
import contextlib
import importlib.util
import os
import sys
import traceback
import types

if __name__ == "__main__":
    sys.path.extend(sys.argv[1:])
import numpy as np

#: Characters kept of what a solution prints, of an error's message, and of a line of code.
PRINTED, MESSAGE, LINE = 500, 300, 120


class Printed:
    """What stands in for sys.stdout: the first characters are kept, the rest forgotten."""

    encoding, errors, closed = "utf-8", "strict", False

    def __init__(self):
        self.text = ""

    def write(self, text):
        """Keep the beginning."""
        if len(self.text) < PRINTED:
            self.text += str(text)[: PRINTED - len(self.text)]
        return len(text)

    def flush(self):
        """Nothing waits."""

    def isatty(self):
        """It is no terminal."""
        return False

    def take(self):
        """What was printed since the last time."""
        taken, self.text = self.text, ""
        return taken


class Solution:
    """A student's file as a module.

    Parameters
    ----------
    file : str
        Its name, for messages; it is not read.
    source : bytes
    """

    def __init__(self, file, source):
        self.file, self.source = file, source
        self.module = types.ModuleType(os.path.splitext(os.path.basename(file))[0])
        self.module.__file__ = file
        sys.modules[self.module.__name__] = self.module

    def load(self):
        """Run the file; return the names of its functions as a reply."""
        with self._errors_in({}) as reply:
            code = compile(self.source, self.file, "exec", dont_inherit=True)
            exec(code, self.module.__dict__)
            defined = [name for name, value in list(vars(self.module).items()) if callable(value)]
            reply["functions"] = [name for name in defined if isinstance(name, str)][:500]
        return reply

    def call(self, function, inputs, encode):
        """Call a function; return (reply, arrays): what it returned, and which arguments it changed."""
        values, before = [], {name: _bits(value) for name, value in inputs.items()}
        with self._errors_in({}) as reply:
            with np.errstate(all="ignore"):
                result = getattr(self.module, function)(**inputs)
            changed = [name for name, value in inputs.items() if _bits(value) != before[name]]
            reply.update(value=encode(result, values), changed=changed)
        return reply, values if "error" not in reply else []

    @contextlib.contextmanager
    def _errors_in(self, reply):
        """Put any exception within into the reply: SystemExit and the like, too."""
        try:
            yield reply
        except BaseException as error:
            reply.clear()
            reply["error"] = self._described(error)

    def _described(self, error):
        """An exception's type and message, and the last line of the student's own that it went through."""
        try:
            message = str(error.msg if isinstance(error, SyntaxError) else error)[:MESSAGE]
        except BaseException:
            message = ""
        line = self._line_of(error)
        lines = self.source.decode("utf-8", "replace").splitlines()
        code = lines[line - 1].strip()[:LINE] if line and line <= len(lines) else ""
        kinds = [kind.__name__[:80] for kind in type(error).__mro__]
        return {"kinds": kinds, "message": message, "line": line, "code": code}

    def _line_of(self, error):
        if isinstance(error, SyntaxError) and error.filename == self.file:
            return error.lineno
        steps = traceback.walk_tb(error.__traceback__)
        own = [number for frame, number in steps if frame.f_code.co_filename == self.file]
        return own[-1] if own else None


def _bits(value):
    """What tells whether an argument was changed."""
    if isinstance(value, np.ndarray):
        return value.shape, value.tobytes()
    return [_bits(entry) for entry in value] if isinstance(value, list | tuple) else None


def main():
    """Answer the grader's messages until it closes the line."""
    wire, limits, guards = map(_beside_this_file, ("wire", "limits", "guards"))
    requests, replies = _own_streams()
    settings, _ = wire.read(requests)
    printed = sys.stdout = sys.stderr = Printed()
    import ctypes  # noqa: F401  the libraries want it, and it opens a library itself

    held = limits.apply(settings["megabytes"], settings["seconds"])
    guards.install(settings["forbidden"])
    wire.write(replies, {"limits": held})
    solution = None
    makers = {"source": lambda code: eval(code, {"np": np}), "draws": np.random.default_rng}
    while True:
        try:
            request, arrays = wire.read(requests)
        except EOFError:
            os._exit(0)  # without farewell: threads of the solution may still run
        if request["do"] == "load":
            solution, values = Solution(request["file"], arrays[0].tobytes()), []
            reply = solution.load()
        else:
            inputs = {name: wire.decode(tree, arrays, makers) for name, tree in request["inputs"].items()}
            reply, values = solution.call(request["function"], inputs, wire.encode)
        wire.write(replies, {**reply, "printed": printed.take()}, values)


def _beside_this_file(name):
    """The module of that name in this folder, which is on no path; its builtins are its own."""
    file = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{name}.py")
    spec = importlib.util.spec_from_file_location(name, file)
    module = importlib.util.module_from_spec(spec)
    module.__builtins__ = dict(vars(builtins))
    spec.loader.exec_module(module)
    return module


def _own_streams():
    """The grader's two streams, moved away from 0 and 1, to which a solution may do what it likes."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    return requests, replies


if __name__ == "__main__":
    main()
