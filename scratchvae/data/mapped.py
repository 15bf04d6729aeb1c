"""Rows that stay in their file: what is asked for is read, and memory does not grow with what was."""

import contextlib
import mmap
import os
import weakref

import numpy as np

from scratchvae.broadcasting import row_blocks

#: Files of so many bytes are mapped; of smaller ones the whole is read.
MAPPED_FROM = 2**26
#: After so many bytes of pages looked at, their share of the memory is given back.
GIVEN_BACK_AFTER = 2**25


class MappedRows:
    """N rows of D values in a memory-mapped file; ``x[index]`` reads those asked for, as a new array.

    The operating system keeps what it has read of the file in memory that it takes back when another asks for
    it; but the pages of the map that a process has touched count as the process's own. In a pass through the
    file they are given up again and again; and a row that is asked for by its number, as in a minibatch in
    random order, is read from its place in the file without the map, for a page may bring two megabytes of
    neighbours along (and ten times the time). What lies in the system's memory costs little more than in an
    array; of a file that is larger than it each row of a minibatch is a visit to the disk.

    Parameters
    ----------
    array : numpy.memmap (N, ...), or a view of one
        As ``numpy.load(path, mmap_mode="r")`` gives it; the axes behind the first are flattened.
    order : array (n,) of int, optional
        Which of its rows these are, and in which order; all of them if not given.
    """

    ndim = 2

    def __init__(self, array, order=None):
        self.array = array.reshape(len(array), -1)
        self.order = order
        self.dtype = array.dtype
        self.shape = (len(array) if order is None else len(order), self.array.shape[1])
        self._pages = _pages_of(array)
        self._file = None if self._pages is None else _open(self, _file_behind(array))
        self._touched = 0  # bytes of pages

    def __len__(self):
        return self.shape[0]

    @property
    def size(self):
        """The number of values."""
        return self.shape[0] * self.shape[1]

    @property
    def nbytes(self):
        """How many bytes they would take in memory."""
        return self.size * self.dtype.itemsize

    def __getitem__(self, index):
        where = index if self.order is None else self.order[index]
        if self._file is not None and not isinstance(index, slice) and np.ndim(where) == 1:
            return self._read(_numbers(where, len(self.array)))
        rows = np.array(self.array[where])
        self._give_back(rows.nbytes)
        return rows

    def _read(self, numbers):
        """Rows of the file, each from its place."""
        handle, start = self._file
        rows = np.empty((len(numbers), self.shape[1]), self.dtype)
        row_bytes = self.shape[1] * self.dtype.itemsize
        places = memoryview(rows).cast("B") if rows.size else b""
        for i, number in enumerate(numbers.tolist()):
            place = places[i * row_bytes : (i + 1) * row_bytes]
            if os.preadv(handle, [place], start + number * row_bytes) != row_bytes:
                raise OSError(f"row {number} cannot be read: the mapped file has become shorter.")
        return rows

    def __array__(self, dtype=None, copy=None):
        """All rows, read into memory; ``copy`` is there for NumPy's sake: it always is one."""
        return np.concatenate([self[rows] for rows in row_blocks(len(self))]).astype(dtype or self.dtype)

    def subset(self, rows):
        """These rows: in memory if they are few, else in the file, in its order, whatever theirs was."""
        if len(rows) * self.shape[1] * self.dtype.itemsize < MAPPED_FROM:
            return self[rows]
        rows = np.sort(rows)  # so that a pass over them goes through the file once
        order = rows if self.order is None else self.order[rows]
        return MappedRows(self.array, order.astype(smallest_index(len(self.array))))

    def _give_back(self, n_bytes):
        """Count pages as touched, and give up all if they are many."""
        self._touched += n_bytes
        if self._pages is not None and self._touched > GIVEN_BACK_AFTER:
            self._touched = 0
            self._pages.madvise(mmap.MADV_DONTNEED)


def is_large(path, magic):
    """Whether a file is so large that it is to be mapped, and begins with these bytes: is not packed, say."""
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return os.fstat(file.fileno()).st_size >= MAPPED_FROM and file.read(len(magic)) == magic
    return False


def mapped_rows(x):
    """The `MappedRows` of an array that is a view of a mapped file, (N, D) or (N, ...); None of any other."""
    if isinstance(x, MappedRows):
        return x
    whole = isinstance(x, np.ndarray) and x.ndim >= 2 and x.size and x.flags.c_contiguous
    return MappedRows(x) if whole and _file_behind(x) is not None else None


def smallest_index(n):
    """The smaller of the integer types that can count n rows: ten million take 40 MB then, not 80."""
    return np.int32 if n <= np.iinfo(np.int32).max else np.int64


def _numbers(where, n):
    """Row numbers, checked, from what NumPy takes as an index of n rows along one axis."""
    where = np.asarray(where)
    np.broadcast_to(np.int8(0), (n,))[where]  # raises NumPy's own errors, and takes no memory
    return np.flatnonzero(where) if where.dtype == bool else np.where(where < 0, where + n, where)


def _file_behind(array):
    """The memmap that an array is a view of, itself no view of another; or None."""
    while array is not None and not isinstance(getattr(array, "base", None), mmap.mmap):
        array = getattr(array, "base", None)
    return array if isinstance(array, np.memmap) else None


def _pages_of(array):
    """The mapping whose pages may be given up: of a file opened for reading only, where the system can.

    Of a private copy that may be written to (mode "c") what was written would be lost.
    """
    file = _file_behind(array)
    if file is None or file.mode != "r" or not hasattr(mmap, "MADV_DONTNEED"):
        return None
    return file.base


def _open(rows, memmap):
    """A handle of the file itself, and where the rows begin in it; None if it is not the mapped one."""
    if memmap.filename is None or not hasattr(os, "preadv"):
        return None
    start = memmap.offset + rows.array.ctypes.data - memmap.ctypes.data
    try:
        handle = os.open(memmap.filename, os.O_RDONLY)
    except OSError:  # renamed since, say
        return None
    weakref.finalize(rows, os.close, handle)
    ends = rows.array[[0, -1]]
    row_bytes = ends.nbytes // 2
    found = [os.pread(handle, row_bytes, start + number * row_bytes) for number in (0, len(rows.array) - 1)]
    return (handle, start) if found == [row.tobytes() for row in ends] else None
