"""Rows of pixels with what is known about them."""

import dataclasses
import math
import zlib
from collections.abc import Mapping
from functools import cached_property

import numpy as np

from scratchvae.broadcasting import row_blocks
from scratchvae.data.mapped import MappedRows, mapped_rows
from scratchvae.parameters import real_dtype
from scratchvae.validation import finite, height_and_width, in_range, numeric_array

#: What is asked of all rows is asked of so many bytes of them at a time.
BLOCK_BYTES = 2**24


@dataclasses.dataclass(frozen=True, eq=False)
class Dataset:
    """N rows of D values; the value of a pixel is ``x / scale``.

    The rows stay in the type they came in (an image set of bytes takes a quarter of the memory that
    it would take as floats); `pixels` converts the few rows that are asked for. Those of a memory-mapped
    file stay in the file.

    Parameters
    ----------
    x : array (N, D)
        Finite numbers; uint8 for gray or binary images. This and what follows may be lists. A memory-mapped
        file, ``numpy.load(path, mmap_mode="r")``, becomes `MappedRows`.
    scale : int
        255 if `x` holds gray bytes, else 1.
    labels : array (N,), optional
        The class of each row.
    factors : dict of str to array (N,), optional
        What each row was generated from, for data sets that know it.
    name, split : str
        Where the rows come from, for messages and titles.
    image_shape : (int, int), optional
        Height and width of the image that a row is, D = height * width; None if a row is no image.
    binarized : str
        How its zeros and ones were made of gray levels, in words, for reports; empty if they were not.

    Raises
    ------
    ValueError
        If the shapes do not fit together, or `scale` is not above zero.
    """

    x: np.ndarray
    scale: int = 1
    labels: np.ndarray | None = None
    factors: dict | None = None
    name: str = "array"
    split: str = "all"
    image_shape: tuple | None = None
    binarized: str = ""

    def __post_init__(self):
        self._set("x", _rows(self.x, f"{self.name}: x"))
        if self.x.ndim != 2 or not self.x.size:
            raise ValueError(f"{self.name}: x must be (N, D) with at least one row, not {self.x.shape}.")
        self._set("scale", positive_scale(self.scale, f"{self.name}: scale"))
        if self.labels is not None:
            self._set("labels", self._per_row(self.labels, "labels"))
        if self.factors is not None:
            self._set("factors", self._checked_factors())
        if self.image_shape is not None:
            self._set("image_shape", self._checked_image_shape())

    def _set(self, name, value):
        object.__setattr__(self, name, value)  # as a frozen class must

    def _per_row(self, values, name):
        """`values` as an array (N,)."""
        try:
            array = np.asarray(values)
        except ValueError:  # a ragged list
            array = None
        if array is None or array.shape != (len(self),):
            came = "rows of different lengths" if array is None else array.shape
            raise ValueError(
                f"{self.name}: {name} must have shape ({len(self)},), one for each row, not {came}."
            )
        return array

    def _checked_factors(self):
        """The factors as a dict of arrays (N,)."""
        if not isinstance(self.factors, Mapping):
            raise ValueError(f"{self.name}: factors must be a dict of arrays, not {self.factors!r}.")
        return {name: self._per_row(values, name) for name, values in self.factors.items()}

    def _checked_image_shape(self):
        """The height and width as a tuple."""
        height, width = height_and_width(self.image_shape, f"{self.name}: image_shape")
        if height * width != self.n_data:
            raise ValueError(
                f"{self.name}: image_shape must be (height, width) with height * width = {self.n_data}, "
                f"not {self.image_shape}."
            )
        return height, width

    def __len__(self):
        return len(self.x)

    @property
    def n_data(self):
        """D, the number of values in a row, as in ``VAE(n_data=...)``."""
        return self.x.shape[1]

    @property
    def is_mapped(self):
        """Whether the rows lie in a memory-mapped file."""
        return isinstance(self.x, MappedRows)

    def blocks(self):
        """All rows in their order, some at a time, as they are stored."""
        row_bytes = self.n_data * self.x.dtype.itemsize
        for rows in row_blocks(len(self), max(1, BLOCK_BYTES // row_bytes)):
            yield self.x[rows]

    @cached_property
    def is_binary(self):
        """Whether every pixel is exactly 0 or 1, as a Bernoulli likelihood needs it."""
        return all(((x == 0) | (x == self.scale)).all() for x in self.blocks())

    @cached_property
    def limits(self):
        """The least and the largest value in ``x``; NaN if there is one."""
        least, largest = zip(*((x.min(), x.max()) for x in self.blocks()), strict=True)
        return np.min(least), np.max(largest)

    def checksum(self):
        """The CRC-32 of the values, which tells other data apart."""
        crc = 0
        for x in self.blocks():
            crc = zlib.crc32(np.ascontiguousarray(x).view(np.uint8), crc)
        return crc

    def pixels(self, index=slice(None), dtype="float32"):
        """Return the rows at `index` as new floats, ``x / scale``.

        Parameters
        ----------
        index : slice, int, or array of int or bool
        dtype : {"float32", "float64"}

        Returns
        -------
        array (B, D), or (D,) if `index` is one number

        Raises
        ------
        ValueError
            If a row is asked for that is not there.
        """
        try:
            rows = self.x[index]
        except IndexError as error:
            raise ValueError(f"{self.name} has {len(self)} rows: {error}.") from None
        return np.divide(rows, self.scale, dtype=real_dtype(dtype))

    def subset(self, index):
        """Return the data set of the rows at `index` only, in that order, with labels and factors.

        Parameters
        ----------
        index : slice, int, or array of int or bool

        Raises
        ------
        ValueError
            If a row is asked for that is not there, or none is.
        """
        try:
            rows = np.atleast_1d(np.arange(len(self))[index])
        except IndexError as error:
            raise ValueError(f"{self.name} has {len(self)} rows: {error}.") from None
        return dataclasses.replace(
            self,
            x=self.x.subset(rows) if self.is_mapped else self.x[rows],
            labels=None if self.labels is None else self.labels[rows],
            factors=self.factors and {name: values[rows] for name, values in self.factors.items()},
        )


def positive_scale(scale, name):
    """Return `scale`, what white is, if it is a number above zero; a whole one as an int."""
    number = in_range(scale, name, 0, math.inf, low_open=True, high_open=True)
    return int(number) if number.is_integer() else number


def as_dataset(x, name="array", *, labels=None):
    """Return `x` as a data set: validated, not copied.

    Parameters
    ----------
    x : array (N, D) or (N, height, width), or Dataset
        Real and finite numbers. Bytes (uint8) with a value above 1 are taken as gray levels, scale
        255; anything else is taken as it is, scale 1. Images are flattened row by row and their
        shape is kept as `image_shape`. A `Dataset` is returned unchanged.
    name : str
        What to call it in messages.
    labels : array (N,), optional

    Raises
    ------
    ValueError
        If `x` is empty, not two- or three-dimensional, not of real numbers, or has NaN or infinity.

    Examples
    --------
    >>> as_dataset(np.zeros((5, 28, 28), np.uint8)).n_data
    784
    """
    if isinstance(x, Dataset):
        return x
    x = numeric_array(x, name)
    if x.ndim not in (2, 3) or not x.size:
        raise ValueError(
            f"{name} must have shape (N, D), or (N, height, width) for images, with no empty axis, "
            f"not {x.shape}; reshape it."
        )
    image_shape = x.shape[1:] if x.ndim == 3 else None
    x = x.view(np.uint8) if x.dtype == bool else x
    labels = None if labels is None else np.asarray(labels)
    dataset = Dataset(_finite(x, name), labels=labels, name=name, image_shape=image_shape)
    gray = x.dtype == np.uint8 and dataset.limits[1] > 1
    return dataclasses.replace(dataset, scale=255) if gray else dataset


def _rows(x, name):
    """`x` as `MappedRows` if it lies in a mapped file, else as an array."""
    x = x if isinstance(x, MappedRows) else numeric_array(x, name)
    mapped = mapped_rows(x) if x.ndim == 2 else None
    return x if mapped is None else mapped


def _finite(x, name):
    """The rows (N, D) of an array, or a ValueError that says where one is NaN or infinite."""
    mapped = mapped_rows(x)
    if mapped is None:
        return finite(x, name).reshape(len(x), -1)
    if x.dtype.kind == "f":
        for rows in row_blocks(len(mapped)):
            finite(mapped[rows], f"{name}, rows {rows.start} to {rows.stop - 1},")
    return mapped
