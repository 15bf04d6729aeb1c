"""Exercise 2: Bayes' theorem.

To lessons 01 and 02, `01_bayes_on_a_grid.py` and `02_models_and_priors.py`. Write the bodies of the
functions; the docstring of each gives the mathematics, the shapes and an example. Then

    scratchvae grade tutorials/exercises/ex02_bayes.py

says which functions do what they should and, in words, what is wrong with the others. `--hints` helps.
A sigma is always a standard deviation; all logarithms are natural.
"""

import math

import numpy as np


def grid_posterior(log_prior, log_likelihood, step):
    """Bayes' theorem on a grid. (3 points)

        p(z | x) = p(x | z) p(z) / p(x),    p(x) = int p(x | z) p(z) dz

    with the integral as a sum over the grid times `step`. The likelihood of many data is far too small, or
    too large, for a floating-point number; its logarithm is not.

    Parameters
    ----------
    log_prior, log_likelihood : arrays (G,)
        log p(z) and log p(x | z) at the G points of the grid.
    step : float
        The distance between two of them.

    Returns
    -------
    density : array (G,)
        p(z | x); its sum times `step` is one.
    log_evidence : float
        log p(x).

    Examples
    --------
    >>> density, log_evidence = grid_posterior(np.log([0.5, 0.5]), np.log([0.1, 0.3]), 1.0)
    >>> density.round(4), round(float(log_evidence), 4)
    (array([0.25, 0.75]), -1.6094)
    """
    raise NotImplementedError


def beta_binomial_update(alpha, beta, k, n):
    """The posterior of a probability, after k successes in n trials. (1 point)

    The prior is Beta(alpha, beta), with the density proportional to t^(alpha - 1) (1 - t)^(beta - 1); the
    likelihood is proportional to t^k (1 - t)^(n - k). The posterior is a Beta distribution, too.

    Parameters
    ----------
    alpha, beta : floats
    k, n : whole numbers

    Returns
    -------
    alpha, beta : floats
        Those of the posterior.

    Examples
    --------
    >>> beta_binomial_update(1.0, 2.0, 3, 10)
    (4.0, 9.0)
    """
    raise NotImplementedError


def beta_binomial_log_evidence(alpha, beta, k, n):
    """log p(k | n), with the probability integrated out. (2 points)

        p(k | n) = int_0^1 C(n, k) t^k (1 - t)^(n - k) Beta(t; alpha, beta) dt

    C(n, k) is n over k, and Beta(t; a, b) = t^(a - 1) (1 - t)^(b - 1) / B(a, b) a density, so that
    int_0^1 t^(a - 1) (1 - t)^(b - 1) dt = B(a, b) = Gamma(a) Gamma(b) / Gamma(a + b). `math.lgamma` is log
    Gamma. It must also be right for thousands of trials.

    Parameters
    ----------
    alpha, beta : floats
    k, n : whole numbers

    Returns
    -------
    log_evidence : float

    Examples
    --------
    >>> round(beta_binomial_log_evidence(1.0, 1.0, 3, 10), 4)  # a uniform prior: all 11 counts alike
    -2.3979
    """
    raise NotImplementedError


def normal_update(x, sigma, mu_0, sigma_0):
    """The posterior of a quantity z that is measured n times. (2 points)

        z ~ N(mu_0, sigma_0^2),    x_i ~ N(z, sigma^2)

    The posterior is normal. Without data it is the prior.

    Parameters
    ----------
    x : array (n,)
    sigma, mu_0, sigma_0 : floats

    Returns
    -------
    mu, sigma : floats
        Mean and standard deviation of the posterior.

    Examples
    --------
    >>> mu, sigma = normal_update(np.array([2.0, 4.0]), 1.0, 0.0, 1.0)
    >>> round(float(mu), 4), round(float(sigma), 4)
    (2.0, 0.5774)
    """
    raise NotImplementedError


def sequential_update(x, sigma, mu_0, sigma_0):
    """The posterior after each measurement. (2 points)

    Yesterday's posterior is today's prior: p(z | x_1, ..., x_i) is proportional to p(x_i | z) times
    p(z | x_1, ..., x_(i-1)). The model is that of `normal_update`.

    Parameters
    ----------
    x : array (n,)
    sigma, mu_0, sigma_0 : floats

    Returns
    -------
    mu, sigma : arrays (n,)
        Entry i is mean and standard deviation after the measurements 0 to i.

    Examples
    --------
    >>> mu, sigma = sequential_update(np.array([2.0, 4.0]), 1.0, 0.0, 1.0)
    >>> mu.round(4), sigma.round(4)
    (array([1., 2.]), array([0.7071, 0.5774]))
    """
    raise NotImplementedError


def normal_log_evidence(x, sigma, mu_0, sigma_0):
    """log p(x) of all measurements together, with z integrated out. (3 points)

        p(x) = int N(z; mu_0, sigma_0^2) prod_i N(x_i; z, sigma^2) dz

    The model is that of `normal_update`. It must also be right for hundreds of measurements.

    Parameters
    ----------
    x : array (n,)
    sigma, mu_0, sigma_0 : floats

    Returns
    -------
    log_evidence : float

    Examples
    --------
    >>> round(float(normal_log_evidence(np.array([1.0, 2.0]), 1.0, 0.0, 1.0)), 4)
    -3.3872
    """
    raise NotImplementedError
