"""Numbers in increasing order."""

import numpy as np

from scratchvae.constraints.base import Constraint
from scratchvae.constraints.bijections import Exp
from scratchvae.validation import positive_int


class Ordered(Constraint):
    """theta_1 < theta_2 < ... < theta_n, by theta_1 = z_1 and theta_i = theta_(i-1) + e^(z_i).

    theta_i depends on z_1, ..., z_i only, so the Jacobian is triangular and its determinant the
    product of the diagonal, 1 and e^(z_i):

        log|det dtheta/dz| = sum_(i>1) z_i

    z_i moves theta_i and all after it, so with D_i = sum_(j>=i) dtheta_j

        dz_1 = D_1        dz_i = D_i e^(z_i) + dlog_det

    (Stan Reference Manual, "Ordered vector".) A step so small that it is lost in the rounding of theta
    leaves two equal numbers.

    Parameters
    ----------
    n : int
    """

    words = "in increasing order"

    def __init__(self, n):
        super().__init__(positive_int(n, "the number of ordered parameters"))

    def forward(self, z):
        """Return theta (..., n), log_det and the cache: the steps e^(z_i)."""
        z = self.free_numbers(z)
        steps = Exp().forward(z[..., 1:])[0]
        theta = np.cumsum(np.concatenate([z[..., :1], steps], axis=-1), axis=-1)
        return theta, z[..., 1:].sum(axis=-1), steps  # Eq. (35)

    def backward(self, cache, dtheta, dlog_det):
        """Return dz (..., n)."""
        after = np.cumsum(np.flip(dtheta, axis=-1), axis=-1)
        after = np.flip(after, axis=-1)  # D_i
        rest = after[..., 1:] * cache + np.asarray(dlog_det)[..., None]  # Eq. (35')
        return np.concatenate([after[..., :1], rest], axis=-1)

    def allows(self, theta):
        return np.diff(theta, axis=-1) > 0

    def free(self, theta):
        return np.concatenate([theta[..., :1], np.log(np.diff(theta, axis=-1))], axis=-1)
