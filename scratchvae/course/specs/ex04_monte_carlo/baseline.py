"""A baseline for the score function, from the other draws."""

import numpy as np

from scratchvae.course.exercise import Case, Property, Task, Wrong
from scratchvae.course.specs.random_inputs import size


def leave_one_out(f):
    """f_k minus the mean of all others."""
    return (f - np.mean(f)) * f.size / (f.size - 1)


def _cases(rng):
    usual = [Case({"f": rng.normal(3, 2, size(rng, 4, 9))}) for _ in range(3)]
    return [*usual, Case({"f": rng.normal(3, 2, 2)}, "two draws")]


def _mean_of_others_only(f):
    return (np.sum(f) - f) / (f.size - 1)


TASK = Task(
    reference=leave_one_out,
    cases=_cases,
    points=2,
    sizes=lambda inputs: {"K": inputs["f"].size},
    properties=(
        Property(
            "adding a constant to all of f must not change the result, and does: the baselines are "
            "no means of f",
            lambda inputs, answer: np.isclose(np.sum(answer), 0, atol=1e-8),
        ),
    ),
    wrong=(
        Wrong(
            "the mean is over all draws, the k-th among them: then the baseline depends on the draw "
            "it is meant for, and "
            "the gradient is biased",
            lambda f: f - np.mean(f),
        ),
        Wrong(
            "the sum of the others is divided by K; they are K - 1",
            lambda f: f - (np.sum(f) - f) / f.size,
        ),
        Wrong("these are the baselines; f minus the baseline is asked for", _mean_of_others_only),
        Wrong("the sign is wrong: f minus the baseline is asked for", lambda f: -leave_one_out(f)),
        Wrong("the sum of the others is subtracted; their mean is meant", lambda f: f - (np.sum(f) - f)),
        Wrong(
            "the baseline of a draw is its neighbour alone; the mean of all others varies less",
            lambda f: f - np.roll(f, 1) if f.size > 2 else leave_one_out(f),
        ),
    ),
    hints=(
        "The sum of all others is the sum of all minus f_k. How many are they?",
        "No loop is needed: np.sum(f) - f is an array.",
    ),
)
