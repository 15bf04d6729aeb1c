"""Pareto-smoothed importance sampling: tame the largest weights, and say whether that can help."""

import math

import numpy as np

from scratchvae.importance.pareto import LEAST, gpd_fit, gpd_quantile
from scratchvae.importance.weights import log_weights
from scratchvae.numerics import log_sum_exp
from scratchvae.validation import has_shape, in_range, whole_number

#: Samples whose largest fifth is a tail of five.
LEAST_SAMPLES = 5 * LEAST
#: Above this shape no practical number of samples helps.
LARGEST_SHAPE = 0.7
#: Weights whose logarithms differ by less, relative to their size, are equal but for rounding.
ROUNDING = 1e-10
#: The logarithm of the smallest weight that the tail may begin at, relative to the largest weight.
LOWEST_CUTOFF = math.log(np.finfo(np.float64).tiny)


def psis(log_w, axis=0, *, normalize=True):
    """Smooth importance weights and estimate the shape k of their tail.

    For z_s ~ q the weights w_s = p(x, z_s) / q(z_s) estimate expectations under the posterior. A few huge
    weights spoil them, and show that q misses some of the posterior. So, for S samples:

    1. Divide by the largest weight (in logarithms: subtract it), so that nothing overflows.
    2. The M = ceil(min(S / 5, 3 sqrt(S))) largest weights are the tail; the next one is its threshold u.
    3. Fit the generalised Pareto distribution to the excesses w_s - u (`gpd_fit`): its shape is khat.
    4. Replace the tail by the quantiles that are to be expected of M draws, in the weights' own order:
       w_(i) = u + F^-1((i - 1/2) / M), i = 1, ..., M.
    5. Cap them at the largest raw weight, and let all S sum to one.

    khat says how many moments the weights have (those of order below 1/khat), and so how far the estimates
    are to be trusted: below `khat_threshold`, yes; above 1, not even the mean of the weights exists.

    Parameters
    ----------
    log_w : array (S,) or (S, ...)
        Logarithms of the weights, up to a constant, S >= 25. Minus infinity is a weight of zero.
    axis : int
        Of the samples.
    normalize : bool
        Whether the weights along `axis` sum to one. If not, they keep the scale of `log_w`, from which
        `log_evidence` may be taken.

    Returns
    -------
    log_w : array like `log_w`
        The smoothed ones.
    khat : float, or array of the other axes
        0 if all weights of the tail are equal, as if q is the posterior itself; infinity if fewer than five
        weights can be told from zero, or no tail can be fitted.

    Raises
    ------
    ValueError
        If `log_w` has NaN or +inf, is all -inf for one of the others, or has fewer than 25 samples.

    References
    ----------
    Vehtari, Simpson, Gelman, Yao & Gabry (2024), Pareto smoothed importance sampling, JMLR 25(72);
    Yao, Vehtari, Simpson & Gelman (2018), Yes, but did it work?, ICML, for variational q.

    Examples
    --------
    Draws of N(0, 1), weights of N(0, 2^2): the weights' tail has the shape 1 - 1 / 2^2.

    >>> z = np.random.default_rng(0).standard_normal(100_000)
    >>> log_w, khat = psis(-0.5 * (z / 2) ** 2 + 0.5 * z**2)
    >>> round(float(np.exp(log_w).sum()), 12), 0.6 < khat < 0.8
    (1.0, True)
    """
    log_w = np.moveaxis(log_weights(log_w, axis, least=LEAST_SAMPLES), axis, -1)
    smoothed = np.empty_like(log_w)
    khat = np.empty(log_w.shape[:-1])
    for place in np.ndindex(khat.shape):
        smoothed[place], khat[place] = _smooth(log_w[place], tail_size(log_w.shape[-1]))
    if normalize:
        smoothed -= log_sum_exp(smoothed, axis=-1)[..., None]
    return np.moveaxis(smoothed, -1, axis), khat if khat.ndim else float(khat)


