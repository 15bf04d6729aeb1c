"""The axes of a grid, in a model's own parameters or in free z, and the points they make."""

from collections.abc import Mapping

import numpy as np

from scratchvae.constraints import Interval, Positive, Real
from scratchvae.constraints.elementwise import Elementwise
from scratchvae.validation import choose, finite, numeric_array

SPACES = ("parameters", "free")
#: Fewer points on an axis show no density.
LEAST_POINTS = 5
#: A point on the border of a parameter's domain is evaluated this share of a cell inside of it.
NUDGE = 1e-6


def check_model(model, space):
    """Raise a ValueError unless the model has one or two free numbers and a grid in that space."""
    choose(dict.fromkeys(SPACES), space, "space of the grid")
    n_latent = model.n_latent
    if n_latent > 2:
        raise ValueError(
            f"a grid serves one or two free numbers, but {type(model).__name__} has {n_latent}: 100 points "
            f"an axis would be 1e{2 * n_latent} evaluations. Use scratchvae.fit(model) instead."
        )
    bad = [c for c in model.space.parameters.values() if not isinstance(c, Elementwise)]
    if space == "parameters" and bad:
        raise ValueError(
            f"a grid over {bad[0]!r} has no rectangular axes; use space='free', a grid over the free numbers."
        )


def names_of(model, space):
    """A name for each axis: "tau" in the parameters' own space, "z of tau" in the free one."""
    names = []
    for name, constraint in model.space.parameters.items():
        labels = model.space.labels(name)
        if space == "free" and not isinstance(constraint, Real):
            several = constraint.n_free > 1
            labels = [f"z{[i] if several else ''} of {name}" for i in range(constraint.n_free)]
        names += labels
    return tuple(names)


def keys_of(model):
    """What a dict of axes may name: the parameters' numbers, where there are as many as free ones."""
    names = model.space.names
    return names if len(names) == model.n_latent else tuple(f"z[{i}]" for i in range(model.n_latent))


def checked_axes(model, axes):
    """The axes as a tuple of L increasing float64 arrays, from a dict by name, a sequence, or one array."""
    keys = keys_of(model)
    if isinstance(axes, Mapping):
        if set(axes) != set(keys):
            raise ValueError(f"axes must have the names {list(keys)}, not {sorted(map(str, axes))}.")
        axes = [axes[key] for key in keys]
    elif len(keys) == 1 and len(axes) and np.ndim(axes[0]) == 0:
        axes = [axes]
    if len(axes) != len(keys):
        raise ValueError(f"{len(axes)} axes came for {len(keys)} parameters, {list(keys)}: give one each.")
    return tuple(_axis(axis, key) for axis, key in zip(axes, keys, strict=True))


def _axis(axis, name):
    axis = finite(np.array(numeric_array(axis, f"the axis of {name}"), np.float64), f"the axis of {name}")
    if axis.ndim != 1 or len(axis) < LEAST_POINTS:
        raise ValueError(
            f"the axis of {name} must be one row of at least {LEAST_POINTS} points, not shape {axis.shape}; "
            "some hundred show a density well."
        )
    if not np.all(np.diff(axis) > 0):
        i = int(np.argmin(np.diff(axis)))
        raise ValueError(
            f"the axis of {name} must increase, but {axis[i]:g} is followed by {axis[i + 1]:g}; sort it."
        )
    return axis


def limits_of(model, space):
    """The ends of the domain of each axis, (L, 2)."""
    if space == "free":
        return np.tile([-np.inf, np.inf], (model.n_latent, 1))
    constraints = model.space.parameters.values()
    return np.array([_domain(constraint) for constraint in constraints for _ in range(constraint.size)])


def _domain(constraint):
    if isinstance(constraint, Interval):
        return constraint.low, constraint.high
    return (0.0, np.inf) if isinstance(constraint, Positive) else (-np.inf, np.inf)


def at_limit(axes, limits):
    """Whether each axis begins and ends at the border of its domain (within 1/1000 cell), (L, 2) bools."""
    flags = [
        (abs(axis[0] - low) < 1e-3 * (axis[1] - axis[0]), abs(axis[-1] - high) < 1e-3 * (axis[-1] - axis[-2]))
        for axis, (low, high) in zip(axes, limits, strict=True)
    ]
    return np.array(flags)


def _inside(axis, low, high, name):
    """The axis with points on the border moved a little inside, where the density can be evaluated."""
    if axis[0] < low or axis[-1] > high:
        raise ValueError(
            f"the axis of {name} goes from {axis[0]:g} to {axis[-1]:g}, but {name} lies between {low:g} and "
            f"{high:g}; cut the axis (for a grid over free numbers use space='free')."
        )
    axis = axis.copy()
    if axis[0] == low:
        axis[0] += NUDGE * (axis[1] - axis[0])
    if axis[-1] == high:
        axis[-1] -= NUDGE * (axis[-1] - axis[-2])
    return axis


def free_points(model, axes, space):
    """Return z (n_1, ..., n_L, L) of every grid point, and log|det dtheta/dz| of the grid's coordinates."""
    limits, keys = limits_of(model, space), keys_of(model)
    axes = [_inside(axis, *ends, key) for axis, ends, key in zip(axes, limits, keys, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    if space == "free":
        return points, np.zeros(points.shape[:-1])
    theta = {
        name: points[..., model.space.slices[name]].reshape(*points.shape[:-1], *constraint.shape)
        for name, constraint in model.space.parameters.items()
    }
    z = model.space.inverse(theta)
    return z, model.space.forward(z)[1]


def from_free(model, axes, space):
    """Axes of free z as axes in that space.

    Points that rounding brings together are one; those that it brings to the domain's border are none.
    """
    if space == "free":
        return axes
    mapped = []
    for i, (axis, (low, high)) in enumerate(zip(axes, limits_of(model, space), strict=True)):
        z = np.zeros((len(axis), model.n_latent))
        z[:, i] = axis
        theta = np.unique(model.space.flatten(model.space.forward(z)[0])[:, i])
        mapped.append(theta[(theta > low) & (theta < high)])
    return tuple(mapped)
