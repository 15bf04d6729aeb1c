"""Logarithms of gamma variables, which do not underflow."""

import numpy as np


def log_gamma_draws(shape, size, rng):
    """Draw log g, g ~ Gamma(shape, rate 1), an array of that size.

    If h ~ Gamma(shape + 1) and u is uniform, g = h u^(1 / shape) (Marsaglia & Tsang 2000, "A simple
    method for generating gamma variables").
    In logarithms that holds for shapes so small that g itself would be zero.
    """
    log_h = np.log(rng.standard_gamma(shape + 1, size))
    return log_h - rng.standard_exponential(size) / shape
