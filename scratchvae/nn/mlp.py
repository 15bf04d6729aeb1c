"""The multilayer perceptron: fully connected layers one after the other."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from scratchvae.nn.init import initialization
from scratchvae.nn.linear import Linear, check_width
from scratchvae.parameters import Parameters
from scratchvae.validation import generator, positive_int


class Cache(NamedTuple):
    """What backward needs: the layers' caches and the input's leading axes."""

    layers: tuple
    lead: tuple


class MLP:
    """x (..., sizes[0]) -> y (..., sizes[-1]), the activation after every linear map but the last.

    Parameters
    ----------
    sizes : sequence of int
        Widths from input to output; ``len(sizes) - 1`` linear maps.
    activation : str
    parameters : Parameters, optional
        Where the blocks ``{prefix}{i}.weight`` and ``{prefix}{i}.bias`` lie; made anew if not given.
    prefix : str
        ``"encoder."``, say.

    Examples
    --------
    >>> import numpy as np
    >>> mlp = MLP([2, 8, 1])
    >>> mlp.initialize(np.random.default_rng(0))
    >>> y, cache = mlp.forward(np.zeros((5, 2)))
    >>> dx = mlp.backward(cache, np.ones((5, 1)))
    >>> mlp.parameters.names
    ('0.weight', '0.bias', '1.weight', '1.bias')
    """

    def __init__(self, sizes, activation="tanh", *, parameters=None, prefix="", dtype="float64"):
        if not np.iterable(sizes):
            raise ValueError(f"sizes must be a sequence of widths, such as [2, 8, 1], not {sizes!r}.")
        self.sizes = tuple(positive_int(size, "a width in sizes") for size in sizes)
        self.activation = activation
        if len(self.sizes) < 2:
            raise ValueError(f"sizes must hold at least an input and an output width, not {self.sizes}.")
        self.parameters = (
            Parameters(self.shapes(self.sizes, prefix), dtype) if parameters is None else parameters
        )
        last = len(self.sizes) - 2
        self.layers = [
            self.layer(i, "identity" if i == last else activation, f"{prefix}{i}.") for i in range(last + 1)
        ]

    def layer(self, i, activation, prefix):
        """Make linear map number i; a subclass may make another kind."""
        return Linear(*self.sizes[i : i + 2], activation, parameters=self.parameters, prefix=prefix)

    def attach(self, parameters, prefix=""):
        """Let all weights lie in `parameters` from now on; what lies there is used, nothing is copied.

        Raises
        ------
        ValueError
            If `parameters` lacks a block of ``shapes(sizes, prefix)``, or has it in another shape.
        """
        for i, layer in enumerate(self.layers):
            layer.attach(parameters, f"{prefix}{i}.")
        self.parameters = parameters

    @staticmethod
    def shapes(sizes, prefix=""):
        """The blocks of all layers, for `Parameters`."""
        blocks = {}
        for i, (n_in, n_out) in enumerate(pairwise(sizes)):
            blocks |= Linear.shapes(n_in, n_out, f"{prefix}{i}.")
        return blocks

    def initialize(self, rng, scheme="auto"):
        """Draw all weights by a scheme of ``init.INITIALIZATIONS``; biases are zero.

        "auto" is He's for rectifiers and Glorot's otherwise, and Glorot's for the linear last map.
        """
        generator(rng)
        *hidden, output = self.layers
        for layer in hidden:
            layer.initialize(initialization(scheme, self.activation), rng)
        output.initialize(initialization(scheme, "identity"), rng)

    def forward(self, x):
        """Return y and the cache. Leading axes are folded into rows and restored."""
        check_width(x, self.sizes[0])
        lead = x.shape[:-1]
        h = x.reshape(-1, x.shape[-1])
        caches = []
        for layer in self.layers:
            h, cache = layer.forward(h)
            caches.append(cache)
        return h.reshape(*lead, -1), Cache(tuple(caches), lead)

    def backward(self, cache, dy, need_dx=True, need_weights=True):
        """Write all gradients, return dx: the chain rule from the last layer to the first.

        Layer i hands dx to layer i - 1, whose output x was. The first layer's dx is the gradient
        with respect to the data, and is skipped if nobody needs it; so are the weights' gradients,
        which are then left as they are.
        """
        dh = dy.reshape(-1, dy.shape[-1])
        for i in reversed(range(len(self.layers))):
            dh = self.layers[i].backward(cache.layers[i], dh, need_dx or i > 0, need_weights)
        return dh.reshape(*cache.lead, -1) if need_dx else None
