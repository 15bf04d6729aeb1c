"""Gray levels to zeros and ones, three ways."""

import dataclasses

import numpy as np

from scratchvae.data import seeds
from scratchvae.data.dataset import Dataset, as_dataset, positive_scale
from scratchvae.validation import generator, in_range, numeric_array


def check_levels(x, scale, name="x"):
    """Raise a ValueError unless every value of `x` is a gray level: from 0 to `scale`."""
    _check_limits(x.min(initial=0), x.max(initial=0), scale, name)


def check_all_levels(dataset):
    """The same of all rows of a Dataset."""
    if dataset.x.dtype != np.uint8 or dataset.scale < 255:  # all bytes are from 0 to 255
        _check_limits(*dataset.limits, dataset.scale, dataset.name)


def _check_limits(low, high, scale, name):
    if not (low >= 0 and high <= scale):  # written so that NaN fails
        raise ValueError(
            f"{name} has values from {low} to {high}, but gray levels run from 0 to {scale}; rescale it."
        )


def dynamic(data, scale, rng):
    """Draw each pixel anew: 1 with probability ``x / scale``, exactly, else 0.

    Parameters
    ----------
    data : array of any shape, or Dataset
    scale : int or None
        What white is: 255 for gray bytes, 1 for values in [0, 1]. A Dataset knows its own: None.
    rng : numpy.random.Generator

    Returns
    -------
    array of uint8, of the shape of the data

    Raises
    ------
    ValueError
        If a value lies outside [0, scale], an array comes without a scale, or `rng` is no generator.
    """
    x, scale = _levels(data, scale)
    generator(rng)
    if x.dtype.kind == "f" or isinstance(scale, float):
        return (rng.random(x.shape) < x / scale).astype(np.uint8)
    # u is uniform on 0 ... scale - 1, so P(u < x) = x / scale without rounding.
    dtype = np.uint8 if x.dtype == np.uint8 and scale <= 255 else np.int64
    return (rng.integers(0, scale, x.shape, dtype=dtype) < x).astype(np.uint8)


def _levels(data, scale):
    if isinstance(data, Dataset):
        if scale not in (None, data.scale):
            raise ValueError(f"{data.name} has the scale {data.scale}, not {scale}; pass None.")
        check_all_levels(data)
        return _bytes_of_bool(np.asarray(data.x)), data.scale
    if scale is None:
        raise ValueError("an array has no scale of its own: give scale, 255 for gray bytes, else 1.")
    x, scale = _bytes_of_bool(numeric_array(data, "x")), positive_scale(scale, "scale")
    check_levels(x, scale)
    return x, scale


def _bytes_of_bool(x):
    return x.view(np.uint8) if x.dtype == bool else x


def fixed(dataset, seed=0):
    """Return the data set binarized once and for all by a draw: each pixel 1 with probability ``x / scale``.

    The same data for every epoch and every reader, as Larochelle's file is for MNIST.

    Parameters
    ----------
    dataset : Dataset or array
        Gray levels; an array as `as_dataset` understands it.
    seed : int

    Returns
    -------
    Dataset
        Zeros and ones in uint8, scale 1.

    References
    ----------
    R. Salakhutdinov and I. Murray, On the quantitative analysis of deep belief networks, ICML 2008.
    """
    dataset = as_dataset(dataset)
    x = dynamic(dataset, None, seeds.generator(seed))
    how = f"each pixel drawn once, 1 with the probability that its gray level is, with the seed {seed}"
    return dataclasses.replace(dataset, x=x, scale=1, binarized=how)


def threshold(dataset, level=0.5):
    """Return the data set with 1 for every pixel whose value, ``x / scale``, is above `level`, else 0.

    Parameters
    ----------
    dataset : Dataset or array
        Gray levels; an array as `as_dataset` understands it.
    level : float
        In [0, 1).

    Returns
    -------
    Dataset
        Zeros and ones in uint8, scale 1.
    """
    level = in_range(level, "level", 0, 1, high_open=True)
    dataset = as_dataset(dataset)
    check_all_levels(dataset)
    limit = np.array([level * dataset.scale])  # an array, so that bytes are compared with it as floats
    how = f"1 for each pixel above {level:g} of white, else 0"
    x = (np.asarray(dataset.x) > limit).astype(np.uint8)
    return dataclasses.replace(dataset, x=x, scale=1, binarized=how)
