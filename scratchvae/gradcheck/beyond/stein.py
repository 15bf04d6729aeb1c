"""Draws against the slope of a log-density, in any number of dimensions: Stein's identity."""

import math

import numpy as np

from scratchvae.gradcheck.beyond.chance import z_limit
from scratchvae.validation import seeded

#: Values of the density at most, of which each draw costs two a dimension.
N_VALUES = 600_000
#: How many waves are looked at beside the moments, and how many dimensions have all their products tested.
N_WAVES, ALL_PRODUCTS = 24, 12
STEP = 1e-4


def n_draws_for(d):
    """How many draws are used in d dimensions."""
    return min(20_000, N_VALUES // (2 * d))


def stein_test(view, alpha):
    """E_p[<s, phi> + div phi] = 0 for s = grad log p and any smooth phi: a sampler of p keeps to it.

    For a density that vanishes at the ends of its support, integration by parts gives
    E_p[phi_i d log p / dx_i] = integral of phi_i dp/dx_i = -E_p[d phi_i / dx_i]; the normaliser plays no
    part. With u the standardised draws, phi is a constant, so that the mean slope is zero; u_j along axis i,
    so that E[s_i u_j] = -[i = j], which sees scales and correlations; and waves cos(w u + b) in random
    directions, which see other shapes. Slopes are central differences, in the free coordinates of the axes
    (Stein 1972; Gorham & Mackey 2015).

    The weights of separate modes are not seen: between them there is no slope to tell.
    """
    rng = seeded(1)
    d = len(view.axes)
    w, b = rng.standard_normal((d, N_WAVES)), rng.uniform(0, 2 * math.pi, N_WAVES)
    a = rng.standard_normal((d, N_WAVES))
    a /= np.linalg.norm(a, axis=0)

    def test(draws):
        v = _lines(view, draws[: n_draws_for(d)])
        if v is None:
            return np.array([math.nan]), np.zeros(1), np.zeros(1)
        centre, spread = np.median(v, axis=0), v.std(axis=0) + 1e-300
        spread = np.minimum(spread, np.subtract(*np.percentile(v, [84, 16], axis=0)) + 1e-300)
        u, slopes = (v - centre) / spread, slopes_of(view.log_prob_of_lines, v, spread) * spread
        channels = _channels(u, slopes, a, w, b)
        usable = np.isfinite(channels).all(axis=1)
        if usable.mean() < 0.999:
            return np.array([math.nan]), np.zeros(1), np.zeros(1)
        channels = channels[usable]
        mean, error = channels.mean(axis=0), channels.std(axis=0, ddof=1) / math.sqrt(len(channels))
        return mean, np.zeros_like(mean), z_limit(alpha, len(mean), len(channels)) * error

    return test


def _lines(view, draws):
    """The draws in the free coordinates, (n, d); None if some lie at or beyond the ends."""
    with np.errstate(all="ignore"):
        v = np.stack([axis.to_line(draws[:, i])[0] for i, axis in enumerate(view.axes)], axis=-1)
    inside = np.isfinite(v).all(axis=1)
    return v[inside] if inside.mean() >= 0.999 else None


def slopes_of(log_density, v, spread):
    """d log p / dv, (n, d), by central differences with steps relative to `spread` (d,)."""
    slopes = np.empty_like(v)
    with np.errstate(all="ignore"):
        for i in range(v.shape[1]):
            h = np.zeros(v.shape[1])
            h[i] = STEP * spread[i]
            slopes[:, i] = (log_density(v + h) - log_density(v - h)) / (2 * h[i])
    return slopes


def _channels(u, slopes, a, w, b):
    """What has mean zero, (n, K): slopes, products, waves."""
    n, d = u.shape
    if d <= ALL_PRODUCTS:
        products = (slopes[:, :, None] * u[:, None, :] + np.eye(d)).reshape(n, -1)
    else:
        products = slopes * u + 1
    phase = u @ w + b
    waves = (slopes @ a) * np.cos(phase) - (a * w).sum(axis=0) * np.sin(phase)
    return np.concatenate([slopes, products, waves], axis=1)
