"""Exercise 3: reparameterization and the log-determinant.

To lesson 05, `05_reparameterization.py`. Write the bodies of the functions; the docstring of each gives the
mathematics, the shapes and an example. Only NumPy is needed. Then

    scratchvae grade tutorials/exercises/ex03_reparameterization.py

says which functions do what they should and, in words, what is wrong with the others. `--hints` helps.

Sizes: K draws, B data in a batch, L latent dimensions. d<name> is the derivative by <name> of one scalar, the
loss say, in the shape of <name>. In a backward pass the incoming gradients, dz and dlog_det, are given.
"""

import numpy as np


def diagonal_forward(mu, log_sigma, eps):
    """The diagonal map from noise to latent, with its log-determinant. (2 points)

        z = mu + sigma eps,    sigma = e^log_sigma,    log_det = log |det dz/deps|

    Parameters
    ----------
    mu, log_sigma : arrays (B, L)
        What an encoder gives for B data.
    eps : array (K, B, L)
        Standard normal noise.

    Returns
    -------
    z : array (K, B, L)
    log_det : array (B,)
        The same for every draw, since it does not depend on eps.

    Examples
    --------
    >>> z, log_det = diagonal_forward(np.array([[1.0, 2.0]]), np.array([[0.0, -1.0]]), np.ones((1, 1, 2)))
    >>> z.round(4), log_det
    (array([[[2.    , 2.3679]]]), array([-1.]))
    """
    raise NotImplementedError


def diagonal_backward(mu, log_sigma, eps, dz, dlog_det):
    """The backward pass of the diagonal map. (3 points)

    A scalar l depends on z and on log_det; dz = dl/dz and dlog_det = dl/dlog_det come in. Both ways lead
    back to the parameters, and their gradients are added:

        dl/dlambda = sum_kbi dz_kbi dz_kbi/dlambda + sum_b dlog_det_b dlog_det_b/dlambda

    Parameters
    ----------
    mu, log_sigma : arrays (B, L)
    eps, dz : arrays (K, B, L)
    dlog_det : array (B,)

    Returns
    -------
    dmu, dlog_sigma : arrays (B, L)

    Examples
    --------
    >>> mu, log_sigma, eps = np.zeros((1, 2)), np.array([[0.0, np.log(2)]]), np.ones((3, 1, 2))
    >>> diagonal_backward(mu, log_sigma, eps, np.ones((3, 1, 2)), np.array([0.5]))
    (array([[3., 3.]]), array([[3.5, 6.5]]))
    """
    raise NotImplementedError


def log_q(eps, log_det):
    """The log-density of z = g(eps) for standard normal eps. (1 point)

    Where the map g stretches, the same probability is spread thinner: q(z) |det dz/deps| = p(eps).

    Parameters
    ----------
    eps : array (K, B, L)
    log_det : array (B,)
        log |det dz/deps|.

    Returns
    -------
    log_q : array (K, B)
        log q(z), a density in L dimensions.

    Examples
    --------
    >>> log_q(np.zeros((1, 1, 2)), np.array([0.5])).round(4)
    array([[-2.3379]])
    """
    raise NotImplementedError


def full_rank_forward(mu, log_diag, below, eps):
    """The full-rank map from noise to latent, with its log-determinant. (2 points)

        z = mu + C eps,    C lower triangular,    log_det = log |det C|

    C has e^log_diag on the diagonal and `below` under it, row by row: C_10, C_20, C_21, C_30, ...

    Parameters
    ----------
    mu, log_diag : arrays (L,)
    below : array (L (L - 1) / 2,)
    eps : array (K, L)

    Returns
    -------
    z : array (K, L)
    log_det : number

    Examples
    --------
    >>> z, log_det = full_rank_forward(np.zeros(2), np.array([0.0, np.log(3)]), np.array([5.0]), np.eye(2))
    >>> z, round(float(log_det), 4)
    (array([[1., 5.],
           [0., 3.]]), 1.0986)
    """
    raise NotImplementedError


def full_rank_backward(mu, log_diag, below, eps, dz, dlog_det):
    """The backward pass of the full-rank map. (4 points)

    As for the diagonal map: dz and dlog_det come in, and what they give is added.

    Parameters
    ----------
    mu, log_diag : arrays (L,)
    below : array (L (L - 1) / 2,)
    eps, dz : arrays (K, L)
    dlog_det : number

    Returns
    -------
    dmu, dlog_diag : arrays (L,)
    dbelow : array (L (L - 1) / 2,)

    Examples
    --------
    >>> eps, dz = np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])
    >>> full_rank_backward(np.zeros(2), np.zeros(2), np.array([7.0]), eps, dz, 0.5)
    (array([3., 4.]), array([3.5, 8.5]), array([4.]))
    """
    raise NotImplementedError
