"""The four energies of Rezende & Mohamed (2015): what normalizing flows are shown on.

p(z) = e^(-U(z)) / Z in the plane, with U from Table 1 of Variational Inference with Normalizing Flows,
ICML 2015 (arXiv:1505.05770):

    U_1 = ((|z| - 2) / 0.4)^2 / 2 - log(e^(-((z_1 - 2) / 0.6)^2 / 2) + e^(-((z_1 + 2) / 0.6)^2 / 2))
    U_2 = ((z_2 - w_1) / 0.4)^2 / 2
    U_3 = -log(e^(-((z_2 - w_1) / 0.35)^2 / 2) + e^(-((z_2 - w_1 + w_2) / 0.35)^2 / 2))
    U_4 = -log(e^(-((z_2 - w_1) / 0.4)^2 / 2) + e^(-((z_2 - w_1 + w_3) / 0.35)^2 / 2))

    w_1 = sin(2 pi z_1 / 4)    w_2 = 3 e^(-((z_1 - 1) / 0.6)^2 / 2)    w_3 = 3 s((z_1 - 1) / 0.3)

What the table leaves open, and how it is read here:

- U_2, U_3 and U_4 depend on z_1 through the place of the ridges only. Integrated over z_2, e^-U is the
  same for every z_1, and over the plane it is infinite: as printed these are no densities. The paper's
  figure ends at |z_1| = 4. There `window` closes them; see `Ridges`.
- The function that w_3 is made with is printed as a sigma. It is taken as the logistic function.
- The two ridges of U_4 differ in width, 0.4 and 0.35, those of U_3 do not. Some programs use one width
  in U_4, or close the plane by another envelope, so that their log Z cannot be compared with this one.
"""

import functools
import math

import numpy as np

from scratchvae.models.targets.base import Target, quadrature, rejection
from scratchvae.models.targets.ring import Ring
from scratchvae.numerics import log_sum_exp, sigmoid
from scratchvae.validation import in_range

#: Standard deviation of the half normals that close U_2 to U_4 beyond the window.
WALL_SIGMA = 0.4
SQRT_2PI = math.sqrt(2 * math.pi)


class Energy(Target):
    """A density in the plane by its energy U = -log_joint."""

    n_latent = 2

    def energy(self, z):
        """U(z), (...), nats."""
        return -self.log_joint(z)


