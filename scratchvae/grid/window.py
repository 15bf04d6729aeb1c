"""Where to lay a grid: a window of free z that holds the posterior."""

import itertools

import numpy as np

from scratchvae.grid.evaluation import log_densities
from scratchvae.grid.piecewise import PiecewiseLinear
from scratchvae.grid.quadrature import weights

#: Where the search for modes begins, along each axis.
STARTS = (-2.0, 0.0, 2.0)
#: A mode this many nats below the best is left out: it holds no mass that would show.
NEGLIGIBLE = 15.0
#: Points on an axis while the window is sought, by the number of axes.
POINTS = {1: 401, 2: 101}
#: The outermost tenth of the window on each side must hold less than this share of the mass.
TAIL = 1e-6
#: What lies outside these quantiles, and a margin, may be cut.
CORE = (1e-8, 1 - 1e-8)
MARGIN = 0.2
ROUNDS = 80
#: No posterior is sought beyond.
FARTHEST = 1e20


def find_window(model):
    """Return an array (L, 2): an interval of free z for each axis that holds nearly all of the posterior.

    The search starts with the box around the modes that the simplex method (Nelder & Mead 1965) finds
    from a few starting points, one unit wider on each side. In each round a grid is laid over the
    window. A side whose outermost tenth holds more than 1e-6 of the mass moves out by the window's
    width; a window much wider than its quantiles 1e-8 and 1 - 1e-8 is cut to them with a margin.

    Raises
    ------
    ValueError
        If no window is found: the density has no mode, or its tails are too heavy.
    """
    modes = find_modes(model)
    window = np.stack([modes.min(axis=0) - 1, modes.max(axis=0) + 1], axis=-1)
    for _ in range(ROUNDS):
        adjusted = _adjusted(window, _marginals(model, window), modes)
        if np.array_equal(adjusted, window):
            return window
        if not np.all(np.abs(adjusted) < FARTHEST):
            break
        window = adjusted
    raise ValueError(
        f"no window holds the posterior: after widening to {window.round(4).tolist()} there is still "
        "mass at the edges. Is it proper (does it have an integral)? If so, give the axes yourself."
    )


def find_modes(model):
    """Local maxima of log p(x, z), (M, L), from each of the starting points."""
    from scipy.optimize import minimize

    def energy(z):
        log_likelihood, log_prior, _ = model.forward(z)
        value = -float(log_likelihood + log_prior)
        return value if value > -np.inf else np.inf  # NaN too

    starts = itertools.product(STARTS, repeat=model.n_latent)
    with np.errstate(all="ignore"):
        found = [minimize(energy, np.array(start), method="Nelder-Mead") for start in starts]
    lowest = min(result.fun for result in found)
    if lowest == np.inf:
        raise ValueError(f"the density is zero or NaN near z = {list(STARTS)}; give the axes yourself.")
    modes = np.array([result.x for result in found if result.fun <= lowest + NEGLIGIBLE])
    if not np.all(np.abs(modes) < FARTHEST):
        raise ValueError("log p(x, z) has no maximum: it rises without end. Is the prior there, and proper?")
    return modes


def axes_in(window, n):
    """n evenly spaced points over each interval."""
    return tuple(np.linspace(low, high, n) for low, high in window)


def _marginals(model, window):
    """The marginal density along each axis of the window."""
    axes = axes_in(window, POINTS[len(window)])
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    log_likelihood, log_prior = log_densities(model, points)
    with np.errstate(invalid="ignore"):
        log_joint = log_likelihood + log_prior
    log_joint[np.isnan(log_joint) | (log_joint == np.inf)] = -np.inf  # far out, where rounding ends
    masses = np.exp(log_joint - log_joint.max()) * weights(axes)
    if not masses.sum() > 0:
        raise ValueError("the density is zero at every point of the window that was tried; give the axes.")
    others = [tuple(j for j in range(len(axes)) if j != i) for i in range(len(axes))]
    return [
        PiecewiseLinear(axis, masses.sum(axis=other) / weights([axis]))
        for axis, other in zip(axes, others, strict=True)
    ]


def _adjusted(window, marginals, modes):
    """The window for the next round; the same if it is good."""
    adjusted = window.copy()
    for i, marginal in enumerate(marginals):
        low, high = window[i]
        width = high - low
        below, above = marginal.cdf(low + width / 10), 1 - marginal.cdf(high - width / 10)
        if below > TAIL or above > TAIL:
            adjusted[i] = low - width * (below > TAIL), high + width * (above > TAIL)
        else:
            adjusted[i] = _cut(window[i], marginal.quantile(CORE), modes[:, i])
    return adjusted


def _cut(interval, core, modes):
    """The interval cut to its core, if that is much smaller; no mode is cut off."""
    margin = MARGIN * (core[1] - core[0])
    low, high = min(core[0] - margin, modes.min()), max(core[1] + margin, modes.max())
    is_smaller = high - low < 0.6 * (interval[1] - interval[0])
    return (max(low, interval[0]), min(high, interval[1])) if is_smaller else interval
