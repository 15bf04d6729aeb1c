"""The closed form of KL(q || p) between diagonal normals."""

from typing import NamedTuple

import numpy as np


class Cache(NamedTuple):
    mu: np.ndarray  # (..., L)
    sigma: np.ndarray  # (..., L)


def forward(lam, by_coordinate=False):
    """KL(N(mu, sigma^2) || N(0, I)) in nats, (...), for lam = (mu, log_sigma), (..., 2 L).

    `by_coordinate` asks for each coordinate's own part, (..., L), in place of their sum.

    E_q[log q - log p] with E_q[z^2] = mu^2 + sigma^2:

        KL = sum_i (mu_i^2 + sigma_i^2 - 1) / 2 - log_sigma_i

    (Kingma & Welling 2014, appendix B, with log sigma where they write log sigma^2 / 2.)
    """
    mu, log_sigma = np.split(lam, 2, axis=-1)
    sigma = np.exp(log_sigma)
    parts = 0.5 * (mu * mu + sigma * sigma - 1) - log_sigma  # (..., L)
    return parts if by_coordinate else parts.sum(axis=-1), Cache(mu, sigma)  # Eq. (10)


def backward(cache, dkl):
    """Return dlam (..., 2 L) for the incoming dkl, (...) or by coordinate (..., L).

    d/dmu = mu;  d/dlog_sigma = sigma^2 - 1, as dsigma/dlog_sigma = sigma.
    """
    dkl = dkl if dkl.ndim == cache.mu.ndim else dkl[..., None]
    return np.concatenate([dkl * cache.mu, dkl * (cache.sigma**2 - 1)], axis=-1)  # Eq. (10')
