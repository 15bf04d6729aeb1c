"""The terms of Eq. (6), which every bound is made of."""

from typing import NamedTuple

import numpy as np


class Terms(NamedTuple):
    """The logarithms in L = E[log p(x|z) + log p(z) - log p(eps) + log|det dz/deps|], nats.

    What a bound's `backward` returns has the same form: the loss's derivative with respect to each of
    them. An entry that the bound does not use is None.
    """

    log_likelihood: np.ndarray  # log p(x|z), (K, B)
    log_prior: np.ndarray | None = None  # log p(z), (K, B)
    log_noise: np.ndarray | None = None  # log p(eps), (K, B); it depends on no parameter
    log_det: np.ndarray | None = None  # log|det dz/deps|, (K, B)
    kl: np.ndarray | None = None  # the closed form of KL(q(z|x) || p(z)), (B,), or by coordinate, (B, L)
    score: np.ndarray | None = None  # in derivatives: by log q(z; lam) as a function of lam alone, (K, B)
    local: np.ndarray | None = None  # log p_i(x, z) - log q_i(z_i) by coordinate, (K, B, L)
    path: np.ndarray | None = None  # in derivatives: what multiplies dz on its way to lam, (K, B); 1 if None
    noise_entropy: float = 0.0  # H[p(eps)] = -E[log p(eps)]

    def log_weights(self):
        """log w = log p(x, z) - log q(z|x), where log q(z|x) = log p(eps) - log|det dz/deps|."""
        return self.log_likelihood + self.log_prior - self.log_noise + self.log_det  # Eq. (5)
