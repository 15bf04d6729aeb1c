"""The coordinates in which a fit works: those where the last q is a standard normal."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Coordinates:
    """z = shift + factor y, one more map whose log-determinant is straightforward.

    In y, all steps are in units of q's own spread, whatever the units of the parameters.

    Attributes
    ----------
    shift : array (L,)
    factor : array (L,) or (L, L)
        A diagonal, or a lower triangular matrix.
    """

    shift: np.ndarray
    factor: np.ndarray

    @classmethod
    def standard(cls, n_latent):
        """z = y."""
        return cls(np.zeros(n_latent), np.ones(n_latent))

    @property
    def is_diagonal(self):
        return self.factor.ndim == 1

    @property
    def matrix(self):
        """The factor as a matrix (L, L)."""
        return np.diag(self.factor) if self.is_diagonal else self.factor

    @property
    def spread(self):
        """The standard deviation of each entry of z for y ~ N(0, I), (L,)."""
        return np.abs(self.factor) if self.is_diagonal else np.sqrt((self.factor**2).sum(axis=1))

    @property
    def log_det(self):
        """log|det dz/dy|, the sum of the logarithms of the diagonal."""
        diagonal = self.factor if self.is_diagonal else np.diagonal(self.factor)
        return float(np.log(np.abs(diagonal)).sum())

    def forward(self, y):
        """z of y, (..., L)."""
        return self.shift + self._stretched(y)

    def _stretched(self, y):
        return self.factor * y if self.is_diagonal else y @ self.factor.T

    def backward(self, dz):
        """dy = factor^T dz."""
        return self.factor * dz if self.is_diagonal else dz @ self.factor

    def inverse(self, z):
        """y of z."""
        centred = np.asarray(z) - self.shift
        return centred / self.factor if self.is_diagonal else centred @ np.linalg.inv(self.factor).T

    def gradient_by_z(self, dy):
        """factor^-T dy: a gradient by y as one by z."""
        return dy / self.factor if self.is_diagonal else dy @ np.linalg.inv(self.factor)

    def then(self, mean, factor):
        """The coordinates y' with y = mean + factor y': this map after that one."""
        if self.is_diagonal and np.ndim(factor) == 1:
            return Coordinates(self.forward(mean), self.factor * factor)
        inner = np.diag(factor) if np.ndim(factor) == 1 else factor
        return Coordinates(self.forward(mean), self.matrix @ inner)
