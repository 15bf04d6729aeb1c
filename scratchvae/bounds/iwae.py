"""The importance-weighted bound of Burda, Grosse & Salakhutdinov (2016)."""

import math

import numpy as np

from scratchvae.bounds.base import Bound
from scratchvae.bounds.terms import Terms
from scratchvae.numerics import log_sum_exp


class Iwae(Bound):
    """L_K = log (1/K) sum_k w_k, log w_k = log p(x, z_k) - log p(eps_k) + log|det dz_k/deps_k|.

    By Jensen's inequality E[L_1] <= E[L_2] <= ... <= log p(x), and L_1 is the ELBO. The logarithm of
    the mean, not the mean of the logarithms: so a sample counts in proportion to its weight,

        d L_K / d log w_k = w_k / sum_j w_j

    where the ELBO gives each the share 1/K.
    """

    needs_independence = True

    def forward(self, terms):
        """Return the loss, nats a datum, and the cache: the normalised weights, (K, B)."""
        log_w = terms.log_weights()  # (K, B)
        log_sum = log_sum_exp(log_w, axis=0)  # (B,)
        return math.log(len(log_w)) - log_sum.mean(), np.exp(log_w - log_sum)  # Eq. (22)

    def backward(self, cache):
        """Return the loss's derivative with respect to each term: minus the weight, over B."""
        each = -cache / cache.shape[1]  # Eq. (22')
        return Terms(log_likelihood=each, log_prior=each, log_det=each)
