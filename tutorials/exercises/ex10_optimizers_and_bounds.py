"""Exercise 10: Adam, and the importance-weighted bound.

To lesson 10, `10_how_good_is_it.py`. Write the bodies of the functions; the docstring
of each gives the mathematics, the shapes and an example. Only NumPy is needed. Then

    scratchvae grade tutorials/exercises/ex10_optimizers_and_bounds.py

says which functions do what they should and, in words, what is wrong with the others. `--hints` helps.

Sizes: K draws, B data in a batch. Values are in nats.
"""

import numpy as np


def adam_step(value, grad, m, v, t, lr):
    """One step of Adam (Kingma & Ba 2015, Algorithm 1), with beta1 0.9, beta2 0.999, epsilon 1e-8. (3 points)

        m <- beta1 m + (1 - beta1) g        v <- beta2 v + (1 - beta2) g^2
        m_hat = m / (1 - beta1^t)           v_hat = v / (1 - beta2^t)
        value <- value - lr m_hat / (sqrt(v_hat) + epsilon)

    Parameters
    ----------
    value, grad, m, v : arrays (n,)
        They must not be changed: return new ones.
    t : int
        The number of this step, from 1.
    lr : number

    Returns
    -------
    value, m, v : arrays (n,)

    Examples
    --------
    >>> value, m, v = adam_step(np.array([1.0]), np.array([5.0]), np.zeros(1), np.zeros(1), 1, 0.1)
    >>> value.round(4), m.round(4), v.round(4)
    (array([0.9]), array([0.5]), array([0.025]))
    """
    raise NotImplementedError


def importance_weighted_bound(log_w):
    """The importance-weighted bound of each datum (Burda et al. 2016). (2 points)

        L_b = log (1/K) sum_k w_kb

    It must also be right for log weights of some thousands below zero, as those of images are.

    Parameters
    ----------
    log_w : array (K, B)

    Returns
    -------
    bound : array (B,)

    Examples
    --------
    >>> importance_weighted_bound(np.log(np.array([[1.0], [3.0]]))).round(4)
    array([0.6931])
    """
    raise NotImplementedError


def effective_sample_size(log_w):
    """How many draws from the posterior the weighted draws are worth. (2 points)

        ESS = (sum_k w_k)^2 / sum_k w_k^2

    It must also be right for log weights of some thousands below zero.

    Parameters
    ----------
    log_w : array (K,)

    Returns
    -------
    ess : number

    Examples
    --------
    >>> round(float(effective_sample_size(np.log(np.array([1.0, 1.0, 2.0])))), 4)
    2.6667
    """
    raise NotImplementedError
