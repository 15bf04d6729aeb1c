"""The Monte Carlo ELBO by the reparameterization trick."""

import numpy as np

from scratchvae.bounds.base import Bound
from scratchvae.bounds.terms import Terms


class Elbo(Bound):
    """L = (1/K) sum_k [log p(x, z_k) - log p(eps_k) + log|det dz_k/deps_k|], z_k = g(eps_k; lam).

    The loss is -L averaged over the batch. It is linear in its terms, so each log p(x|z), log p(z)
    and log|det| receives the derivative -1/(K B); log p(eps) depends on no parameter and needs none.
    """

    def forward(self, terms):
        """Return the loss, nats a datum, and the cache: log w, (K, B)."""
        log_w = terms.log_weights()  # (K, B)
        return -log_w.mean(), log_w  # Eq. (7)

    def backward(self, cache):
        """Return the loss's derivative with respect to each term."""
        each = np.full_like(cache, -1 / cache.size)  # Eq. (7')
        return Terms(log_likelihood=each, log_prior=each, log_det=each)
