"""The conjugate update of a normal's mean."""

import numpy as np

from scratchvae.course.exercise import Case, Task, Wrong


def normal_update(x, sigma, mu_0, sigma_0):
    """The posterior mean and standard deviation of z."""
    precision = 1 / sigma_0**2 + x.size / sigma**2
    return (mu_0 / sigma_0**2 + np.sum(x) / sigma**2) / precision, 1 / np.sqrt(precision)


def measurements(rng, n=None):
    """Random arguments: n measurements with noise of sigma, and a prior."""
    n = int(rng.integers(4, 9)) if n is None else n
    sigma, sigma_0 = rng.uniform(0.4, 0.8), rng.uniform(1.2, 2.5)
    return {"x": rng.normal(2, 1, n), "sigma": sigma, "mu_0": rng.uniform(-2, -1), "sigma_0": sigma_0}


def _cases(rng):
    return [
        *(Case(measurements(rng)) for _ in range(3)),
        Case(measurements(rng, 1), "one measurement"),
        Case(measurements(rng, 0), "no measurement: the posterior is the prior"),
    ]


def _sd_is(change):
    """The right mean, and another function of the right standard deviation."""

    def update(x, sigma, mu_0, sigma_0):
        mean, sd = normal_update(x, sigma, mu_0, sigma_0)
        return mean, change(sd)

    return update


def _unweighted(x, sigma, mu_0, sigma_0):
    return (mu_0 + np.sum(x)) / (x.size + 1), normal_update(x, sigma, mu_0, sigma_0)[1]


def _by_sigma(x, sigma, mu_0, sigma_0):
    precision = 1 / sigma_0 + x.size / sigma
    return (mu_0 / sigma_0 + np.sum(x) / sigma) / precision, 1 / np.sqrt(precision)


def _one_precision(x, sigma, mu_0, sigma_0):
    precision = 1 / sigma_0**2 + 1 / sigma**2
    return (mu_0 / sigma_0**2 + np.sum(x) / sigma**2) / precision, 1 / np.sqrt(precision)


def _without_prior(x, sigma, mu_0, sigma_0):
    return (np.mean(x), sigma / np.sqrt(x.size)) if x.size else (mu_0, sigma_0)


TASK = Task(
    reference=normal_update,
    cases=_cases,
    outputs=("mu", "sigma"),
    points=2,
    sizes=lambda inputs: {"n": inputs["x"].size},
    wrong=(
        Wrong("sigma is the variance; the standard deviation is asked for", _sd_is(np.square)),
        Wrong(
            "sigma is the precision; the standard deviation is one over its root",
            _sd_is(lambda sd: 1 / sd**2),
        ),
        Wrong(
            "precisions add, and a precision is one over the variance, not over the standard deviation",
            _by_sigma,
        ),
        Wrong("mu is a plain mean of data and prior mean; each counts by its precision", _unweighted),
        Wrong("the prior is not used: this is the sample mean and its standard error", _without_prior),
        Wrong(
            "the data count once, not n times: every measurement adds its own precision",
            lambda x, sigma, mu_0, sigma_0: normal_update(
                np.array([np.mean(x)]) if x.size else x, sigma, mu_0, sigma_0
            ),
        ),
        Wrong(
            "the precision has the data once; each of the n measurements adds its own",
            _one_precision,
        ),
        Wrong(
            "mu has the mean of the data where their sum counts: each measurement has its own weight",
            lambda x, sigma, mu_0, sigma_0: (
                (mu_0 / sigma_0**2 + np.sum(x) / x.size / sigma**2) / (1 / sigma_0**2 + x.size / sigma**2),
                normal_update(x, sigma, mu_0, sigma_0)[1],
            ),
        ),
        Wrong(
            "mu is the sum over the data where their mean should count: divide by the whole precision",
            lambda x, sigma, mu_0, sigma_0: (
                mu_0 / sigma_0**2 + np.sum(x) / sigma**2,
                normal_update(x, sigma, mu_0, sigma_0)[1],
            ),
        ),
    ),
    hints=(
        "The logarithm of prior times likelihood is a parabola in z. Collect the terms with z^2 and with z.",
        "Precision, one over the variance, adds: 1 / sigma_0^2 from the prior and 1 / sigma^2 from "
        "each measurement.",
        "The posterior mean is the mean of mu_0 and the data, each weighted by its precision.",
    ),
)
