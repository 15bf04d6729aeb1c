"""Exercise 5: variational inference.

To lesson 03, `03_variational_inference.py`. Write the bodies of the functions; the docstring of each gives
the mathematics, the shapes and an example. Only NumPy is needed. Then

    scratchvae grade tutorials/exercises/ex05_variational_inference.py

says which functions do what they should and, in words, what is wrong with the others. `--hints` helps.
A sigma is always a standard deviation; all logarithms are natural, so that all values are in nats.
"""

import numpy as np


def kl_normals(mu_q, sigma_q, mu_p, sigma_p):
    """KL(q || p) of two normals without correlations, in L dimensions. (2 points)

        KL(q || p) = E_q [log q(z) - log p(z)],    q = N(mu_q, sigma_q^2),  p = N(mu_p, sigma_p^2)

    in closed form, summed over the dimensions. It is zero where q = p, and positive elsewhere.

    Parameters
    ----------
    mu_q, sigma_q, mu_p, sigma_p : arrays (..., L)

    Returns
    -------
    kl : array (...)

    Examples
    --------
    >>> one = np.ones((1, 2))
    >>> kl_normals(np.array([[0.0, 1.0]]), one, np.array([[0.0, 3.0]]), 2 * one).round(4)
    array([1.1363])
    """
    raise NotImplementedError


def entropy(log_sigma):
    """The entropy -E_q log q(z) of a normal without correlations, in L dimensions. (1 point)

    Parameters
    ----------
    log_sigma : array (..., L)

    Returns
    -------
    entropy : array (...)

    Examples
    --------
    >>> entropy(np.array([[0.0, 0.0], [1.0, 2.0]])).round(4)
    array([2.8379, 5.8379])
    """
    raise NotImplementedError


def elbo(mu, log_sigma, x, sigma, mu_0, sigma_0):
    """The evidence lower bound of a quantity z that is measured n times, in closed form. (3 points)

        z ~ N(mu_0, sigma_0^2),    x_i ~ N(z, sigma^2),    q(z) = N(mu, e^(2 log_sigma))

        ELBO = E_q [ sum_i log p(x_i | z) + log p(z) - log q(z) ]

    It is at most log p(x), for every q.

    Parameters
    ----------
    mu, log_sigma : floats
        Of q.
    x : array (n,)
    sigma, mu_0, sigma_0 : floats
        Of the model.

    Returns
    -------
    elbo : float

    Examples
    --------
    >>> round(float(elbo(0.0, 0.0, np.array([1.0, 2.0]), 1.0, 0.0, 1.0)), 4)
    -5.3379
    """
    raise NotImplementedError


def elbo_gradient(mu, log_sigma, x, sigma, mu_0, sigma_0):
    """The derivatives of that ELBO by the parameters of q. (3 points)

    Parameters
    ----------
    mu, log_sigma : floats
    x : array (n,)
    sigma, mu_0, sigma_0 : floats

    Returns
    -------
    dmu, dlog_sigma : floats

    Examples
    --------
    >>> dmu, dlog_sigma = elbo_gradient(0.0, 0.0, np.array([1.0, 2.0]), 1.0, 0.0, 1.0)
    >>> float(dmu), float(dlog_sigma)
    (3.0, -2.0)
    """
    raise NotImplementedError


def best_mean_field(cov):
    """The best q without correlations for a posterior N(0, cov) with them. (2 points)

    Of all q = N(0, diag(sigma^2)), the one with the smallest KL(q || N(0, cov)). It is known in closed form:
    write KL as a function of sigma, and set its derivatives to zero.

    Parameters
    ----------
    cov : array (L, L)
        Symmetric and positive definite.

    Returns
    -------
    sigma : array (L,)

    Examples
    --------
    >>> best_mean_field(np.array([[1.0, 0.8], [0.8, 1.0]]))
    array([0.6, 0.6])
    """
    raise NotImplementedError
