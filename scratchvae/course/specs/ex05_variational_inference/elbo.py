"""The ELBO of a conjugate model, in closed form."""

import numpy as np

from scratchvae.course.exercise import Case, Property, Task, Wrong

LOG_2PI = np.log(2 * np.pi)


def expected_log_likelihood(mu, log_sigma, x, sigma, mu_0, sigma_0):
    """E_q sum_i log N(x_i; z, sigma^2)."""
    squares = np.sum((x - mu) ** 2) + x.size * np.exp(2 * log_sigma)
    return -0.5 * squares / sigma**2 - x.size * (np.log(sigma) + 0.5 * LOG_2PI)


def expected_log_prior(mu, log_sigma, x, sigma, mu_0, sigma_0):
    """E_q log N(z; mu_0, sigma_0^2)."""
    return -0.5 * ((mu - mu_0) ** 2 + np.exp(2 * log_sigma)) / sigma_0**2 - np.log(sigma_0) - 0.5 * LOG_2PI


def entropy(mu, log_sigma, x, sigma, mu_0, sigma_0):
    """-E_q log q(z)."""
    return log_sigma + 0.5 * (1 + LOG_2PI)


def elbo(mu, log_sigma, x, sigma, mu_0, sigma_0):
    """E_q [log p(x, z) - log q(z)]."""
    arguments = (mu, log_sigma, x, sigma, mu_0, sigma_0)
    return expected_log_likelihood(*arguments) + expected_log_prior(*arguments) + entropy(*arguments)


def inputs(rng, n=None):
    """Random arguments: a q that is not the best, and n measurements."""
    n = int(rng.integers(3, 8)) if n is None else n
    return {
        "mu": rng.normal(1, 0.5),
        "log_sigma": rng.uniform(-1.2, 0.5),
        "x": rng.normal(1, 1, n),
        "sigma": rng.uniform(0.5, 1.5),
        "mu_0": rng.normal(),
        "sigma_0": rng.uniform(1.5, 2.5),
    }


def log_evidence(x, sigma, mu_0, sigma_0):
    """log p(x), by Bayes' theorem at theta = mu_0."""
    precision = 1 / sigma_0**2 + x.size / sigma**2
    mu = (mu_0 / sigma_0**2 + np.sum(x) / sigma**2) / precision
    log_joint = -0.5 * np.sum(((x - mu_0) / sigma) ** 2) - x.size * (np.log(sigma) + 0.5 * LOG_2PI)
    log_joint = log_joint - np.log(sigma_0)
    return log_joint - 0.5 * np.log(precision) + 0.5 * precision * (mu_0 - mu) ** 2


def _cases(rng):
    usual = [Case(inputs(rng)) for _ in range(4)]
    return [*usual, Case(inputs(rng, 0), "no data: the ELBO is -KL(q || prior)")]


def _is_below_the_evidence(case, answer):
    bound = log_evidence(case["x"], case["sigma"], case["mu_0"], case["sigma_0"])
    return answer <= bound + 1e-9


def _sum_of(*terms):
    return lambda **arguments: sum(term(**arguments) for term in terms)


def _at_the_mean(**arguments):
    """The log-likelihood at z = mu in place of its expectation."""
    without = {**arguments, "log_sigma": -np.inf}
    return expected_log_likelihood(**without) + expected_log_prior(**arguments) + entropy(**arguments)


def _all_at_the_mean(**arguments):
    without = {**arguments, "log_sigma": -np.inf}
    return expected_log_likelihood(**without) + expected_log_prior(**without) + entropy(**arguments)


def _variance_once(**arguments):
    """The variance of q counted once in the likelihood, not for every datum."""
    extra = 0.5 * (arguments["x"].size - 1) * np.exp(2 * arguments["log_sigma"]) / arguments["sigma"] ** 2
    return elbo(**arguments) + (extra if arguments["x"].size else 0.0)


TASK = Task(
    reference=elbo,
    cases=_cases,
    points=3,
    sizes=lambda case: {"n": case["x"].size},
    properties=(
        Property("it lies above the evidence log p(x), which no lower bound does", _is_below_the_evidence),
    ),
    wrong=(
        Wrong("the entropy of q is missing", _sum_of(expected_log_likelihood, expected_log_prior)),
        Wrong("the prior is missing", _sum_of(expected_log_likelihood, entropy)),
        Wrong("the likelihood is missing: this is -KL(q || prior)", _sum_of(expected_log_prior, entropy)),
        Wrong(
            "the entropy of q has the wrong sign",
            lambda **a: expected_log_likelihood(**a) + expected_log_prior(**a) - entropy(**a),
        ),
        Wrong("the sign is wrong: this is the negative ELBO", lambda **a: -elbo(**a)),
        Wrong(
            "the log-likelihood is taken at the mean of q; its expectation also has the variance of q",
            _at_the_mean,
        ),
        Wrong(
            "likelihood and prior are taken at the mean of q; their expectations also have the variance of q",
            _all_at_the_mean,
        ),
        Wrong("the variance of q counts in the likelihood once; it counts for every datum", _variance_once),
        Wrong(
            "log_sigma is taken for the logarithm of the variance of q",
            lambda **a: elbo(**{**a, "log_sigma": 0.5 * a["log_sigma"]}),
        ),
        Wrong(
            "the likelihood is averaged over the data; it is the sum of their log-densities",
            lambda **a: (
                expected_log_likelihood(**a) / max(a["x"].size, 1) + expected_log_prior(**a) + entropy(**a)
            ),
        ),
    ),
    hints=(
        "The ELBO is E_q log p(x | z) + E_q log p(z) - E_q log q(z): two expectations of squares, "
        "and an entropy.",
        "For z ~ N(mu, s^2), E (x - z)^2 = (x - mu)^2 + s^2, for every datum.",
        "With the exact posterior for q, the ELBO is log p(x). Try it with ex02's functions.",
    ),
)
