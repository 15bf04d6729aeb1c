"""Larochelle's text format of the binarized MNIST: a row a line, 0 and 1 with single blanks between."""

import numpy as np

from scratchvae.data.files import read_bytes


def read_amat(path, n_columns=784):
    """Return the zeros and ones in an ``.amat`` file, gzipped or not.

    Parameters
    ----------
    path : str or path
    n_columns : int
        The number of values that every line must have.

    Returns
    -------
    array (N, n_columns) of uint8

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If a line has another width, or anything but 0 and 1 with single blanks between; it is named.
    """
    content = read_bytes(path)
    if not content.endswith(b"\n"):
        content += b"\n"
    zeros = b"0 " * (n_columns - 1) + b"0\n"
    if len(content) % len(zeros) == 0:
        # A digit and the byte behind it make one 16-bit number. Against a line of zeros, exclusive
        # or leaves the digit's value where all is well and something above 1 where it is not.
        text = np.frombuffer(content, "<u2").reshape(-1, n_columns)
        values = text ^ np.frombuffer(zeros, "<u2")
        if values.max() <= 1:
            return values.astype(np.uint8)
    raise ValueError(f"{path} {_what_is_wrong(content, n_columns)}; fetch it again.")


def _what_is_wrong(content, n_columns):
    for number, line in enumerate(content.split(b"\n")[:-1], start=1):
        values = line.split(b" ")
        strange = next((value for value in values if value not in (b"0", b"1")), None)
        if strange is not None:
            shown = repr(strange[:20])[1:]  # without the b of bytes
            return f"has {shown} in line {number}, where 0 and 1 with single blanks between are expected"
        if len(values) != n_columns:
            return f"has {len(values)} values in line {number}, not {n_columns}"
    raise AssertionError("the file is well formed")  # read_amat asks only if it is not
