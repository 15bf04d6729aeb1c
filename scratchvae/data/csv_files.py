"""Tables of numbers in comma-separated text."""

import math

import numpy as np

from scratchvae.data.files import read_bytes


def read_csv(path):
    """Return the numbers in a ``.csv`` file, gzipped or not.

    One header line is skipped: a first line in which no field is a number. Rows are counted from 1
    in messages, the header included. Empty lines are passed over.

    Returns
    -------
    array (N, D) of float64

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If a row has another number of fields than the first, or a field is no finite number.
    """
    try:
        lines = read_bytes(path).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no text in UTF-8; save it as comma-separated text.") from None
    rows = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if rows and all(_number(field) is None for field in rows[0][1].split(",")):
        rows = rows[1:]
    if not rows:
        raise ValueError(f"{path} holds no row of numbers.")
    try:
        x = np.loadtxt([line for _, line in rows], delimiter=",", comments=None, ndmin=2)
    except ValueError:
        x = None
    if x is None or not np.isfinite(x).all():
        raise ValueError(f"{path}: {_what_is_wrong(rows)}")
    return x


def _what_is_wrong(rows):
    width = len(rows[0][1].split(","))
    for number, line in rows:
        fields = line.split(",")
        if len(fields) != width:
            return f"row {number} has {len(fields)} fields, the first row of numbers has {width}."
        for column, field in enumerate(fields, start=1):
            value = _number(field)
            if value is None or not math.isfinite(value):
                return f"row {number}, field {column} is {field.strip()[:20]!r}, not a finite number."
    return "its rows are not plain decimal numbers with commas between."


def _number(field):
    try:
        return float(field)
    except ValueError:
        return None
