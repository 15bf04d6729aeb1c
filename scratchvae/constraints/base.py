"""The contract of a constraint: free numbers in, constrained parameters and a log-determinant out."""

import math

import numpy as np

from scratchvae.validation import finite, last_axis, numeric_array, positive_int, real


class Constraint:
    """theta = c(z) from unconstrained z to the parameters of a model.

    A density over theta becomes one over z with the log-determinant, as in Eq. (5) at the other end:

        log p_z(z) = log p_theta(c(z)) + log|det dtheta/dz|

    ``forward(z) -> (theta, log_det, cache)`` with z (..., n_free), theta (..., *shape), log_det (...);
    ``backward(cache, dtheta, dlog_det) -> dz`` takes both incoming gradients; ``inverse(theta) -> z``.

    Parameters
    ----------
    shape : int, tuple of int or None
        Of one theta: None for a single number, 8 for a vector of 8, (2, 3) for a matrix.
    """

    def __init__(self, shape=None):
        sizes = () if shape is None else shape if isinstance(shape, tuple) else (shape,)
        self.shape = tuple(positive_int(size, "a size of a parameter") for size in sizes)

    @property
    def size(self):
        """How many numbers theta holds."""
        return math.prod(self.shape)

    @property
    def n_free(self):
        """How many unconstrained numbers theta takes."""
        return self.size

    def free_numbers(self, z):
        """Return z as an array if it has shape (..., n_free), else raise a ValueError."""
        return last_axis(real(z, "z"), "z", self.n_free)

    def forward(self, z):
        """Return theta (..., *shape), log|det dtheta/dz| (...) and the cache, for z (..., n_free)."""
        raise NotImplementedError

    def backward(self, cache, dtheta, dlog_det):
        """Return dz (..., n_free) for the two incoming gradients."""
        raise NotImplementedError

    def inverse(self, theta):
        """Return the z that gives theta; a ValueError if theta violates the constraint."""
        theta = finite(np.asarray(numeric_array(theta, "theta"), np.float64), "theta")
        if theta.shape[theta.ndim - len(self.shape) :] != self.shape:
            sizes = ", ".join(map(str, self.shape))
            raise ValueError(f"theta must have shape (..., {sizes}), not {theta.shape}.")
        if not np.all(self.allows(theta)):
            raise ValueError(f"theta must be {self.words}, but holds {theta.min():.4g} to {theta.max():.4g}.")
        return self.free(theta)

    def allows(self, theta):
        """Whether theta keeps to the constraint (entry by entry, or as a whole)."""
        return True

    def free(self, theta):
        """The inverse for a theta that is known to be allowed."""
        raise NotImplementedError

    def __repr__(self):
        shape = self.shape[0] if len(self.shape) == 1 else self.shape or ""
        return f"{type(self).__name__}({shape})"
