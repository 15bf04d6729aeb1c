"""What every format says of a block, in the same words."""

import math
from dataclasses import replace

#: The columns of a table, and whether their cells are numbers, which end in one line.
COLUMNS = {
    "block": False,
    "shape": False,
    "checked": True,
    "worst at": False,
    "analytic": True,
    "numeric": True,
    "error": True,
    "verdict": False,
}


def cells(block):
    """The texts of a block's row, by column."""
    digits = _digits(block)
    of_direction = "direction" if block.shape and block.n_checked else ""
    where = of_direction if block.index is None else str(block.index or "")
    return {
        "block": printable(block.name),
        "shape": str(block.shape) if block.shape else "number",
        "checked": str(block.n_checked),
        "worst at": where,
        "analytic": number(block.analytic, digits),
        "numeric": number(block.numeric, digits),
        "error": "" if math.isnan(block.error) else f"{block.error:.0e}" if block.error else "0",
        "verdict": verdict(block),
    }


def printable(text):
    """The text without control characters, which a terminal would obey."""
    return "".join(char if char.isprintable() else "?" for char in str(text))


def number(value, digits=6):
    """A number in so many digits; nothing for NaN, which stands for one that is not known."""
    return "" if math.isnan(value) else f"{value:.{digits}g}"


def _digits(block):
    """As many as it takes to see the two derivatives differ, six at least and ten at most."""
    if block.passed or not 0 < block.error < 1:
        return 6
    return min(max(6, 2 + math.ceil(-math.log10(block.error))), 10)


def verdict(block):
    """Whether a block passed, and its code if that says more."""
    code = block.diagnosis.code
    if block.passed:
        return "ok" if code == "ok" else f"ok ({code})"
    return f"WRONG {code}"


def findings(report):
    """(names of blocks, diagnosis, passed) of all that is wrong, then of what is to be noted; each once.

    What the summary says already is left to it.
    """
    for passed in (False, True):
        found = {}
        for block in report.blocks:
            said = block.diagnosis.message and report.summary.endswith(block.diagnosis.message)
            if block.passed is passed and block.diagnosis.message and not said:
                found.setdefault((block.diagnosis.code, block.diagnosis.message), []).append(block)
        for blocks in found.values():
            diagnosis = blocks[0].diagnosis
            diagnosis = replace(diagnosis, message=printable(diagnosis.message))
            yield [printable(block.name) for block in blocks], diagnosis, passed


def conclusion(report):
    """The last line: which blocks are wrong, and how large the worst error is."""
    wrong = [printable(block.name) for block in report.blocks if not block.passed]
    n = len(report.blocks)
    if wrong:
        shown = ", ".join(wrong[:4]) + (f" and {len(wrong) - 4} more" if len(wrong) > 4 else "")
        said = f"wrong: {shown}"
    else:
        said = f"all {n} blocks pass" if n > 1 else "the block passes"
    error = report.worst.error
    worst = f"; worst relative error {error:.1e}, limit {report.rtol:.0e}" if math.isfinite(error) else ""
    return said + worst
