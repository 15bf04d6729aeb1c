"""A user's own file as a data set."""

import dataclasses
import os
from pathlib import Path

from scratchvae.data.csv_files import read_csv
from scratchvae.data.dataset import as_dataset
from scratchvae.data.idx import read_idx
from scratchvae.data.numpy_files import read_numpy
from scratchvae.data.seeds import generator
from scratchvae.validation import choose, path_like

READERS = {
    ".npy": read_numpy,
    ".npz": read_numpy,
    ".csv": lambda path: (read_csv(path), None),
    ".csv.gz": lambda path: (read_csv(path), None),
    "-ubyte": lambda path: (read_idx(path), None),
    "-ubyte.gz": lambda path: (read_idx(path), None),
}
# Each split as the tenths of the shuffled rows from which to which it runs.
TENTHS = {"train": (0, 8), "valid": (8, 9), "test": (9, 10), "train+valid": (0, 9)}


def is_file_name(name):
    """Whether `name` is meant as a file: a path object, or text with an ending or a folder."""
    path = Path(str(name))
    return isinstance(name, Path) or path.suffix != "" or path.name != str(name) or _ending(path) in READERS


def load(path, split="all", seed=0):
    """Return a user's file, or a part of it.

    Parameters
    ----------
    path : str or path
        An ``.npy`` or ``.npz`` file (see `numpy_files.read_numpy`), a ``.csv`` or ``.csv.gz`` file
        of numbers (see `csv_files.read_csv`), or a ``-ubyte`` or ``-ubyte.gz`` file of images in MNIST's
        format (see `idx.read_idx`); rows of values, or images (N, height, width). Of an ``.npy`` or
        ``-ubyte`` file of 64 MB or more the rows stay in the file and are read when they are asked for.
        A first line of a CSV file is a header only if no field in it is a number: a header of column
        numbers, ``0,1,2``, is read as a row, so remove it before.
        Bytes with a value above 1 are gray levels; all else is taken as it is (see `as_dataset`).
    split : {"train", "valid", "test", "train+valid", "all"}
        The rows are shuffled by the seed and divided 80/10/10; "all" is the whole file in its order. Of a
        file that is not read but mapped each part has the file's order.
    seed : int

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is damaged, holds no finite real numbers, or has too few rows to be divided.
    """
    path = Path(os.path.expanduser(path_like(path, "the file")))  # an unknown ~user stays as it is
    choose({**TENTHS, "all": None}, split, "split")
    x, labels = choose(READERS, _ending(path), "kind of file")(path)
    dataset = dataclasses.replace(as_dataset(x, name=path.name, labels=labels), split=split)
    return dataset if split == "all" else dataset.subset(_rows(len(dataset), split, seed, path))


def _ending(path):
    return next((known for known in READERS if path.name.lower().endswith(known)), path.suffix)


def _rows(n, split, seed, path):
    first, end = (round(tenths * n / 10) for tenths in TENTHS[split])
    if first == end:
        raise ValueError(f"{path} has {n} rows, too few for a split {split!r}; use the split 'all'.")
    return generator(seed).permutation(n)[first:end]
