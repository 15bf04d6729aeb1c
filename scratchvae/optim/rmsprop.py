"""RMSprop: a step size for each parameter, from a running average of its squared gradients."""

from dataclasses import dataclass

import numpy as np

from scratchvae.optim import checks
from scratchvae.optim.base import Optimizer
from scratchvae.optim.schedules import Schedule
from scratchvae.validation import in_range


@dataclass(eq=False)
class RMSprop(Optimizer):
    """Steps are divided by the root mean square of recent gradients (Hinton's Coursera lecture 6e, 2012).

        mean_square <- rho mean_square + (1 - rho) grad^2
        value       <- value - lr grad / sqrt(mean_square + epsilon)

    Centred (Graves 2013, eqs. 38-41) it divides by their standard deviation instead:

        mean     <- rho mean + (1 - rho) grad
        velocity <- momentum velocity - lr grad / sqrt(mean_square - mean^2 + epsilon)
        value    <- value + velocity

    In both forms epsilon is inside the square root, as Graves has it (the lecture has none), so that
    grad is divided by sqrt(epsilon) at the least, 1e-4 by default. A library that adds its epsilon
    outside the root has the same floor with the square root of ours.

    Parameters
    ----------
    lr : float or Schedule
    rho : float
        In (0, 1), what the averages keep of their past.
    epsilon : float
    centred : bool
    momentum : float
        In [0, 1); works with either form.

    Notes
    -----
    mean_square >= mean^2 on paper, but rounding can turn a difference near zero negative: it is cut off
    there. Where a gradient hardly varies, centred steps are long, and epsilon alone bounds them.
    """

    name = "rmsprop"
    lr: float | Schedule = 1e-3
    rho: float = 0.9
    epsilon: float = 1e-8
    centred: bool = False
    momentum: float = 0.0

    def __post_init__(self):
        super().__post_init__()
        self.rho = in_range(self.rho, "rho", 0, 1, low_open=True, high_open=True)
        self.epsilon = checks.positive(self.epsilon, "epsilon")
        self.centred = checks.flag(self.centred, "centred")
        self.momentum = checks.decay(self.momentum, "momentum")

    @property
    def slots(self):
        """Only what the chosen form needs."""
        wanted = {"mean_square": True, "mean": self.centred, "velocity": self.momentum > 0}
        return tuple(slot for slot, needed in wanted.items() if needed)

    def update(self, value, grad, lr):
        """One step, in place."""
        spread = self._average("mean_square", grad * grad)
        if self.centred:
            mean = self._average("mean", grad)
            spread = np.maximum(spread - mean * mean, 0)
        step = lr * grad / np.sqrt(spread + self.epsilon)
        if self.momentum:
            velocity = self.arrays["velocity"]
            velocity *= self.momentum
            velocity -= step
            value += velocity
        else:
            value -= step

    def _average(self, slot, new):
        average = self.arrays[slot]
        average *= self.rho
        average += (1 - self.rho) * new
        return average
