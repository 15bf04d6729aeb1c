"""A ring in the plane: every direction alike, and the mean where the density is least."""

import math

import numpy as np

from scratchvae.models.targets.base import Target, quadrature, rejection
from scratchvae.validation import in_range


class Ring(Target):
    """log p(z) = -(|z| - R)^2 / (2 sigma^2) - log Z for z in the plane.

    With r = |z|, whose gradient is the unit vector z / r,

        d/dz = -(r - R) / sigma^2  z / r

    At the origin log p has the tip of a cone and no gradient; zero is returned there.
    In polar coordinates the angle gives 2 pi, and with u = (r - R) / sigma the radius

        Z = 2 pi int_0^inf r e^(-u^2 / 2) dr = 2 pi (sigma^2 e^(-R^2 / (2 sigma^2))
                                                     + R sigma sqrt(2 pi) Phi(R / sigma))

    Phi the normal's distribution function: r is sigma u + R, of which the first part integrates to an
    exponential and the second to Phi. The mean is zero, the covariance E[r^2] / 2 times I.

    (A standard example of a normal approximation at fault; the first term of U_1 in Rezende & Mohamed 2015,
    Table 1, is the one with R = 2, sigma = 0.4.)

    Parameters
    ----------
    radius : float
        R, at least 0.
    sigma : float
        The ring's thickness, a standard deviation along the radius.
    """

    n_latent = 2

    def __init__(self, radius=2.0, sigma=0.3):
        self.radius = in_range(radius, "radius", 0, math.inf, high_open=True)
        self.sigma = in_range(sigma, "sigma", 0, math.inf, low_open=True, high_open=True)
        self.mean = np.zeros(2)
        self.cov = 0.5 * self._mean_square_radius() * np.eye(2)

    def log_joint(self, z):
        """-(|z| - R)^2 / (2 sigma^2), (...)."""
        r, _ = radius_and_direction(self._checked(z))
        return -0.5 * ((r - self.radius) / self.sigma) ** 2

    def grad_log_joint(self, z):
        """Its gradient, (..., 2)."""
        r, direction = radius_and_direction(self._checked(z))
        return -((r - self.radius) / self.sigma**2)[..., None] * direction

    def log_evidence(self):
        """log Z in closed form."""
        t = self.radius / self.sigma
        below = 0.5 * (1 + math.erf(t / math.sqrt(2)))  # Phi(R / sigma)
        area = math.exp(-0.5 * t * t) + t * math.sqrt(2 * math.pi) * below
        return math.log(2 * math.pi) + 2 * math.log(self.sigma) + math.log(area)

    def draw(self, n, rng):
        """A radius by rejection, an angle from all alike.

        The radius has density proportional to r e^(-u^2 / 2), largest at m = (R + sqrt(R^2 + 4 sigma^2)) / 2,
        where r = R + sigma^2 / r. Since log r is concave, r <= m e^(r / m - 1); with this bound in place
        of r the exponent is that of a N(m, sigma^2), whose draws are kept with probability
        (r / m) e^(1 - r / m), and never where r < 0.
        """
        r = rejection(self._propose_radius, n, rng)
        angle = rng.uniform(0, 2 * math.pi, (n, 1))
        return r * np.concatenate([np.cos(angle), np.sin(angle)], axis=1)

    def _propose_radius(self, n, rng):
        m = 0.5 * (self.radius + math.sqrt(self.radius**2 + 4 * self.sigma**2))
        r = m + self.sigma * rng.standard_normal((n, 1))
        ratio = np.maximum(r[:, 0] / m, 0)
        return r, ratio * np.exp(1 - ratio)

    def _mean_square_radius(self):
        # By quadrature in units of sigma: within 12 of them lies all but e^-72 of the mass.
        t = self.radius / self.sigma
        r, weight = quadrature(max(t - 12, 0), t + 12)
        mass = weight * r * np.exp(-0.5 * (r - t) ** 2)
        return self.sigma**2 * (mass * r * r).sum() / mass.sum()


def radius_and_direction(z):
    """Return |z| (...) and z / |z| (..., 2), zero at the origin."""
    r = np.sqrt((z * z).sum(axis=-1))
    return r, z / np.where(r > 0, r, 1)[..., None]
