"""Another order of the coordinates, so that the next map treats them differently."""

from typing import NamedTuple

import numpy as np

from scratchvae.broadcasting import unbroadcast
from scratchvae.reparam.base import Reparameterization


class Cache(NamedTuple):
    eps: np.ndarray  # in the shape of z, (..., L)
    lam_shape: tuple
    eps_shape: tuple


class Permutation(Reparameterization):
    """z_i = eps_(order_i): the coordinates in another order, with no parameter.

    The Jacobian P is a permutation matrix, |det P| = 1 and P^-1 = P^T:

        log|det dz/deps| = 0        deps_(order_i) = dz_i

    Between two couplings or two autoregressive maps it lets every coordinate be changed, and every one
    depend on every other (Dinh et al. 2015, section 3.2; Kingma et al. 2016, section 4).

    Parameters
    ----------
    n_latent : int
    order : sequence of int
        Each of 0, ..., L - 1 once; z[i] is eps[order[i]].
    """

    n_params = 0

    def __init__(self, n_latent, order):
        super().__init__(n_latent)
        order = np.asarray(order)
        if order.dtype.kind not in "iu" or sorted(order.ravel().tolist()) != list(range(self.n_latent)):
            raise ValueError(
                f"order must hold each of 0, ..., {self.n_latent - 1} once, as whole numbers, "
                f"not {order.tolist()!r}."
            )
        self.order = order.ravel()
        self.order_back = np.argsort(self.order)

    @property
    def spec(self):
        return "permutation:" + "-".join(map(str, self.order))

    def forward(self, lam, eps):
        """Return z (..., L), log_det = 0 (...) and the cache, for lam (..., 0) and eps (..., L)."""
        lam, eps = self.checked(lam, eps)
        batch = np.broadcast_shapes(lam.shape[:-1], eps.shape[:-1])
        full = np.broadcast_to(eps, (*batch, self.n_latent))
        return full[..., self.order], np.zeros(batch, eps.dtype), Cache(full, lam.shape, eps.shape)

    def backward(self, cache, dz, dlog_det):
        """Return dlam (..., 0) and deps (..., L) = P^T dz; log_det = 0 has no gradient."""
        deps = unbroadcast(dz[..., self.order_back], cache.eps_shape)
        return np.zeros(cache.lam_shape, deps.dtype), deps

    def solve_transposed(self, cache, v):
        """P^-T v = P v."""
        return v[..., self.order]

    def grad_log_q(self, cache):
        """d log q / dz = -P eps = -z."""
        return self.solve_transposed(cache, -cache.eps)

    def inverse(self, lam, z):
        """Return eps = P^T z."""
        lam, z = self.checked(lam, z)
        batch = np.broadcast_shapes(lam.shape[:-1], z.shape[:-1])
        return np.broadcast_to(z[..., self.order_back], (*batch, self.n_latent))


class Reverse(Permutation):
    """z_i = eps_(L + 1 - i): the last coordinate first. log|det dz/deps| = 0.

    What comes first in an autoregressive map comes last in the next (Kingma et al. 2016, section 4).

    Parameters
    ----------
    n_latent : int
    """

    spec = "reverse"

    def __init__(self, n_latent):
        Reparameterization.__init__(self, n_latent)  # which refuses what is no number of latents
        super().__init__(n_latent, np.arange(self.n_latent)[::-1])
