"""Errors that speak to a student: what came, what was expected, what to do."""

import difflib
import operator
import os
from pathlib import Path

import numpy as np


def choose(known, name, what):
    """Return ``known[name]``, or raise a ValueError that lists the known names and the nearest one.

    Parameters
    ----------
    known : mapping of str to object
    name : str
    what : str
        What is being chosen, for the message: "likelihood", "activation", ...
    """
    if isinstance(name, str) and name in known:
        return known[name]
    near = difflib.get_close_matches(str(name), known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    raise ValueError(f"unknown {what} {name!r}{hint} Known: {', '.join(map(repr, known))}.")


def build(registry, spec, what):
    """Make the object that `spec` names: ``"name"``, ``"name:number"``, or the object itself.

    ``"categorical:16"`` calls ``registry["categorical"](16)``.
    """
    if not isinstance(spec, str):
        if isinstance(spec, tuple(registry.values())):
            return spec
        choose(registry, spec, what)  # raises
    name, colon, argument = spec.partition(":")
    maker = choose(registry, name, what)
    if not colon:
        return maker()
    try:
        return maker(int(argument) if argument.lstrip("+-").isdigit() else float(argument))
    except TypeError:
        raise ValueError(f"{what} {name!r} takes no number, but {spec!r} has one.") from None
    except ValueError as error:
        raise ValueError(f"{what} {spec!r}: {error}") from None


def whole_number(value, name, least=0):
    """Return `value` as an int if it is a whole number of at least `least`, else raise a ValueError."""
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if isinstance(value, bool | np.bool_) or number < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, not {value!r}.")
    return number


def positive_int(value, name):
    """Return `value` as an int if it is a whole number above zero, else raise a ValueError."""
    return whole_number(value, name, least=1)


def height_and_width(shape, name):
    """Return `shape` as a tuple if it is two whole numbers above zero, else raise a ValueError."""
    try:
        height, width = (positive_int(size, name) for size in shape)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be (height, width) in pixels, not {shape!r}.") from None
    return height, width


def generator(rng):
    """Return `rng` if it is a numpy.random.Generator, else raise a ValueError."""
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng must be a numpy.random.Generator, not {rng!r}; use default_rng(seed).")
    return rng


def seeded(seed):
    """Return ``numpy.random.default_rng(seed)``, or raise a ValueError if `seed` is none."""
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise ValueError(f"seed must be a whole number of at least 0, not {seed!r}.") from None


def path_like(value, name):
    """Return `value` as a Path if it is text or a path, else raise a ValueError."""
    if not isinstance(value, str | os.PathLike):
        raise ValueError(f"{name} must be a path, not {value!r}.")
    return Path(value)


def in_range(value, name, low, high, *, low_open=False, high_open=False):
    """Return `value` as a float if it lies between `low` and `high`, else raise a ValueError."""
    brackets = ("(" if low_open else "[") + f"{low}, {high}" + (")" if high_open else "]")
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a number in {brackets}, not {value!r}.") from None
    except OverflowError:
        raise ValueError(f"{name} must lie in {brackets}, but what came is too large for a float.") from None
    above = number > low if low_open else number >= low
    below = number < high if high_open else number <= high
    if not (above and below):
        raise ValueError(f"{name} must lie in {brackets}, not {value!r}.")
    return number


def numeric_array(value, name):
    """Return `value` as an array of bool, integer or real numbers, else raise a ValueError."""
    if type(value) is np.ndarray and value.dtype.kind in "buif":  # the usual case, at once
        return value
    if np.ma.is_masked(value):
        n_masked = np.ma.count_masked(value)
        raise ValueError(f"{name} has {n_masked} masked entries; fill or drop them.")
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, RuntimeError) as error:  # a ragged list, a tensor on another device
        raise ValueError(f"{name} must be an array of numbers: {error}") from None
    if array.dtype.kind not in "buif":
        raise ValueError(f"{name} must hold real numbers, not {array.dtype} values.")
    return array


def real(value, name):
    """Return `value` as an array of float32 or float64; anything else becomes float64."""
    array = numeric_array(value, name)
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)


def last_axis(array, name, size):
    """Return `array` if its last axis has that size, else raise a ValueError."""
    if array.ndim == 0 or array.shape[-1] != size:
        raise ValueError(f"{name} must have shape (..., {size}), not {array.shape}.")
    return array


def finite(array, name):
    """Return `array` if none of its entries is NaN or infinite, else raise a ValueError naming the first."""
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        bad = ~np.isfinite(array)
        first = tuple(map(int, np.argwhere(bad)[0]))
        raise ValueError(
            f"{name} has {int(bad.sum())} NaN or infinite entries, the first at index {first} "
            f"({array[first]}); remove or impute them."
        )
    return array


def has_shape(array, name, shape, axes):
    """Return `array` if its shape is `shape`, where None allows any size above zero.

    `axes` names them for the message, as "(K, B, L)".
    """
    fits = len(array.shape) == len(shape) and all(
        got > 0 and wanted in (None, got) for got, wanted in zip(array.shape, shape, strict=True)
    )
    if not fits:
        expected = ", ".join("any" if size is None else str(size) for size in shape)
        raise ValueError(
            f"{name} must have shape {axes} = ({expected}) with no empty axis, not {array.shape}."
        )
    return array
