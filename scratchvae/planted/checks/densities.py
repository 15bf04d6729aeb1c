"""Densities against integrals and draws, and a closed-form KL against draws."""

import math
from functools import partial

import numpy as np

from scratchvae.distributions import LIKELIHOODS, StandardNormal, densities
from scratchvae.distributions import kl as closed_form
from scratchvae.gradcheck.beyond import check_density, check_kl
from scratchvae.planted.checks.gradients import DENSITIES, MODELS
from scratchvae.planted.checks.maps import build
from scratchvae.priors import MixturePrior
from scratchvae.reparam import MAPS
from scratchvae.selfcheck import SPECS
from scratchvae.vae import VAE
from scratchvae.validation import build as built

N_DRAWS = 20_000
HALF_LINE = ("half_cauchy", "gamma")


def density(subject, seed):
    """The report on one density: its integral, and its sampler if it has one."""
    kind, _, name = subject.partition(" ")
    return {
        "likelihood": _likelihood,
        "function": _function,
        "map": _map,
        "prior": _prior,
        "model": _model,
        "data": _data,
        "posterior": _posterior,
    }[kind](name, np.random.default_rng(seed))


def _likelihood(name, rng):
    """p(x | params) of two entries, at fixed params."""
    likelihood = built(LIKELIHOODS, SPECS.get(name, name), "likelihood")
    n_data = 2 if name in ATOMS else 1
    params = rng.standard_normal(likelihood.n_params(n_data)) - 0.5

    def sample(n, rng):
        return likelihood.sample(np.broadcast_to(params, (n, params.size)), rng)

    def log_prob(x):
        return likelihood.forward(x, np.broadcast_to(params, (len(x), params.size)))[0]

    values = ATOMS.get(name)
    atoms = None if values is None else np.stack(np.meshgrid(values, values), axis=-1).reshape(-1, 2)
    return check_density(
        log_prob, None if atoms is not None else sample, atoms=atoms, n_draws=N_DRAWS, rng=rng
    )


#: The values of one entry of a discrete likelihood; of counts, so many that the rest does not count.
ATOMS = {
    "bernoulli": np.arange(2.0),
    "categorical": np.arange(5.0),
    "poisson": np.arange(60.0),
}


def _function(name, rng):
    """A function of `distributions.densities`, at fixed parameters."""
    function, parameters = getattr(densities, name), DENSITIES[name][1:]
    support = (0, np.inf) if name in HALF_LINE else None
    return check_density(lambda x: function(x, *parameters)[0], support=support, rng=rng)


def _map(name, rng):
    """q(z; lam), and the draws z = g(eps; lam)."""
    reparam = build(name, 2, rng)
    lam = 0.7 * rng.standard_normal(reparam.n_params)

    def sample(n, rng):
        return reparam.forward(lam, rng.standard_normal((n, 2)))[0]

    return check_density(partial(reparam.log_prob, lam), sample, n_draws=N_DRAWS, rng=rng)


def _prior(name, rng):
    """A prior of a VAE; components that are apart."""
    if name == "standard normal":
        prior = StandardNormal()
    elif name == "mixture":
        prior = MixturePrior(2, 3)
        prior.parameters.value = rng.standard_normal(len(prior.parameters))
    else:
        vae = VAE(4, 2, (5,), prior="vamp:3", dtype="float64")
        vae.parameters.value = 0.8 * rng.standard_normal(len(vae.parameters))
        prior = vae.prior
    return check_density(prior.log_prob, lambda n, rng: prior.sample((n, 2), rng), n_draws=N_DRAWS, rng=rng)


def _model(name, rng):
    """The prior of a Bayesian model, and its draws."""
    model = MODELS[name]()
    return check_density(model.log_prior, model.sample_prior, n_draws=N_DRAWS, rng=rng)


def _data(name, rng):
    """p(x | z) of a model of one datum, at a fixed z, and draws of x."""
    model = MODELS[name]().with_data(np.zeros(1))
    z = model.sample_prior(1, rng)[0]
    return check_density(
        lambda x: np.array([model.with_data(one[None]).log_likelihood(z) for one in x]), rng=rng
    )


def _posterior(name, rng):
    """p(x, z) / p(x), which integrates to one over z if p(x) is the evidence."""
    model = MODELS[name]()
    log_evidence = model.log_evidence()
    return check_density(
        lambda z: model.log_joint(z) - log_evidence,
        model.exact_posterior().sample,
        n_draws=N_DRAWS,
        rng=rng,
    )


def kl(subject, seed):
    """The report on KL(N(mu, sigma^2) || N(0, 1)); `subject` names the closed form."""
    rng = np.random.default_rng(seed)
    mu, sigma = rng.standard_normal((2, 3)), np.exp(0.5 * rng.standard_normal((2, 3)))
    lam = np.concatenate([mu, np.log(sigma)], axis=-1)
    if subject == "closed form":
        value = closed_form.forward(lam)[0]
    else:  # the entries of its factor below the diagonal are zero
        reparam = MAPS[subject](3)
        value = reparam.kl_forward(np.concatenate([lam, np.zeros((2, reparam.n_params - 6))], axis=-1))[0]
    terms = {
        "mu^2 / 2": 0.5 * (mu**2).sum(-1),
        "sigma^2 / 2": 0.5 * (sigma**2).sum(-1),
        "1/2": np.full(2, -1.5),
        "log sigma": -np.log(sigma).sum(-1),
    }
    return check_kl(
        value,
        lambda n, rng: mu + sigma * rng.standard_normal((n, 2, 3)),
        lambda z: _log_normal((z - mu) / sigma) - np.log(sigma).sum(-1),
        _log_normal,
        terms=terms,
        rng=rng,
    )


def _log_normal(u):
    return (-0.5 * u * u - 0.5 * math.log(2 * math.pi)).sum(axis=-1)
