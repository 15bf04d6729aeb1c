"""The backward pass of the rectifier."""

import numpy as np

from scratchvae.course.exercise import Case, Task, Wrong
from scratchvae.course.specs.random_inputs import leading, size


def relu_backward(a, dh):
    """The gradient of a scalar by a, for h = max(a, 0); 0 where a is 0."""
    return dh * (a > 0)


def _cases(rng):
    shapes = [(*leading(rng, 1), size(rng, 5, 8)) for _ in range(3)]
    usual = [Case({"a": rng.normal(0, 1, shape), "dh": rng.normal(0, 1, shape)}) for shape in shapes]
    a = np.array([0.0, -1.0, 2.0, 0.0])
    return [*usual, Case({"a": a, "dh": rng.normal(0, 1, 4)}, "inputs of exactly zero")]


TASK = Task(
    reference=relu_backward,
    cases=_cases,
    points=1,
    wrong=(
        Wrong(
            "the gate is shut by the sign of dh; it is the input a that opens it",
            lambda a, dh: np.maximum(dh, 0),
        ),
        Wrong("at a = 0 the gradient is to be zero, as the docstring says", lambda a, dh: dh * (a >= 0)),
        Wrong("the gate is the wrong way round: what is above zero goes through", lambda a, dh: dh * (a < 0)),
        Wrong(
            "dh is multiplied by the output; the derivative of max(a, 0) is 1 or 0",
            lambda a, dh: dh * np.maximum(a, 0),
        ),
    ),
    hints=(
        "Above zero h = a; below, h does not depend on a at all.",
        "A comparison gives an array of 0 and 1.",
    ),
)
