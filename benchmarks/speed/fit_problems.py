"""The two small models that are fitted, as numbers that every framework can take."""

import json
import sys

import numpy as np

#: (y, standard error) of the eight schools: Rubin (1981). mu ~ N(0, 5^2), tau ~ half-Cauchy(5), non-centred.
SCHOOLS = (
    np.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0]),
    np.array([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0]),
)
N_ROWS, N_COEFFICIENTS = 500, 20
PROBLEMS = {"schools": "eight schools", "logistic": f"logistic regression, {N_COEFFICIENTS} coefficients"}
FAMILIES = {"mean_field": "mean field", "full_rank": "full rank"}


def logistic_data():
    """x (500, 20), standard normal, and y of zeros and ones by coefficients from their prior, N(0, I)."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((N_ROWS, N_COEFFICIENTS))
    eta = x @ rng.standard_normal(N_COEFFICIENTS)
    return x, (rng.random(N_ROWS) < 1 / (1 + np.exp(-eta))).astype(np.float64)


def answer(fit, steady):
    """Fit, or measure the rate, as the arguments of a peer's process say, and print JSON."""
    problem, family, first, second = sys.argv[1:]
    run = steady(problem, family, int(second)) if first == "steady" else None
    print(json.dumps(run or fit(problem, family, int(first), float(second))))
