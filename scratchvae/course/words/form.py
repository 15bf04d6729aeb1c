"""The form of an answer: its type, how many parts it has, their shapes and kinds of numbers."""

import numpy as np

from scratchvae.course.sandbox.wire import Other


def wrong_form(got, expected, names):
    """What is wrong with the form of an answer; "" if it is that of the right one.

    Parameters
    ----------
    got : object
        What the student's function returned.
    expected : array, number, bool or tuple of these
    names : tuple of str
        Of the parts.
    """
    if got is None:
        return "it returns nothing (None): does it end with a return, on every way through it?"
    if not isinstance(expected, tuple):
        if isinstance(got, tuple | list) and len(got) == 1:
            return f"it returns a {type(got).__name__} of one; return {names[0]} itself"
        return _wrong_part(got, expected, names[0] if names[0] != "result" else "the result")
    if not isinstance(got, tuple | list):
        return f"it returns one {kind_of(got)}; expected is the tuple ({', '.join(names)})"
    if len(got) != len(expected):
        return f"it returns {len(got)} values; expected are the {len(expected)} of ({', '.join(names)})"
    if all(isinstance(part, np.ndarray | float) for part in got) and _is_exchanged(got, expected):
        return f"({', '.join(names)}) come in another order: their shapes are exchanged"
    parts = (_wrong_part(*part) for part in zip(got, expected, names, strict=True))
    return next(filter(None, parts), "")


def _is_exchanged(got, expected):
    """Whether the shapes are the right ones, in another order."""
    came, wanted = [np.shape(part) for part in got], [np.shape(part) for part in expected]
    return came != wanted and sorted(came) == sorted(wanted)


def parts_of(answer):
    """The parts of an answer as a tuple of arrays of float64 or bool."""
    parts = answer if isinstance(answer, tuple | list) else (answer,)
    return tuple(np.asarray(part, bool if _is_bool(part) else np.float64) for part in parts)


def kind_of(value):
    """What a value is, for a sentence."""
    if isinstance(value, Other):
        return value.description
    if isinstance(value, np.ndarray):
        return f"array of shape {value.shape}"
    return type(value).__name__


def _wrong_part(got, expected, name):
    if got is None:
        return f"{name} is None"
    if isinstance(got, list | tuple):
        return f"{name} is a {type(got).__name__}; make it an array, by np.array or np.stack"
    if isinstance(got, Other | str):
        return f"{name} is a {kind_of(got)}; expected is {_wanted(expected)}"
    array = np.asarray(got)
    if _is_bool(expected) or _is_bool(array):
        return _wrong_bool(array, expected, name)
    if array.dtype.kind == "c":
        return f"{name} has complex numbers; expected are real ones"
    return _wrong_shape(array, np.asarray(expected), name)


def _wrong_bool(array, expected, name):
    if _is_bool(expected) and _is_bool(array):
        return _wrong_shape(array, np.asarray(expected), name)
    return f"{name} is {_article(array)}; expected is {_wanted(expected)}"


def _article(array):
    return "True or False" if _is_bool(array) else "a number"


def _is_bool(value):
    return np.asarray(value).dtype == bool


def _wanted(expected):
    if _is_bool(expected):
        return "True or False"
    shape = np.shape(expected)
    return f"an array of shape {shape}" if shape else "a number"


def _wrong_shape(got, expected, name):
    if got.shape == expected.shape:
        return ""
    sentence = f"{name} has shape {got.shape}; expected is {expected.shape}"
    remark = _of_shapes(got, expected)
    return f"{sentence}: {remark}" if remark else sentence


def _of_shapes(got, expected):
    """How a wrong shape may have come about, by what the numbers say."""
    if got.dtype == bool:
        return ""
    if got.size == expected.size:
        return _same_size(got, expected)
    if got.ndim == expected.ndim + 1:
        return _one_axis_too_many(got, expected)
    if got.ndim + 1 == expected.ndim:
        return _one_axis_too_few(got, expected)
    if got.shape == () and np.allclose(got, expected.sum()):
        return "it is summed over all axes, the leading ones, too"
    return ""


def _same_size(got, expected):
    if np.allclose(got.reshape(expected.shape), expected):
        return "the numbers are right (keepdims, or an axis that is not needed?)"
    if got.shape == expected.shape[::-1] and np.allclose(got.T, expected):
        return "it is transposed"
    return ""


def _one_axis_too_many(got, expected):
    for axis in range(got.ndim):
        if np.delete(got.shape, axis).tolist() == list(expected.shape):
            for how in ("sum", "mean"):
                if np.allclose(getattr(got, how)(axis=axis), expected):
                    return f"the {how} over axis {axis - got.ndim} is missing"
    return ""


def _one_axis_too_few(got, expected):
    for axis in range(expected.ndim):
        if np.delete(expected.shape, axis).tolist() == list(got.shape):
            for how in ("sum", "mean"):
                if np.allclose(got, getattr(expected, how)(axis=axis)):
                    return f"axis {axis - expected.ndim} is to be kept, but its {how} is taken"
    return ""
