"""Averages over data, each with its standard error: no figure stands alone."""

import math

import numpy as np

from scratchvae.importance import Estimate


def mean_and_error(values):
    """Mean of `values` (N,) and its standard error s / sqrt(N), s their standard deviation.

    How far the mean is likely to lie from that over all data of their kind. Monte Carlo noise of the single
    values is part of s. Of a single value the error is NaN: unknown.

    Examples
    --------
    >>> mean_and_error(np.array([1.0, 3.0]))
    Estimate(value=2.0, standard_error=1.0)
    """
    values = np.asarray(values, np.float64)
    error = values.std(ddof=1) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return Estimate(float(values.mean()), float(error))


def means_and_errors(values):
    """The same for each column of `values` (N, n): an `Estimate` of two arrays (n,)."""
    columns = [mean_and_error(column) for column in np.asarray(values).T]
    value, error = np.array(columns).reshape(-1, 2).T
    return Estimate(value, error)


def variance_and_error(values):
    """Variance of each column of `values` (N, n) and its standard error.

    With the central moments m2 and m4, Var[s^2] is (m4 - m2^2) / N for large N, whatever the distribution.
    """
    values = np.asarray(values, np.float64)
    deviation = values - values.mean(axis=0)
    second, fourth = (deviation**2).mean(axis=0), (deviation**4).mean(axis=0)
    if len(values) < 2:
        return Estimate(second, np.full_like(second, math.nan))
    return Estimate(second, np.sqrt(np.maximum(fourth - second**2, 0) / len(values)))


def shown(estimate, digits=3):
    """ "-81.230 +- 0.300", for people."""
    return f"{estimate.value:.{digits}f} +- {estimate.standard_error:.{digits}f}"
