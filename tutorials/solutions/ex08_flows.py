"""Exercise 8: maps whose log-determinant is straightforward.

To lesson 11, `11_maps_with_cheap_determinants.py`. Write the bodies of the functions; the docstring
of each gives the mathematics, the shapes and an example. Only NumPy is needed. Then

    scratchvae grade tutorials/exercises/ex08_flows.py

says which functions do what they should and, in words, what is wrong with the others. `--hints` helps.

Sizes: K draws, L latent dimensions. log_det is log |det dz/deps| of the forward map, one number a draw.
"""

import numpy as np


def planar_forward(eps, u, w, b):
    """The planar flow with its log-determinant. (2 points)

        z = eps + u tanh(w.eps + b)

    u and w are such that the map is invertible.

    Parameters
    ----------
    eps : array (K, L)
    u, w : arrays (L,)
    b : number

    Returns
    -------
    z : array (K, L)
    log_det : array (K,)

    Examples
    --------
    >>> z, log_det = planar_forward(np.array([[0.0, 1.0]]), np.array([1.0, 0.0]), np.array([1.0, 0.0]), 0.0)
    >>> z, log_det.round(4)
    (array([[0., 1.]]), array([0.6931]))
    """
    t = np.tanh(eps @ w + b)  # (K,)
    # The Jacobian is I + u (h' w)^T with h' = 1 - tanh^2: by the matrix determinant lemma 1 + h' w.u.
    return eps + t[:, None] * u, np.log(np.abs(1 + (1 - t**2) * (w @ u)))


def invertible_u(u, w):
    """u moved along w so that the planar flow is invertible. (2 points)

    The planar flow is invertible if w.u > -1. A free u becomes u_hat, which differs from it
    along w only, with

        w.u_hat = m(w.u),    m(x) = -1 + log(1 + e^x)

    Parameters
    ----------
    u, w : arrays (L,)

    Returns
    -------
    u_hat : array (L,)

    Examples
    --------
    >>> u_hat = invertible_u(np.array([-5.0, 1.0]), np.array([2.0, 0.0]))
    >>> u_hat.round(4), round(float(u_hat @ np.array([2.0, 0.0])), 4)
    (array([-0.5,  1. ]), -1.0)
    """
    x = w @ u
    m = -1 + np.logaddexp(0, x)
    # c w has the product c |w|^2 with w: so the division is by the square.
    return u + (m - x) * w / (w @ w)


def coupling_forward(eps, scale_weight, shift_weight):
    """An affine coupling with its log-determinant. (2 points)

    The first half of the coordinates passes; the second is scaled and shifted by what the first says:

        z_1 = eps_1,    z_2 = eps_2 e^s + t,    s = tanh(eps_1 scale_weight),    t = eps_1 shift_weight

    Parameters
    ----------
    eps : array (K, 2 M)
    scale_weight, shift_weight : arrays (M, M)

    Returns
    -------
    z : array (K, 2 M)
    log_det : array (K,)

    Examples
    --------
    >>> z, log_det = coupling_forward(np.array([[1.0, 2.0]]), np.array([[0.5]]), np.array([[3.0]]))
    >>> z.round(4), log_det.round(4)
    (array([[1.    , 6.1749]]), array([0.4621]))
    """
    first, second = np.split(eps, 2, axis=-1)
    s = np.tanh(first @ scale_weight)
    z = np.concatenate([first, second * np.exp(s) + first @ shift_weight], axis=-1)
    # The Jacobian is triangular, with ones and e^s on its diagonal.
    return z, s.sum(axis=-1)


def coupling_inverse(z, scale_weight, shift_weight):
    """The inverse of the affine coupling. (2 points)

    Parameters
    ----------
    z : array (K, 2 M)
    scale_weight, shift_weight : arrays (M, M)

    Returns
    -------
    eps : array (K, 2 M)

    Examples
    --------
    >>> coupling_inverse(np.array([[1.0, 6.174856]]), np.array([[0.5]]), np.array([[3.0]])).round(4)
    array([[1., 2.]])
    """
    first, second = np.split(z, 2, axis=-1)  # the first half passed, so s and t are known
    s = np.tanh(first @ scale_weight)
    return np.concatenate([first, (second - first @ shift_weight) * np.exp(-s)], axis=-1)
