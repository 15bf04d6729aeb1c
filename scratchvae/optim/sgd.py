"""Stochastic gradient descent."""

from dataclasses import dataclass

from scratchvae.optim.base import Optimizer
from scratchvae.optim.schedules import Schedule


@dataclass(eq=False)
class SGD(Optimizer):
    """value <- value - lr grad (Robbins & Monro 1951).

    Parameters
    ----------
    lr : float or Schedule

    Examples
    --------
    >>> import numpy as np
    >>> value = np.array([1.0, -2.0])
    >>> SGD(lr=0.1).step(value, grad=2 * value)  # of the loss value_1^2 + value_2^2
    >>> value
    array([ 0.8, -1.6])
    """

    name = "sgd"
    lr: float | Schedule

    def update(self, value, grad, lr):
        value -= lr * grad
