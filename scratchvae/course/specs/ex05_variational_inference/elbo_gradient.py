"""The gradient of the ELBO of a conjugate model."""

import numpy as np

from scratchvae.course.exercise import Backward, Case, Task, Wrong
from scratchvae.course.specs.ex05_variational_inference.elbo import (
    elbo,
    entropy,
    expected_log_likelihood,
    expected_log_prior,
    inputs,
)


def elbo_gradient(mu, log_sigma, x, sigma, mu_0, sigma_0):
    """The derivatives of the ELBO by mu and log_sigma."""
    precision = x.size / sigma**2 + 1 / sigma_0**2
    dmu = np.sum(x - mu) / sigma**2 - (mu - mu_0) / sigma_0**2
    return dmu, 1 - precision * np.exp(2 * log_sigma)


def _cases(rng):
    return [Case(inputs(rng)) for _ in range(4)]


def _likelihood_of_mean(mu, log_sigma, x, sigma, mu_0, sigma_0):
    dmu, dlog_sigma = elbo_gradient(mu, log_sigma, x, sigma, mu_0, sigma_0)
    return np.mean(x - mu) / sigma**2 - (mu - mu_0) / sigma_0**2, dlog_sigma


def _dlog_sigma_is(change):
    """The right dmu with another dlog_sigma, a function of the precision, log_sigma and the right one."""

    def gradient(mu, log_sigma, x, sigma, mu_0, sigma_0):
        dmu, dlog_sigma = elbo_gradient(mu, log_sigma, x, sigma, mu_0, sigma_0)
        return dmu, change(x.size / sigma**2 + 1 / sigma_0**2, log_sigma, dlog_sigma)

    return gradient


TASK = Task(
    reference=elbo_gradient,
    cases=_cases,
    outputs=("dmu", "dlog_sigma"),
    points=3,
    sizes=lambda case: {"n": case["x"].size},
    backward=Backward(
        elbo,
        ("mu", "log_sigma"),
        {
            "the expected log-likelihood": expected_log_likelihood,
            "the expected log-prior": expected_log_prior,
            "the entropy": entropy,
        },
        ("sigma", "sigma_0"),
    ),
    wrong=(
        Wrong(
            "dlog_sigma is the gradient by sigma: the chain rule's factor sigma is missing",
            _dlog_sigma_is(lambda precision, log_sigma, right: right * np.exp(-log_sigma)),
        ),
        Wrong(
            "dlog_sigma lacks the entropy's part: nothing keeps q from shrinking to a point",
            _dlog_sigma_is(lambda precision, log_sigma, right: right - 1),
        ),
        Wrong(
            "dlog_sigma lacks a factor: the derivative of e^(2 log_sigma) / 2 is e^(2 log_sigma), "
            "not e^log_sigma",
            _dlog_sigma_is(lambda precision, log_sigma, right: 1 - precision * np.exp(log_sigma)),
        ),
        Wrong(
            "dmu is divided by the standard deviations; squares are divided by the variances",
            lambda mu, log_sigma, x, sigma, mu_0, sigma_0: (
                np.sum(x - mu) / sigma - (mu - mu_0) / sigma_0,
                elbo_gradient(mu, log_sigma, x, sigma, mu_0, sigma_0)[1],
            ),
        ),
        Wrong(
            "dmu has the data divided by sigma; a square is divided by the variance",
            lambda mu, log_sigma, x, sigma, mu_0, sigma_0: (
                np.sum(x - mu) / sigma - (mu - mu_0) / sigma_0**2,
                elbo_gradient(mu, log_sigma, x, sigma, mu_0, sigma_0)[1],
            ),
        ),
        Wrong("dmu has the mean over the data where their sum is meant", _likelihood_of_mean),
        Wrong(
            "these are the gradients of the negative ELBO",
            lambda mu, log_sigma, x, sigma, mu_0, sigma_0: tuple(
                -d for d in elbo_gradient(mu, log_sigma, x, sigma, mu_0, sigma_0)
            ),
        ),
    ),
    hints=(
        "Differentiate each of the three terms by mu and by log_sigma: likelihood, prior, entropy.",
        "The variance of q is e^(2 log_sigma); its derivative by log_sigma is 2 e^(2 log_sigma).",
        "At the exact posterior both derivatives are zero.",
    ),
)
