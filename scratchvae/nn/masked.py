"""The masked autoencoder (MADE): output d sees the inputs before d only, and no other."""

import numpy as np

from scratchvae.nn.linear import Linear, check_width
from scratchvae.nn.mlp import MLP
from scratchvae.validation import positive_int, whole_number


class MaskedLinear(Linear):
    """h = f(x (W * M) + b): a layer without the connections at which the mask M is zero.

    With V = W * M, entry by entry, dW = dV * M: what is cut off has no gradient either.

    Parameters
    ----------
    mask : array (n_in, n_out)
        Of zeros and ones.
    activation, parameters, prefix, dtype
        As of `Linear`.
    """

    def __init__(self, mask, activation="identity", **where):
        self.mask = np.asarray(mask)
        super().__init__(*self.mask.shape, activation, **where)

    def attach(self, parameters, prefix=""):
        """Let the weights lie in `parameters` from now on, as `Linear.attach`."""
        super().attach(parameters, prefix)
        self.mask = self.mask.astype(parameters.dtype, copy=False)

    def weight(self):
        """V = W * M, (n_in, n_out)."""
        return super().weight() * self.mask

    def initialize(self, function, rng):
        """Draw the weight by `function(rng, n_in, n_out)`, zero where it is cut off; the bias is zero."""
        super().initialize(function, rng)
        self.parameters[f"{self.prefix}weight"] = self.weight()

    def backward(self, cache, dh, need_dx=True, need_weights=True):
        """Write the gradients of W and b (unless they are not needed), return dx (or None)."""
        dx = super().backward(cache, dh, need_dx, need_weights)
        if need_weights:
            gradient = self.parameters.gradient(f"{self.prefix}weight")
            gradient *= self.mask
        return dx


class MADE(MLP):
    """A network of n inputs whose outputs for input d depend on inputs 1, ..., d - 1 and a context.

    Every unit has a degree, that of the last input it may see: input d has degree d, the context 0. A
    hidden unit is connected to what has at most its own degree, output d to hidden units of a degree
    below d. So each path from an input to output d begins at a degree below d, and the Jacobian of the
    outputs by the inputs is strictly lower triangular, in one pass of the network (Germain, Gregor,
    Murray & Larochelle 2015, section 4).

    The hidden units' degrees rise evenly from 0 to n - 1, always the same way; without a context from
    1, as units of degree 0 would see nothing. Units of degree 0 carry the context to all outputs. A
    hidden layer of fewer than n units leaves out some degrees: make it wider than n.

    Parameters
    ----------
    n : int
        The number of inputs. With n = 1 the output depends on the context only.
    n_out_per_input : int
    hidden : sequence of int
        Widths of the hidden layers, one at least.
    n_context : int
        The number of inputs that all outputs may see.
    activation : str
    parameters, prefix, dtype
        As of `MLP`.

    Examples
    --------
    >>> import numpy as np
    >>> made = MADE(3, 2, hidden=(8,))
    >>> made.initialize(np.random.default_rng(0))
    >>> before, _ = made.forward(np.zeros(3))
    >>> after, _ = made.forward(np.array([0.0, 1.0, 0.0]))
    >>> (before != after).reshape(2, 3)
    array([[False, False,  True],
           [False, False,  True]])
    """

    def __init__(self, n, n_out_per_input=1, hidden=(64,), n_context=0, activation="tanh", **where):
        self.n = positive_int(n, "n")
        self.n_out_per_input = positive_int(n_out_per_input, "n_out_per_input")
        self.n_context = whole_number(n_context, "n_context")
        hidden = tuple(hidden)
        if not hidden:
            raise ValueError("hidden is empty: give the width of one hidden layer at least, such as (64,).")
        sizes = (self.n + self.n_context, *hidden, self.n * self.n_out_per_input)
        super().__init__(sizes, activation, **where)

    def degrees(self, i):
        """The degrees of the units of layer i, 0 being the input's (inputs, then context)."""
        inputs = np.arange(1, self.n + 1)
        if i == 0:
            return np.concatenate([inputs, np.zeros(self.n_context, int)])
        if i == len(self.sizes) - 1:
            return np.tile(inputs, self.n_out_per_input)
        least = 0 if self.n_context else 1
        return least + np.arange(self.sizes[i]) * (self.n - least) // self.sizes[i]

    def layer(self, i, activation, prefix):
        """Make masked linear map number i."""
        before, after = self.degrees(i)[:, None], self.degrees(i + 1)
        is_last = i == len(self.sizes) - 2
        mask = before < after if is_last else before <= after
        return MaskedLinear(mask, activation, parameters=self.parameters, prefix=prefix)

    def forward(self, x, context=None):
        """Return y (..., n_out_per_input * n) and the cache, for x (..., n), context (..., n_context).

        y holds the first output of every input, then the second of every input, and so on. x and the
        context have the same leading axes.
        """
        check_width(x, self.n)
        if self.n_context:
            if context is None:
                raise ValueError(f"the network needs a context (..., {self.n_context}), but none came.")
            check_width(context, self.n_context, "the context")
            x = np.concatenate([x, context], axis=-1)
        return super().forward(x)

    def backward(self, cache, dy, need_weights=True):
        """Write all gradients (unless they are not needed), return dx (..., n), dcontext."""
        both = super().backward(cache, dy, need_weights=need_weights)
        return both[..., : self.n], both[..., self.n :]
