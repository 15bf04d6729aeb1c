"""Exercise 1: densities and their logarithms.

To lesson 00, `00_a_gaussian_by_hand.py`. Write the bodies of the functions; the docstring of each gives the
mathematics, the shapes and an example. Only NumPy is needed. Then

    scratchvae grade tutorials/exercises/ex01_densities.py

says which functions do what they should and, in words, what is wrong with the others. `--hints` helps.
All logarithms are natural, so that all values are in nats.
"""

import numpy as np


def log_normal(x, mu, sigma):
    """The logarithm of the normal density, elementwise. (1 point)

        p(x) = 1 / (sqrt(2 pi) sigma) e^(-(x - mu)^2 / (2 sigma^2))

    It must also be right where p(x) itself is zero in floating point, some 40 sigma from mu.

    Parameters
    ----------
    x, mu, sigma : arrays or numbers
        Their shapes broadcast; sigma > 0 is the standard deviation.

    Returns
    -------
    log_p : array of the broadcast shape, or a number

    Examples
    --------
    >>> log_normal(np.array([0.0, 1.0, 100.0]), 0.0, 2.0).round(4)
    array([   -1.6121,    -1.7371, -1251.6121])
    """
    raise NotImplementedError


def log_sum_exp(a):
    """log sum_i e^(a_i) over the last axis, without overflow. (2 points)

    Sums of densities are taken so, when only their logarithms are at hand. e^1000 overflows and e^-1000 is
    zero in floating point, but log(e^1000 + e^1000) = 1000 + log 2 is a harmless number.

    Parameters
    ----------
    a : array (..., n)
        Entries may be minus infinity, the logarithm of zero, but not a whole row of them.

    Returns
    -------
    array (...)

    Examples
    --------
    >>> log_sum_exp(np.array([[0.0, 0.0], [100.0, 100.0], [-np.inf, 3.0]])).round(4)
    array([  0.6931, 100.6931,   3.    ])
    """
    raise NotImplementedError


def log_bernoulli(x, logits):
    """The log-probability of zeros and ones whose probabilities are given by logits. (2 points)

        log p(x) = sum_d [x_d log s_d + (1 - x_d) log(1 - s_d)],    s_d = 1 / (1 + e^(-logit_d))

    A network gives logits of any size. It must be right for logits of several hundred, plus and minus.

    Parameters
    ----------
    x : array (..., D)
        Zeros and ones.
    logits : array (..., D)

    Returns
    -------
    log_p : array (...)

    Examples
    --------
    >>> log_bernoulli(np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([[0.0, 0.0], [2.0, -800.0]])).round(4)
    array([  -1.3863, -800.1269])
    """
    raise NotImplementedError


def log_multivariate_normal(x, mu, cov):
    """The logarithm of the normal density in D dimensions. (3 points)

        log p(x) = -(x - mu)^T cov^-1 (x - mu) / 2 - log(det cov) / 2 - D log(2 pi) / 2

    Parameters
    ----------
    x : array (..., D)
    mu : array (D,)
    cov : array (D, D)
        Symmetric and positive definite.

    Returns
    -------
    log_p : array (...)

    Examples
    --------
    >>> cov = np.array([[2.0, 1.0], [1.0, 3.0]])
    >>> log_multivariate_normal(np.array([[0.0, 0.0], [1.0, -1.0]]), np.zeros(2), cov).round(4)
    array([-2.6426, -3.3426])
    """
    raise NotImplementedError


def log_mixture(x, log_weights, mu, sigma):
    """The logarithm of the density of a mixture of K normals, of numbers x. (2 points)

        p(x) = sum_k w_k N(x; mu_k, sigma_k^2)

    It must also be right where p(x) itself is zero in floating point.

    Parameters
    ----------
    x : array (...)
    log_weights, mu, sigma : arrays (K,)
        The w_k sum to one; their logarithms come in.

    Returns
    -------
    log_p : array (...)

    Examples
    --------
    >>> x, log_weights = np.array([0.0, 50.0]), np.log([0.25, 0.75])
    >>> log_mixture(x, log_weights, np.array([-1.0, 2.0]), np.array([1.0, 0.5])).round(4)
    array([   -2.8019, -1302.8052])
    """
    raise NotImplementedError
