"""The logarithm of the density of a mixture."""

import numpy as np

from scratchvae.course.exercise import Case, Task, Wrong
from scratchvae.course.specs.ex01_densities.log_sum_exp import log_sum_exp
from scratchvae.course.specs.ex01_densities.normal import log_normal
from scratchvae.course.specs.random_inputs import size


def log_mixture(x, log_weights, mu, sigma):
    """log sum_k w_k N(x; mu_k, sigma_k^2) for numbers x of any shape."""
    return log_sum_exp(log_weights + log_normal(x[..., None], mu, sigma))


def _mixture_case(rng, shape, far=0.0, label=""):
    k = size(rng, 2, 4)
    x, mu, sigma = rng.normal(far, 2, shape), rng.normal(0, 2, k), rng.uniform(0.3, 2, k)
    return Case({"x": x, "log_weights": np.log(rng.dirichlet(np.ones(k))), "mu": mu, "sigma": sigma}, label)


def _mixture_cases(rng):
    return [
        _mixture_case(rng, (size(rng),)),
        _mixture_case(rng, (2, size(rng))),
        _mixture_case(rng, (size(rng),)),
        _mixture_case(rng, (3,), 500.0, "x far from every component"),
    ]


TASK = Task(
    reference=log_mixture,
    cases=_mixture_cases,
    points=2,
    sizes=lambda inputs: {"K": inputs["mu"].size},
    wrong=(
        Wrong(
            "this is the mean of the logarithms; a mixture is the mean of the densities, and the "
            "logarithm comes last",
            lambda x, log_weights, mu, sigma: np.sum(
                np.exp(log_weights) * log_normal(x[..., None], mu, sigma), axis=-1
            ),
        ),
        Wrong(
            "the weights are missing, or all equal to one",
            lambda x, log_weights, mu, sigma: log_sum_exp(log_normal(x[..., None], mu, sigma)),
        ),
        Wrong(
            "the log-weights are used as weights: add them to the log-densities",
            lambda x, log_weights, mu, sigma: log_sum_exp(log_weights * log_normal(x[..., None], mu, sigma)),
        ),
        Wrong(
            "far from every component all densities are zero in floating point: stay with "
            "logarithms, and use log_sum_exp",
            lambda x, log_weights, mu, sigma: np.log(
                np.sum(np.exp(log_weights + log_normal(x[..., None], mu, sigma)), axis=-1)
            ),
        ),
        Wrong(
            "the components have equal weights here; the given ones are not used",
            lambda x, log_weights, mu, sigma: (
                log_sum_exp(log_normal(x[..., None], mu, sigma)) - np.log(mu.size)
            ),
        ),
    ),
    hints=(
        "log w_k + log N_k is the logarithm of each term; the sum of the terms is a log_sum_exp.",
        "x[..., None] has a new last axis, which broadcasts against the K components.",
    ),
)
