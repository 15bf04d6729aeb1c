"""A model's densities at every point of a grid."""

import numpy as np

from scratchvae.grid.coordinates import free_points

#: Points that are evaluated at once: a model may need this many times its data in memory.
BLOCK = 256


def on_grid(model, axes, names, space):
    """log p(x|theta), checked, and log p(theta) at every grid point."""
    z, log_det = free_points(model, axes, space)
    log_likelihood, log_prior = log_densities(model, z)
    check_values(log_likelihood, "the log-likelihood", axes, names)
    return log_likelihood, log_prior - log_det  # the change of variable from z back to theta


def log_densities(model, z):
    """Return log p(x|z) and log p(z), two arrays (...) of float64, for z (..., L)."""
    rows = z.reshape(-1, z.shape[-1])
    with np.errstate(all="ignore"):  # far out a density may underflow; what is NaN is found below
        parts = [_of_block(model, rows[i : i + BLOCK]) for i in range(0, len(rows), BLOCK)]
    log_likelihood, log_prior = np.concatenate(parts, axis=-1)
    return log_likelihood.reshape(z.shape[:-1]), log_prior.reshape(z.shape[:-1])


def _of_block(model, z):
    log_likelihood, log_prior, _ = model.forward(z)
    for value, name in ((log_likelihood, "log_likelihood"), (log_prior, "log_prior")):
        if np.shape(value) != z.shape[:-1]:
            raise ValueError(
                f"{name} must return shape {z.shape[:-1]} for z of shape {z.shape}, not {np.shape(value)}: "
                "sum over the last axis only."
            )
    return np.stack([log_likelihood, log_prior]).astype(np.float64)


def check_values(values, what, axes, names):
    """Raise a ValueError that says how many of the values are NaN or +inf and where the first one is."""
    bad = np.isnan(values) | (values == np.inf)
    if bad.any():
        first = np.argwhere(bad)[0]
        where = ", ".join(f"{name} = {axis[i]:g}" for name, axis, i in zip(names, axes, first, strict=True))
        raise ValueError(
            f"{what} is NaN or +inf at {int(bad.sum())} of {bad.size} grid points, the first at {where}; "
            "correct the model there or leave these points out of the grid."
        )


def check_some_mass(log_joint, axes, names):
    """Raise a ValueError if the density is zero everywhere."""
    if np.all(log_joint == -np.inf):
        ranges = ", ".join(
            f"{name} from {axis[0]:g} to {axis[-1]:g}" for name, axis in zip(names, axes, strict=True)
        )
        raise ValueError(
            f"prior times likelihood is zero at every grid point ({ranges}); move or widen the grid, or "
            "leave the axes out to have a window found."
        )
