"""One step of Adam."""

import numpy as np

from scratchvae.course.exercise import Case, Task, Wrong
from scratchvae.course.specs.random_inputs import size

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def adam_step(value, grad, m, v, t, lr):
    """The new value, m and v after step number t (from 1), with beta1 0.9, beta2 0.999, epsilon 1e-8."""
    return _step(value, grad, m, v, t, lr)


def _step(value, grad, m, v, t, lr, correct_m=True, correct_v=True, root=np.sqrt, sign=-1, inside=False):
    m = BETA1 * m + (1 - BETA1) * grad
    v = BETA2 * v + (1 - BETA2) * grad**2
    m_hat = m / (1 - BETA1**t) if correct_m else m
    v_hat = v / (1 - BETA2**t) if correct_v else v
    scale = root(v_hat + EPSILON) if inside else root(v_hat) + EPSILON
    return value + sign * lr * m_hat / scale, m, v


def _cases(rng):
    cases = []
    for t in (1, 2, int(rng.integers(5, 50))):
        n = size(rng, 4, 6)
        old = rng.normal(0, 0.1, n) * (t > 1), rng.random(n) * 0.1 * (t > 1)
        inputs = {"value": rng.normal(0, 1, n), "grad": rng.normal(0, 1, n), "m": old[0], "v": old[1]}
        cases.append(Case({**inputs, "t": t, "lr": 0.01}, f"step {t}" if t < 3 else ""))
    n = size(rng, 4, 6)
    small = {"value": np.zeros(n), "grad": 1e-8 * rng.choice([-1, 1], n) * rng.uniform(1, 3, n)}
    cases.append(Case({**small, "m": np.zeros(n), "v": np.zeros(n), "t": 1, "lr": 0.01}, "gradients of 1e-8"))
    return cases


def _with(**options):
    return lambda value, grad, m, v, t, lr: _step(value, grad, m, v, t, lr, **options)


def _without_epsilon(value, grad, m, v, t, lr):
    _, m, v = adam_step(value, grad, m, v, t, lr)
    return value - lr * m / (1 - BETA1**t) / np.sqrt(v / (1 - BETA2**t)), m, v


TASK = Task(
    reference=adam_step,
    cases=_cases,
    outputs=("value", "m", "v"),
    points=3,
    wrong=(
        Wrong(
            "the bias corrections are missing: m and v begin at zero and are too small at first",
            _with(correct_m=False, correct_v=False),
        ),
        Wrong("v's bias correction is missing", _with(correct_v=False)),
        Wrong("m's bias correction is missing", _with(correct_m=False)),
        Wrong("epsilon is added under the root; it is added to the root", _with(inside=True)),
        Wrong(
            "epsilon is missing: a gradient that is zero from the first step on gives 0 / 0",
            _without_epsilon,
        ),
        Wrong("the square root of v is missing", _with(root=lambda v: v)),
        Wrong("the step goes up the gradient; a loss is to fall", _with(sign=1)),
        Wrong(
            "the corrections count steps from 0; the first step is t = 1",
            lambda value, grad, m, v, t, lr: _step(value, grad, m, v, t + 1, lr),
        ),
    ),
    hints=(
        "Two running means: m of the gradient, v of its square, entry by entry.",
        "m_hat = m / (1 - beta1^t) and v_hat = v / (1 - beta2^t); what is returned are m and v, not these.",
    ),
)
