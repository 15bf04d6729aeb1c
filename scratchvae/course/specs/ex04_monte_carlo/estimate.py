"""A mean from draws, and how far off it may be."""

import numpy as np

from scratchvae.course.exercise import Case, Task, Wrong
from scratchvae.course.specs.random_inputs import size


def monte_carlo_estimate(f):
    """The mean over the draws and its standard error."""
    return np.mean(f, axis=0), np.std(f, axis=0, ddof=1) / np.sqrt(len(f))


def _cases(rng):
    shapes = [(size(rng, 5, 12), size(rng, 2, 4)) for _ in range(3)]
    return [
        *(Case({"f": rng.normal(1, 2, shape)}) for shape in shapes),
        Case({"f": rng.normal(1, 2, size(rng, 5, 12))}, "one expectation: f of shape (K,)"),
        Case({"f": 1e6 + rng.normal(0, 1, (6, 2))}, "values that differ by little from one million"),
    ]


def _error_is(change):
    """The right mean with another standard error."""
    return lambda f: (np.mean(f, axis=0), change(f))


def _from_squares(f):
    variance = np.mean(f**2, axis=0) - np.mean(f, axis=0) ** 2
    return np.sqrt(np.maximum(variance, 0) / (len(f) - 1))


TASK = Task(
    reference=monte_carlo_estimate,
    cases=_cases,
    outputs=("mean", "error"),
    sizes=lambda inputs: {"K": len(inputs["f"])},
    wrong=(
        Wrong(
            "error is the standard deviation of the draws; that of their mean is smaller, by the root of K",
            _error_is(lambda f: np.std(f, axis=0, ddof=1)),
        ),
        Wrong(
            "error is the variance of the mean; its root is asked for",
            _error_is(lambda f: np.var(f, axis=0, ddof=1) / len(f)),
        ),
        Wrong("error is the variance of the draws", _error_is(lambda f: np.var(f, axis=0, ddof=1))),
        Wrong(
            "error divides by K where K - 1 is meant: the mean is estimated from the same draws (ddof=1)",
            _error_is(lambda f: np.std(f, axis=0) / np.sqrt(len(f))),
        ),
        Wrong(
            "error is the standard deviation divided by K; the root of K is meant",
            _error_is(lambda f: np.std(f, axis=0, ddof=1) / len(f)),
        ),
        Wrong(
            "error comes from the mean of the squares minus the square of the mean, which cancels "
            "when the mean is large",
            _error_is(_from_squares),
        ),
        Wrong("mean is the sum over the draws", lambda f: (np.sum(f, axis=0), monte_carlo_estimate(f)[1])),
        Wrong("mean is the median", lambda f: (np.median(f, axis=0), monte_carlo_estimate(f)[1])),
    ),
    hints=(
        "The variance of a mean of K independent draws is the variance of one draw divided by K.",
        "The variance of one draw is unknown, too: estimate it with K - 1 in the denominator.",
    ),
)
