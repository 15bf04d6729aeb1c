"""The evidence of a normal prior for measurements."""

import numpy as np

from scratchvae.course.exercise import Case, Task, Wrong
from scratchvae.course.specs.ex02_bayes.normal_update import measurements, normal_update

LOG_2PI = np.log(2 * np.pi)


def _log_normal(x, mu, sigma):
    return -0.5 * ((x - mu) / sigma) ** 2 - np.log(sigma) - 0.5 * LOG_2PI


def normal_log_evidence(x, sigma, mu_0, sigma_0):
    """log p(x), by Bayes' theorem at z = mu_0."""
    mu, sd = normal_update(x, sigma, mu_0, sigma_0)
    log_joint = np.sum(_log_normal(x, mu_0, sigma)) + _log_normal(mu_0, mu_0, sigma_0)
    return log_joint - _log_normal(mu_0, mu, sd)


def _cases(rng):
    return [
        *(Case(measurements(rng)) for _ in range(3)),
        Case(measurements(rng, 1), "one measurement"),
        Case(measurements(rng, 500), "500 measurements: p(x) itself vanishes"),
    ]


def _independent(x, sigma, mu_0, sigma_0):
    return np.sum(_log_normal(x, mu_0, np.hypot(sigma, sigma_0)))


def _at_posterior_mean(x, sigma, mu_0, sigma_0):
    return np.sum(_log_normal(x, normal_update(x, sigma, mu_0, sigma_0)[0], sigma))


def _joint_at_posterior_mean(x, sigma, mu_0, sigma_0):
    mu, _ = normal_update(x, sigma, mu_0, sigma_0)
    return np.sum(_log_normal(x, mu, sigma)) + _log_normal(mu, mu_0, sigma_0)


TASK = Task(
    reference=normal_log_evidence,
    cases=_cases,
    points=3,
    sizes=lambda inputs: {"n": inputs["x"].size},
    wrong=(
        Wrong(
            "the measurements are taken as independent, each with variance sigma^2 + sigma_0^2; they "
            "share one z, so they are correlated",
            _independent,
        ),
        Wrong(
            "this is the likelihood at the prior mean: z is to be integrated out",
            lambda x, sigma, mu_0, sigma_0: np.sum(_log_normal(x, mu_0, sigma)),
        ),
        Wrong("this is the likelihood at the posterior mean: z is to be integrated out", _at_posterior_mean),
        Wrong(
            "this is the joint density at the posterior mean: divide by the posterior density there",
            _joint_at_posterior_mean,
        ),
        Wrong(
            "the joint density is multiplied by the posterior density; divide by it",
            lambda x, sigma, mu_0, sigma_0: (
                2 * _joint_at_posterior_mean(x, sigma, mu_0, sigma_0)
                - normal_log_evidence(x, sigma, mu_0, sigma_0)
            ),
        ),
        Wrong(
            "this is the evidence; its logarithm is asked for",
            lambda x, sigma, mu_0, sigma_0: np.exp(normal_log_evidence(x, sigma, mu_0, sigma_0)),
        ),
        Wrong(
            "log(2 pi) / 2 is missing for every measurement",
            lambda x, sigma, mu_0, sigma_0: (
                normal_log_evidence(x, sigma, mu_0, sigma_0) + 0.5 * x.size * LOG_2PI
            ),
        ),
    ),
    hints=(
        "Bayes' theorem, p(z | x) = p(x | z) p(z) / p(x), holds at every z. Solve it "
        "for p(x), and put in any z.",
        "Or: x is normal with the covariance sigma^2 I + sigma_0^2 (a matrix of ones).",
    ),
)
