"""The density of what comes out of a map."""

import numpy as np

from scratchvae.course.exercise import Case, Task, Wrong
from scratchvae.course.specs.random_inputs import size

HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)


def log_q(eps, log_det):
    """log q(z) of z = g(eps), eps ~ N(0, I)."""
    return np.sum(-0.5 * eps**2 - HALF_LOG_2PI, axis=-1) - log_det


def _log_q_cases(rng):
    shapes = [(size(rng, 2, 4), size(rng, 5, 7), size(rng, 8, 9)) for _ in range(3)]
    return [Case({"eps": rng.normal(0, 1, shape), "log_det": rng.normal(0, 2, shape[1])}) for shape in shapes]


TASK = Task(
    reference=log_q,
    cases=_log_q_cases,
    points=1,
    sizes=lambda inputs: {"L": inputs["eps"].shape[-1]},
    wrong=(
        Wrong(
            "log_det is added; where the map stretches, the same probability is spread thinner",
            lambda eps, log_det: log_q(eps, -log_det),
        ),
        Wrong(
            "this is the density of the noise: the change of variables is missing",
            lambda eps, log_det: log_q(eps, 0 * log_det),
        ),
        Wrong(
            "the constant log(2 pi) / 2, once for every latent dimension, is missing",
            lambda eps, log_det: log_q(eps, log_det) + eps.shape[-1] * HALF_LOG_2PI,
        ),
        Wrong(
            "log(2 pi) / 2 is there once; it counts for every latent dimension",
            lambda eps, log_det: log_q(eps, log_det) + (eps.shape[-1] - 1) * HALF_LOG_2PI,
        ),
        Wrong(
            "the 1/2 before the square is missing",
            lambda eps, log_det: log_q(eps, log_det) - 0.5 * np.sum(eps**2, axis=-1),
        ),
    ),
    hints=(
        "Probability is carried along: q(z) |det dz/deps| = p(eps). Take logarithms.",
        "p(eps) is the standard normal density in L dimensions: a sum over the last axis, with one "
        "constant for each.",
    ),
)
