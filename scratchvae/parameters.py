"""All parameters of a model in one contiguous vector, their gradients in another."""

import contextlib
import math

import numpy as np

from scratchvae.validation import choose, numeric_array

DTYPES = {"float32": np.float32, "float64": np.float64}


def real_dtype(dtype):
    """Return float32 or float64 as a NumPy dtype, else raise a ValueError."""
    try:
        name = None if dtype is None else np.dtype(dtype).name  # NumPy takes None for float64
    except TypeError:
        name = dtype
    return np.dtype(choose(DTYPES, name, "dtype"))


class Parameters:
    """Named blocks in one vector; a block is a view, so that whoever holds it sees every update.

    Parameters
    ----------
    shapes : mapping of str to tuple of int
        The blocks' names and shapes, in the order in which they lie in the vector.
    dtype : {"float32", "float64"}

    Attributes
    ----------
    value, grad : array (P,)
        The vector of all parameters, and of the loss's derivatives with respect to them. Assigning
        to either copies into the memory that the views share.
    names : tuple of str
    shapes : dict of str to tuple

    Examples
    --------
    >>> parameters = Parameters({"weight": (2, 3), "bias": (3,)}, dtype="float64")
    >>> parameters["bias"] = [1.0, 2.0, 3.0]
    >>> parameters.value
    array([0., 0., 0., 0., 0., 0., 1., 2., 3.])
    """

    def __init__(self, shapes, dtype="float64"):
        self.shapes = {name: tuple(shape) for name, shape in shapes.items()}
        self.slices = _consecutive_slices(self.shapes)
        size = sum(map(math.prod, self.shapes.values()))
        self._value = np.zeros(size, real_dtype(dtype))
        self._grad = np.zeros_like(self._value)

    @property
    def names(self):
        return tuple(self.shapes)

    @property
    def dtype(self):
        return self._value.dtype

    @property
    def value(self):
        return self._value

    @value.setter
    def value(self, vector):
        self._value[...] = self._fitting(vector)

    @property
    def grad(self):
        return self._grad

    @grad.setter
    def grad(self, vector):
        self._grad[...] = self._fitting(vector)

    def _fitting(self, vector):
        vector = numeric_array(vector, "the vector of parameters")
        if vector.shape != self._value.shape:
            raise ValueError(f"the parameters are a vector of shape {self._value.shape}, not {vector.shape}.")
        return vector

    def __len__(self):
        return self._value.size

    def __iter__(self):
        return iter(self.names)

    def __contains__(self, name):
        return name in self.shapes

    def __getitem__(self, name):
        """View of the block's values."""
        return self._view(self._value, name)

    def __setitem__(self, name, array):
        """Copy an array of the block's shape, or one number for all of it, into the block."""
        view = self._view(self._value, name)
        if np.shape(array) not in ((), view.shape):
            raise ValueError(f"{name} has shape {view.shape}, not {np.shape(array)}.")
        view[...] = numeric_array(array, name)

    def gradient(self, name):
        """View of the block's gradient."""
        return self._view(self._grad, name)

    def _view(self, vector, name):
        block = choose(self.slices, name, "parameter block")
        return vector[block].reshape(self.shapes[name])

    @contextlib.contextmanager
    def adding(self, names):
        """Within the ``with`` block, what is written to these gradients is added to what is there."""
        before = {name: self.gradient(name).copy() for name in names}
        yield
        for name, gradient in before.items():
            self.gradient(name)[...] += gradient

    def blocks(self):
        """Where each block lies: {name: (slice, shape)}, as the gradient checker takes it."""
        return {name: (self.slices[name], shape) for name, shape in self.shapes.items()}

    def __repr__(self):
        rows = [f"  {name:<20} {shape}" for name, shape in self.shapes.items()]
        return "\n".join([f"Parameters: {len(self):,} {self.dtype} values", *rows])


def _consecutive_slices(shapes):
    slices, start = {}, 0
    for name, shape in shapes.items():
        stop = start + math.prod(shape)
        slices[name] = slice(start, stop)
        start = stop
    return slices
