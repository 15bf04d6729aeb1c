"""Elementwise activations h = f(a): forward, derivative, backward.

Each class states f and f' in its docstring. The product dh f'(a) and its sum over rows, the bias's
gradient, come from one kernel (``kernels.reference.activation_backward``), since this is where a
training step spends its time beside the matrix products.
"""

from typing import NamedTuple

import numpy as np

from scratchvae import kernels
from scratchvae.kernels import codes
from scratchvae.numerics import sigmoid, softplus


class Cache(NamedTuple):
    """What backward needs: input a and output h, both (N, n)."""

    a: np.ndarray
    h: np.ndarray


class Activation:
    """Base: a subclass gives `code` and `value`, its formula."""

    def forward(self, a):
        """Return h = f(a) and the cache."""
        h = self.value(a)
        return h, Cache(a, h)

    def backward(self, cache, dh):
        """Return da = dh f'(a): the chain rule, entry by entry."""
        return self.backward_with_bias(cache, dh)[0]

    def backward_with_bias(self, cache, dh):
        """Return da and its sum over all leading axes, db, in one pass over the memory."""
        n = dh.shape[-1]
        rows = (np.ascontiguousarray(array).reshape(-1, n) for array in (cache.a, cache.h, dh))
        da, db = kernels.active().activation_backward(self.code, *rows)  # Eq. (12')
        return da.reshape(dh.shape), db


class Identity(Activation):
    """f(a) = a, f' = 1: the output of a network whose last layer is linear."""

    code = codes.IDENTITY

    def value(self, a):
        return a

    def backward_with_bias(self, cache, dh):
        """Return da = dh itself and its sum over all leading axes, db."""
        return dh, dh.reshape(-1, dh.shape[-1]).sum(axis=0)  # Eq. (12')


class Tanh(Activation):
    """f(a) = tanh a, f' = 1 - tanh^2 a = 1 - h^2."""

    code = codes.TANH

    def value(self, a):
        return np.tanh(a)


class Relu(Activation):
    """f(a) = max(a, 0), f' = 1 for a > 0, else 0: at the kink a subgradient."""

    code = codes.RELU

    def value(self, a):
        return np.maximum(a, 0)


class LeakyRelu(Activation):
    """f(a) = a for a > 0, else 0.01 a; f' = 1 or 0.01 (Maas et al. 2013)."""

    code = codes.LEAKY_RELU

    def value(self, a):
        return np.maximum(a, codes.LEAK * a)


class Elu(Activation):
    """f(a) = a for a > 0, else e^a - 1; f' = 1 or e^a = h + 1, alpha being 1 (Clevert et al. 2016)."""

    code = codes.ELU

    def value(self, a):
        return np.where(a > 0, a, codes.ELU_ALPHA * np.expm1(np.minimum(a, 0)))


class Softplus(Activation):
    """f(a) = log(1 + e^a), f' = sigmoid(a) = 1 - e^-h."""

    code = codes.SOFTPLUS

    def value(self, a):
        return softplus(a)


class Sigmoid(Activation):
    """f(a) = 1 / (1 + e^-a), f' = h (1 - h)."""

    code = codes.SIGMOID

    def value(self, a):
        return sigmoid(a)


class Gelu(Activation):
    """f(a) = a Phi(a), f' = Phi(a) + a N(a; 0, 1), Phi the normal's distribution function.

    The exact form of Hendrycks & Gimpel (2016), not its tanh approximation.
    """

    code = codes.GELU

    def value(self, a):
        """f(a) = a Phi(a)."""
        from scipy.special import ndtr

        return a * ndtr(a)


ACTIVATIONS = {
    "identity": Identity,
    "tanh": Tanh,
    "relu": Relu,
    "leaky_relu": LeakyRelu,
    "elu": Elu,
    "softplus": Softplus,
    "sigmoid": Sigmoid,
    "gelu": Gelu,
}