def khat_of_tail(log_w, n_samples):
    """The khat of `psis` for S weights of which only the M + 1 largest were kept: no other matters to it.

    Parameters
    ----------
    log_w : array (M + 1,)
        The largest, in any order, where M = ``tail_size(n_samples)``.
    n_samples : int
        S >= 25.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If `log_w` is of another length, or has NaN or +inf.
    """
    n_tail = tail_size(whole_number(n_samples, "n_samples", least=LEAST_SAMPLES))
    log_w = has_shape(log_weights(log_w), "log_w", (n_tail + 1,), "(M + 1,)")
    return _smooth(log_w, n_tail)[1]


def _smooth(log_w, n_tail):
    """Weights (S,), or their largest, smoothed, and the shape of their tail, the `n_tail` largest."""
    largest = log_w.max()
    relative = log_w - largest
    order = np.argsort(relative, kind="stable")
    cutoff = max(relative[order[-n_tail - 1]], LOWEST_CUTOFF)
    if -cutoff <= ROUNDING * max(1.0, abs(largest)):
        return log_w, 0.0
    tail = order[relative[order] > cutoff]  # in increasing order; fewer than M if some equal the cutoff
    relative[tail], khat = _smooth_tail(relative[tail], cutoff)
    return relative + largest, khat


def _smooth_tail(log_w, cutoff):
    """The tail's logarithms in increasing order, replaced by the fitted distribution's quantiles."""
    if len(log_w) < LEAST:
        return log_w, math.inf
    # w - u = u (w/u - 1) is above zero even where w and u agree to the last digit but one.
    excess = np.maximum(np.exp(cutoff) * np.expm1(log_w - cutoff), np.finfo(np.float64).tiny)
    with np.errstate(all="ignore"):  # weights spread over 300 powers of ten
        khat, sigma = gpd_fit(excess)
        expected = gpd_quantile((np.arange(len(log_w)) + 0.5) / len(log_w), khat, sigma)
        smoothed = np.log(np.exp(cutoff) + expected)
    if not (math.isfinite(khat) and np.isfinite(smoothed).all()):
        return log_w, math.inf
    return np.minimum(smoothed, 0.0), khat  # 0: the largest raw weight


def tail_size(n_samples):
    """M = ceil(min(S / 5, 3 sqrt(S))): the tail grows with S, but becomes an ever smaller part of it."""
    return math.ceil(min(n_samples / 5, 3 * math.sqrt(n_samples)))


def khat_threshold(n_samples):
    """The largest khat at which S samples give trustworthy estimates: min(1 - 1 / log10(S), 0.7).

    It is `needed_samples` solved for khat. Even for many samples it is no larger than 0.7, beyond which
    the error falls so slowly with S that nothing practical helps (Vehtari et al. 2024, Eq. 13).

    Raises
    ------
    ValueError
        If `n_samples` is no whole number of at least 2.

    Examples
    --------
    >>> round(khat_threshold(100), 3), khat_threshold(10_000)
    (0.5, 0.7)
    """
    return min(1 - 1 / math.log10(whole_number(n_samples, "n_samples", least=2)), LARGEST_SHAPE)


def needed_samples(khat):
    """The least S whose estimates are trustworthy at this khat: 10^(1 / (1 - max(0, khat))).

    An empirical rule for a small probability of a large error (Vehtari et al. 2024, section 3.2.3).
    Infinity for khat >= 1, where the mean of the weights does not exist.

    Examples
    --------
    >>> needed_samples(0.5), needed_samples(0.7), needed_samples(1.2)
    (100, 2155, inf)
    """
    khat = in_range(khat, "khat", -math.inf, math.inf)
    exponent = 1 / (1 - max(0.0, khat)) if khat < 1 else math.inf
    return math.ceil(10**exponent - 1e-6) if exponent < 300 else math.inf
