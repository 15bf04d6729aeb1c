"""What a check of gradients cannot see in the package: determinants, inverses, densities, KL, estimators.

Whatever is registered (a map, a constraint, a likelihood, a prior, a bound) is found here by itself.
"""

import math
from functools import partial

import numpy as np

from scratchvae.bounds import VAE_BOUNDS
from scratchvae.constraints import CONSTRAINTS
from scratchvae.distributions import LIKELIHOODS, StandardNormal, densities
from scratchvae.gradcheck import check_density, check_estimator, check_inverse, check_kl, check_log_det
from scratchvae.priors import PRIORS
from scratchvae.reparam import MAPS
from scratchvae.selfcheck import SPECS
from scratchvae.vae import VAE
from scratchvae.validation import build as build_from_spec

#: The probability with which one piece of a right package fails by chance.
ALPHA = 1e-6
N_DRAWS = 20_000
POSITIVE = (0, math.inf)
#: Each density of `scratchvae.distributions.densities` with parameters, and its support or its atoms.
DENSITIES = {
    "normal": ((0.5, 2.0), {}),
    "half_normal": ((0.7,), {"support": POSITIVE}),
    "log_normal": ((0.5, 0.8), {"support": POSITIVE}),
    "student_t": ((3.5, 0.5, 2.0), {}),
    "cauchy": ((0.5, 2.0), {}),
    "half_cauchy": ((2.5,), {"support": POSITIVE}),
    "laplace": ((0.5, 2.0), {}),
    "exponential": ((0.4,), {"support": POSITIVE}),
    "gamma": ((0.6, 2.0), {"support": POSITIVE}),
    "inverse_gamma": ((1.5, 2.0), {"support": POSITIVE}),
    "beta": ((0.7, 2.5), {"support": (0, 1)}),
    "bernoulli_logit": ((0.8,), {"atoms": (0, 1)}),
    "binomial_logit": ((9, 0.8), {"atoms": range(10)}),
    "poisson_log": ((1.2,), {"atoms": range(60)}),
}
#: The atoms of a likelihood of one entry, for those that are discrete.
ATOMS = {"bernoulli": range(2), "categorical": range(5), "poisson": range(60)}
#: What an estimator's expectation is the gradient of, if not of the ELBO.
REFERENCES = {"dreg": "iwae"}


def pieces(seed=0, only=""):
    """Yield (name, Report) for each piece, from the smallest to the estimators of a whole VAE.

    Parameters
    ----------
    seed : int
        Of the random points and of the draws.
    only : str
        Leave out pieces without this text in their name.
    """
    for name, check in _checks():
        if only in name:
            yield name, check(np.random.default_rng(seed))


def _checks():
    """(name, function of a generator that gives the Report) for each piece."""
    for name in DENSITIES:
        yield f"density {name}", partial(_density, name)
    for name in LIKELIHOODS:
        yield f"density likelihood {name}", partial(_likelihood, name)
    for name in PRIORS:
        yield f"density prior {name}", partial(_prior, name)
    for name in CONSTRAINTS:
        yield f"log_det constraint {name}", partial(_constraint, name, check_log_det)
        yield f"inverse constraint {name}", partial(_constraint, name, check_inverse)
    for name, kind in MAPS.items():
        yield f"log_det map {name}", partial(_map, name, check_log_det)
        if hasattr(kind, "inverse"):
            yield f"inverse map {name}", partial(_map, name, check_inverse)
        if hasattr(kind, "kl_forward"):
            yield f"KL map {name}", partial(_kl, name)
    for name, kind in VAE_BOUNDS.items():
        if not kind.exact:
            yield f"estimator {name}", partial(_estimator, name)


# --- densities ----------------------------------------------------------------------------------


def _density(name, rng):
    parameters, options = DENSITIES[name]
    options = {key: list(value) if key == "atoms" else value for key, value in options.items()}
    return check_density(lambda x: getattr(densities, name)(x, *parameters)[0], **options)


