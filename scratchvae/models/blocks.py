"""Likelihoods over many rows and many samples at once, in bounded memory."""

import numpy as np

#: How many numbers a (samples x rows) table may hold before it is worked through in blocks of rows.
MAX_TABLE = 4_000_000


def row_blocks(n_rows, n_samples, limit=MAX_TABLE):
    """Return slices of the rows, each of at most `limit` values for `n_samples` samples.

    Examples
    --------
    >>> row_blocks(10, 2, limit=8)
    [slice(0, 4, None), slice(4, 8, None), slice(8, 10, None)]
    """
    size = max(1, limit // max(1, n_samples))
    return [slice(start, min(start + size, n_rows)) for start in range(0, n_rows, size)]


def index_blocks(n_rows, rows, n_samples, limit=MAX_TABLE):
    """Return indices, block by block, of the given rows, or of all N for None.

    All rows are given as slices, which take views of the data and copy nothing.
    """
    if rows is None:
        return row_blocks(n_rows, n_samples, limit)
    rows = row_index(rows)
    return [rows[block] for block in row_blocks(len(rows), n_samples, limit)]


def row_index(rows):
    """Return `rows` as an array of whole numbers, else raise a ValueError.

    A mask of bools is refused: the number of its entries is not the number of rows that it names, by which
    a minibatch is scaled.
    """
    rows = np.asarray(rows)
    if rows.ndim != 1 or rows.dtype.kind not in "iu" or len(rows) == 0:
        raise ValueError(
            f"rows must be a vector of row numbers, not {rows.dtype} of shape {rows.shape}; "
            "for a mask, numpy.flatnonzero(mask)."
        )
    return rows
