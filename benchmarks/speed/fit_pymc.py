"""One fit by PyMC's ADVI in a process of its own: ``fit_pymc schools full_rank 5000 0.01``."""

import logging
import time
import warnings

warnings.simplefilter("ignore")  # of what PyTensor could not find, as it says at each import
logging.disable(logging.WARNING)

import pymc as pm  # noqa: E402

from benchmarks.speed import fit_problems  # noqa: E402

METHODS = {"mean_field": pm.ADVI, "full_rank": pm.FullRankADVI}


def schools(y, sigma):
    """The eight schools, non-centred."""
    mu, tau = pm.Normal("mu", 0, 5), pm.HalfCauchy("tau", 5)
    eta = pm.Normal("eta", 0, 1, shape=len(y))
    pm.Normal("y", mu + tau * eta, sigma, observed=y)


def logistic(x, y):
    """Logistic regression."""
    beta = pm.Normal("beta", 0, 1, shape=x.shape[1])
    pm.Bernoulli("y", logit_p=x @ beta, observed=y)


def inference_of(problem, family):
    """The inference, in the model's context."""
    data = fit_problems.SCHOOLS if problem == "schools" else fit_problems.logistic_data()
    with pm.Model():
        {"schools": schools, "logistic": logistic}[problem](*data)
        return METHODS[family](random_seed=0)


def fit(problem, family, n_steps, lr):
    """The ELBO at each step, one draw each."""
    inference = inference_of(problem, family)
    inference.fit(n_steps, obj_optimizer=pm.adam(learning_rate=lr), progressbar=False)
    return {"elbos": (-inference.hist).tolist()}


def steady(problem, family, n_draws, n_steps=1000):
    """Seconds a step, after as many that compiled it."""
    inference = inference_of(problem, family)
    inference.fit(
        n_steps, obj_n_mc=n_draws, obj_optimizer=pm.adam(learning_rate=0.01), progressbar=False, score=False
    )
    began = time.perf_counter()
    inference.refine(n_steps, progressbar=False)
    return {"seconds": (time.perf_counter() - began) / n_steps}


if __name__ == "__main__":
    fit_problems.answer(fit, steady)
