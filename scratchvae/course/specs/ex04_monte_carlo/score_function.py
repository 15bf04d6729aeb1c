"""The gradient by the score function."""

import numpy as np

from scratchvae.course.exercise import Backward, Case, Task, Wrong
from scratchvae.course.specs.random_inputs import size


def score_function_gradient(mu, log_sigma, z, f):
    """The mean over the draws of f times the score, by mu and log_sigma."""
    u = (z - mu) * np.exp(-log_sigma)
    return np.mean(f * u * np.exp(-log_sigma)), np.mean(f * (u**2 - 1))


def _draw(rng):
    k, mu, log_sigma = size(rng, 5, 12), rng.normal(), rng.uniform(-0.8, 0.8)
    z = mu + np.exp(log_sigma) * rng.normal(0, 1, k)
    return {"mu": mu, "log_sigma": log_sigma, "z": z, "f": rng.normal(1, 2, k)}


def _cases(rng):
    return [Case(_draw(rng)) for _ in range(4)]


def _surrogate(mu, log_sigma, z, f):
    """Mean of f log q: its gradient, with f and z held fixed, is the estimator."""
    return np.mean(f * (-log_sigma - 0.5 * ((z - mu) * np.exp(-log_sigma)) ** 2))


def _dlog_sigma_is(change):
    """The right dmu with another dlog_sigma, a function of f, u and sigma."""

    def gradient(mu, log_sigma, z, f):
        dmu, _ = score_function_gradient(mu, log_sigma, z, f)
        return dmu, change(f, (z - mu) * np.exp(-log_sigma), np.exp(log_sigma))

    return gradient


def _dmu_is(change):
    """The right dlog_sigma with another dmu, a function of f, u and sigma."""

    def gradient(mu, log_sigma, z, f):
        _, dlog_sigma = score_function_gradient(mu, log_sigma, z, f)
        return change(f, (z - mu) * np.exp(-log_sigma), np.exp(log_sigma)), dlog_sigma

    return gradient


TASK = Task(
    reference=score_function_gradient,
    cases=_cases,
    outputs=("dmu", "dlog_sigma"),
    points=3,
    sizes=lambda inputs: {"K": inputs["z"].size},
    backward=Backward(_surrogate, ("mu", "log_sigma")),
    wrong=(
        Wrong(
            "dlog_sigma lacks the -1, the derivative of -log sigma in log q",
            _dlog_sigma_is(lambda f, u, sigma: np.mean(f * u**2)),
        ),
        Wrong(
            "dlog_sigma is the gradient by sigma: the chain rule's factor sigma is missing",
            _dlog_sigma_is(lambda f, u, sigma: np.mean(f * (u**2 - 1)) / sigma),
        ),
        Wrong(
            "dmu is divided by sigma once; the score by mu is (z - mu) / sigma^2",
            _dmu_is(lambda f, u, sigma: np.mean(f * u)),
        ),
        Wrong(
            "dmu has the wrong sign: log q grows when mu moves towards z",
            _dmu_is(lambda f, u, sigma: -np.mean(f * u / sigma)),
        ),
        Wrong(
            "the mean of f and that of the score are multiplied; what is meant is the mean of their product",
            lambda mu, log_sigma, z, f: (
                np.mean(f) * np.mean(z - mu) * np.exp(-2 * log_sigma),
                np.mean(f) * np.mean(((z - mu) * np.exp(-log_sigma)) ** 2 - 1),
            ),
        ),
        Wrong(
            "the gradients are sums over the draws; an expectation is estimated by their mean",
            lambda mu, log_sigma, z, f: tuple(
                z.size * d for d in score_function_gradient(mu, log_sigma, z, f)
            ),
        ),
        Wrong(
            "f is not used: this is the mean of the score, which estimates zero",
            lambda mu, log_sigma, z, f: score_function_gradient(mu, log_sigma, z, np.ones_like(f)),
        ),
    ),
    hints=(
        "The score is the derivative of log q(z; mu, log_sigma) by the parameters, at the draw z, "
        "which is held fixed.",
        "log q = -log_sigma - (z - mu)^2 e^(-2 log_sigma) / 2 + a constant. Differentiate it by mu, "
        "and by log_sigma.",
    ),
)
