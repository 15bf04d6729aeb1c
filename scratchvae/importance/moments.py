"""Expectations under the posterior from weighted draws of q, each with its Monte Carlo standard error.

With draws z_s ~ q and weights w_s = p(x, z_s) / q(z_s), normalised to W_s = w_s / sum_t w_t,

    E_p(z|x)[f(z)] ~ sum_s W_s f(z_s) =: m

is self-normalised importance sampling. It is a ratio of two means, whose variance is by the delta method

    Var[m] ~ sum_s W_s^2 (f(z_s) - m)^2

(Owen 2013, Monte Carlo theory, methods and examples, Eq. 9.8). The weights may be raw or smoothed by
`psis`; with a tail so heavy that khat is above its threshold, the standard errors are too small as well.
"""

from typing import Any, NamedTuple

import numpy as np

from scratchvae.importance.weights import log_weights
from scratchvae.numerics import log_sum_exp
from scratchvae.validation import finite, numeric_array


class Estimate(NamedTuple):
    """A Monte Carlo estimate and how far it is likely to be off."""

    value: Any
    standard_error: Any


def effective_sample_size(log_w, axis=0):
    """How many draws of the posterior itself would estimate as well: 1 / sum_s W_s^2, in [1, S].

    (Kong 1992.) S for equal weights, 1 for a single one that outweighs all.

    Parameters
    ----------
    log_w : array (S,) or (S, ...)
    axis : int
        Of the samples.

    Returns
    -------
    float, or array of the other axes
    """
    log_w = _normalised(log_weights(log_w, axis), axis)
    return np.exp(-log_sum_exp(2 * log_w, axis))[()]


def log_evidence(log_w, axis=0):
    """log p(x) ~ log 1/S sum_s w_s, nats, from weights that are not normalised.

    The mean of the weights is an unbiased estimate of p(x); its logarithm is too low on average, by half
    its variance. By the delta method its standard error is the relative error of the mean,

        sqrt(1/S^2 sum_s (w_s - w)^2) / w = sqrt(sum_s (W_s - 1/S)^2)

    Parameters
    ----------
    log_w : array (S,) or (S, ...)
    axis : int
        Of the samples.

    Returns
    -------
    Estimate
        Floats, or arrays of the other axes.

    Examples
    --------
    >>> value, error = log_evidence(np.log([1.0, 3.0]))
    >>> round(value, 6), round(error, 6)  # log 2; the weights deviate by 1 from 2, over sqrt(2)
    (0.693147, 0.353553)
    """
    log_w = log_weights(log_w, axis)
    n_samples = log_w.shape[axis]
    deviation = np.exp(_normalised(log_w, axis)) - 1 / n_samples
    error = np.sqrt((deviation**2).sum(axis=axis))
    value = log_sum_exp(log_w, axis) - np.log(n_samples)
    return Estimate(*(number if np.ndim(number) else float(number) for number in (value, error)))


def weighted_mean(z, log_w):
    """E[z] under the posterior, for each entry of z.

    Parameters
    ----------
    z : array (S, ...)
    log_w : array (S,)

    Returns
    -------
    Estimate
        (...) each.
    """
    z, weight = _draws(z, log_w)
    mean = _average(weight, z)
    return _shaped(Estimate(mean, _error(weight, z - mean)), z)


def weighted_sd(z, log_w):
    """The standard deviation under the posterior, for each entry of z.

    v = sum_s W_s (z_s - m)^2 is the variance; that m is an estimate as well changes its standard error by
    a higher order only. d sqrt(v) = dv / (2 sqrt(v)) carries it to the standard deviation.

    Parameters
    ----------
    z : array (S, ...)
    log_w : array (S,)

    Returns
    -------
    Estimate
        (...) each.
    """
    z, weight = _draws(z, log_w)
    squares = (z - _average(weight, z)) ** 2
    variance = _average(weight, squares)
    sd = np.sqrt(variance)
    error = _error(weight, squares - variance)
    return _shaped(Estimate(sd, error / (2 * np.where(sd > 0, sd, 1))), z)


