"""What comes into a check: the point, the blocks, and the gradient's shape."""

import math
from collections.abc import Mapping

import numpy as np

from scratchvae.gradcheck.report import Diagnosis
from scratchvae.validation import finite, numeric_array


def point(theta):
    """A float64 copy of theta."""
    theta = np.array(finite(numeric_array(theta, "theta"), "theta"), dtype=np.float64)
    if theta.size == 0:
        raise ValueError("theta is empty: there is no derivative to check; give at least one parameter.")
    return theta


def blocks_of(blocks, theta):
    """Every block as (slice, shape), the slice with both ends written out."""
    if blocks is None:
        return {"theta": (slice(0, theta.size), theta.shape)}
    if not isinstance(blocks, Mapping):
        raise ValueError(f"blocks must be a dict of (slice, shape) by name, not {blocks!r}.")
    found = {name: _block(name, entry, theta.size) for name, entry in blocks.items()}
    if not found:
        raise ValueError("blocks is empty: name at least one, or leave it out.")
    return found


def _block(name, entry, n):
    try:
        block, shape = entry
        start, stop, stride = block.indices(n)
        size = math.prod(shape)
    except (AttributeError, TypeError, ValueError):
        raise ValueError(f"block {name!r} must be (slice, shape), not {entry!r}.") from None
    if stride != 1 or size == 0 or stop - start != size:
        raise ValueError(
            f"block {name!r} is {block} of {n} coordinates, which does not hold its shape "
            f"{tuple(shape)}; give a contiguous slice of that size, above zero."
        )
    return slice(start, stop), tuple(map(int, shape))


def terms_of(terms):
    """{name: (value, gradient)} of what the caller says are the parts of the sum."""
    if terms is None:
        return {}
    if not isinstance(terms, Mapping):
        raise ValueError(f"terms must be a dict of (value, gradient) by name, not {terms!r}.")
    for name, entry in terms.items():
        if not isinstance(entry, tuple | list) or len(entry) != 2:
            raise ValueError(f"term {name!r} must be (value, gradient), not {entry!r}.")
    return dict(terms)


def sizes_of(sizes):
    """{name: number above zero} of what a forgotten factor might be."""
    if sizes is None:
        return {}
    if not isinstance(sizes, Mapping):
        raise ValueError(f'sizes must be a dict of numbers by name, as {{"batch": 32}}, not {sizes!r}.')
    found = {}
    for name, size in sizes.items():
        number = np.asarray(size)
        if number.size != 1 or number.dtype.kind not in "uif" or not 0 < float(number.item()) < math.inf:
            raise ValueError(f"sizes[{name!r}] must be one number above zero, not {size!r}.")
        found[name] = float(number.item())
    return found


def shape_fault(gradient, theta):
    """(array, None), or (None, Diagnosis) of what is wrong with the gradient's type or shape."""
    if gradient is None:
        return None, _no_array("nothing (None): does the function end with a return?")
    try:
        array = np.asarray(gradient)
    except ValueError:  # arrays of different shapes in a list
        return None, _no_array(
            f"a {type(gradient).__name__} of {len(gradient)}: join the parts to one vector"
        )
    if array.dtype.kind not in "buif":
        kind = f"a {type(gradient).__name__}" + ("" if array.ndim == 0 else f" of {array.dtype}")
        return None, _no_array(kind)
    if array.shape != theta.shape:
        return None, Diagnosis(
            "shape",
            f"the gradient has shape {array.shape}, but theta has {theta.shape}"
            f"{_hint(array.shape, theta.shape)}",
        )
    return array, None


def _no_array(came):
    return Diagnosis("shape", f"the gradient must be an array of real numbers like theta, but it is {came}")


def _hint(came, wanted):
    if came == ():
        return ": it is summed over the parameters"
    if len(came) > 1 and came == wanted[::-1]:
        return ": it is transposed"
    if math.prod(came) == math.prod(wanted):
        return ": the same numbers, to be reshaped"
    if len(came) == len(wanted) + 1 and came[1:] == wanted:
        return ": sum over the first axis, the data"
    return ""
