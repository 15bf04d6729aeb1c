"""Exercise 4: Monte Carlo estimates.

To lesson 04, `04_the_monte_carlo_elbo.py`. Write the bodies of the functions; the docstring of each gives the
mathematics, the shapes and an example. Only NumPy is needed. Then

    scratchvae grade tutorials/exercises/ex04_monte_carlo.py

says which functions do what they should and, in words, what is wrong with the others. `--hints` helps.
K is the number of draws. The noise is always an argument: no function draws random numbers of its own.
"""

import numpy as np


def monte_carlo_estimate(f):
    """An expectation, estimated from independent draws, and its standard error. (1 point)

    The standard error is the standard deviation of the estimate itself, not that of the draws; it too is
    estimated from the draws, without bias of the variance.

    Parameters
    ----------
    f : array (K, ...)
        K draws of f(z), or of an array of such numbers, along the first axis.

    Returns
    -------
    mean, error : arrays (...)

    Examples
    --------
    >>> mean, error = monte_carlo_estimate(np.array([1.0, 2.0, 3.0, 6.0]))
    >>> float(mean), round(float(error), 4)
    (3.0, 1.0801)
    """
    raise NotImplementedError


def score_function_gradient(mu, log_sigma, z, f):
    """The gradient of E_q f(z) by the score function, from draws of q = N(mu, sigma^2). (3 points)

        d/dlambda E_q f(z) = E_q [ f(z) d/dlambda log q(z; lambda) ],    sigma = e^log_sigma

    Nothing but the value of f is needed.

    Parameters
    ----------
    mu, log_sigma : floats
    z : array (K,)
        Draws from q.
    f : array (K,)
        f(z) at the draws.

    Returns
    -------
    dmu, dlog_sigma : floats
        The mean over the draws of the expression in brackets.

    Examples
    --------
    >>> dmu, dlog_sigma = score_function_gradient(0.0, 0.0, np.array([1.0, -2.0]), np.array([3.0, 1.0]))
    >>> float(dmu), float(dlog_sigma)
    (0.5, 1.5)
    """
    raise NotImplementedError


def pathwise_gradient(mu, log_sigma, eps, df):
    """The gradient of E_q f(z) along the path z = mu + sigma eps. (2 points)

        d/dlambda E f(mu + sigma eps) = E [ f'(z) dz/dlambda ],    sigma = e^log_sigma

    Here the derivative of f is needed.

    Parameters
    ----------
    mu, log_sigma : floats
    eps : array (K,)
        Standard normal noise.
    df : callable
        The derivative f', of an array elementwise.

    Returns
    -------
    dmu, dlog_sigma : floats
        The mean over the draws.

    Examples
    --------
    >>> dmu, dlog_sigma = pathwise_gradient(1.0, 0.0, np.array([1.0, -2.0]), lambda z: 2 * z)
    >>> float(dmu), float(dlog_sigma)
    (1.0, 4.0)
    """
    raise NotImplementedError


def leave_one_out(f):
    """f minus a baseline, for the score function of less noise. (2 points)

    A number that does not depend on draw k may be subtracted from f_k without changing the expectation of
    f_k times the score, for the score has the expectation zero. The mean of f over all other draws is such a
    number:

        result_k = f_k - 1 / (K - 1) sum_(j != k) f_j

    Parameters
    ----------
    f : array (K,)
        K >= 2.

    Returns
    -------
    array (K,)

    Examples
    --------
    >>> leave_one_out(np.array([1.0, 2.0, 6.0]))
    array([-3. , -1.5,  4.5])
    """
    raise NotImplementedError
