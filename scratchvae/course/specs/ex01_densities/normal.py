"""The logarithm of the normal density."""

import numpy as np

from scratchvae.course.exercise import Case, Task, Wrong
from scratchvae.course.specs.random_inputs import leading, size

LOG_2PI = np.log(2 * np.pi)


def log_normal(x, mu, sigma):
    """log N(x; mu, sigma^2), elementwise."""
    u = (x - mu) / sigma
    return -0.5 * u**2 - np.log(sigma) - 0.5 * LOG_2PI


def _normal_cases(rng):
    cases = []
    for _ in range(3):
        shape = (*leading(rng), size(rng))
        x, mu = rng.normal(0, 2, (2, *shape))
        cases.append(Case({"x": x, "mu": mu, "sigma": rng.uniform(0.3, 3, shape)}))
    numbers = dict(zip(("x", "mu", "sigma"), rng.uniform(0.3, 3, 3).tolist(), strict=True))
    cases.append(Case(numbers, "three numbers, no arrays"))
    x, mu, sigma = rng.normal(0, 1, (4, 1)), rng.normal(0, 1, 3), rng.uniform(0.3, 3)
    cases.append(Case({"x": x, "mu": mu, "sigma": sigma}, "shapes that broadcast: (4, 1), (3,) and a number"))
    far = Case({"x": np.array([60.0, -80.0]), "mu": 0.0, "sigma": 0.5}, "x a hundred sigma from mu")
    return [*cases, far]


TASK = Task(
    reference=log_normal,
    cases=_normal_cases,
    wrong=(
        Wrong(
            "this is the density; its logarithm is asked for",
            lambda x, mu, sigma: np.exp(log_normal(x, mu, sigma)),
        ),
        Wrong(
            "sigma is taken for the variance; it is the standard deviation",
            lambda x, mu, sigma: log_normal(x, mu, np.sqrt(sigma)),
        ),
        Wrong(
            "log sigma is missing: the density must still integrate to one when sigma is not one",
            lambda x, mu, sigma: log_normal(x, mu, sigma) + np.log(sigma),
        ),
        Wrong(
            "the constant log(2 pi) / 2 is missing: the density integrates to 2.5, not to one",
            lambda x, mu, sigma: log_normal(x, mu, sigma) + 0.5 * LOG_2PI,
        ),
        Wrong(
            "log sigma is a decadic logarithm; nats, np.log, are meant",
            lambda x, mu, sigma: log_normal(x, mu, sigma) + np.log(sigma) - np.log10(sigma),
        ),
        Wrong(
            "log(2 pi) is taken whole; under the root of 2 pi it counts half",
            lambda x, mu, sigma: log_normal(x, mu, sigma) - 0.5 * LOG_2PI,
        ),
        Wrong(
            "(x - mu)^2 is divided by sigma, not by its square",
            lambda x, mu, sigma: -0.5 * (x - mu) ** 2 / sigma - np.log(sigma) - 0.5 * LOG_2PI,
        ),
        Wrong(
            "the 1/2 before the square is missing",
            lambda x, mu, sigma: log_normal(x, mu, sigma) - 0.5 * ((x - mu) / sigma) ** 2,
        ),
        Wrong(
            "the sign of the square is wrong: far from mu the density must fall",
            lambda x, mu, sigma: log_normal(x, mu, sigma) + ((x - mu) / sigma) ** 2,
        ),
        Wrong(
            "far from mu the density itself is zero in floating point: take the logarithm on paper, "
            "not of the result",
            lambda x, mu, sigma: np.log(
                np.exp(-0.5 * ((x - mu) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))
            ),
        ),
    ),
    hints=(
        "Write the density as a product and take the logarithm of each factor on paper.",
        "There are three terms: a square, log sigma, and a constant that makes the density integrate to one.",
    ),
)
