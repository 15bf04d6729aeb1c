"""The logarithm of a sum of exponentials."""

import numpy as np

from scratchvae.course.exercise import Case, Task, Wrong
from scratchvae.course.specs.random_inputs import leading, size


def log_sum_exp(a):
    """log sum_i e^(a_i) over the last axis."""
    largest = np.max(a, axis=-1, keepdims=True)
    return np.log(np.sum(np.exp(a - largest), axis=-1)) + largest[..., 0]


def _log_sum_exp_cases(rng):
    usual = [Case({"a": rng.normal(0, 2, (*leading(rng), size(rng)))}) for _ in range(3)]
    return [
        *usual,
        Case({"a": rng.normal(0, 1, 4)}, "one row, no leading axes"),
        Case({"a": 2000 + rng.normal(0, 1, (2, 3))}, "large values, 2000"),
        Case({"a": -2000 + rng.normal(0, 1, (2, 3))}, "small values, -2000"),
        Case({"a": np.array([[-np.inf, 0.0, 1.0]])}, "one entry minus infinity, the logarithm of zero"),
        Case({"a": np.array([[-1000.0, 0.0], [1000.0, 999.0]])}, "rows of very different size"),
    ]


TASK = Task(
    reference=log_sum_exp,
    cases=_log_sum_exp_cases,
    points=2,
    sizes=lambda inputs: {"n": inputs["a"].shape[-1]},
    wrong=(
        Wrong(
            "e^a overflows for large a and vanishes for small: take the largest a out of the sum first",
            lambda a: np.log(np.sum(np.exp(a), axis=-1)),
        ),
        Wrong(
            "the sum runs over all entries; it is asked for over the last axis",
            lambda a: np.log(np.sum(np.exp(a - np.max(a, axis=-1, keepdims=True)))) + np.max(a, axis=-1),
        ),
        Wrong(
            "the largest is taken out of the sum and not put back",
            lambda a: log_sum_exp(a) - np.max(a, axis=-1),
        ),
        Wrong(
            "the largest of all rows is taken out: a row of much smaller values vanishes; take each "
            "row's own",
            lambda a: np.log(np.sum(np.exp(a - np.max(a)), axis=-1)) + np.max(a),
        ),
        Wrong(
            "this is log mean exp: the sum is divided by the number of terms",
            lambda a: log_sum_exp(a) - np.log(a.shape[-1]),
        ),
        Wrong("this is the largest alone, the sum's other terms are lost", lambda a: np.max(a, axis=-1)),
        Wrong(
            "this is the sum of the a themselves: exponentiate before summing", lambda a: np.sum(a, axis=-1)
        ),
        Wrong(
            "the smallest is taken out, so the others still overflow: take the largest",
            lambda a: (
                np.log(np.sum(np.exp(a - np.min(a, axis=-1, keepdims=True)), axis=-1)) + np.min(a, axis=-1)
            ),
        ),
    ),
    hints=(
        "log sum e^a = c + log sum e^(a - c), for any number c. Which c keeps every e^(a - c) from "
        "overflowing?",
        "np.max(a, axis=-1, keepdims=True) broadcasts against a. Mind the axis that keepdims leaves.",
    ),
)
