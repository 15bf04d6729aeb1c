"""Numbers as a reader sees them, and tables of Markdown."""

import math

import numpy as np

from scratchvae.importance import Estimate

#: A number of nats is given to two digits of its standard error, and to so many decimals at most.
MOST_DECIMALS = 4


def text_of(value):
    """A number for people: an `Estimate` as "-77.95 ± 0.28", to two digits of its error."""
    if isinstance(value, Estimate):
        return _with_error(*value)
    if value is None:
        return "unknown"
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    return _plain(value, _decimals(value))


def _decimals(value):
    """Two, or so many as show three digits of a small number."""
    if value == 0 or not math.isfinite(value):
        return 2
    return min(max(2 - math.floor(math.log10(abs(value))), 2), MOST_DECIMALS)


def _with_error(value, error):
    if not math.isfinite(error):
        return f"{_plain(value, 2)} (one datum: no standard error)"
    decimals = 1 - math.floor(math.log10(error)) if error > 0 else 2
    decimals = min(max(decimals, 0), MOST_DECIMALS)
    return f"{_plain(value, decimals)} ± {_plain(error, decimals)}"


def _plain(value, decimals):
    """Without the sign of a zero."""
    text = f"{value:,.{decimals}f}"
    return text.removeprefix("-") if not text.strip("-0.,") else text


def percent(share):
    """ "12 %", or "0.4 %" where that tells more."""
    text = (
        f"{100 * share:.0f}" if share == 0 or 0.095 <= share <= 0.905 or share == 1 else f"{100 * share:.1f}"
    )
    return f"{text} %"


def counted(n, what):
    """ "1 datum", "2,000 data"."""
    return f"{n:,} {what}" if n != 1 else f"1 {SINGULAR.get(what, what.removesuffix('s'))}"


SINGULAR = {"data": "datum", "simulated data": "simulated datum"}


def table(head, rows, right=()):
    """A Markdown table whose columns are even in the text as well; those numbered in `right` end evenly.

    The bar of q(z|x) would end its cell, so it is escaped.
    """
    lines = [[str(cell).replace("|", "\\|") for cell in row] for row in (head, *rows)]
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]
    lines = [_line(line, widths, right) for line in lines]
    rule = ["-" * (width - 1) + (":" if i in right else "-") for i, width in enumerate(widths)]
    return "\n".join([lines[0], _line(rule, widths, right), *lines[1:]])


def _line(cells, widths, right):
    padded = (
        cell.rjust(width) if i in right else cell.ljust(width)
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return f"| {' | '.join(padded)} |"
