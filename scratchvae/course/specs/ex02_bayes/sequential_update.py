"""One datum at a time: yesterday's posterior is today's prior."""

import numpy as np

from scratchvae.course.exercise import Case, Task, Wrong
from scratchvae.course.specs.ex02_bayes.normal_update import measurements, normal_update


def sequential_update(x, sigma, mu_0, sigma_0):
    """The posterior mean and standard deviation after each measurement."""
    after = [normal_update(x[: i + 1], sigma, mu_0, sigma_0) for i in range(x.size)]
    mu, sd = np.array(after).T
    return mu, sd


def _cases(rng):
    usual = [Case(measurements(rng)) for _ in range(3)]
    return [*usual, Case(measurements(rng, 1), "one measurement")]


def _each_alone(x, sigma, mu_0, sigma_0):
    mu, sd = np.array([normal_update(x[i : i + 1], sigma, mu_0, sigma_0) for i in range(x.size)]).T
    return mu, sd


def _prior_first(x, sigma, mu_0, sigma_0):
    mu, sd = sequential_update(x, sigma, mu_0, sigma_0)
    return np.append(mu_0, mu[:-1]), np.append(sigma_0, sd[:-1])


def _of_all(x, sigma, mu_0, sigma_0):
    mu, sd = normal_update(x, sigma, mu_0, sigma_0)
    return np.full(x.size, mu), np.full(x.size, sd)


def _all_every_time(x, sigma, mu_0, sigma_0):
    mu, sd = [], []
    for _ in x:
        mu_0, sigma_0 = normal_update(x, sigma, mu_0, sigma_0)
        mu.append(mu_0)
        sd.append(sigma_0)
    return np.array(mu), np.array(sd)


def _all_so_far(x, sigma, mu_0, sigma_0):
    mu, sd = [], []
    for i in range(x.size):
        mu_0, sigma_0 = normal_update(x[: i + 1], sigma, mu_0, sigma_0)
        mu.append(mu_0)
        sd.append(sigma_0)
    return np.array(mu), np.array(sd)


def _sigma_stays(x, sigma, mu_0, sigma_0):
    mu, sd = [], []
    for value in x:
        mu_0, new = normal_update(np.array([value]), sigma, mu_0, sigma_0)
        mu.append(mu_0)
        sd.append(new)
    return np.array(mu), np.array(sd)


TASK = Task(
    reference=sequential_update,
    cases=_cases,
    outputs=("mu", "sigma"),
    points=2,
    sizes=lambda inputs: {"n": inputs["x"].size},
    wrong=(
        Wrong(
            "every measurement begins again with the first prior; yesterday's posterior is today's prior",
            _each_alone,
        ),
        Wrong("the first entries are the prior: the answer begins after the first measurement", _prior_first),
        Wrong(
            "all entries are the last posterior; what is asked for is the one after each measurement", _of_all
        ),
        Wrong("every step uses all of the data: each datum may be used once", _all_every_time),
        Wrong(
            "every step uses all data so far, with the last posterior as prior: each datum may be used once",
            _all_so_far,
        ),
        Wrong(
            "the mean is passed on, the standard deviation is not: it must shrink from step to step",
            _sigma_stays,
        ),
        Wrong(
            "sigma is the variance; the standard deviation is asked for",
            lambda x, sigma, mu_0, sigma_0: (
                sequential_update(x, sigma, mu_0, sigma_0)[0],
                sequential_update(x, sigma, mu_0, sigma_0)[1] ** 2,
            ),
        ),
    ),
    hints=(
        "Use normal_update for one measurement in a loop, and give its result to the next turn as prior.",
        "The last entries must be what normal_update gives for all of the data at once. Try it.",
    ),
)
