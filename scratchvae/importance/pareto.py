"""The generalised Pareto distribution of what lies above a threshold: its fit and its quantiles.

The excesses x > 0 of any variable over a high threshold follow, in the limit, the distribution
(Pickands 1975)

    F(x) = 1 - (1 + k x / sigma)^(-1/k)        log p(x) = -log sigma - (1 + 1/k) log(1 + k x / sigma)

with a scale sigma and a shape k. Its moments of order below 1/k exist: k < 1/2 has a variance, k < 1 a
mean, and k < 0 a largest value, -sigma / k. At k = 0 it is the exponential distribution.
"""

import numpy as np

from scratchvae.numerics import log_sum_exp
from scratchvae.validation import finite, has_shape, numeric_array

#: The least number of excesses that a shape is fitted to.
LEAST = 5
#: The shape's prior: as if this many of the excesses had been seen with the shape below.
PRIOR_WEIGHT, PRIOR_SHAPE = 10, 0.5


def gpd_fit(x):
    """Fit the generalised Pareto distribution to excesses, by the estimate of Zhang & Stephens.

    With b = -k / sigma the density is log p(x) = log(-b / k) - (1 + 1/k) log(1 - b x). Given b, the
    likelihood of x_1, ..., x_n is largest, by d/dk = 0, at

        k(b) = 1/n sum_i log(1 - b x_i)        sigma(b) = -k(b) / b

    where its logarithm is a function of b alone, the profile likelihood

        l(b) = n (log(-b / k(b)) - k(b) - 1)

    Its maximum need not exist, so b is averaged, over m = 30 + floor(sqrt(n)) points that are spread as a
    prior on b below its bound 1 / max(x); x* is the first quartile of x:

        b_j = 1 / max(x) + (1 - sqrt(m / (j - 1/2))) / (3 x*)        j = 1, ..., m
        b = sum_j b_j e^l(b_j) / sum_j e^l(b_j)

    and k = k(b), sigma = -k / b. Last, k is drawn towards 1/2 as if by 10 more excesses, which steadies it
    where n is small: k <- (n k + 10 / 2) / (n + 10).

    Parameters
    ----------
    x : array (n,)
        Positive excesses over the threshold, n >= 5, in any order.

    Returns
    -------
    k, sigma : float

    Raises
    ------
    ValueError
        If `x` is no vector, has fewer than 5 entries, or one of them is not above zero and finite.

    References
    ----------
    Zhang & Stephens (2009), A new and efficient estimation method for the generalized Pareto
    distribution, Technometrics 51 (there k has the other sign). The prior on k: Vehtari, Simpson, Gelman,
    Yao & Gabry (2024), Pareto smoothed importance sampling, JMLR 25(72).

    Examples
    --------
    >>> u = (np.arange(4000) + 0.5) / 4000
    >>> k, sigma = gpd_fit(gpd_quantile(u, 0.5, 2.0))
    >>> round(k, 2), round(sigma, 2)
    (0.5, 2.0)
    """
    x = np.sort(_excesses(x))
    k, sigma = _posterior_mean(x)
    n = len(x)
    return (n * k + PRIOR_WEIGHT * PRIOR_SHAPE) / (n + PRIOR_WEIGHT), sigma


def _excesses(x):
    x = finite(np.asarray(numeric_array(x, "x"), np.float64), "x")
    x = has_shape(x, "x", (None,), "(n,)")
    if len(x) < LEAST:
        raise ValueError(f"x has {len(x)} excesses; the fit of a tail needs at least {LEAST}.")
    if x.min() <= 0:
        raise ValueError(
            f"x must be excesses above zero, but the least is {x.min():g}; subtract the threshold."
        )
    return x


def _posterior_mean(x):
    """k and sigma at the average of b, for x in increasing order."""
    b = _points(x)
    k = np.log1p(-b[:, None] * x).mean(axis=1)  # (m,)
    profile = -len(x) * (np.log(_scale(b, k, x)) + k + 1)  # l(b)
    b = np.exp(profile - log_sum_exp(profile, axis=0)) @ b
    k = np.log1p(-b * x).mean()
    return float(k), float(_scale(b, k, x))


def _points(x):
    n = len(x)
    m = 30 + int(n**0.5)
    quartile = x[int(n / 4 + 0.5) - 1]
    return 1 / x[-1] + (1 - np.sqrt(m / (np.arange(m) + 0.5))) / (3 * quartile)


def _scale(b, k, x):
    """sigma = -k / b, whose limit for b -> 0 is the mean: the exponential distribution."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(b == 0, x.mean(), -k / b)


def gpd_quantile(u, k, sigma):
    """The inverse of F: x = sigma ((1 - u)^-k - 1) / k, and -sigma log(1 - u) at k = 0.

    Parameters
    ----------
    u : array
        Probabilities in [0, 1).
    k, sigma : float

    Returns
    -------
    x : array like `u`
    """
    exponential = -np.log1p(-np.asarray(u))
    if k == 0:
        return sigma * exponential
    return sigma * np.expm1(k * exponential) / k  # Eq. (38)
