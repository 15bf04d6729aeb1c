"""Positive numbers that sum to one: probabilities."""

import numpy as np

from scratchvae.constraints.base import Constraint
from scratchvae.constraints.bijections import smallest
from scratchvae.numerics import log_sum_exp
from scratchvae.validation import whole_number


class Simplex(Constraint):
    """theta_i > 0, sum_i theta_i = 1, by the softmax of (z_1, ..., z_(n-1), 0).

    n numbers with one tie have n - 1 free ones, so a density over the simplex is one over the first
    n - 1 entries t of theta. Their Jacobian is diag(t) - t t^T, a diagonal less a matrix of rank one,
    for which the matrix determinant lemma gives

        det = prod_(i<n) t_i (1 - sum_(i<n) t_i) = prod_(i<=n) theta_i
        log|det dt/dz| = sum_(i<=n) log theta_i

    With l = (z, 0), d log theta_i / dl_j = [i = j] - theta_j; hence

        dl_j = theta_j (dtheta_j - sum_i theta_i dtheta_i) + dlog_det (1 - n theta_j)

    and dz is dl without its last entry. (The additive log-ratio of Aitchison 1982.)

    Parameters
    ----------
    n : int
        At least 2.
    """

    words = "positive and of sum one"

    def __init__(self, n):
        super().__init__(whole_number(n, "the number of probabilities", least=2))

    @property
    def n_free(self):
        return self.size - 1

    def forward(self, z):
        """Return theta (..., n), log_det and the cache: theta."""
        z = self.free_numbers(z)
        logits = np.concatenate([z, np.zeros_like(z[..., :1])], axis=-1)
        log_theta = logits - log_sum_exp(logits, axis=-1)[..., None]
        theta = np.maximum(np.exp(log_theta), smallest(z.dtype))  # e^-800 is not zero
        return theta, log_theta.sum(axis=-1), theta  # Eq. (36)

    def backward(self, cache, dtheta, dlog_det):
        """Return dz (..., n - 1)."""
        mean = (cache * dtheta).sum(axis=-1, keepdims=True)
        dlog_det = np.asarray(dlog_det)[..., None]
        dlogits = cache * (dtheta - mean) + dlog_det * (1 - self.size * cache)  # Eq. (36')
        return dlogits[..., :-1]

    def allows(self, theta):
        sums_to_one = np.abs(theta.sum(axis=-1, keepdims=True) - 1) < 1e-8
        return (theta > 0) & sums_to_one

    def free(self, theta):
        return np.log(theta[..., :-1]) - np.log(theta[..., -1:])
