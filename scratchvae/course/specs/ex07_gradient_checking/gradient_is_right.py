"""A gradient checker of one's own."""

import numpy as np

from scratchvae.course.exercise import Case, Source, Task, Wrong

H = 1e-5


def gradient_is_right(function, gradient, theta):
    """Whether `gradient`, an array, is that of `function` at theta."""
    return bool(_error(function, gradient, theta) <= 1e-6 * max(np.abs(gradient).max(), 1e-300))


def _error(function, gradient, theta):
    return np.abs(_numerical(function, theta) - gradient).max()


def _numerical(function, theta):
    numeric = np.zeros_like(theta)
    for i in range(theta.size):
        step = np.zeros_like(theta)
        step[i] = H
        numeric[i] = (function(theta + step) - function(theta - step)) / (2 * H)
    return numeric


#: A function, its gradient, and how large it is.
PAIRS = (
    ("lambda t: float(np.sum(np.sin(t)))", np.cos, ""),
    ("lambda t: 1e-6 * float(np.sum(np.exp(t)))", lambda t: 1e-6 * np.exp(t), " of millionths"),
    ("lambda t: 1e6 * float(np.sum(t ** 2))", lambda t: 2e6 * t, " of millions"),
)


def _cases(rng):
    cases = []
    for code, derivative, how_large in PAIRS:
        theta = rng.uniform(0.3, 1.2, 4) * rng.choice([-1, 1], 4)
        right = derivative(theta)
        one_off = right.copy()
        one_off[rng.integers(4)] *= 1.01
        for gradient, label in (
            (right, f"a right gradient{how_large}"),
            (-right, f"a gradient{how_large} of the wrong sign"),
            (one_off, f"a gradient{how_large} with one entry off by a percent"),
            (np.roll(right, 1), f"a gradient{how_large} whose entries have moved"),
        ):
            inputs = {"function": Source(code), "gradient": gradient, "theta": theta}
            cases.append(Case(inputs, label))
    return cases


TASK = Task(
    reference=gradient_is_right,
    cases=_cases,
    points=3,
    wrong=(
        Wrong("everything is called right", lambda function, gradient, theta: True),
        Wrong("everything is called wrong", lambda function, gradient, theta: False),
        Wrong(
            "the error is compared with a fixed number: a gradient of a millionth passes whatever it is; "
            "compare with its size",
            lambda function, gradient, theta: bool(_error(function, gradient, theta) < 1e-4),
        ),
        Wrong(
            "only the norms are compared: a wrong sign or order has the same norm",
            lambda function, gradient, theta: bool(
                abs(np.linalg.norm(_numerical(function, theta)) / np.linalg.norm(gradient) - 1) < 1e-5
            ),
        ),
        Wrong(
            "a percent in one entry passes: central differences in double precision show six digits and more",
            lambda function, gradient, theta: bool(
                _error(function, gradient, theta) <= 0.05 * np.abs(gradient).max()
            ),
        ),
    ),
    hints=(
        "Compute the central differences as in the function before, with h of some 1e-5.",
        "How large may the difference be? That depends on how large the gradient is.",
        "A hundred-thousandth of the largest entry is a fair limit: far above the differences' error, far "
        "below a mistake.",
    ),
)
