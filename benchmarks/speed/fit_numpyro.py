"""One fit by NumPyro's SVI in a process of its own: ``fit_numpyro schools full_rank 5000 0.01``."""

import time

import jax
import numpy as np
import numpyro
import numpyro.distributions as dist
from numpyro.infer import SVI, Trace_ELBO
from numpyro.infer.autoguide import AutoMultivariateNormal, AutoNormal

from benchmarks.speed import fit_problems

GUIDES = {"mean_field": AutoNormal, "full_rank": AutoMultivariateNormal}


def schools(y, sigma):
    """The eight schools, non-centred."""
    mu, tau = numpyro.sample("mu", dist.Normal(0, 5)), numpyro.sample("tau", dist.HalfCauchy(5))
    with numpyro.plate("schools", len(y)):
        eta = numpyro.sample("eta", dist.Normal(0, 1))
        numpyro.sample("y", dist.Normal(mu + tau * eta, sigma), obs=y)


def logistic(x, y):
    """Logistic regression."""
    beta = numpyro.sample("beta", dist.Normal(0, 1).expand([x.shape[1]]).to_event(1))
    with numpyro.plate("rows", len(y)):
        numpyro.sample("y", dist.Bernoulli(logits=x @ beta), obs=y)


def svi_of(problem, family, lr, n_draws=1):
    """The inference and the data that its model takes."""
    model = {"schools": schools, "logistic": logistic}[problem]
    data = fit_problems.SCHOOLS if problem == "schools" else fit_problems.logistic_data()
    guide = GUIDES[family](model)
    return SVI(model, guide, numpyro.optim.Adam(lr), Trace_ELBO(n_draws)), data


def fit(problem, family, n_steps, lr):
    """The ELBO at each step, one draw each."""
    svi, data = svi_of(problem, family, lr)
    found = svi.run(jax.random.PRNGKey(0), n_steps, *data, progress_bar=False)
    return {"elbos": (-np.asarray(found.losses)).tolist()}


def steady(problem, family, n_draws, n_steps=1000):
    """Seconds a step of 1,000 that are one compiled loop."""
    svi, data = svi_of(problem, family, 0.01, n_draws)
    state = svi.init(jax.random.PRNGKey(0), *data)
    steps = jax.jit(lambda state: jax.lax.fori_loop(0, n_steps, lambda _, s: svi.update(s, *data)[0], state))
    state = jax.block_until_ready(steps(state))
    began = time.perf_counter()
    jax.block_until_ready(steps(state))
    return {"seconds": (time.perf_counter() - began) / n_steps}


if __name__ == "__main__":
    fit_problems.answer(fit, steady)
