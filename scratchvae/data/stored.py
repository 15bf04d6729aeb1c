"""The well-known data sets, from their files, cut into the splits that the literature uses."""

import numpy as np

from scratchvae.data.amat import read_amat
from scratchvae.data.dataset import Dataset
from scratchvae.data.idx import read_idx
from scratchvae.data.sources import locate
from scratchvae.validation import choose

SIZES = {"train": 50_000, "valid": 10_000, "test": 10_000}
IMAGE_SHAPE = (28, 28)
#: Of what `load_amat` reads.
BINARIZED = "each pixel drawn once, by Larochelle, whose files hold the draws"


def load_idx(name, split, data_dir=None):
    """Return a split of MNIST or Fashion-MNIST, gray bytes with labels.

    Parameters
    ----------
    name : {"mnist", "fashion_mnist"}
    split : {"train", "valid", "train+valid", "test"}
        The first 50,000 and the last 10,000 training images, all 60,000 in order, the 10,000 test images.
    data_dir : str or path, optional

    Raises
    ------
    OSError, ValueError
        If a file is missing; if it is damaged or of another size.
    """
    train, both = SIZES["train"], SIZES["train"] + SIZES["valid"]
    rows = {
        "train": slice(0, train),
        "valid": slice(train, both),
        "train+valid": slice(0, both),
        "test": slice(0, SIZES["test"]),
    }
    rows = choose(rows, split, "split")
    prefix, n = ("t10k", SIZES["test"]) if split == "test" else ("train", both)
    images = _checked(locate(name, f"{prefix}-images-idx3-ubyte.gz", data_dir), read_idx, (n, *IMAGE_SHAPE))
    labels = _checked(locate(name, f"{prefix}-labels-idx1-ubyte.gz", data_dir), read_idx, (n,))
    x = images.reshape(n, -1)[rows]
    return Dataset(x, 255, labels[rows].astype(np.int64), None, name, split, IMAGE_SHAPE)


def load_amat(name, split, data_dir=None):
    """Return a split of Larochelle's binarized MNIST, zeros and ones without labels.

    Its rows are not in MNIST's order, and its test file is sorted by digit: the first rows of it are
    no sample.

    Parameters
    ----------
    name : {"binarized_mnist"}
    split : {"train", "valid", "train+valid", "test"}
    data_dir : str or path, optional

    Raises
    ------
    OSError, ValueError
        If a file is missing; if it is damaged or of another size.
    """
    parts = {**{part: (part,) for part in SIZES}, "train+valid": ("train", "valid")}
    files = [
        _checked(locate(name, f"{name}_{part}.amat", data_dir), read_amat, (SIZES[part], 784))
        for part in choose(parts, split, "split")
    ]
    x = files[0] if len(files) == 1 else np.concatenate(files)
    return Dataset(x, 1, None, None, name, split, IMAGE_SHAPE, BINARIZED)


def _checked(path, read, shape):
    """Read a file and hold its shape against what this data set has: it may be whole and yet another."""
    array = read(path)
    if array.shape != shape:
        raise ValueError(f"{path} holds an array of shape {array.shape}, not {shape}; fetch it again.")
    return array
