"""The evidence of a Beta prior for counts."""

from math import lgamma, log

from scratchvae.course.exercise import Case, Task, Wrong
from scratchvae.course.specs.ex02_bayes.beta_binomial import counts


def log_beta(a, b):
    """log B(a, b)."""
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def log_choose(n, k):
    """log of n over k."""
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def beta_binomial_log_evidence(alpha, beta, k, n):
    """log p(k | n), the probability integrated out."""
    return log_choose(n, k) + log_beta(alpha + k, beta + n - k) - log_beta(alpha, beta)


def _cases(rng):
    many = {**counts(rng), "k": 700, "n": 2000}
    return [
        *(Case(counts(rng)) for _ in range(3)),
        Case({**counts(rng), "k": 0, "n": 0}, "no data: the evidence is one"),
        Case(many, "2000 trials: B and n over k overflow"),
    ]


def _plugged_in(alpha, beta, k, n):
    mean = (alpha + k) / (alpha + beta + n)
    return log_choose(n, k) + k * log(mean) + (n - k) * log(1 - mean)


TASK = Task(
    reference=beta_binomial_log_evidence,
    cases=_cases,
    points=2,
    wrong=(
        Wrong(
            "n over k is missing: k successes come in so many orders",
            lambda alpha, beta, k, n: beta_binomial_log_evidence(alpha, beta, k, n) - log_choose(n, k),
        ),
        Wrong(
            "the prior's own constant B(alpha, beta) is missing: a prior must integrate to one",
            lambda alpha, beta, k, n: beta_binomial_log_evidence(alpha, beta, k, n) + log_beta(alpha, beta),
        ),
        Wrong(
            "the sign is wrong: prior and posterior are exchanged in the ratio",
            lambda alpha, beta, k, n: (
                log_choose(n, k) + log_beta(alpha, beta) - log_beta(alpha + k, beta + n - k)
            ),
        ),
        Wrong(
            "Gamma(a + b) stands under the line of B(a, b): its logarithm is subtracted",
            lambda alpha, beta, k, n: (
                beta_binomial_log_evidence(alpha, beta, k, n)
                + 2 * lgamma(alpha + beta + n)
                - 2 * lgamma(alpha + beta)
            ),
        ),
        Wrong(
            "beta + n stands where beta + n - k should, the failures",
            lambda alpha, beta, k, n: (
                log_choose(n, k) + log_beta(alpha + k, beta + n) - log_beta(alpha, beta)
            ),
        ),
        Wrong(
            "this is the likelihood at the posterior mean; the evidence is the likelihood's mean "
            "under the prior",
            _plugged_in,
        ),
    ),
    hints=(
        "Integrate n over k times t^k (1-t)^(n-k) times the prior density. The integral of t^(a-1) "
        "(1-t)^(b-1) is B(a, b).",
        "B(a, b) = Gamma(a) Gamma(b) / Gamma(a + b), and math.lgamma gives log Gamma, which does not "
        "overflow.",
    ),
)
