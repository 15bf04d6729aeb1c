"""For people: a line a function, what is wrong beside it, hints if asked for."""

import textwrap

WIDTH = 100
COLOURS = {"passed": "32", "wrong": "31", "to do": "33"}


def text(results, n_hints=0, colour=False):
    """All results, one file after the other.

    Parameters
    ----------
    results : list of FileResult
    n_hints : int
        How many hints to show of each function that has not passed.
    colour : bool
        Whether to colour the verdicts, by a terminal's escape codes.
    """
    shown = [_of_file(result, n_hints, colour) for result in results]
    if len(results) > 1:
        shown.append(f"{sum(result.passed for result in results)} of {len(results)} files passed")
    return "\n\n".join(shown)


def verdict_of(function):
    """The verdict in a word or two."""
    return "passed" if function.passed else "to do" if function.code == "todo" else "wrong"


def _of_file(result, n_hints, colour):
    error = result.error or _common_error(result.functions)
    if error:
        lines = _filled("  ", error, "  ")
    else:
        width = max(len(function.name) for function in result.functions)
        lines = [line for f in result.functions for line in _of_function(f, width, n_hints, colour)]
    counts = f"{result.n_passed} of {len(result.functions)} functions passed"
    points = f"{result.score} of {result.max_score} points"
    return "\n".join([result.path, *lines, f"{counts}, {points} (--seed {result.seed} repeats it)"])


def _common_error(functions):
    """What is said of every function because the file does not load."""
    messages = {function.message for function in functions if function.code == "file"}
    return messages.pop() if len(messages) == 1 else ""


def _of_function(function, width, n_hints, colour):
    verdict = verdict_of(function)
    margin = " " * (width + 17)
    points = f"{function.score}/{function.max_score}"
    lines = _filled(f"  {verdict:<6}  {function.name:<{width}}  {points:<5}", function.message, margin)
    if colour:
        lines[0] = lines[0].replace(verdict, f"\033[{COLOURS[verdict]}m{verdict}\033[0m", 1)
    if not function.passed and function.printed.strip():
        lines += _filled(f"{margin}it printed: ", function.printed, margin + "  ")
    for hint in function.hints[:n_hints] if not function.passed else ():
        lines += _filled(f"{margin}hint: ", hint, margin + "  ")
    return lines


def _filled(first, message, margin):
    """Lines of `first` and the message, all but the first indented by `margin`."""
    width = max(WIDTH, len(margin) + 40)
    lines = textwrap.wrap(" ".join(message.split()), width, initial_indent=first, subsequent_indent=margin)
    return lines or [first.rstrip()]
