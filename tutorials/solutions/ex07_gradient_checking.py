"""Exercise 7: gradient checking.

To lesson 07, `07_the_gradient_checker.py`. Write the bodies of the functions; the docstring
of each gives the mathematics, the shapes and an example. Only NumPy is needed. Then

    scratchvae grade tutorials/exercises/ex07_gradient_checking.py

says which functions do what they should and, in words, what is wrong with the others. `--hints` helps.

A function of theta takes an array and returns a number.
"""

import numpy as np


def numerical_gradient(function, theta, h):
    """The gradient of a function by central differences. (2 points)

        df/dtheta_i is about [f(theta + h e_i) - f(theta - h e_i)] / (2 h),    e_i the i-th unit vector

    Parameters
    ----------
    function : callable
        array like theta -> number.
    theta : array of any shape
        It must not be changed.
    h : number

    Returns
    -------
    gradient : array of theta's shape

    Examples
    --------
    >>> numerical_gradient(lambda t: float(np.sum(t**2)), np.array([1.0, 2.0]), 0.5)
    array([2., 4.])
    """
    gradient = np.zeros_like(theta)
    for place in np.ndindex(theta.shape):
        step = np.zeros_like(theta)
        step[place] = h
        gradient[place] = (function(theta + step) - function(theta - step)) / (2 * h)
    return gradient


def gradient_is_right(function, gradient, theta):
    """Whether an array is the gradient of a function at theta. (3 points)

    Right gradients must be accepted, of whatever size they are: a millionth, or a million. Wrong ones must be
    rejected: of the wrong sign, with one entry off by a percent, with entries in the wrong places.

    Parameters
    ----------
    function : callable
        array like theta -> number; smooth, and changing over distances of some tenths.
    gradient : array (n,)
    theta : array (n,)

    Returns
    -------
    is_right : bool

    Examples
    --------
    >>> theta = np.array([1.0, 2.0])
    >>> gradient_is_right(lambda t: float(np.sum(t**2)), 2 * theta, theta)
    True
    >>> gradient_is_right(lambda t: float(np.sum(t**2)), theta, theta)
    False
    """
    numeric = numerical_gradient(function, theta, 1e-5)
    # Central differences show some eight digits here; a mistake is far larger than a hundred-thousandth.
    return bool(np.abs(numeric - gradient).max() <= 1e-5 * np.abs(gradient).max())
