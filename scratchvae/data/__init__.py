"""Data sets, their binarization and minibatches: ``load("glyphs")`` needs no download.

Examples
--------
>>> from scratchvae import data
>>> glyphs = data.load("glyphs", "valid", n=100)
>>> len(glyphs), glyphs.n_data, glyphs.image_shape
(100, 784, (28, 28))
"""

import importlib

from scratchvae.data.catalogue import load
from scratchvae.data.dataset import Dataset, as_dataset

__all__ = ["Dataset", "Minibatches", "as_dataset", "binarization", "glyphs", "load", "minibatches"]


def __getattr__(name):
    if name == "Minibatches":
        return importlib.import_module("scratchvae.data.minibatches").Minibatches
    if name in __all__:
        return importlib.import_module(f"scratchvae.data.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
