"""Means over draws with their errors, and when a difference is no chance: NumPy and the standard library."""

import math
from statistics import NormalDist

import numpy as np

from scratchvae.validation import in_range


class RunningMoments:
    """Mean and variance of rows that come batch by batch, without keeping them.

    Two parts of n_a and n_b rows join with delta = mean_b - mean_a to

        mean = mean_a + delta n_b / n        M2 = M2_a + M2_b + delta^2 n_a n_b / n

    with M2 the sum of squared deviations (Chan, Golub & LeVeque 1983).

    Parameters
    ----------
    shape : tuple
        Of one row.
    """

    def __init__(self, shape):
        self.n, self.mean, self.m2 = 0, np.zeros(shape), np.zeros(shape)

    def add(self, rows):
        """Take in rows (n, *shape)."""
        n, mean = len(rows), rows.mean(axis=0)
        delta, total = mean - self.mean, self.n + n
        self.m2 = self.m2 + ((rows - mean) ** 2).sum(axis=0) + delta**2 * (self.n * n / total)
        self.mean, self.n = self.mean + delta * (n / total), total

    @property
    def error(self):
        """The standard error of the mean: what one more such sample may move it by."""
        return np.sqrt(self.m2 / max(self.n - 1, 1) / max(self.n, 1))


def z_limit(alpha, n_tests=1, n_draws=math.inf):
    """The |z| that a right mean exceeds in one of `n_tests` tests with a probability of `alpha` at most.

    Bonferroni: each test has alpha / n_tests, on both sides. The standard error is itself estimated from the
    draws, so the quantile is Student's with nu = n_draws - 1, which with z the normal's is

        z + (z^3 + z) / (4 nu) + (5 z^5 + 16 z^3 + 3 z) / (96 nu^2) + O(nu^-3)

    (Abramowitz & Stegun 1964, 26.7.5).
    """
    z = -NormalDist().inv_cdf(alpha / (2 * n_tests))
    nu = max(n_draws - 1, 1)
    return z + (z**3 + z) / (4 * nu) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * nu**2)


def dkw_distance(alpha, n):
    """How far an empirical distribution function of n draws strays, with probability alpha at most.

    P(sup |F_n - F| > d) <= 2 exp(-2 n d^2) for every n and every F, with jumps too (Massart 1990).
    """
    return math.sqrt(math.log(2 / alpha) / (2 * n))


def chi_square_limit(alpha, n_free):
    """What chi^2 of n_free degrees of freedom exceeds with probability alpha."""
    from scipy.special import chdtri

    return float(chdtri(n_free, alpha))


def false_alarm_level(alpha):
    """Return alpha as a float if it is a probability above zero, else raise a ValueError."""
    return in_range(alpha, "alpha", 0, 1, low_open=True, high_open=True)
