"""The trapezoid rule on a rectangular grid of any spacing, in logarithms."""

import numpy as np

from scratchvae.numerics import log_sum_exp


def trapezoid_weights(axis):
    """w with sum_i w_i f(x_i) = sum_i (x_(i+1) - x_i) (f(x_i) + f(x_(i+1))) / 2."""
    half = 0.5 * np.diff(axis)
    return np.concatenate([half, [0.0]]) + np.concatenate([[0.0], half])


def weights(axes):
    """The weight of every grid point, (n_1,) or (n_1, n_2): products of those of the axes."""
    total = np.ones(())
    for axis in axes:
        total = total[..., None] * trapezoid_weights(axis)
    return total


def log_integral(log_f, axes):
    """log of the integral of f over the grid: log sum_i w_i f_i, where nothing underflows."""
    return float(log_sum_exp((log_f + np.log(weights(axes))).ravel(), axis=0))


def every_other(log_f, axes):
    """The function and the axes at every other grid point, both ends kept."""
    kept = [np.unique(np.append(np.arange(0, len(axis), 2), len(axis) - 1)) for axis in axes]
    return log_f[np.ix_(*kept)], tuple(axis[i] for axis, i in zip(axes, kept, strict=True))
