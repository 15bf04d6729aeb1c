"""A multivariate normal by its mean and a root of its precision, and the posterior it gives as a prior."""

import functools

import numpy as np
from scipy.linalg import solve_triangular

from scratchvae.distributions.normal import HALF_LOG_2PI


class Gaussian:
    """N(mean, (F^T F)^-1), F any matrix of L columns whose Gram matrix is the precision.

    A QR decomposition F = Q U leaves the triangle U, with F^T F = U^T U, and never forms the precision,
    whose condition number is the square of F's. With u = U (z - mean),

        log p(z) = -u.u / 2 + sum_i log|U_ii| - L log(2 pi) / 2
        grad log p(z) = -U^T u
        z = mean + U^-1 eps,  eps ~ N(0, I),  is a draw, since Cov z = U^-1 U^-T

    A column of F that is zero stands for a flat prior on its coordinate: density 1 everywhere, which does
    not integrate to one (improper), and from which nothing can be drawn.

    Parameters
    ----------
    mean : array (L,)
    factor : array (M, L)
        F.

    Attributes
    ----------
    mean : array (L,)
    root : array (L, L)
        U, upper triangular with U_ii >= 0.
    """

    def __init__(self, mean, factor):
        self.mean = np.asarray(mean, float)
        root = np.linalg.qr(factor, mode="r")
        self.root = root * np.where(np.diag(root) < 0, -1.0, 1.0)[:, None]

    @classmethod
    def from_sigma(cls, mean, sigma):
        """Independent coordinates of standard deviations `sigma` (L,); infinity is flat."""
        return cls(mean, np.diag(1 / np.asarray(sigma, float)))

    @classmethod
    def from_cov(cls, mean, cov):
        """Of covariance `cov` = C C^T, positive definite: F = C^-1."""
        return cls(mean, solve_triangular(np.linalg.cholesky(cov), np.eye(len(cov)), lower=True))

    @property
    def is_proper(self):
        """Whether the density integrates to one: no coordinate is flat."""
        return bool((np.diag(self.root) > 0).all())

    @property
    def log_normaliser(self):
        """sum_i log U_ii - L log(2 pi) / 2 over the coordinates that are not flat."""
        scales = np.diag(self.root)
        proper = scales[scales > 0]
        return float(np.log(proper).sum() - HALF_LOG_2PI * len(proper))

    @property
    def cov(self):
        """U^-1 U^-T, (L, L)."""
        return self.inverse_root @ self.inverse_root.T

    @property
    def sigma(self):
        """The coordinates' standard deviations, (L,)."""
        return np.sqrt((self.inverse_root**2).sum(axis=1))

    @functools.cached_property
    def inverse_root(self):
        """U^-1, (L, L); a ValueError if the density is improper."""
        if not self.is_proper:
            raise ValueError("a flat prior has neither a covariance nor draws; give it a finite sigma.")
        return solve_triangular(self.root, np.eye(len(self.mean)))

    def squared_distance(self, z):
        """(z - mean)^T F^T F (z - mean), (...)."""
        u = (z - self.mean) @ self.root.T
        return (u * u).sum(axis=-1)

    def log_prob(self, z):
        """log p(z), (...), nats."""
        return self.log_normaliser - 0.5 * self.squared_distance(z)

    def grad_log_prob(self, z):
        """Its gradient, (..., L)."""
        return -((z - self.mean) @ self.root.T) @ self.root

    def sample(self, n, rng):
        """Draw z (n, L)."""
        return self.mean + rng.standard_normal((n, len(self.mean))) @ self.inverse_root.T

    def posterior(self, design, y):
        """p(z|y) for y ~ N(design z, I), this one the prior: again a Gaussian (Bishop 2006, eq. 3.49-3.51).

        -log p(z|y) is |F (z - mean)|^2 / 2 + |design z - y|^2 / 2 and a constant: least squares with the
        rows F below those of the design. So the posterior's factor is the two stacked, and its mean the
        least-squares solution: with [design; F] = Q U, the step from the prior's mean solves
        U step = Q^T [y - design mean; 0]. The right-hand side as one more column of the matrix that is
        decomposed comes out as Q^T times it, and Q is never formed. Cost O((N + L) L^2) for a design (N, L).
        Under a flat prior the caller sees to it that the design determines z (`check_identified`).
        """
        size = len(self.mean)
        above = np.column_stack([design, y - design @ self.mean])
        below = np.column_stack([self.root, np.zeros(size)])
        triangle = np.linalg.qr(np.concatenate([above, below]), mode="r")
        root, target = triangle[:size, :size], triangle[:size, size]
        return Gaussian(self.mean + solve_triangular(root, target), root)
