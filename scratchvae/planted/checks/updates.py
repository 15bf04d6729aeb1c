"""Optimizers against the closed form of their steps under a gradient that stays the same.

A finite-difference check cannot see an optimizer: there is no derivative to compare. With a constant gradient
g every average is known, so the place after n steps is a sum, written down here without the recursion.
"""

import numpy as np

from scratchvae import optim
from scratchvae.gradcheck.beyond.comparison import compared
from scratchvae.gradcheck.report import Diagnosis, Report

LR, N_STEPS = 0.01, 7
GRADIENT = np.array([3.0, -0.02, 0.5])
START = np.array([1.0, -2.0, 0.3])
T = np.arange(1, N_STEPS + 1)[:, None]  # the steps' numbers, (n, 1)
SIGN = np.sign(GRADIENT)


def _momentum(mu):
    """The velocity of step t is -lr g (1 - mu^t) / (1 - mu)."""
    return START - LR * GRADIENT * ((1 - mu**T) / (1 - mu)).cumsum(axis=0)


def _nesterov(mu):
    """Each step looks one velocity ahead: -lr g (1 + mu (1 - mu^t) / (1 - mu))."""
    return START - LR * GRADIENT * (1 + mu * (1 - mu**T) / (1 - mu)).cumsum(axis=0)


def _decayed(rate):
    """x <- x - lr (sign + rate x): a geometric sequence about -sign / rate."""
    rest = -SIGN / rate
    return rest + (START - rest) * (1 - LR * rate) ** T


#: name: (the optimizer, where it is after each step, what that is in words).
CASES = {
    "sgd": (lambda: optim.SGD(LR), START - LR * GRADIENT * T, "each step is lr g"),
    "momentum": (lambda: optim.Momentum(LR, momentum=0.8), _momentum(0.8), "steps grow to lr g / (1 - mu)"),
    "nesterov": (
        lambda: optim.Momentum(LR, momentum=0.8, nesterov=True),
        _nesterov(0.8),
        "steps grow to lr g / (1 - mu)",
    ),
    "adagrad": (
        lambda: optim.Adagrad(LR, epsilon=1e-12),
        START - LR * SIGN * (1 / np.sqrt(T)).cumsum(axis=0),
        "step t is lr sign(g) / sqrt(t), whatever the size of g",
    ),
    "rmsprop": (
        lambda: optim.RMSprop(LR, rho=0.8, epsilon=1e-24),
        START - LR * SIGN * (1 / np.sqrt(1 - 0.8**T)).cumsum(axis=0),
        "step t is lr sign(g) / sqrt(1 - rho^t), whatever the size of g",
    ),
    "adam": (
        lambda: optim.Adam(LR, epsilon=1e-12),
        START - LR * SIGN * T,
        "each step is lr sign(g), whatever the size of g",
    ),
    "adamw": (
        lambda: optim.AdamW(LR, epsilon=1e-12, weight_decay=0.5),
        _decayed(0.5),
        "each step is lr (sign(g) + weight_decay x)",
    ),
}


def update(subject, seed):
    """The report on an optimizer's first steps."""
    make, expected, words = CASES[subject]
    optimizer, value = make(), START.copy()
    places = []
    for _ in range(N_STEPS):
        optimizer.step(value, GRADIENT.copy())
        places.append(value.copy())
    got = np.array(places)
    block = compared(subject, got, expected, 0.0, 1e-6, lambda: _cause(got, expected, words))
    return Report((block,), 1e-6)


def _cause(got, expected, words):
    """What the steps say."""
    steps, right = np.diff(got, axis=0, prepend=START[None]), np.diff(expected, axis=0, prepend=START[None])
    ratio = steps / right
    if np.ptp(ratio) < 1e-6 * max(1.0, float(np.abs(ratio).max())):
        factor = float(ratio.mean())
        code = "sign" if abs(factor + 1) < 1e-6 else "scale"
        return Diagnosis(code, f"{words}; here each is that times {factor:.4g}", factor)
    if np.ptp(ratio, axis=1).max() < 1e-4 * np.abs(ratio).max():
        return Diagnosis(
            "scale",
            f"{words}; here step 1 is that times {ratio[0].mean():.4g}, step {N_STEPS} times "
            f"{ratio[-1].mean():.4g}",
        )
    return Diagnosis(
        "unexplained", f"{words}; here the first is {_list(ratio[0])} times that, entry by entry"
    )


def _list(numbers):
    return ", ".join(f"{number:.3g}" for number in numbers)
