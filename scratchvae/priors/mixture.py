"""A mixture of diagonal normals as the prior p(z), all of it learned."""

from typing import NamedTuple

import numpy as np

from scratchvae.numerics import log_sum_exp
from scratchvae.parameters import Parameters
from scratchvae.priors.mixture_of_maps import MixtureOfMaps
from scratchvae.reparam import Diagonal
from scratchvae.validation import positive_int

#: The standard deviation of the means at the beginning.
SPREAD = 0.3


class Cache(NamedTuple):
    pi: np.ndarray  # (M,)


class MixturePrior(MixtureOfMaps):
    """p(z) = sum_k pi_k N(z; m_k, diag(sigma_k^2)), with means, log sigmas and weights learned.

    pi = softmax(logits), so with dlog_pi coming in, as log pi_k = logits_k - log sum_j e^(logits_j),

        dlogits = dlog_pi - pi sum_k dlog_pi_k

    The density is that of the diagonal map at lam_k = (m_k, log_sigma_k). What `MixtureOfMaps` hands on is
    then, with u = (z - m_k) / sigma_k,

        dz = -sum_k r_k u / sigma_k        dm_k = r_k u / sigma_k        dlog_sigma_k = r_k (u^2 - 1)

    times dlog_p and, for the blocks, summed over all z. (Dilokthanakul et al. 2016; Tomczak & Welling 2018,
    section 4.2, where it is called the mixture of Gaussians prior.)

    Parameters
    ----------
    n_latent : int
        L.
    n_components : int
        M.

    Examples
    --------
    >>> prior = MixturePrior(n_latent=2, n_components=3)
    >>> prior.initialize(np.random.default_rng(0))
    >>> prior.log_prob(np.zeros((5, 2))).shape
    (5,)
    """

    def __init__(self, n_latent, n_components=10):
        super().__init__(n_components)
        self.n_latent = positive_int(n_latent, "n_latent")
        self.map = Diagonal(self.n_latent)
        self.attach(Parameters(self.shapes()))

    @property
    def spec(self):
        return f"mixture:{self.n_components}"

    def shapes(self):
        """Blocks mean (M, L), log_sigma (M, L), logits (M,)."""
        each = (self.n_components, self.n_latent)
        return {"mean": each, "log_sigma": each, "logits": (self.n_components,)}

    def initialize(self, rng):
        """Draw the means, near each other: p(z) is then nearly N(0, I), of mean 0 and variance 1.

        Components that begin apart may stay where no z ever comes, and draws from them look like nothing.
        """
        self._set("mean", SPREAD * rng.standard_normal((self.n_components, self.n_latent)))
        self._set("log_sigma", 0.5 * np.log(1 - SPREAD**2))
        self._set("logits", 0.0)

    def _set(self, name, value):
        self.parameters[self.prefix + name] = value

    def components(self):
        """The map, lam (M, 2 L), log_pi (M,) and the cache."""
        blocks = (self.parameters[self.prefix + name] for name in self.shapes())
        mean, log_sigma, logits = blocks
        log_pi = logits - log_sum_exp(logits, axis=0)
        return self.map, np.concatenate([mean, log_sigma], axis=-1), log_pi, Cache(np.exp(log_pi))

    def components_backward(self, cache, dlam, dlog_pi):
        """Write the gradients of the three blocks."""
        dmean, dlog_sigma = np.split(dlam, 2, axis=-1)
        dlogits = dlog_pi - cache.pi * dlog_pi.sum()  # Eq. (59')
        for name, gradient in zip(self.shapes(), (dmean, dlog_sigma, dlogits), strict=True):
            self.parameters.gradient(self.prefix + name)[...] = gradient
