"""Adagrad: a step size for each parameter, from all its past gradients."""

from dataclasses import dataclass

import numpy as np

from scratchvae.optim import checks
from scratchvae.optim.base import Optimizer
from scratchvae.optim.schedules import Schedule


@dataclass(eq=False)
class Adagrad(Optimizer):
    """Steps shrink where gradients have been large (Duchi et al. 2011, Figure 1, with diagonal matrices).

        sum_squares <- sum_squares + grad^2
        value       <- value - lr grad / (sqrt(sum_squares) + epsilon)

    Parameters
    ----------
    lr : float or Schedule
    epsilon : float
        The paper's delta, outside the square root.
    """

    name = "adagrad"
    slots = ("sum_squares",)
    lr: float | Schedule = 0.01
    epsilon: float = 1e-8

    def __post_init__(self):
        super().__post_init__()
        self.epsilon = checks.positive(self.epsilon, "epsilon")

    def update(self, value, grad, lr):
        sum_squares = self.arrays["sum_squares"]
        sum_squares += grad * grad
        value -= lr * grad / (np.sqrt(sum_squares) + self.epsilon)
