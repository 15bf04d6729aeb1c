"""One fit by `scratchvae.fit` in a process of its own: ``fit_ours schools full_rank``.

Without a number of steps it ends by its own rule; with ``steady`` only the rate of steps is measured.
"""

import json
import sys
import time

import numpy as np

import scratchvae as sv


def model_of(problem):
    """The model, in the package's own words."""
    from benchmarks.speed import fit_problems

    if problem == "schools":
        return sv.models.EightSchools()
    return sv.models.LogisticRegression(*fit_problems.logistic_data(), intercept=False)


def fit(problem, family):
    """The ELBO of the converged fit, and its steps."""
    q = sv.fit(model_of(problem), family=family, rng=np.random.default_rng(0), progress=False)
    return {"elbo": q.elbo, "steps": q.n_steps, "converged": q.converged}


def steady(problem, family, n_draws, n_steps=1000):
    """Seconds a step: draws of noise, the bound with its gradient, Adam."""
    from scratchvae.bounds import Elbo
    from scratchvae.optim import Adam
    from scratchvae.reparam import build_free
    from scratchvae.vi.coordinates import Coordinates
    from scratchvae.vi.noise import noise_source
    from scratchvae.vi.objective import Objective

    model = model_of(problem)
    reparam = build_free(family, model.n_latent)
    objective = Objective(model, reparam, Elbo(), Coordinates.standard(model.n_latent))
    lam, adam = reparam.initial(np.random.default_rng(0)), Adam(0.01)
    noise = noise_source("independent", model.n_latent, np.random.default_rng(0))

    def steps():
        for _ in range(n_steps):
            adam.step(lam, objective.loss_and_grad(lam, noise(n_draws)).dlam)

    steps()
    began = time.perf_counter()
    steps()
    return {"seconds": (time.perf_counter() - began) / n_steps}


def main():
    """Fit, or measure the rate, as the arguments say, and print JSON."""
    problem, family, *rest = sys.argv[1:]
    print(json.dumps(steady(problem, family, int(rest[1])) if rest else fit(problem, family)))


if __name__ == "__main__":
    main()
