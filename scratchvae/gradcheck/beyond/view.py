"""One density, of a number, a vector, or atoms, seen as one of rows (n, d); and draws in the same form."""

import math

import numpy as np

from scratchvae.gradcheck.beyond.axes import Axis, from_line, located
from scratchvae.gradcheck.beyond.quadrature import NotANumber, integrate
from scratchvae.validation import numeric_array


class DensityView:
    """A density, its support, its draws, and what was found of it.

    Attributes
    ----------
    axes : tuple of Axis
    atoms : array (m, d) or None
    draws : array (n, d) or None
    integral : Integral or None
        Once `integrate` was called for a continuous density.
    moments : dict
        {"mean": (value (d,), error), "std": ...} of the density, if they were asked for.
    uncertainty : float
        The relative error of the integral.
    rtol : float
    sizes : dict
    """

    def __init__(self, log_prob, sample, support, atoms, n_draws, rng):
        self.density = log_prob
        self.atoms = None if atoms is None else _atoms(atoms)
        self.draws, of_numbers = (None, True) if sample is None else _drawn(sample, n_draws, rng)
        self.axes, self.of_numbers = _axes(support, self.atoms, self.draws, of_numbers)
        if self.atoms is not None:
            self.atoms = self.atoms.reshape(len(self.atoms), -1)
        self.integral, self.moments, self.uncertainty = None, {}, 0.0
        self.rtol, self.sizes = 1e-6, {}

    @property
    def d(self):
        """The number of dimensions."""
        return len(self.axes)

    def log_prob(self, x):
        """log p of rows (n, d), as (n,)."""
        given = x[:, 0] if self.of_numbers else x
        value = np.asarray(numeric_array(self.density(given), "log_prob(x)"))
        if value.shape == () and len(x) == 1:  # as SciPy gives of a single point
            value = value.reshape(1)
        if value.shape != (len(x),):
            raise ValueError(
                f"log_prob must return one number for each x, ({len(x)},) for x {given.shape}, "
                f"not {value.shape}."
            )
        return value.astype(np.float64)

    def log_prob_of_lines(self, v):
        """log p of the free coordinates v (n, d): log p(x) + sum_i log dx_i/dv_i."""
        x, slope = from_line(self.axes, v)
        return self.log_prob(x) + slope

    def integrate(self, with_moments):
        """log of the integral or of the sum over the atoms; the moments are kept in `moments`."""
        if self.atoms is not None:
            return self._summed()
        self.axes = self._marked(located(self.axes, self.log_prob))
        self.integral = found = integrate(self.log_prob, self.axes, with_moments)
        self.uncertainty = found.error
        if with_moments:
            self.moments = _moments(found, np.array([axis.centre for axis in self.axes]))
        return found.log_total

    def _marked(self, axes):
        """The axes with some quantiles of the draws as marks: where the sampler goes is looked at."""
        if self.draws is None:
            return axes
        marks = np.quantile(self.draws, (0.01, 0.25, 0.75, 0.99), axis=0)
        return tuple(axis._replace(marks=tuple(marks[:, i])) for i, axis in enumerate(axes))

    def _summed(self):
        log_p = self.log_prob(self.atoms)
        bad = np.isnan(log_p) | (log_p == np.inf)
        if bad.any():
            raise NotANumber(self.atoms[np.argmax(bad)], log_p[np.argmax(bad)])
        total = float(np.exp(log_p).sum())
        share = np.exp(log_p) / (total or 1.0)
        mean = share @ self.atoms
        std = np.sqrt(share @ (self.atoms - mean) ** 2)
        self.moments = {"mean": (mean, 0.0), "std": (std, 0.0)}
        return math.log(total) if total > 0 else -math.inf


def _moments(found, centre):
    """{name: (value, error)} from the means of x - centre and of its square."""
    (first, second), (first_error, second_error) = found.moments, found.moment_errors
    std = np.sqrt(np.maximum(second - first**2, 0))
    std_error = (second_error + 2 * np.abs(first) * first_error) / np.maximum(2 * std, 1e-300)
    return {"mean": (centre + first, first_error), "std": (std, std_error)}


# --- what comes in ------------------------------------------------------------------------------


def _drawn(sample, n_draws, rng):
    """Draws (n, d), and whether each is a number."""
    draws = np.asarray(numeric_array(sample(n_draws, rng), "the draws"), np.float64)
    if draws.ndim not in (1, 2) or len(draws) != n_draws or not draws.size:
        raise ValueError(
            f"sample(n, rng) must return n draws, ({n_draws},) or ({n_draws}, L), not {draws.shape}."
        )
    if not np.isfinite(draws).all():
        raise ValueError(f"the sampler draws NaN or infinity, {int((~np.isfinite(draws)).sum())} times.")
    return draws.reshape(n_draws, -1), draws.ndim == 1


def _atoms(atoms):
    array = np.asarray(numeric_array(atoms, "atoms"), np.float64)
    if array.ndim not in (1, 2) or not array.size:
        raise ValueError(f"atoms must have shape (m,) or (m, L) with at least one row, not {array.shape}.")
    return array


def _axes(support, atoms, draws, of_numbers):
    """One Axis a dimension, and whether x is a number."""
    if support is not None and atoms is not None:
        raise ValueError("give support, of a continuous density, or atoms, of a discrete one; not both.")
    if support is None:
        if atoms is not None:
            of_numbers = atoms.ndim == 1
        like = atoms if atoms is not None else draws
        n = 1 if like is None or like.ndim == 1 else like.shape[1]
        return (Axis(-np.inf, np.inf),) * n, of_numbers
    pairs = np.asarray(numeric_array(support, "support"), np.float64)
    if pairs.ndim not in (1, 2) or pairs.shape[-1] != 2 or not np.all(pairs[..., 0] < pairs[..., 1]):
        raise ValueError(
            f"support must be (low, high) with low < high, or a sequence of such pairs, not {support!r}."
        )
    if draws is not None and (pairs.size // 2 != draws.shape[1] or (pairs.ndim == 1) != of_numbers):
        raise ValueError(
            f"support {pairs.shape} is that of a {'number' if pairs.ndim == 1 else 'vector'}, but a draw is "
            f"{'a number' if of_numbers else f'a vector of {draws.shape[1]}'}."
        )
    return tuple(Axis(float(low), float(high)) for low, high in pairs.reshape(-1, 2)), pairs.ndim == 1
