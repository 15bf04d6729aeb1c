"""The entropy of a normal."""

import numpy as np

from scratchvae.course.exercise import Case, Task, Wrong
from scratchvae.course.specs.random_inputs import leading, size

LOG_2PI = np.log(2 * np.pi)


def entropy(log_sigma):
    """-E log q of a diagonal normal, over the last axis."""
    return np.sum(log_sigma, axis=-1) + 0.5 * log_sigma.shape[-1] * (1 + LOG_2PI)


def _cases(rng):
    shapes = [(*leading(rng, 1), size(rng)) for _ in range(3)]
    usual = [Case({"log_sigma": rng.normal(0, 1, shape)}) for shape in shapes]
    return [*usual, Case({"log_sigma": rng.normal(0, 1, 4)}, "no leading axes")]


TASK = Task(
    reference=entropy,
    cases=_cases,
    sizes=lambda inputs: {"L": inputs["log_sigma"].shape[-1]},
    wrong=(
        Wrong(
            "the constant counts once; it counts for each of the L dimensions",
            lambda log_sigma: np.sum(log_sigma, axis=-1) + 0.5 * (1 + LOG_2PI),
        ),
        Wrong(
            "1/2 for each dimension is missing: E ((z - mu) / sigma)^2 = 1, and it counts half",
            lambda log_sigma: entropy(log_sigma) - 0.5 * log_sigma.shape[-1],
        ),
        Wrong(
            "log(2 pi) / 2 for each dimension is missing",
            lambda log_sigma: entropy(log_sigma) - 0.5 * log_sigma.shape[-1] * LOG_2PI,
        ),
        Wrong("the sign is wrong: a wider density has more entropy", lambda log_sigma: -entropy(log_sigma)),
        Wrong(
            "the constant alone is missing: this is the sum of log sigma",
            lambda log_sigma: np.sum(log_sigma, axis=-1),
        ),
        Wrong(
            "log_sigma is taken for the logarithm of the variance, and halved",
            lambda log_sigma: entropy(0.5 * log_sigma),
        ),
    ),
    hints=(
        "-log q(z) = log sigma + log(2 pi) / 2 + ((z - mu) / sigma)^2 / 2. What is the expectation "
        "of the last term?",
    ),
)
