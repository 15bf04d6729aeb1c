"""The backward pass of tanh."""

import numpy as np

from scratchvae.course.exercise import Backward, Case, Task, Wrong
from scratchvae.course.specs.random_inputs import leading, size


def tanh_backward(a, dh):
    """The gradient of a scalar by a, for h = tanh(a)."""
    return dh * (1 - np.tanh(a) ** 2)


def _cases(rng):
    shapes = [(*leading(rng, 1), size(rng)) for _ in range(3)]
    usual = [Case({"a": rng.normal(0, 1, shape), "dh": rng.normal(0, 1, shape)}) for shape in shapes]
    return [*usual, Case({"a": rng.uniform(300, 900, 4), "dh": rng.normal(0, 1, 4)}, "large inputs")]


TASK = Task(
    reference=tanh_backward,
    cases=_cases,
    points=1,
    backward=Backward(lambda a, dh: np.sum(np.tanh(a) * dh), ("a",)),
    wrong=(
        Wrong(
            "the derivative is taken of the input where it is written with the output: 1 - h^2, h = tanh(a)",
            lambda a, dh: dh * (1 - a**2),
        ),
        Wrong("the square is missing in the derivative of tanh", lambda a, dh: dh * (1 - np.tanh(a))),
        Wrong(
            "dh, what comes in, is missing: the chain rule multiplies by it",
            lambda a, dh: 1 - np.tanh(a) ** 2,
        ),
        Wrong("this is the derivative of the sigmoid", lambda a, dh: dh * _sigmoid(a) * (1 - _sigmoid(a))),
    ),
    hints=(
        "Each entry of h depends on the one entry of a at the same place: no sums.",
        "The derivative of tanh can be written with tanh itself.",
    ),
)


def _sigmoid(a):
    return 0.5 * (1 + np.tanh(a / 2))