class EnergyU1(Energy):
    """U_1, two crescents: a ring of radius 2, of which two normals in z_1 leave the left and the right.

    With a = -((z_1 - 2) / 0.6)^2 / 2 and b = -((z_1 + 2) / 0.6)^2 / 2, the second term is -log(e^a + e^b),
    and the share of e^a in the sum is s(a - b), s the logistic function. The ring's gradient is that of
    `Ring`, and

        d log(e^a + e^b) / dz_1 = -(z_1 - 2 t) / 0.36,    t = s(a - b) - s(b - a) = 2 s(a - b) - 1

    As a - b = 4 z_1 / 0.36, t = tanh(2 z_1 / 0.36).

    log Z and the moments are by quadrature in polar coordinates, where the density is smooth:
    Gauss-Legendre along the radius, equal steps around; relative error below 1e-12.
    """

    def __init__(self):
        self.ring = Ring(2.0, 0.4)
        self.mean = np.zeros(2)  # z_1 and z_2 may both change sign

    def log_joint(self, z):
        """-U_1(z), (...)."""
        z = self._checked(z)
        return self.ring.log_joint(z) + _log_crescents(z[..., 0])

    def grad_log_joint(self, z):
        """Its gradient, (..., 2)."""
        z = self._checked(z)
        dz = self.ring.grad_log_joint(z)
        dz[..., 0] -= (z[..., 0] - 2 * np.tanh(2 * z[..., 0] / 0.36)) / 0.36
        return dz

    def log_evidence(self):
        """log Z by quadrature, relative error of Z below 1e-12."""
        return math.log(self._quadrature[1].sum())

    @functools.cached_property
    def cov(self):
        """By the same quadrature; diagonal, as z_1 and z_2 may both change sign."""
        z, mass = self._quadrature
        return np.diag(mass @ z**2 / mass.sum())

    @functools.cached_property
    def _quadrature(self):
        """Points (n, 2) and the mass e^-U r dr dphi at each; beyond r = 6 lies less than e^-50."""
        r, weight = quadrature(0, 6)
        n_angles = 256  # equal steps converge exponentially for a smooth periodic function
        angle = 2 * math.pi / n_angles * np.arange(n_angles)
        z = r[:, None, None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        mass = np.exp(self.log_joint(z)) * (2 * math.pi / n_angles * r * weight)[:, None]
        return z.reshape(-1, 2), mass.ravel()

    def draw(self, n, rng):
        """By rejection from the ring.

        Where z_1 > 0 the first exponential is at most 1 and the second at most e^(-(2 / 0.6)^2 / 2), and the
        other way round where z_1 < 0: their sum is below 1 + e^(-(2 / 0.6)^2 / 2).
        """
        return rejection(self._propose, n, rng)

    def _propose(self, n, rng):
        z = self.ring.draw(n, rng)
        bound = 1 + math.exp(-0.5 * (2 / 0.6) ** 2)
        return z, np.exp(_log_crescents(z[:, 0])) / bound


def _log_crescents(z1):
    """log(e^a + e^b)."""
    return np.logaddexp(-0.5 * ((z1 - 2) / 0.6) ** 2, -0.5 * ((z1 + 2) / 0.6) ** 2)


class Ridges(Energy):
    """A sum of ridges along curves z_2 = c_k(z_1), each normal in z_2, closed by a wall in z_1.

        log_joint = log sum_k e^(-u_k^2 / 2) - W^2 / 2
        u_k = (z_2 - c_k(z_1)) / sigma_k        W = max(|z_1| - window, 0) / 0.4

    With the share r_k = e^(-u_k^2 / 2) / sum_j e^(-u_j^2 / 2) of each ridge,

        d/dz_2 = -sum_k r_k u_k / sigma_k
        d/dz_1 =  sum_k r_k u_k c_k' / sigma_k - sign(z_1) W / 0.4

    which is continuous: the wall begins with slope zero. Inside the window the energy is as printed, and
    beyond it z_1 falls off as a half normal of standard deviation 0.4. Since the integral over z_2 is the
    same for each z_1, all is known in closed form:

        Z = sqrt(2 pi) sum_k sigma_k (2 window + 0.4 sqrt(2 pi))

    z_1 is uniform with two half-normal ends, and z_2 given z_1 a mixture of N(c_k(z_1), sigma_k^2) with the
    constant weights sigma_k / sum_j sigma_j. The moments follow by quadrature over z_1 alone, to 1e-12.

    Parameters
    ----------
    window : float or None
        Where the wall begins; 4 is the edge of the paper's figure. None leaves the energy as printed, which
        is no density: it has a gradient, but no evidence, no moments and no sampler.
    """

    sigmas = ()

    def __init__(self, window=4.0):
        if window is not None:
            window = in_range(window, "window", 0, math.inf, high_open=True)
        self.window = window

    def ridges(self, z1):
        """The curves c_k(z_1) and their slopes, (..., n_ridges) each, for z_1 (...)."""
        raise NotImplementedError(f"{type(self).__name__} has no ridges.")

    def log_joint(self, z):
        """-U(z), (...)."""
        z = self._checked(z)
        u, _ = self._residuals(z)
        return log_sum_exp(-0.5 * u * u, axis=-1) - 0.5 * self._wall(z[..., 0]) ** 2

    def grad_log_joint(self, z):
        """Its gradient, (..., 2)."""
        z = self._checked(z)
        u, slopes = self._residuals(z)
        share = np.exp(-0.5 * u * u - log_sum_exp(-0.5 * u * u, axis=-1)[..., None])
        pull = share * u / self.sigmas  # (..., n_ridges)
        dwall = np.sign(z[..., 0]) * self._wall(z[..., 0]) / WALL_SIGMA
        return np.stack([(pull * slopes).sum(axis=-1) - dwall, -pull.sum(axis=-1)], axis=-1)

    def _residuals(self, z):
        curves, slopes = self.ridges(z[..., 0])
        return (z[..., 1:] - curves) / self.sigmas, slopes

    def _wall(self, z1):
        """W, zero inside the window."""
        if self.window is None:
            return np.zeros_like(z1)
        return np.maximum(np.abs(z1) - self.window, 0) / WALL_SIGMA

    def _proper_window(self):
        if self.window is None:
            raise ValueError(
                f"{type(self).__name__}(window=None) is the energy as printed, whose integral over z_1 is "
                "infinite: give a window, such as 4.0, for a density."
            )
        return self.window

    def log_evidence(self):
        """log Z in closed form; a ValueError for the printed, improper energy."""
        length = 2 * self._proper_window() + SQRT_2PI * WALL_SIGMA
        return math.log(SQRT_2PI * sum(self.sigmas) * length)

    @property
    def mean(self):
        """E z_1 = 0, E z_2 by quadrature."""
        return self._moments[0]

    @property
    def cov(self):
        """By quadrature."""
        return self._moments[1]

    @functools.cached_property
    def _moments(self):
        """E z and Cov z, by E[z_2|z_1] and E[z_2^2|z_1] of the mixture."""
        reach = self._proper_window() + 12 * WALL_SIGMA
        # The kinks of the wall's second derivative, at +-window, must lie between two panels.
        parts = [quadrature(*ends) for ends in ((-reach, -self.window), (self.window, reach))]
        if self.window > 0:
            parts.append(quadrature(-self.window, self.window))
        z1, weight = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        mass = weight * np.exp(-0.5 * self._wall(z1) ** 2)
        mass /= mass.sum()
        share = np.array(self.sigmas) / sum(self.sigmas)
        curves, _ = self.ridges(z1)
        z2, z2_squared = curves @ share, (curves**2 + np.square(self.sigmas)) @ share
        mean = np.array([0.0, mass @ z2])
        cross = mass @ (z1 * z2)
        cov = np.array([[mass @ z1**2, cross], [cross, mass @ z2_squared - mean[1] ** 2]])
        return mean, cov

    def draw(self, n, rng):
        """z_1 from the closed window, a ridge, z_2 along it."""
        z1 = self._draw_z1(n, rng)
        ridge = rng.choice(len(self.sigmas), size=n, p=np.array(self.sigmas) / sum(self.sigmas))
        curve = self.ridges(z1)[0][np.arange(n), ridge]
        z2 = curve + np.array(self.sigmas)[ridge] * rng.standard_normal(n)
        return np.stack([z1, z2], axis=-1)

    def _draw_z1(self, n, rng):
        inside, outside = 2 * self._proper_window(), SQRT_2PI * WALL_SIGMA
        flat = rng.uniform(-self.window, self.window, n)
        wall = WALL_SIGMA * rng.standard_normal(n)
        wall += np.copysign(self.window, wall)  # the halves moved apart by the window
        return np.where(rng.random(n) * (inside + outside) < inside, flat, wall)


class EnergyU2(Ridges):
    """U_2: one ridge of width 0.4 along the sine w_1.

    Parameters
    ----------
    window : float or None
        See `Ridges`.
    """

    sigmas = (0.4,)

    def ridges(self, z1):
        """w_1, and its slope."""
        w1, dw1 = _sine(z1)
        return w1[..., None], dw1[..., None]


class EnergyU3(Ridges):
    """U_3: two ridges of width 0.35 along w_1 and w_1 - w_2, which part around z_1 = 1 and join again.

    Parameters
    ----------
    window : float or None
        See `Ridges`.
    """

    sigmas = (0.35, 0.35)

    def ridges(self, z1):
        """w_1 and w_1 - w_2, and their slopes."""
        return _one_and_the_other(_sine(z1), _bump(z1))


class EnergyU4(Ridges):
    """U_4: two ridges, of width 0.4 along w_1 and 0.35 along w_1 - w_3, which part at z_1 = 1 for good.

    Parameters
    ----------
    window : float or None
        See `Ridges`.
    """

    sigmas = (0.4, 0.35)

    def ridges(self, z1):
        """w_1 and w_1 - w_3, and their slopes."""
        return _one_and_the_other(_sine(z1), _step(z1))


def _one_and_the_other(sine, lowered):
    """The curves w_1 and w_1 - w with their slopes, stacked."""
    (w1, dw1), (w, dw) = sine, lowered
    return np.stack([w1, w1 - w], axis=-1), np.stack([dw1, dw1 - dw], axis=-1)


def _sine(z1):
    """w_1 = sin(pi z_1 / 2), and its slope (pi / 2) cos(pi z_1 / 2)."""
    angle = math.pi / 2 * z1
    return np.sin(angle), math.pi / 2 * np.cos(angle)


def _bump(z1):
    """w_2 = 3 e^(-u^2 / 2), u = (z_1 - 1) / 0.6, and its slope -w_2 u / 0.6."""
    u = (z1 - 1) / 0.6
    w2 = 3 * np.exp(-0.5 * u * u)
    return w2, -w2 * u / 0.6


def _step(z1):
    """w_3 = 3 s(u), u = (z_1 - 1) / 0.3, and its slope w_3 s(-u) / 0.3."""
    u = (z1 - 1) / 0.3
    w3 = 3 * sigmoid(u)
    return w3, w3 * sigmoid(-u) / 0.3
