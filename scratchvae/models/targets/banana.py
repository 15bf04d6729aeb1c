"""The banana: a normal distribution, twisted along a parabola."""

import math

import numpy as np

from scratchvae.distributions.normal import HALF_LOG_2PI
from scratchvae.models.targets.base import Target
from scratchvae.validation import in_range, whole_number


class Banana(Target):
    """z_1 ~ N(0, sigma^2), z_2 + b (z_1^2 - sigma^2) ~ N(0, 1), all other z_i ~ N(0, 1).

    The map from z to u = (z_1 / sigma, z_2 + b (z_1^2 - sigma^2), z_3, ...), which is N(0, I), has a
    triangular Jacobian with the diagonal (1 / sigma, 1, 1, ...). So the density is normalised:

        log p(z) = -|u|^2 / 2 - log sigma - (L / 2) log(2 pi)
        d/dz_1 = -z_1 / sigma^2 - 2 b z_1 u_2        d/dz_i = -u_i for i > 1

    The mean is zero, as E z_1^2 = sigma^2, and Var z_2 = 1 + b^2 Var z_1^2 = 1 + 2 b^2 sigma^4. z_1 and z_2
    are uncorrelated, and yet far from independent: what bends is b sigma^2, in standard deviations of u_2.

    (The twisted normal pi of Haario, Saksman & Tamminen 1999, Adaptive proposal distribution for random walk
    Metropolis algorithm, Computational Statistics 14, 375-395. Their sigma is 10, with b = 0.03 for a
    moderate and b = 0.1 for a strong twist, in 8 dimensions. The values here are of smaller scale.)

    Parameters
    ----------
    b : float
        The twist; 0 leaves the normal.
    sigma : float
        Standard deviation of z_1.
    n_latent : int
        L, at least 2.

    Examples
    --------
    >>> banana = Banana(b=0.5, sigma=2.0)
    >>> banana.cov
    array([[4., 0.],
           [0., 9.]])
    """

    def __init__(self, b=0.5, sigma=2.0, n_latent=2):
        self.b = in_range(b, "b", -math.inf, math.inf, low_open=True, high_open=True)
        self.sigma = in_range(sigma, "sigma", 0, math.inf, low_open=True, high_open=True)
        self.n_latent = whole_number(n_latent, "n_latent", least=2)
        self.mean = np.zeros(self.n_latent)
        self.cov = np.diag([self.sigma**2, 1 + 2 * self.b**2 * self.sigma**4] + [1.0] * (self.n_latent - 2))

    def _untwisted(self, z):
        """u, (..., L)."""
        u = np.array(z)
        u[..., 0] = z[..., 0] / self.sigma
        u[..., 1] = z[..., 1] + self.b * (z[..., 0] ** 2 - self.sigma**2)
        return u

    def log_joint(self, z):
        """log p(z), (...)."""
        u = self._untwisted(self._checked(z))
        return -0.5 * (u * u).sum(axis=-1) - math.log(self.sigma) - self.n_latent * HALF_LOG_2PI

    def grad_log_joint(self, z):
        """Its gradient, (..., L)."""
        z = self._checked(z)
        dz = -self._untwisted(z)
        dz[..., 0] = -z[..., 0] / self.sigma**2 + 2 * self.b * z[..., 0] * dz[..., 1]
        return dz

    def log_evidence(self):
        """0: the density is normalised."""
        return 0.0

    def draw(self, n, rng):
        """The twist undone, of draws from N(0, I)."""
        z = rng.standard_normal((n, self.n_latent))
        z[:, 0] *= self.sigma
        z[:, 1] -= self.b * (z[:, 0] ** 2 - self.sigma**2)
        return z
