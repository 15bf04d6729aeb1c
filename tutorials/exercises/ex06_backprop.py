"""Exercise 6: backpropagation by hand.

To lesson 06, `06_backpropagation_by_hand.py`. Write the bodies of the functions; the docstring
of each gives the mathematics, the shapes and an example. Only NumPy is needed. Then

    scratchvae grade tutorials/exercises/ex06_backprop.py

says which functions do what they should and, in words, what is wrong with the others. `--hints` helps.

Sizes: B data in a batch, D pixels, C classes. d<name> is the derivative by <name> of one scalar, the loss
say, in the shape of <name>. In a backward pass the gradient by the output is given, and those by the
inputs are asked for.
"""

import numpy as np


def linear_backward(x, weight, da):
    """The backward pass of a = x weight + bias. (3 points)

        a_ij = sum_k x_ik weight_kj + bias_j

    Parameters
    ----------
    x : array (B, n_in)
    weight : array (n_in, n_out)
    da : array (B, n_out)

    Returns
    -------
    dx : array (B, n_in)
    dweight : array (n_in, n_out)
    dbias : array (n_out,)

    Examples
    --------
    >>> x, weight, da = np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]), np.array([[5.0]])
    >>> dx, dweight, dbias = linear_backward(x, weight, da)
    >>> dx.tolist(), dweight.tolist(), dbias.tolist()
    ([[15.0, 20.0]], [[5.0], [10.0]], [5.0])
    """
    raise NotImplementedError


def tanh_backward(a, dh):
    """The backward pass of h = tanh(a), entry by entry. (1 point)

    Parameters
    ----------
    a, dh : arrays of one shape

    Returns
    -------
    da : array of that shape

    Examples
    --------
    >>> tanh_backward(np.array([0.0, 1.0]), np.array([2.0, 2.0])).round(4)
    array([2.    , 0.8399])
    """
    raise NotImplementedError


def relu_backward(a, dh):
    """The backward pass of h = max(a, 0), entry by entry; where a is exactly 0 the gradient is 0. (1 point)

    Parameters
    ----------
    a, dh : arrays of one shape

    Returns
    -------
    da : array of that shape

    Examples
    --------
    >>> relu_backward(np.array([-1.0, 0.0, 2.0]), np.array([3.0, 3.0, 3.0])) + 0.0
    array([0., 0., 3.])
    """
    raise NotImplementedError


def bernoulli_backward(x, logits, dlog_p):
    """The backward pass of a Bernoulli log-likelihood, summed over pixels. (2 points)

        log_p_b = sum_d [x_bd log s_bd + (1 - x_bd) log(1 - s_bd)],    s = 1 / (1 + e^-logit)

    It must also be right for logits of some hundreds.

    Parameters
    ----------
    x : array (B, D) of 0 and 1
    logits : array (B, D)
    dlog_p : array (B,)

    Returns
    -------
    dlogits : array (B, D)

    Examples
    --------
    >>> bernoulli_backward(np.array([[1.0, 0.0]]), np.array([[0.0, 0.0]]), np.array([2.0]))
    array([[ 1., -1.]])
    """
    raise NotImplementedError


def cross_entropy_backward(logits, labels):
    """The gradient of the mean cross-entropy of a softmax. (3 points)

        loss = (1/B) sum_b [log sum_c e^logits_bc - logits_b,labels_b]

    It must also be right for logits of some hundreds.

    Parameters
    ----------
    logits : array (B, C)
    labels : array (B,) of int, 0 to C - 1

    Returns
    -------
    dlogits : array (B, C)

    Examples
    --------
    >>> cross_entropy_backward(np.zeros((2, 2)), np.array([0, 1]))
    array([[-0.25,  0.25],
           [ 0.25, -0.25]])
    """
    raise NotImplementedError
