"""The importance-weighted bound of each datum."""

import numpy as np

from scratchvae.course.exercise import Case, Task, Wrong
from scratchvae.course.specs.random_inputs import size


def importance_weighted_bound(log_w):
    """log (1/K) sum_k w_kb for log weights (K, B), (B,)."""
    return _log_sum(log_w) - np.log(len(log_w))


def _log_sum(log_w):
    largest = log_w.max(axis=0)
    return largest + np.log(np.exp(log_w - largest).sum(axis=0))


def _cases(rng):
    cases = [Case({"log_w": rng.normal(-3, 2, (size(rng, 5, 7), size(rng, 3, 4)))}) for _ in range(3)]
    small = Case({"log_w": rng.normal(-2000, 3, (5, 3))}, "log weights of some thousands below zero")
    return [*cases, small, Case({"log_w": rng.normal(-3, 2, (1, 4))}, "K = 1")]


TASK = Task(
    reference=importance_weighted_bound,
    cases=_cases,
    points=2,
    sizes=lambda inputs: {"K": len(inputs["log_w"]), "B": inputs["log_w"].shape[1]},
    wrong=(
        Wrong(
            "this is the mean of the log weights, the ELBO; the mean is to be taken of the weights",
            lambda log_w: log_w.mean(axis=0),
        ),
        Wrong("log K is not subtracted: this is the logarithm of the sum, not of the mean", _log_sum),
        Wrong(
            "the weights underflow: subtract the largest log weight of each datum before the exponential",
            lambda log_w: np.log(np.exp(log_w).mean(axis=0)),
        ),
    ),
    hints=(
        "The logarithm of a mean of exponentials: the largest comes out in front, and nothing underflows.",
        "With K = 1 it is the log weight itself.",
    ),
)
