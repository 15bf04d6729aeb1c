"""The contract of a distribution p(x | parameters) that a decoder can end in."""

import numpy as np

from scratchvae.broadcasting import unbroadcast
from scratchvae.validation import last_axis, numeric_array, real


class Likelihood:
    """Independent entries x_d given a vector of parameters, n_params of them for n_data entries.

    ``forward(x, params) -> (log_p, cache)`` sums log p over the last axis: x (..., D), params
    (..., n_params), log_p (...), in nats; leading axes broadcast. ``backward(cache, dlog_p)`` gives
    (dx, dparams). A subclass writes `forward`, `grad_x` and `grad_params`, the derivatives of
    log p entry by entry, and the base applies the chain rule and sums over what was broadcast.

    A likelihood may also have weights of its own, the same for all data, as a map may: then `shapes` names
    their blocks, they lie in ``self.parameters``, and `backward` writes their gradients there.
    """

    #: The text that makes this object again, ``"name"`` or ``"name:number"``.
    spec = None
    #: Whether log p has a derivative with respect to x; if not, dx is None.
    differentiable_in_x = True
    #: Whether x is a level or a count, a whole number, and not a pixel's value x / scale.
    takes_levels = False
    #: The weights, if there are some.
    parameters = None

    def shapes(self):
        """The weights' blocks by name, {} if there are none."""
        return {}

    def attach(self, parameters, prefix=""):
        """Let the weights lie in `parameters`, under `prefix` + name."""

    def initialize(self, rng):
        """Set the weights to where learning begins."""

    def n_params(self, n_data):
        """How many parameters the decoder must give for `n_data` entries of x."""
        return n_data

    def log_prob(self, x, params):
        """log p(x | params), (...): `forward` without its cache."""
        return self.forward(x, params)[0]

    def fitting(self, x, params):
        """Return x and params as floats of one dtype, or raise a ValueError if their widths do not fit.

        A single number is a datum of one entry.
        """
        params = real(params, "params")
        x = np.atleast_1d(numeric_array(x, "x")).astype(params.dtype, copy=False)
        return x, last_axis(params, f"params for x {x.shape}", self.n_params(x.shape[-1]))

    def backward(self, cache, dlog_p, need_dx=True):
        """Return (dx, dparams) for the incoming derivative dlog_p (...).

        log_p is a sum over d, so dx_d = dlog_p * dlog p_d/dx_d; likewise for each parameter.
        """
        dlog_p = np.asarray(dlog_p)[..., None]
        dparams = unbroadcast(dlog_p * self.grad_params(cache), cache.params.shape)
        if not need_dx or not self.differentiable_in_x:
            return None, dparams
        return unbroadcast(dlog_p * self.grad_x(cache), cache.x.shape), dparams

    def check(self, x):
        """Raise a ValueError if some x cannot come from this distribution; x is finite already."""

    def fit_params(self, x):
        """The parameters (n_params,) of the highest likelihood for all rows x (N, D) together.

        Entry by entry, each the same for every row. Where that would be infinite it stops short of it: a
        pixel that is always black has p = 0.001.
        """
        return np.asarray(x).mean(axis=0)

    def encoder_input(self, x):
        """What the encoder sees of x."""
        return x
