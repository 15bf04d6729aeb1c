"""Free bits (Kingma et al. 2016): the first lambda nats that each coordinate of z says of x cost nothing."""

import math
from dataclasses import dataclass

import numpy as np

from scratchvae.bounds.base import Bound
from scratchvae.bounds.terms import Terms
from scratchvae.optim.config import Configured
from scratchvae.validation import in_range


@dataclass
class FreeBits(Bound, Configured):
    """L = mean_b mean_k log p(x_b|z_kb) - sum_i max(lambda, mean_b KL(q(z_i|x_b) || p(z_i))).

    KL is taken in closed form, coordinate by coordinate, and averaged over the minibatch before it is
    compared, so that some data may say more by z_i than others. Below lambda there is no gain in bringing
    q(z_i|x) nearer to p(z_i): so training does not begin by making z_i mute, from which it may not come
    back. Since max(lambda, KL) >= KL, it lies below the ELBO.

        d log p(x_b|z_kb) = -1/(K B),    d KL_bi = 1/B if mean_b KL_bi > lambda, else 0

    (Kingma, Salimans, Jozefowicz, Chen, Sutskever & Welling 2016, appendix; each z_i is a group of its own.)

    Parameters
    ----------
    free : float
        lambda, nats a coordinate, at least 0; 0 gives the ELBO. The paper found 0.125 to 2 to work well.
    """

    name = "free_bits"
    uses_kl = "by_coordinate"
    free: float = 0.25

    def __post_init__(self):
        self.free = in_range(self.free, "lambda", 0, math.inf, high_open=True)

    def forward(self, terms):
        """Return the loss, nats a datum, and the cache: log p(x|z), KL (B, L), and which KL costs (L,)."""
        kl, free = terms.kl.mean(axis=0), terms.kl.dtype.type(self.free)  # (L,)
        loss = np.maximum(kl, free).sum() - terms.log_likelihood.mean()  # Eq. (56)
        return loss, (terms.log_likelihood, terms.kl, kl > free)

    def backward(self, cache):
        """Return the loss's derivative with respect to each term."""
        log_likelihood, kl, costs = cache
        return Terms(
            log_likelihood=np.full_like(log_likelihood, -1 / log_likelihood.size),
            kl=np.broadcast_to(costs / kl.dtype.type(len(kl)), kl.shape),  # Eq. (56')
        )
