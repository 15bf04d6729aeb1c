"""A report as a table of text, in colour where a person reads it."""

import os
import shutil
import sys
import textwrap

from scratchvae.gradcheck.formats.cells import COLUMNS, cells, conclusion, findings, printable

#: The width that a table is made for, and the least that it is squeezed to.
WIDTH, LEAST = 100, 60
#: SGR codes (ECMA-48): bold, faint, red, green, yellow.
STYLES = {"bold": "1", "faint": "2", "red": "1;31", "green": "32", "yellow": "33"}
GAP = "  "


def wants_colour(stream=None):
    """Whether colours suit a stream: a terminal, unless the environment says otherwise.

    NO_COLOR, set and not empty, turns them off (https://no-color.org); FORCE_COLOR turns them on where there
    is no terminal; TERM=dumb knows none.
    """
    stream = sys.stdout if stream is None else stream
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    is_terminal = getattr(stream, "isatty", lambda: False)
    return os.environ.get("TERM") != "dumb" and bool(is_terminal())


def as_text(report, width=None, colour=None):
    """The report as a table, and below it what is wrong in words.

    Parameters
    ----------
    report : Report
    width : int, optional
        Of a line; by default that of the terminal, 100 at most.
    colour : bool, optional
        By default as `wants_colour` says of standard output.

    Returns
    -------
    str
    """
    width = min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns) if width is None else width
    width = max(width, LEAST)
    paint = _painter(wants_colour() if colour is None else colour)
    rows = [cells(block) for block in report.blocks]
    widths = _widths(rows, width)
    lines = [paint(_line({name: name for name in widths}, widths), "faint")]
    for row, block in zip(rows, report.blocks, strict=True):
        lines.append(_painted(_line(row, widths), block, paint))
    lines += _words(report, width, paint)
    if report.summary:
        lines += textwrap.wrap(printable(report.summary), width)
    lines += textwrap.wrap(conclusion(report), width)[:-1]
    lines.append(paint(textwrap.wrap(conclusion(report), width)[-1], "green" if report.passed else "red"))
    return "\n".join(lines)


def _painter(colour):
    def paint(text, style):
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if colour and text else text

    return paint


def _widths(rows, width):
    """The width of each column that is shown; first the counts go, then long names are cut."""
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in COLUMNS}
    for spare in ("checked", "shape", "worst at"):
        if _total(widths) > width:
            del widths[spare]
    over = _total(widths) - width
    if over > 0:
        widths["block"] = max(8, widths["block"] - over)
    return widths


def _total(widths):
    return sum(widths.values()) + len(GAP) * (len(widths) - 1)


def _line(row, widths):
    """One line of the table; numbers end, and words begin, in one column."""
    parts = [
        _cut(row[name], size).rjust(size) if COLUMNS[name] else _cut(row[name], size).ljust(size)
        for name, size in widths.items()
    ]
    return GAP.join(parts).rstrip()


def _cut(text, size):
    """A text that is too long, with its beginning and its end: names of blocks differ in both."""
    if len(text) <= size:
        return text
    left = (size - 2) // 2
    return f"{text[:left]}..{text[len(text) - (size - 2 - left) :]}"


def _painted(line, block, paint):
    """The line with its verdict in colour."""
    start = line.rfind("ok" if block.passed else "WRONG")
    style = "red" if not block.passed else "green" if block.diagnosis.code == "ok" else "yellow"
    return line[:start] + paint(line[start:], style)


def _words(report, width, paint):
    """What was found, each thing once, with the blocks that it was found in."""
    for names, diagnosis, passed in findings(report):
        shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
        text = f"{shown}: {diagnosis.message}"
        for i, line in enumerate(textwrap.wrap(text, width - 4, break_on_hyphens=False)):
            yield ("    " if i else "  ") + paint(line, "faint" if passed else "bold")
