"""Bayes' theorem by arithmetic, on a grid."""

import numpy as np

from scratchvae.course.exercise import Case, Property, Task, Wrong
from scratchvae.course.specs.random_inputs import size


def grid_posterior(log_prior, log_likelihood, step):
    """The posterior density on a grid and the log-evidence."""
    log_joint = log_prior + log_likelihood
    largest = np.max(log_joint)
    weights = np.exp(log_joint - largest)
    return weights / (np.sum(weights) * step), largest + np.log(np.sum(weights) * step)


def _case(rng, offset=0.0, label=""):
    n, low, high = size(rng, 9, 30), *np.sort(rng.uniform(-4, 4, 2))
    grid = np.linspace(low, high + 1, n)
    log_prior = -0.5 * grid**2 - 0.5 * np.log(2 * np.pi)
    log_likelihood = offset - 0.5 * ((grid - rng.normal()) / rng.uniform(0.4, 1)) ** 2
    return Case(
        {"log_prior": log_prior, "log_likelihood": log_likelihood, "step": float(grid[1] - grid[0])}, label
    )


def _cases(rng):
    usual = [_case(rng) for _ in range(3)]
    return [
        *usual,
        _case(rng, -2000.0, "a likelihood of many data, e^-2000"),
        _case(rng, 2000.0, "a likelihood of many data that are densities above one, e^2000"),
    ]


def _from_weights(weights_of):
    """Another function of prior and likelihood for weights, normalized rightly."""

    def posterior(log_prior, log_likelihood, step):
        weights = weights_of(log_prior, log_likelihood)
        total = np.sum(weights) * step
        return weights / total, np.log(total)

    return posterior


def _changed(density=lambda p, step: p, log_evidence=lambda e, step, n: e):
    """The right answer with something done to its parts."""

    def posterior(log_prior, log_likelihood, step):
        p, e = grid_posterior(log_prior, log_likelihood, step)
        return density(p, step), log_evidence(e, step, p.size)

    return posterior


TASK = Task(
    reference=grid_posterior,
    cases=_cases,
    outputs=("density", "log_evidence"),
    points=3,
    sizes=lambda inputs: {"step": inputs["step"], "n": inputs["log_prior"].size},
    properties=(
        Property(
            "the density does not integrate to one: its sum times step must be one",
            lambda inputs, answer: np.isclose(np.sum(answer[0]) * inputs["step"], 1),
        ),
    ),
    wrong=(
        Wrong(
            "e^(log_prior + log_likelihood) under- or overflows when there are many data: take the "
            "largest out first, "
            "and put it back into the evidence",
            _from_weights(lambda prior, likelihood: np.exp(prior + likelihood)),
        ),
        Wrong(
            "the density sums to one; a density integrates to one, so its sum times step is one",
            _changed(density=lambda p, step: p * step),
        ),
        Wrong(
            "log_evidence lacks step: it is an integral, the sum of the joint density times step",
            _changed(log_evidence=lambda e, step, n: e - np.log(step)),
        ),
        Wrong(
            "log_evidence is the evidence: its logarithm is asked for",
            _changed(log_evidence=lambda e, step, n: np.exp(e)),
        ),
        Wrong(
            "the density is that of the prior alone: the likelihood is not used",
            lambda log_prior, log_likelihood, step: grid_posterior(log_prior, 0 * log_likelihood, step),
        ),
        Wrong(
            "the density is that of the likelihood alone: the prior is not used",
            lambda log_prior, log_likelihood, step: grid_posterior(0 * log_prior, log_likelihood, step),
        ),
        Wrong(
            "log_evidence lacks what was taken out of the exponent",
            lambda log_prior, log_likelihood, step: (
                grid_posterior(log_prior, log_likelihood, step)[0],
                grid_posterior(log_prior, log_likelihood, step)[1] - np.max(log_prior + log_likelihood),
            ),
        ),
        Wrong(
            "the density is the logarithm of what is asked for",
            _changed(density=lambda p, step: np.log(p)),
        ),
    ),
    hints=(
        "posterior = prior times likelihood / evidence; and the evidence makes it integrate to one.",
        "The integral over the grid is a sum times step. Work with log_prior + log_likelihood minus "
        "its maximum.",
    ),
)
