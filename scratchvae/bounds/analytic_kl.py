"""The ELBO with the closed form of KL(q(z|x) || p(z)) in place of its Monte Carlo estimate."""

import numpy as np

from scratchvae.bounds.base import Bound
from scratchvae.bounds.terms import Terms


class AnalyticKL(Bound):
    """L = (1/K) sum_k log p(x|z_k) - KL(q(z|x) || p(z)).

    The same expectation as `Elbo`, since E_q[log p(z) - log q(z|x)] = -KL, with less variance in
    most cases: only the likelihood is left to chance (Kingma & Welling 2014, equation 10).
    """

    uses_kl = True

    def forward(self, terms):
        """Return the loss, nats a datum, and the cache: the two terms."""
        loss = terms.kl.mean() - terms.log_likelihood.mean()  # Eq. (20)
        return loss, (terms.log_likelihood, terms.kl)

    def backward(self, cache):
        """Return the loss's derivative with respect to each term: -1/(K B) and 1/B."""
        log_likelihood, kl = cache
        return Terms(  # Eq. (20')
            log_likelihood=np.full_like(log_likelihood, -1 / log_likelihood.size),
            kl=np.full_like(kl, 1 / kl.size),
        )
