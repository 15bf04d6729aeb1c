"""Regions of highest density of draws in two dimensions."""

import numpy as np


def smoothed_histogram(x, y, x_limits, y_limits):
    """The density of draws by a histogram that a Gaussian smooths.

    The Gaussian's width follows Scott (1992, Multivariate Density Estimation, equation 6.42), S^(-1/6)
    standard deviations; but in the place of a coordinate's standard deviation stands the one that it has
    given the other coordinate, so that a narrow or bent ridge is not blurred. At the borders the density
    is mirrored, so that a mass that abuts on one is not smeared over it.

    Parameters
    ----------
    x, y : array (S,)
    x_limits, y_limits : (float, float)

    Returns
    -------
    axis_x, axis_y : array (n + 2,)
        The bins' centres, with the limits at both ends.
    density : array (n + 2, n + 2)
        Draws a bin, smoothed; the outer ring repeats what is inside of it.
    count : array (n, n)
        Draws a bin, as they are.
    """
    n = int(np.clip(3 * len(x) ** (1 / 3), 12, 60))
    count, *edges = np.histogram2d(x, y, bins=n, range=[x_limits, y_limits])
    widths = [
        len(x) ** (-1 / 6) * _spread(c, column, edge) for c, column, edge in _both(count, (x, y), edges)
    ]
    density = count
    for axis, width in enumerate(widths):
        density = _smooth(density, float(np.clip(width, 0.7, n / 8)), axis)
    axes = [np.concatenate([edge[:1], (edge[1:] + edge[:-1]) / 2, edge[-1:]]) for edge in edges]
    return *axes, np.pad(density, 1, mode="edge"), count


def _both(count, columns, edges):
    """For each coordinate the histogram with that one first, its draws and its bins."""
    return zip((count, count.T), columns, edges, strict=True)


def _spread(count, column, edge):
    """The standard deviation along the first axis given the second, in bins."""
    place, total = np.arange(len(count))[:, None], np.maximum(count.sum(axis=0), 1)
    mean = (count * place).sum(axis=0) / total
    sd = np.sqrt((count * (place - mean) ** 2).sum(axis=0) / total)
    low, high = np.quantile(column, [0.16, 0.84])  # two standard deviations of a normal apart
    return min(np.average(sd, weights=total), (high - low) / 2 / (edge[1] - edge[0]))


def _smooth(count, width, axis):
    """Convolve with a Gaussian of that width, in bins, along an axis."""
    reach = min(int(np.ceil(3 * width)), count.shape[axis])
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    padding = [(reach, reach) if k == axis else (0, 0) for k in range(2)]
    padded = np.pad(count, padding, mode="symmetric")
    return np.apply_along_axis(np.convolve, axis, padded, kernel / kernel.sum(), mode="valid")


def highest_density_levels(density, mass, shares):
    """The density at the border of the smallest region that holds each share; growing, none twice.

    Bins are taken by their smoothed density, and what they hold is counted unsmoothed: so a region holds
    its share however much the smoothing has spread it.

    Parameters
    ----------
    density, mass : array
        Of each bin; the mass may sum to less than one, where some of it lies outside.
    shares : sequence of float
    """
    order = np.argsort(density, axis=None)[::-1]
    places = np.searchsorted(np.cumsum(mass.ravel()[order]), shares).clip(0, len(order) - 1)
    return np.unique(density.ravel()[order[places]])
