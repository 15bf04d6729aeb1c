"""VR-max of Li & Turner (2016): of K draws the one of the largest weight."""

import numpy as np

from scratchvae.bounds.base import Bound
from scratchvae.bounds.terms import Terms


class VRMax(Bound):
    """L = max_k log w_k, the limit alpha -> -inf of `Renyi`.

    Its derivative is 1 at the largest weight and 0 at all others. The largest is at least the mean, so it
    lies above the importance-weighted bound of the same K; and it is no lower bound: with enough draws of a
    q that is too wide, its mean exceeds log p(x). A q that is fitted by it alone comes out too wide.
    """

    needs_independence = True

    def forward(self, terms):
        """Return the loss, nats a datum, and the cache: 1 at the largest weight, (K, B)."""
        log_w = terms.log_weights()  # (K, B)
        largest = np.zeros_like(log_w)
        np.put_along_axis(largest, log_w.argmax(axis=0)[None], 1, axis=0)
        return -log_w.max(axis=0).mean(), largest  # Eq. (53)

    def backward(self, cache):
        """Return the loss's derivative with respect to each term: -1/B at the largest weight."""
        each = -cache / cache.shape[1]  # Eq. (53')
        return Terms(log_likelihood=each, log_prior=each, log_det=each)
