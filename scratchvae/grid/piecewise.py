"""Densities that are linear between grid points: their distribution function, its inverse, their samples.

The trapezoid rule is exact for them, so that a grid's density, quantiles and samples fit together.
"""

import numpy as np

from scratchvae.validation import finite, generator, numeric_array, positive_int


def linear_quantile(a, b, u):
    """The t in [0, 1] below which a share u of the density a (1 - t) + b t lies.

    The share below t is (a t + (b - a) t^2 / 2) / ((a + b) / 2). Set to u, this is a quadratic equation,
    whose root in [0, 1] is, in the form that subtracts nothing,

        t = u (a + b) / (a + sqrt(a^2 + u (b^2 - a^2)))

    A cell without mass (a = b = 0) is taken as uniform.
    """
    bottom = a + np.sqrt(np.maximum(a * a + u * (b * b - a * a), 0.0))
    return np.where(bottom > 0, u * (a + b) / np.where(bottom > 0, bottom, 1.0), u)


class PiecewiseLinear:
    """A density of one number, linear between its values at grid points and zero outside.

    Parameters
    ----------
    axis : array (n,)
        Increasing, of any spacing.
    density : array (n,)
        Not negative; it is normalised.
    name : str

    Attributes
    ----------
    axis, density : array (n,)
    cell_masses : array (n - 1,)
        The probability of each cell between two grid points.
    """

    def __init__(self, axis, density, name="z"):
        cells = 0.5 * np.diff(axis) * (density[1:] + density[:-1])
        self.axis, self.density, self.name = axis, density / cells.sum(), name
        self.cell_masses = cells / cells.sum()
        self._cdf = np.minimum(np.concatenate([[0.0], np.cumsum(self.cell_masses)]), 1.0)

    def log_prob(self, x):
        """The logarithm of the density at x, nats, of x's shape; minus infinity outside the grid."""
        with np.errstate(divide="ignore"):
            return np.log(np.interp(x, self.axis, self.density, left=0.0, right=0.0))

    def cdf(self, x):
        """P(X <= x), of x's shape: a quadratic in each cell."""
        x = np.clip(np.asarray(x, np.float64), self.axis[0], self.axis[-1])
        i = np.clip(np.searchsorted(self.axis, x, side="right") - 1, 0, len(self.axis) - 2)
        at_x = np.interp(x, self.axis, self.density)
        return np.minimum(self._cdf[i] + 0.5 * (x - self.axis[i]) * (self.density[i] + at_x), 1.0)

    def quantile(self, p):
        """The x with P(X <= x) = p, of p's shape.

        Raises
        ------
        ValueError
            If some p lies outside [0, 1].
        """
        p = probabilities(p)
        # The first point whose cdf reaches p ends the cell; cells without mass are stepped over.
        i = np.clip(np.searchsorted(self._cdf, p, side="left") - 1, 0, len(self.axis) - 2)
        mass = self.cell_masses[i]
        u = np.clip((p - self._cdf[i]) / np.where(mass > 0, mass, 1.0), 0.0, 1.0)
        t = linear_quantile(self.density[i], self.density[i + 1], u)
        return self.axis[i] + t * (self.axis[i + 1] - self.axis[i])

    def sample(self, n, rng):
        """Draw n numbers, (n,), by the inverse of the distribution function."""
        return self.quantile(generator(rng).random(positive_int(n, "n")))


def probabilities(p):
    """`p` as a float64 array, or a ValueError if an entry is outside [0, 1]."""
    p = finite(np.asarray(numeric_array(p, "p"), np.float64), "p")
    if p.size and not (p.min() >= 0 and p.max() <= 1):
        raise ValueError(f"p must hold probabilities from 0 to 1, but holds {p.min():g} to {p.max():g}.")
    return p


def sample_cells(axes, density, n, rng):
    """Draw (n, L) from the density that is linear (bilinear, for two axes) within each cell.

    A cell is drawn by its mass, the mean of its corners times its size. Within it the first coordinate
    has a linear density between the sums of two corners each; given it, so has the second.
    """
    corners = _corners(density)  # (2,) * L + cells
    sizes = np.ones(())
    for axis in axes:
        sizes = sizes[..., None] * np.diff(axis)
    cumulative = np.cumsum((corners.reshape(-1, *sizes.shape).mean(axis=0) * sizes).ravel())
    drawn = np.searchsorted(cumulative, rng.random(n) * cumulative[-1], side="right")
    cell = np.unravel_index(np.minimum(drawn, cumulative.size - 1), sizes.shape)
    values, columns = corners[(..., *cell)], []  # (2,) * L + (n,)
    for axis, i in zip(axes, cell, strict=True):
        low, high = values.reshape(2, -1, n).sum(axis=1)
        t = linear_quantile(low, high, rng.random(n))
        columns.append(axis[i] + t * (axis[i + 1] - axis[i]))
        values = (1 - t) * values[0] + t * values[1]  # the density along the axes that remain
    return np.stack(columns, axis=-1)


def _corners(density):
    """The values at the ends of each cell along every axis, (2,) * L + (n_1 - 1, ..., n_L - 1)."""
    for k in range(density.ndim):
        axis = 2 * k  # k pairs in front, then the axes that are left
        below = np.take(density, range(density.shape[axis] - 1), axis=axis)
        above = np.take(density, range(1, density.shape[axis]), axis=axis)
        density = np.moveaxis(np.stack([below, above]), 0, k)
    return density


def interpolate(axes, density, points):
    """The (bi)linear interpolant at points (..., L), (...); zero outside the grid."""
    inside = np.ones(points.shape[:-1], bool)
    cell, shares = [], []
    for k, axis in enumerate(axes):
        x = points[..., k]
        inside &= (x >= axis[0]) & (x <= axis[-1])
        i = np.clip(np.searchsorted(axis, x, side="right") - 1, 0, len(axis) - 2)
        cell.append(i)
        shares.append((x - axis[i]) / (axis[i + 1] - axis[i]))
    values = _corners(density)[(..., *cell)]
    for t in shares:
        values = (1 - t) * values[0] + t * values[1]
    return np.where(inside, values, 0.0)


def density_level(density, masses, share):
    """The density at the border of the smallest region that holds a share of the mass.

    The grid points are taken from the densest down until their masses add up to the share.
    """
    order = np.argsort(density, axis=None)[::-1]
    held = np.cumsum(masses.ravel()[order])
    last = np.searchsorted(held, share * held[-1])
    return float(density.ravel()[order[min(last, order.size - 1)]])
