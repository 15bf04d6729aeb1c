"""What maps with a network have in common: its weights, its context, what broadcasts."""

from typing import NamedTuple

import numpy as np

from scratchvae.broadcasting import unbroadcast
from scratchvae.reparam.base import Reparameterization
from scratchvae.validation import last_axis, positive_int, real, whole_number

#: The last layer's initial weights are this small a part of the usual: the map begins near z = eps, but
#: not where the gradients of all layers before it vanish.
NEAR_ZERO = 0.01


class Cache(NamedTuple):
    eps: np.ndarray  # in the shape of z, (..., L)
    network: tuple  # the network's cache
    inner: tuple  # of the elementwise function
    log_slope: np.ndarray  # log of the Jacobian's diagonal, where it is not one
    lam_shape: tuple
    eps_shape: tuple


class Networked(Reparameterization):
    """A map some of whose numbers come from a network of eps and lam, lam being the network's context.

    The weights lie in ``self.parameters`` and are shared by all data; zero until `initialize` draws
    them. The network computes in the dtype of its parameters, z and the gradients keep that of lam.

    A subclass makes ``self.network`` and gives `forward` and `pull_back`, that is `backward` before the
    sum over what was broadcast. By it the gradient of log q, which is asked for at each z, is found
    without touching the weights' gradients.
    """

    def __init__(self, n_latent, n_context):
        super().__init__(n_latent)
        self.n_params = whole_number(n_context, "n_context")

    def __repr__(self):
        hidden = self.network.sizes[1:-1]
        return f"{type(self).__name__}({self.n_latent}, hidden={hidden}, n_context={self.n_params})"

    # --- weights --------------------------------------------------------------------------------

    def shapes(self):
        """The network's blocks by name."""
        return self.network.shapes(self.network.sizes, "network.")

    def attach(self, parameters=None, prefix=""):
        """Let the network's weights lie in `parameters`, under `prefix`; in a vector of their own if None."""
        super().attach(parameters, prefix)
        self.network.attach(self.parameters, f"{prefix}network.")

    def initialize(self, rng):
        """Draw the weights; those of the last layer near zero, so that the map is near its simplest."""
        self.network.initialize(rng)
        last = self.network.layers[-1]
        self.parameters[f"{last.prefix}weight"] *= NEAR_ZERO

    # --- shapes and dtypes ----------------------------------------------------------------------

    def broadcast(self, lam, x, name="eps"):
        """lam and x (..., L) with common leading axes, of lam's dtype; a ValueError if widths do not fit."""
        lam = last_axis(real(lam, "lam"), "lam", self.n_params)
        x = last_axis(real(x, name), name, self.n_latent).astype(lam.dtype, copy=False)
        batch = np.broadcast_shapes(lam.shape[:-1], x.shape[:-1])
        return np.broadcast_to(lam, (*batch, self.n_params)), np.broadcast_to(x, (*batch, self.n_latent))

    def run(self, *inputs):
        """The network's output, in the dtype of its inputs, and its cache."""
        out, cache = self.network.forward(*(x.astype(self.parameters.dtype, copy=False) for x in inputs))
        return out.astype(inputs[0].dtype, copy=False), cache

    def run_back(self, cache, dout, need_weights):
        """The gradient by the network's inputs side by side, in dout's dtype."""
        dinput = self.network.backward(
            cache, dout.astype(self.parameters.dtype, copy=False), need_weights=need_weights
        )
        return dinput.astype(dout.dtype, copy=False)

    # --- gradients ------------------------------------------------------------------------------

    def pull_back(self, cache, dz, dlog_det, need_weights=True):
        """dlam (..., n_params) and deps (..., L), both with all leading axes of z."""
        raise NotImplementedError

    def backward(self, cache, dz, dlog_det):
        """Write the weights' gradients, return dlam (..., n_params) and deps (..., L)."""
        dlam, deps = self.pull_back(cache, dz, dlog_det)
        return unbroadcast(dlam, cache.lam_shape), unbroadcast(deps, cache.eps_shape)

    def grad_log_q(self, cache):
        """d log q / dz = J^-T (-eps - d log|det| / deps), (..., L); the weights' gradients stay."""
        zeros, ones = np.zeros_like(cache.eps), np.ones_like(cache.eps[..., 0])
        dlog_det = self.pull_back(cache, zeros, ones, need_weights=False)[1]
        return self.solve_transposed(cache, -cache.eps - dlog_det)


def widths(hidden):
    """The widths of the hidden layers as a tuple: (64, 64), or 64 for one layer."""
    sizes = tuple(hidden) if np.iterable(hidden) else (hidden,)
    return tuple(positive_int(size, "a width in hidden") for size in sizes)
