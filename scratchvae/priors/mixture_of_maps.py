"""A mixture of the densities of one map at several lam, as a prior p(z)."""

from typing import NamedTuple

import numpy as np

from scratchvae.broadcasting import row_blocks, unbroadcast
from scratchvae.numerics import log_sum_exp
from scratchvae.validation import positive_int

#: How many numbers `log_prob` lays out at once, of z by component by latent.
MAX_VALUES = 2**22


class Cache(NamedTuple):
    components: tuple  # what `components_backward` needs
    map: object
    density: tuple  # the map's, of every component at every z
    shares: np.ndarray  # r_k, (..., M)


class MixtureOfMaps:
    """p(z) = sum_k pi_k q(z; lam_k), q the density of a map z = g(eps; lam), M components.

    With the responsibilities r_k = pi_k q(z; lam_k) / p(z), which sum to one, d log p = sum_k r_k d log
    (pi_k q_k): so component k receives the share r_k of what comes in, and

        dlog_q_k = r_k dlog_p        dlog_pi_k = sum over z of r_k dlog_p

    go on to z and lam_k by the map's own density (Eq. 5 and 32). Where lam_k comes from is what a subclass
    says: free vectors (`MixturePrior`), or what the encoder gives for pseudo-inputs (`VampPrior`). It gives

    - ``components() -> (map, lam (M, n_params), log_pi (M,), cache)``,
    - ``components_backward(cache, dlam, dlog_pi)``, which writes the gradients of its blocks,

    beside `shapes` and `initialize`.

    Parameters
    ----------
    n_components : int
        M.
    """

    #: Blocks of the model's other parts to which `backward` writes too.
    shared = ()

    def __init__(self, n_components):
        self.n_components = positive_int(n_components, "the number of components")

    def attach(self, parameters, prefix=""):
        """Let the blocks lie in `parameters`, under `prefix` + name."""
        self.parameters, self.prefix = parameters, prefix

    def forward(self, z):
        """Return log p(z), (...), for z (..., L), and the cache."""
        reparam, lam, log_pi, components = self.components()
        log_q, density = reparam.density_forward(lam, z[..., None, :])  # (..., M)
        log_joint = log_q + log_pi
        log_p = log_sum_exp(log_joint, axis=-1)  # Eq. (59)
        return log_p, Cache(components, reparam, density, np.exp(log_joint - log_p[..., None]))

    def backward(self, cache, dlog_p):
        """Write the blocks' gradients, return dz (..., L)."""
        dlog_q = cache.shares * dlog_p[..., None]  # Eq. (59')
        dz, dlam = cache.map.density_backward(cache.density, dlog_q)
        self.components_backward(cache.components, dlam, unbroadcast(dlog_q, dlog_q.shape[-1:]))
        return dz.sum(axis=-2)

    def log_prob(self, z):
        """log p(z), (...), in nats, some z at a time, so that memory does not grow with their number."""
        z = np.asarray(z)
        rows = z.reshape(-1, z.shape[-1])
        at_once = max(1, MAX_VALUES // (self.n_components * rows.shape[-1]))
        parts = [self.forward(rows[block])[0] for block in row_blocks(len(rows), at_once)]
        return np.concatenate(parts).reshape(z.shape[:-1])

    def responsibilities(self, z):
        """r_k, the probability of each component given z, (..., M)."""
        return self.forward(np.asarray(z))[1].shares

    def sample(self, shape, rng, dtype="float64"):
        """Draw an array of that shape, (..., L): a component, then z from it."""
        reparam, lam, log_pi, _ = self.components()
        pi = np.exp(log_pi.astype(np.float64))
        chosen = rng.choice(self.n_components, size=shape[:-1], p=pi / pi.sum())
        return reparam.forward(lam[chosen], rng.standard_normal(shape, dtype))[0]
