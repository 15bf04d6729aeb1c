"""Errors, endless loops and the like, in words: what happened, in which line, with which arguments."""

import numpy as np

from scratchvae.course.words.finding import Finding

#: What a Python error mostly comes from.
ADVICE = {
    "NameError": "a misspelling, or a missing import",
    "IndentationError": "the lines of a block must be indented alike",
    "TabError": "tabs and blanks are mixed: use blanks",
    "RecursionError": "the function calls itself without end",
}


def load_failed(failure):
    """The finding on a file that cannot be loaded."""
    if failure.code == "timeout":
        return Finding(
            "file", f"the file does not load: {failure.message}; is there a loop outside of the functions?"
        )
    what = failure.message if failure.code != "exception" else _error(failure)
    if failure.code == "memory":
        what = f"it needs too much memory ({what or 'to be read'})"
    beginning = "the file does not load"
    if failure.code == "exit":
        return Finding("file", f"{beginning}: it ends the process{_at(failure)}; take exit() out of the file")
    return Finding("file", f"{beginning}: {what}{_at(failure)}")


def call_failed(failure, case):
    """The finding on a call that gave nothing."""
    if "NotImplementedError" in failure.kinds:
        return Finding("todo", "not written yet")
    if failure.code == "exit":
        how = f" ({failure.message})" if failure.message else ""
        return Finding("exit", f"it ends the process{how}{_at(failure)}; a function returns instead")
    if failure.code == "timeout":
        return Finding("timeout", f"{failure.message}: an endless loop, or very slow{_with(case)}")
    if failure.code == "memory":
        return Finding("memory", f"it needs too much memory ({failure.message}){_at(failure)}{_with(case)}")
    if failure.code == "exception":
        names = f" (its arguments are to be {', '.join(case.inputs)})" if _is_of_the_call(failure) else ""
        return Finding("exception", f"{_error(failure)}{names}{_at(failure)}{_with(case)}")
    return Finding(failure.code, failure.message)


def _is_of_the_call(failure):
    """Whether the arguments did not fit, so that no line of the student's own was reached."""
    return "TypeError" in failure.kinds and failure.line is None


def _error(failure):
    kind = failure.kinds[0] if failure.kinds else "error"
    advice = next((ADVICE[name] for name in failure.kinds if name in ADVICE), "")
    message = " ".join(failure.message.split())
    return f"{kind}: {message}" + (f" ({advice})" if advice else "")


def _at(failure):
    if failure.line is None:
        return ""
    return f", in line {failure.line}" + (f": {failure.source}" if failure.source else "")


def _with(case):
    """The arguments' shapes, which is what an error mostly hangs on."""
    shapes = ", ".join(f"{name} {_described(value)}" for name, value in case.inputs.items())
    label = f" ({case.label})" if case.label else ""
    return f"; called with {shapes}{label}" if shapes else ""


def _described(value):
    if isinstance(value, np.ndarray):
        return f"of shape {value.shape}"
    if isinstance(value, bool | int | float | str):
        return f"= {value:.4g}" if isinstance(value, float) else f"= {value!r}"
    return f"a {type(value).__name__}"