def _likelihood(name, rng):
    """One entry, given random parameters: the integral or the sum over x, and the sampler."""
    likelihood = build_from_spec(LIKELIHOODS, SPECS.get(name, name), "likelihood")
    n_params = likelihood.n_params(1)  # none near zero, where sigma and sigma^2 are alike
    params = rng.uniform(0.6, 1.4, n_params) * rng.choice([-1, 1], n_params)

    def sample(n, rng):
        return likelihood.sample(np.broadcast_to(params, (n, len(params))), rng)

    options = {"atoms": [[k] for k in ATOMS[name]]} if name in ATOMS else {}
    return check_density(
        lambda x: likelihood.log_prob(x, params), sample, **options, n_draws=N_DRAWS, alpha=ALPHA, rng=rng
    )


def _prior(name, rng):
    """A prior of two dimensions with random weights."""
    if name == "standard_normal":
        prior = StandardNormal()
    else:
        vae = VAE(5, 2, (4,), prior=f"{name}:3", dtype="float64", seed=int(rng.integers(100)))
        vae.parameters.value = vae.parameters.value + 0.5 * rng.standard_normal(len(vae.parameters))
        prior = vae.prior
    return check_density(
        prior.log_prob, lambda n, rng: prior.sample((n, 2), rng), n_draws=N_DRAWS, alpha=ALPHA, rng=rng
    )


# --- maps ---------------------------------------------------------------------------------------


def _made(name, n_latent, rng):
    """A map with random weights."""
    reparam = MAPS[name](n_latent)
    if reparam.parameters is not None:
        reparam.parameters.value = 0.5 * rng.standard_normal(len(reparam.parameters))
    return reparam


def _map(name, check, rng):
    reparam = _made(name, 3, rng)
    lam, eps = rng.standard_normal((8, reparam.n_params)), rng.standard_normal((8, 3))
    if check is check_log_det:
        return check_log_det(reparam.forward, eps, lam)
    return check_inverse(reparam.forward, reparam.inverse, eps, lam, rtol=1e-6)


def _constraint(name, check, rng):
    constraint = CONSTRAINTS[name](-1.0, 4.0, 3) if name == "interval" else CONSTRAINTS[name](4)
    z, forward, inverse = rng.standard_normal((8, constraint.n_free)), constraint.forward, constraint.inverse
    if name == "simplex":  # a density of the first n - 1 probabilities

        def forward(z):
            theta, log_det, cache = constraint.forward(z)
            return theta[..., :-1], log_det, cache

        def inverse(first):
            return constraint.inverse(np.concatenate([first, 1 - first.sum(axis=-1, keepdims=True)], axis=-1))

    if check is check_log_det:
        return check_log_det(forward, z)
    return check_inverse(forward, inverse, z)


def _kl(name, rng):
    """The closed form against draws, for two lam; log q(z) = log p(eps) - log_det, with eps at hand."""
    reparam, normal = _made(name, 2, rng), StandardNormal()
    lam = 0.7 * rng.standard_normal((2, reparam.n_params))

    # What is drawn is eps, of which both densities are functions.
    def log_q(eps):
        return normal.log_prob(eps) - reparam.forward(lam, eps)[1]

    def log_p(eps):
        return normal.log_prob(reparam.forward(lam, eps)[0])

    return check_kl(
        reparam.kl_forward(lam)[0],
        lambda n, rng: rng.standard_normal((n, 2, 2)),
        log_q,
        log_p,
        alpha=ALPHA,
        n_draws=50_000,
        rng=rng,
    )


# --- estimators ---------------------------------------------------------------------------------


def _estimator(name, rng):
    """The mean of a bound's gradient against that of the bound whose derivative at fixed noise is known."""
    vae = VAE(3, 1, (2,), likelihood="normal_fixed:0.7", dtype="float64", seed=int(rng.integers(100)))
    x = rng.standard_normal((2, 3))

    def gradient_of(bound):
        def draw(theta, rng):
            vae.parameters.value = theta
            vae.loss_and_grad(x, rng.standard_normal((10, 2, 1)), bound)
            return vae.parameters.grad.copy()

        return draw

    return check_estimator(
        gradient_of(name),
        vae.parameters.value.copy(),
        reference=gradient_of(REFERENCES.get(name, "elbo")),
        blocks=vae.parameters.blocks(),
        n_draws=1000,
        alpha=ALPHA,
        rng=rng,
    )
