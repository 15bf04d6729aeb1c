"""Neal's funnel: the scale of all other variables is itself a variable."""

import math

import numpy as np

from scratchvae.distributions.normal import HALF_LOG_2PI
from scratchvae.models.targets.base import Target
from scratchvae.validation import in_range, whole_number


class Funnel(Target):
    """v = z_1 ~ N(0, sigma^2) and x_i = z_(i+1) ~ N(0, e^v) given v, i = 1, ..., L - 1.

    The standard deviation of every x_i is e^(v/2), so one step size fits either the mouth or the neck.
    With n = L - 1 and S = e^-v sum_i x_i^2,

        log p(z) = -v^2 / (2 sigma^2) - log sigma - S / 2 - n v / 2 - (L / 2) log(2 pi)
        d/dv = -v / sigma^2 + (S - n) / 2        d/dx_i = -e^-v x_i

    The mean is zero and the covariance diagonal, with Var x_i = E e^v = e^(sigma^2 / 2). That is 90 for
    Neal's sigma of 3, and comes from the mouth: the median of e^v is 1.

    (Neal 2003, Slice sampling, Annals of Statistics 31, 705-767, section 8: L = 10, v of standard deviation
    3. The prior of a hierarchical model has this shape wherever the effects and the logarithm of their scale
    are both sampled.)

    Parameters
    ----------
    n_latent : int
        L, v included; at least 2.
    sigma : float
        Standard deviation of v.
    """

    def __init__(self, n_latent=10, sigma=3.0):
        self.n_latent = whole_number(n_latent, "n_latent", least=2)
        self.sigma = in_range(sigma, "sigma", 0, math.inf, low_open=True, high_open=True)
        self.mean = np.zeros(self.n_latent)
        self.cov = np.diag([self.sigma**2] + [math.exp(self.sigma**2 / 2)] * (self.n_latent - 1))

    def _standardized(self, z):
        """v (...), and x e^(-v/2) (..., L - 1)."""
        v = z[..., 0]
        return v, z[..., 1:] * np.exp(-0.5 * v)[..., None]

    def log_joint(self, z):
        """log p(z), (...)."""
        v, u = self._standardized(self._checked(z))
        squares = (v / self.sigma) ** 2 + (u * u).sum(axis=-1)
        log_scales = math.log(self.sigma) + 0.5 * (self.n_latent - 1) * v
        return -0.5 * squares - log_scales - self.n_latent * HALF_LOG_2PI

    def grad_log_joint(self, z):
        """Its gradient, (..., L)."""
        v, u = self._standardized(self._checked(z))
        dv = -v / self.sigma**2 + 0.5 * ((u * u).sum(axis=-1) - (self.n_latent - 1))
        return np.concatenate([dv[..., None], -u * np.exp(-0.5 * v)[..., None]], axis=-1)

    def log_evidence(self):
        """0: the density is normalised."""
        return 0.0

    def draw(self, n, rng):
        """v first, then the others given v."""
        z = rng.standard_normal((n, self.n_latent))
        z[:, 0] *= self.sigma
        z[:, 1:] *= np.exp(0.5 * z[:, :1])
        return z
