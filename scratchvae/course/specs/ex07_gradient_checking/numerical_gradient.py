"""The gradient of a function by finite differences."""

import numpy as np

from scratchvae.course.exercise import Case, Source, Task, Wrong
from scratchvae.course.specs.random_inputs import size

FUNCTIONS = (
    "lambda t: float(np.sum(np.sin(t)))",
    "lambda t: float(np.sum(t ** 3) - np.prod(np.cos(t)))",
    "lambda t: float(np.log(np.sum(np.exp(t))))",
)


def numerical_gradient(function, theta, h):
    """The central differences of a function at theta, in theta's shape."""
    gradient = np.zeros_like(theta)
    for place in np.ndindex(theta.shape):
        step = np.zeros_like(theta)
        step[place] = h
        gradient[place] = (function(theta + step) - function(theta - step)) / (2 * h)
    return gradient


def _forward_difference(function, theta, h):
    gradient = np.zeros_like(theta)
    for place in np.ndindex(theta.shape):
        step = np.zeros_like(theta)
        step[place] = h
        gradient[place] = (function(theta + step) - function(theta)) / h
    return gradient


def _all_at_once(function, theta, h):
    return np.full(theta.shape, (function(theta + h) - function(theta - h)) / (2 * h))


def _cases(rng):
    shapes = [(size(rng),), (size(rng, 2, 3), size(rng, 2, 3)), (size(rng),)]
    return [
        Case({"function": Source(code), "theta": rng.normal(0, 1, shape), "h": 1e-3})
        for code, shape in zip(FUNCTIONS, shapes, strict=True)
    ]


TASK = Task(
    reference=numerical_gradient,
    cases=_cases,
    points=2,
    wrong=(
        Wrong(
            "this is the difference on one side: its error is of the order of h, that of the central "
            "difference of h^2",
            _forward_difference,
        ),
        Wrong(
            "the two points are 2 h apart; the difference is divided by h",
            lambda function, theta, h: 2 * numerical_gradient(function, theta, h),
        ),
        Wrong(
            "all coordinates are moved together, which gives the sum of the partial derivatives",
            _all_at_once,
        ),
    ),
    hints=(
        "Move one coordinate at a time, and leave the others where they are.",
        "Up by h and down by h: the two points are 2 h apart.",
        "np.ndindex(theta.shape) goes through all places of an array of any shape.",
    ),
    rtol=1e-9,
)
