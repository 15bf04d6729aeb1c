"""All parameters of a model by name, and the one vector of free numbers behind them."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from scratchvae.constraints.base import Constraint
from scratchvae.validation import last_axis, real


class Cache(NamedTuple):
    blocks: tuple  # the cache of each parameter
    lead: tuple  # the leading axes of z


class Space:
    """The blocks of z behind the named parameters theta.

    Parameters
    ----------
    parameters : dict of str to Constraint

    Attributes
    ----------
    n_latent : int
        L, the number of free numbers.
    slices : dict of str to slice
        Where each parameter's free numbers lie in z.
    names : tuple of str
        One for each number in theta: "mu", "eta[0]", "eta[1]", ...

    Examples
    --------
    >>> import numpy as np
    >>> from scratchvae.constraints import Positive, Real
    >>> space = Space({"mu": Real(), "tau": Positive()})
    >>> theta, log_det, cache = space.forward(np.array([1.0, 0.0]))
    >>> float(theta["tau"]), float(log_det)
    (1.0, 0.0)
    """

    def __init__(self, parameters):
        self.parameters = _checked(parameters)
        self.slices, start = {}, 0
        for name, constraint in self.parameters.items():
            self.slices[name] = slice(start, start + constraint.n_free)
            start += constraint.n_free
        self.n_latent = start
        self.names = tuple(label for name in self.parameters for label in self.labels(name))
        clashing = [name for name, count in Counter(self.names).items() if count > 1]
        if clashing:
            raise ValueError(f"two parameters would both be called {clashing[0]!r}: rename one of them.")

    def labels(self, name):
        """The names of a parameter's numbers: "eta[0]", "eta[1]", ..."""
        shape = self.parameters[name].shape
        if shape == ():
            return [name]
        return [f"{name}[{','.join(map(str, place))}]" for place in np.ndindex(shape)]

    def forward(self, z):
        """Return theta, a dict by name, log|det dtheta/dz| (...) and the cache, for z (..., L)."""
        z = last_axis(real(z, "z"), "z", self.n_latent)
        theta, caches, log_det = {}, [], np.zeros(z.shape[:-1])
        for name, constraint in self.parameters.items():
            theta[name], block_log_det, cache = constraint.forward(z[..., self.slices[name]])
            log_det = log_det + block_log_det
            caches.append(cache)
        return theta, log_det, Cache(tuple(caches), z.shape[:-1])

    def backward(self, cache, dtheta, dlog_det):
        """Return dz (..., L); `dtheta` is a dict, in which a parameter may be left out for zero.

        Raises
        ------
        ValueError
            If a name in `dtheta` is not a parameter's, or its gradient does not have theta's shape.
        """
        unknown = [name for name in dtheta if name not in self.parameters]
        if unknown:
            known = list(self.parameters)
            raise ValueError(f"there is a gradient by {unknown[0]!r}, but the parameters are {known}.")
        dlog_det = np.broadcast_to(dlog_det, cache.lead)
        dz = np.empty((*cache.lead, self.n_latent))
        for (name, constraint), block in zip(self.parameters.items(), cache.blocks, strict=True):
            incoming = _incoming(name, dtheta.get(name, 0.0), (*cache.lead, *constraint.shape))
            dz[..., self.slices[name]] = constraint.backward(block, incoming, dlog_det)
        return dz

    def inverse(self, theta):
        """Return z (..., L) for a dict of parameters.

        Raises
        ------
        ValueError
            If a parameter is missing, unknown, or violates its constraint.
        """
        self._check_names(theta)
        blocks = []
        for name, constraint in self.parameters.items():
            try:
                blocks.append(constraint.inverse(theta[name]))
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
        return _side_by_side(blocks)

    def flatten(self, theta):
        """The dict theta as one array (..., number of `names`), in their order; other entries are ignored."""
        missing = [name for name in self.parameters if name not in theta]
        if missing:
            raise ValueError(f"theta has no {missing[0]!r}, only {list(theta)}.")
        columns = []
        for name, constraint in self.parameters.items():
            value = np.asarray(theta[name])
            lead = value.shape[: value.ndim - len(constraint.shape)]
            columns.append(value.reshape((*lead, constraint.size)))
        return _side_by_side(columns)

    def _check_names(self, theta):
        if not isinstance(theta, Mapping) or theta.keys() != self.parameters.keys():
            came = list(theta) if isinstance(theta, Mapping) else theta
            raise ValueError(f"theta must be a dict of {list(self.parameters)}, not {came!r}.")

    def __repr__(self):
        return f"Space({self.parameters!r})"


def _incoming(name, gradient, shape):
    """A parameter's gradient in theta's shape (..., *shape); what is the same for all samples is spread."""
    try:
        return np.broadcast_to(gradient, shape)
    except ValueError:
        came = np.shape(gradient)
        raise ValueError(
            f"the gradient by {name!r} must have its shape, {shape}, not {came}: sum over the data, keep "
            "the samples' axes and the parameter's."
        ) from None


def _side_by_side(blocks):
    """Blocks (..., n_i) as one array (..., sum_i n_i); their leading axes broadcast."""
    lead = np.broadcast_shapes(*(block.shape[:-1] for block in blocks))
    return np.concatenate([np.broadcast_to(block, (*lead, block.shape[-1])) for block in blocks], axis=-1)


def _checked(parameters):
    if not isinstance(parameters, Mapping) or not parameters:
        raise ValueError(
            f'parameters must be a dict such as {{"mu": Real(), "tau": Positive()}}, not {parameters!r}.'
        )
    for name, constraint in parameters.items():
        if not isinstance(name, str) or not name:
            raise ValueError(f"a parameter's name must be text, not {name!r}.")
        if not isinstance(constraint, Constraint):
            raise ValueError(
                f"parameter {name!r} must be a constraint such as Real() or Positive(8), not {constraint!r}."
            )
    return dict(parameters)
