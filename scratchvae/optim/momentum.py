"""Gradient descent with momentum, of Polyak and of Nesterov."""

from dataclasses import dataclass

from scratchvae.optim import checks
from scratchvae.optim.base import Optimizer
from scratchvae.optim.schedules import Schedule


@dataclass(eq=False)
class Momentum(Optimizer):
    """A heavy ball that rolls down the loss (Polyak 1964; Sutskever et al. 2013, eqs. 1-4).

        velocity <- momentum velocity - lr grad
        value    <- value + velocity                     heavy ball
        value    <- value + momentum velocity - lr grad  Nesterov

    Nesterov's gradient is taken ahead, at value + momentum velocity. Here `value` is that point ahead:
    written in it, the paper's two steps become the second formula (Bengio et al. 2013).

    Parameters
    ----------
    lr : float or Schedule
    momentum : float
        In [0, 1).
    nesterov : bool
    """

    name = "momentum"
    slots = ("velocity",)
    lr: float | Schedule
    momentum: float = 0.9
    nesterov: bool = False

    def __post_init__(self):
        super().__post_init__()
        self.momentum = checks.decay(self.momentum, "momentum")
        self.nesterov = checks.flag(self.nesterov, "nesterov")

    def update(self, value, grad, lr):
        """One step, in place."""
        velocity = self.arrays["velocity"]
        downhill = lr * grad
        velocity *= self.momentum
        velocity -= downhill
        value += self.momentum * velocity - downhill if self.nesterov else velocity
