"""Maps one after the other."""

from typing import NamedTuple

import numpy as np

from scratchvae.broadcasting import unbroadcast
from scratchvae.reparam.base import Reparameterization


class Cache(NamedTuple):
    eps: np.ndarray  # in the shape of z, (..., L)
    maps: tuple  # the cache of each map, in order
    eps_shape: tuple


class Chain(Reparameterization):
    """z = g_n(... g_2(g_1(eps)) ...), lam = (lam_1, ..., lam_n) packed along the last axis.

    The Jacobian is the product of the maps' Jacobians, its determinant the product of theirs:

        log|det dz/deps| = sum_i log|det dg_i|

    so the chain's determinant is as cheap as its parts'. Backward, the chain rule runs from the last map
    to the first; the one dlog_det goes to every map, for each adds its own log|det| to the sum.
    (Rezende & Mohamed 2015, equation 7.)

    Parameters
    ----------
    *maps : Reparameterization
        Of one dimension, in the order in which they act on the noise.
    """

    def __init__(self, *maps):
        if not maps or not all(isinstance(part, Reparameterization) for part in maps):
            kinds = ", ".join(type(part).__name__ for part in maps) or "none"
            raise ValueError(
                f"a chain is made of one map at least, as in Chain(Diagonal(2), Planar(2)), not of {kinds}."
            )
        super().__init__(maps[0].n_latent)
        sizes = [part.n_latent for part in maps]
        if len(set(sizes)) > 1:
            raise ValueError(f"the maps of a chain must have one dimension, but have {sizes}.")
        self.maps = maps
        self.ends = np.cumsum([part.n_params for part in maps])
        self.n_params = int(self.ends[-1])
        self.attach()

    @property
    def spec(self):
        specs = [part.spec for part in self.maps]
        return None if None in specs else "+".join(specs)

    def shapes(self):
        """The weights of all maps, the first one's under "0."."""
        named = [
            (f"{i}.{name}", shape)
            for i, part in enumerate(self.maps)
            for name, shape in part.shapes().items()
        ]
        return dict(named)

    def attach(self, parameters=None, prefix=""):
        """Let the weights of all maps lie in one vector."""
        super().attach(parameters, prefix)
        for i, part in enumerate(self.maps):
            part.attach(self.parameters, f"{prefix}{i}.")

    def initialize(self, rng):
        """Draw the weights of all maps."""
        for part in self.maps:
            part.initialize(rng)

    def initial(self, rng):
        """The initial lam of all maps."""
        return np.concatenate([part.initial(rng) for part in self.maps])

    def _parts(self, lam):
        return np.split(lam, self.ends[:-1], axis=-1)

    def forward(self, lam, eps):
        """Return z (..., L), log_det (...) and the cache."""
        lam, eps = self.checked(lam, eps)
        batch = np.broadcast_shapes(lam.shape[:-1], eps.shape[:-1])
        full = np.broadcast_to(eps, (*batch, self.n_latent))
        z, total, caches = full, np.zeros(batch, eps.dtype), []
        for part, part_lam in zip(self.maps, self._parts(lam), strict=True):
            z, log_det, cache = part.forward(part_lam, z)
            total = total + log_det  # Eq. (52)
            caches.append(cache)
        return z, total, Cache(full, tuple(caches), eps.shape)

    def backward(self, cache, dz, dlog_det):
        """Return dlam (..., n_params) and deps (..., L): from the last map to the first."""
        dlams = []
        for part, part_cache in zip(reversed(self.maps), reversed(cache.maps), strict=True):
            dlam, dz = part.backward(part_cache, dz, dlog_det)  # Eq. (52')
            dlams.append(dlam)
        return np.concatenate(dlams[::-1], axis=-1), unbroadcast(dz, cache.eps_shape)

    def inverse(self, lam, z):
        """Return eps: the inverses from the last map to the first."""
        for part, part_lam in zip(reversed(self.maps), reversed(self._parts(lam)), strict=True):
            z = part.inverse(part_lam, z)
        return z

    def solve_transposed(self, cache, v):
        """J^-T v with J = J_n ... J_1: J_1^-T first, then the others in order."""
        for part, part_cache in zip(self.maps, cache.maps, strict=True):
            v = part.solve_transposed(part_cache, v)
        return v

    def split(self, lam):
        """What is affine in the last map, and the chain with the rest of it."""
        *parts, last = self._parts(lam)
        mean, factor, rest = self.maps[-1].split(last)
        return mean, factor, np.concatenate([*parts, rest])

    def __repr__(self):
        return f"Chain({', '.join(map(repr, self.maps))})"
