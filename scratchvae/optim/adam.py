"""Adam, and AdamW with decoupled weight decay. Their formula is the kernel ``adam_update``."""

from dataclasses import dataclass

from scratchvae import kernels
from scratchvae.optim import checks
from scratchvae.optim.base import Optimizer
from scratchvae.optim.schedules import Schedule
from scratchvae.validation import in_range


@dataclass(eq=False)
class Adam(Optimizer):
    """The averaged gradient over its root mean square (Kingma & Ba 2015, Algorithm 1).

        m     <- beta1 m + (1 - beta1) grad
        v     <- beta2 v + (1 - beta2) grad^2
        m_hat  = m / (1 - beta1^t),  v_hat = v / (1 - beta2^t)
        value <- value - lr m_hat / (sqrt(v_hat) + epsilon)

    Both averages start at zero; the divisions by 1 - beta^t make up for that.

    Parameters
    ----------
    lr : float or Schedule
    beta1, beta2 : float
        In [0, 1), what the two averages keep of their past.
    epsilon : float
    """

    name = "adam"
    slots = ("m", "v")
    lr: float | Schedule = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self):
        super().__post_init__()
        self.beta1 = checks.decay(self.beta1, "beta1")
        self.beta2 = checks.decay(self.beta2, "beta2")
        self.epsilon = checks.positive(self.epsilon, "epsilon")

    def update(self, value, grad, lr, weight_decay=0.0):
        """One step by the kernel, in place."""
        m, v = self.arrays["m"], self.arrays["v"]
        kernels.active().adam_update(
            value, grad, m, v, self.t, lr, self.beta1, self.beta2, self.epsilon, weight_decay
        )


@dataclass(eq=False)
class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019, Algorithm 2).

        value <- value - lr (m_hat / (sqrt(v_hat) + epsilon) + weight_decay value)

    The decay is not part of the gradient, so that m and v know nothing of it. It is multiplied by the
    learning rate: in the paper's notation lambda = alpha weight_decay, with alpha the rate before its
    schedule.

    Parameters
    ----------
    lr, beta1, beta2, epsilon
        As for `Adam`.
    weight_decay : float
        At least 0; at 0 this is Adam.
    """

    name = "adamw"
    weight_decay: float = 0.01

    def __post_init__(self):
        super().__post_init__()
        self.weight_decay = in_range(self.weight_decay, "weight_decay", 0, float("inf"), high_open=True)

    def update(self, value, grad, lr):
        super().update(value, grad, lr, self.weight_decay)
