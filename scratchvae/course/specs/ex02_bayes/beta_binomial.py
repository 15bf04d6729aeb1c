"""The conjugate update of a probability."""

import numpy as np

from scratchvae.course.exercise import Case, Task, Wrong


def beta_binomial_update(alpha, beta, k, n):
    """The parameters of the posterior Beta distribution."""
    return alpha + k, beta + n - k


def counts(rng):
    """Random arguments: a prior, and k successes in n trials."""
    n = int(rng.integers(5, 30))
    alpha, beta = rng.uniform(0.5, 5, 2).tolist()
    return {"alpha": alpha, "beta": beta, "k": int(rng.integers(1, n - 1)), "n": n}


def _cases(rng):
    none = {**counts(rng), "k": 0, "n": 0}
    return [Case(counts(rng)) for _ in range(3)] + [Case(none, "no data: the posterior is the prior")]


TASK = Task(
    reference=beta_binomial_update,
    cases=_cases,
    outputs=("alpha", "beta"),
    wrong=(
        Wrong(
            "beta counts the failures, n - k, not all the trials",
            lambda alpha, beta, k, n: (alpha + k, beta + n),
        ),
        Wrong(
            "successes and failures are exchanged: alpha counts the successes",
            lambda alpha, beta, k, n: (alpha + n - k, beta + k),
        ),
        Wrong("the prior's own parameters are lost", lambda alpha, beta, k, n: (k, n - k)),
        Wrong("the data are not used", lambda alpha, beta, k, n: (alpha, beta)),
        Wrong(
            "one too much: the exponents of the density are alpha - 1 and beta - 1, so that nothing "
            "is added but counts",
            lambda alpha, beta, k, n: (alpha + k + 1, beta + n - k + 1),
        ),
        Wrong(
            "one too little: -1 belongs to the exponents of the density, not to its parameters",
            lambda alpha, beta, k, n: (alpha + k - 1, beta + n - k - 1),
        ),
        Wrong(
            "beta falls with the failures; it must grow",
            lambda alpha, beta, k, n: (alpha + k, beta - (n - k)),
        ),
        Wrong(
            "this is the posterior mean and its complement; the parameters are asked for",
            lambda alpha, beta, k, n: (
                (alpha + k) / (alpha + beta + n),
                np.divide(beta + n - k, alpha + beta + n),
            ),
        ),
    ),
    hints=(
        "Multiply t^(alpha-1) (1-t)^(beta-1), the prior, by t^k (1-t)^(n-k), the likelihood. Which "
        "Beta is it?",
    ),
)