def weighted_cov(z, log_w):
    """The covariance matrix under the posterior.

    Its standard error is, with a_s = z_s - m, that of the mean of the product a_si a_sj:

        sum_s W_s^2 (a_si a_sj - C_ij)^2
            = sum_s W_s^2 a_si^2 a_sj^2 - 2 C_ij sum_s W_s^2 a_si a_sj + C_ij^2 sum_s W_s^2

    which takes matrix products only.

    Parameters
    ----------
    z : array (S, L)
    log_w : array (S,)

    Returns
    -------
    Estimate
        (L, L) each.
    """
    z, weight = _draws(z, log_w)
    if z.ndim != 2:
        raise ValueError(f"z must have shape (S, L), not {z.shape}; flatten its other axes.")
    a = z - weight @ z
    cov = (a.T * weight) @ a
    square = (a.T**2 * weight**2) @ a**2 - 2 * cov * ((a.T * weight**2) @ a) + cov**2 * (weight**2).sum()
    return Estimate(cov, np.sqrt(np.maximum(square, 0)))


def weighted_quantiles(z, log_w, probs):
    """Quantiles under the posterior, for each entry of z.

    With z sorted, the distribution function rises by W_s at z_s, and half of that is below z_s: it goes
    through (z_(s), sum_(t<s) W_t + W_s / 2), between which it is interpolated. For equal weights this is
    NumPy's quantile of the method "hazen".

    F at the quantile has the standard error e, with e^2 = sum_s W_s^2 (1[z_s <= quantile] - prob)^2; the
    quantile's is half the distance of the quantiles at prob - e and prob + e (Woodruff 1952).

    Parameters
    ----------
    z : array (S, ...)
    log_w : array (S,)
    probs : array (P,)
        In [0, 1].

    Returns
    -------
    Estimate
        (P, ...) each.
    """
    z, weight = _draws(z, log_w)
    probs = np.asarray(numeric_array(probs, "probs"), np.float64)
    if probs.ndim != 1 or not np.all((probs >= 0) & (probs <= 1)):
        raise ValueError(f"probs must be a list of numbers in [0, 1], not {probs!r}.")
    columns = [_quantiles(column, weight, probs) for column in z.reshape(len(z), -1).T]
    value, error = np.stack(columns, axis=-1)  # (P, number of columns) each
    shape = (len(probs), *z.shape[1:])
    return Estimate(value.reshape(shape), error.reshape(shape))


def _quantiles(column, weight, probs):
    order = np.argsort(column, kind="stable")
    column, weight = column[order], weight[order]
    middle = np.cumsum(weight) - weight / 2
    value = np.interp(probs, middle, column)
    below = column[:, None] <= value  # (S, P)
    spread = np.sqrt(weight**2 @ (below - probs) ** 2)
    low, high = (np.interp(probs + sign * spread, middle, column) for sign in (-1, 1))
    return value, (high - low) / 2


def _draws(z, log_w):
    """z as finite float64, and the normalised weights (S,)."""
    z = finite(np.asarray(numeric_array(z, "z"), np.float64), "z")
    log_w = log_weights(log_w)
    if log_w.ndim != 1 or z.ndim == 0 or len(z) != len(log_w):
        raise ValueError(f"z (S, ...) and log_w (S,) must have the same S, not {z.shape} and {log_w.shape}.")
    return z, np.exp(_normalised(log_w, 0))


def _normalised(log_w, axis):
    return log_w - np.expand_dims(log_sum_exp(log_w, axis), axis)


def _average(weight, f):
    """sum_s weight_s f_s, for f (S, ...)."""
    return np.tensordot(weight, f, axes=1)  # Eq. (37)


def _error(weight, deviation):
    """sqrt(sum_s W_s^2 deviation_s^2)."""
    return np.sqrt(_average(weight**2, deviation**2))


def _shaped(estimate, z):
    """Floats for z (S,)."""
    return estimate if z.ndim > 1 else Estimate(*map(float, estimate))
