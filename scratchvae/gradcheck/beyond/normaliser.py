"""The integral of a density of many dimensions, from draws of it: the reciprocal importance estimate."""

import math

import numpy as np

from scratchvae.gradcheck.beyond.chance import z_limit

#: The least effective number of draws with which the integral is told.
LEAST_EFFECTIVE = 200


def log_total_of(view, alpha):
    """log of the integral of exp(log_prob), and how far it may be off; None if the draws do not tell.

    For draws of p / Z and any density q that is zero where p is, E[q / p] = 1 / Z (Gelfand & Dey 1994). The
    normal q is fitted to one half of the draws, narrower than they are, so that q / p is bounded where p
    falls as a normal or slower; the mean is taken over the other half.
    """
    v = np.stack([axis.to_line(view.draws[:, i])[0] for i, axis in enumerate(view.axes)], axis=-1)
    log_p = view.log_prob_of_lines(v)
    half = len(v) // 2
    centre, factor = _narrower(v[:half])
    if factor is None:
        return None
    u = np.linalg.solve(factor, (v[half:] - centre).T).T  # standard normal under q
    log_q = -0.5 * (u * u).sum(axis=1) - 0.5 * u.shape[1] * math.log(2 * math.pi)
    log_w = log_q - np.log(np.diagonal(factor)).sum() - log_p[half:]
    shift = log_w.max()
    weights = np.exp(log_w - shift)
    if not np.isfinite(shift) or weights.sum() ** 2 < LEAST_EFFECTIVE * (weights**2).sum():
        return None
    mean, error = weights.mean(), weights.std(ddof=1) / math.sqrt(len(weights))
    return -(math.log(mean) + shift), z_limit(alpha, 1, len(weights)) * error / mean


def _narrower(v):
    """Mean, and a triangular factor of a share of the covariance; None if that is singular.

    With a share of 1 - 1/sqrt(d) the variance of the weights does not grow with d: for a normal p it is
    (1 - 1/d)^(-d/2) - 1 < 1.
    """
    d = v.shape[1]
    centre, cov = v.mean(axis=0), np.atleast_2d(np.cov(v.T))
    try:
        return centre, np.linalg.cholesky((1 - min(0.5, 1 / math.sqrt(d))) * cov)
    except np.linalg.LinAlgError:
        return centre, None
