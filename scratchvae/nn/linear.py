"""The affine map with its activation, h = f(x W + b): the fully connected layer."""

from typing import NamedTuple

import numpy as np

from scratchvae.nn.activations import ACTIVATIONS
from scratchvae.nn.activations import Cache as ActivationCache
from scratchvae.parameters import Parameters
from scratchvae.validation import choose, positive_int


class Cache(NamedTuple):
    """What backward needs: the input x (N, n_in), W (n_in, n_out) and the activation's cache."""

    x: np.ndarray
    weight: np.ndarray
    activation: ActivationCache


def check_width(x, n_in, name="x"):
    """Raise a ValueError that calls it `name` unless `x` is an array whose last axis has the size `n_in`."""
    shape = getattr(x, "shape", None)
    if not shape or shape[-1] != n_in:  # None for a list, () for a number
        came = f"a {type(x).__name__}" if shape is None else f"one of shape {shape}"
        raise ValueError(f"{name} must be an array (..., {n_in}), not {came}.")


class Linear:
    """h = f(x W + b) on rows: x (N, n_in), W (n_in, n_out), b (n_out,), h (N, n_out).

    Parameters
    ----------
    n_in, n_out : int
    activation : str
        A name from ``ACTIVATIONS``; "identity" leaves the plain affine map.
    parameters : Parameters, optional
        Where the blocks ``{prefix}weight`` and ``{prefix}bias`` lie; made anew if not given.
    prefix : str
    """

    def __init__(self, n_in, n_out, activation="identity", *, parameters=None, prefix="", dtype="float64"):
        self.n_in, self.n_out = positive_int(n_in, "n_in"), positive_int(n_out, "n_out")
        self.activation = choose(ACTIVATIONS, activation, "activation")()
        if parameters is None:
            parameters = Parameters(self.shapes(n_in, n_out, prefix), dtype)
        self.attach(parameters, prefix)

    @staticmethod
    def shapes(n_in, n_out, prefix=""):
        """The blocks of one layer, for `Parameters`."""
        return {f"{prefix}weight": (n_in, n_out), f"{prefix}bias": (n_out,)}

    def attach(self, parameters, prefix=""):
        """Let the weights lie in `parameters` from now on; what lies there is used, nothing is copied.

        Raises
        ------
        ValueError
            If `parameters` lacks one of the two blocks, or has it in another shape.
        """
        for name, shape in self.shapes(self.n_in, self.n_out, prefix).items():
            if parameters.shapes.get(name) != shape:
                raise ValueError(
                    f"the parameters must have a block {name!r} of shape {shape}, "
                    f"not {parameters.shapes.get(name)}; make them of the layer's `shapes`."
                )
        self.parameters, self.prefix = parameters, prefix

    def weight(self):
        """W as the product takes it, (n_in, n_out)."""
        return self.parameters[f"{self.prefix}weight"]

    def initialize(self, function, rng):
        """Draw the weight by `function(rng, n_in, n_out)`; the bias is zero."""
        self.parameters[f"{self.prefix}weight"] = function(rng, self.n_in, self.n_out)
        self.parameters[f"{self.prefix}bias"] = 0

    def forward(self, x):
        """Return h = f(x W + b) and the cache."""
        check_width(x, self.n_in)
        weight = self.weight()
        a = x @ weight  # (N, n_out)
        a += self.parameters[f"{self.prefix}bias"]  # Eq. (11)
        h, cache = self.activation.forward(a)  # Eq. (12)
        return h, Cache(x, weight, cache)

    def backward(self, cache, dh, need_dx=True, need_weights=True):
        """Write the gradients of W and b (unless they are not needed), return dx (or None).

        With a = x W + b and da = dh f'(a), entry by entry: a_ij = sum_k x_ik W_kj + b_j, so

            dW_kj = sum_i x_ik da_ij        dW = x^T da
            db_j  = sum_i da_ij             db = column sums of da
            dx_ik = sum_j da_ij W_kj        dx = da W^T
        """
        da, db = self.activation.backward_with_bias(cache.activation, dh)  # Eq. (12')
        if need_weights:
            self.parameters.gradient(f"{self.prefix}bias")[...] = db
            np.matmul(cache.x.T, da, out=self.parameters.gradient(f"{self.prefix}weight"))  # Eq. (11')
        return _times_transposed(da, cache.weight) if need_dx else None


def _times_transposed(da, weight):
    """da W^T; of few rows as (W da^T)^T, for which BLAS then needs two thirds of the time."""
    if len(da) > 32:
        return da @ weight.T
    return np.ascontiguousarray((weight @ da.T).T)
