"""How many draws from the posterior the weighted draws are worth."""

import numpy as np

from scratchvae.course.exercise import Case, Property, Task, Wrong
from scratchvae.course.specs.random_inputs import size


def effective_sample_size(log_w):
    """(sum w)^2 / sum w^2 of log weights (K,)."""
    w = np.exp(log_w - log_w.max())
    return w.sum() ** 2 / np.sum(w**2)


def _cases(rng):
    cases = [Case({"log_w": rng.normal(-3, 1.5, size(rng, 6, 9))}) for _ in range(3)]
    return [
        *cases,
        Case({"log_w": np.full(7, rng.normal())}, "equal weights"),
        Case({"log_w": rng.normal(-2000, 1, 6)}, "log weights of some thousands below zero"),
    ]


TASK = Task(
    reference=effective_sample_size,
    cases=_cases,
    points=2,
    sizes=lambda inputs: {"K": len(inputs["log_w"])},
    wrong=(
        Wrong(
            "this is the sum of the squares of the normalised weights; the effective size is one over it",
            lambda log_w: 1 / effective_sample_size(log_w),
        ),
        Wrong(
            "the weights underflow: only their ratios matter, so subtract the largest logarithm first",
            lambda log_w: np.exp(log_w).sum() ** 2 / np.sum(np.exp(log_w) ** 2),
        ),
        Wrong(
            "the sum of the weights is not squared: the result must not change when all weights are doubled",
            lambda log_w: np.exp(log_w - log_w.max()).sum() / np.sum(np.exp(log_w - log_w.max()) ** 2),
        ),
        Wrong(
            "this is relative to K, the share of the draws; their number is asked for",
            lambda log_w: effective_sample_size(log_w) / len(log_w),
        ),
    ),
    properties=(
        Property(
            "it is to lie between 1 and the number of draws",
            lambda inputs, ess: 1 - 1e-9 <= ess <= len(inputs["log_w"]) + 1e-9,
        ),
    ),
    hints=(
        "With equal weights it is K; with one weight that outweighs all others it is 1.",
        "Kish's formula: the square of the sum over the sum of the squares.",
    ),
)
