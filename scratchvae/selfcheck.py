"""Every differentiable piece of the package against finite differences.

Whatever is registered (an activation, a likelihood, a map, a bound) is found here by itself.
"""

from functools import partial

import numpy as np

from scratchvae.bounds import EXACT_BOUNDS, Terms
from scratchvae.distributions import LIKELIHOODS, StandardNormal, kl
from scratchvae.gradcheck import check_backward, check_reparameterization, check_vae
from scratchvae.nn import ACTIVATIONS, MLP, Linear
from scratchvae.priors import PRIORS
from scratchvae.reparam import MAPS
from scratchvae.vae import VAE
from scratchvae.validation import build

#: Where the default hides a mistake (a factor 1 / sigma is not seen at sigma = 1) or is needlessly large.
SPECS = {
    "normal_fixed": "normal_fixed:0.5",
    "normal_shared": "normal_shared:0.5",
    "categorical": "categorical:5",
    "free_bits": "free_bits:0.01",  # so that KL costs something
}


def pieces(seed=0, only=""):
    """Yield (name, Report) for each piece, from the smallest to the whole VAE.

    Parameters
    ----------
    seed : int
        Of the random points at which the gradients are compared.
    only : str
        Leave out pieces without this text in their name.
    """
    for name, check in _checks(seed):
        if only in name:
            yield name, check(np.random.default_rng(seed))


def _checks(seed):
    """(name, function of a generator that gives the Report) for each piece."""
    for name in ACTIVATIONS:
        yield f"activation {name}", partial(_activation, name)
    yield "linear", partial(_network, Linear(4, 3, "tanh"))
    yield "mlp", partial(_network, MLP([4, 5, 5, 3], "softplus"))
    yield "standard normal", _standard_normal
    for name in LIKELIHOODS:
        yield f"likelihood {name}", partial(_likelihood, name)
    yield "closed-form KL", _kl
    for name in MAPS:
        yield f"map {name}", partial(_map, name, seed)
    # What is no derivative at fixed noise agrees with finite differences on average only.
    for name in EXACT_BOUNDS:
        yield f"bound {name}", partial(_bound, build(EXACT_BOUNDS, SPECS.get(name, name), "bound"))
    for bound in EXACT_BOUNDS:
        for likelihood in LIKELIHOODS:
            yield f"VAE {likelihood}/{bound}", partial(_vae, likelihood, bound, seed)
    for name in PRIORS:
        if name != "standard_normal":  # which all those above have
            yield f"VAE prior {name}", partial(_vae, "bernoulli", "iwae", seed, prior=f"{name}:3")
    yield "VAE conditional", partial(_vae, "bernoulli", "iwae", seed, n_classes=3)


def _map(name, seed, rng):
    reparam = MAPS[name](3)
    if reparam.parameters is not None:  # a network with random weights, for its own begin near zero
        reparam.parameters.value = 0.5 * rng.standard_normal(len(reparam.parameters))
    mode = "auto" if reparam.parameters is None else "mixed"  # directions see all of a network's weights
    return check_reparameterization(reparam, seed=seed, mode=mode, n_probes=5)


def _activation(name, rng):
    activation = ACTIVATIONS[name]()

    def forward(a):
        h, cache = activation.forward(a)
        return (h, h.sum(axis=0)), cache  # the second output stands for the bias's gradient

    def backward(cache, dh, dtotal):
        return {"a": activation.backward(cache, dh + dtotal)}

    return check_backward(forward, backward, {"a": rng.normal(0, 2, (6, 5))})


def _network(network, rng):
    network.parameters.value = rng.standard_normal(len(network.parameters))
    names = network.parameters.names

    def forward(x, **weights):
        for name, array in weights.items():
            network.parameters[name] = array
        y, cache = network.forward(x)
        return (y,), cache

    def backward(cache, dy):
        dx = network.backward(cache, dy)
        return {"x": dx} | {name: network.parameters.gradient(name).copy() for name in names}

    weights = {name: network.parameters[name].copy() for name in names}
    return check_backward(forward, backward, {"x": rng.standard_normal((6, 4)), **weights})


def _standard_normal(rng):
    def forward(z):
        log_p, cache = StandardNormal().forward(z)
        return (log_p,), cache

    def backward(cache, dlog_p):
        return {"z": StandardNormal().backward(cache, dlog_p)}

    return check_backward(forward, backward, {"z": rng.standard_normal((2, 3, 4))})


def _likelihood(name, rng):
    likelihood = build(LIKELIHOODS, SPECS.get(name, name), "likelihood")
    params = rng.standard_normal((2, 3, likelihood.n_params(4)))  # (K, B, n)
    x = likelihood.sample(params[0], rng)  # (B, D)
    weights = likelihood.parameters or {}

    def forward(params, x=x, **blocks):
        for name, block in blocks.items():
            weights[name] = block
        log_p, cache = likelihood.forward(x, params)
        return (log_p,), cache

    def backward(cache, dlog_p):
        dx, dparams = likelihood.backward(cache, dlog_p)
        return {"params": dparams, "x": dx} | {name: weights.gradient(name).copy() for name in weights}

    inputs = {"params": params, "x": x} if likelihood.differentiable_in_x else {"params": params}
    return check_backward(forward, backward, inputs | {name: weights[name].copy() for name in weights})


def _kl(rng):
    def forward(lam):
        divergence, cache = kl.forward(lam)
        return (divergence,), cache

    def backward(cache, dkl):
        return {"lam": kl.backward(cache, dkl)}

    return check_backward(forward, backward, {"lam": rng.standard_normal((3, 8))})


def _bound(bound, rng):
    used = ["log_likelihood", "kl"] if bound.uses_kl else ["log_likelihood", "log_prior", "log_det"]
    kl = (3, 4) if bound.uses_kl == "by_coordinate" else (3,)  # (B, L) or (B,)
    shapes = {name: kl if name == "kl" else (2, 3) for name in used}
    fixed = {} if bound.uses_kl else {"log_noise": rng.standard_normal((2, 3))}

    def forward(**terms):
        loss, cache = bound.forward(Terms(**terms, **fixed))
        return (np.array(loss),), cache

    def backward(cache, dloss):
        dterms = bound.backward(cache)
        return {name: dloss * getattr(dterms, name) for name in used}

    return check_backward(
        forward, backward, {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    )


def _vae(likelihood, bound, seed, rng, **options):
    likelihood = SPECS.get(likelihood, likelihood)
    vae = VAE(6, 2, (5, 4), likelihood=likelihood, dtype="float64", seed=seed, **options)
    x = vae.likelihood.sample(0.3 * rng.standard_normal((4, vae.likelihood.n_params(6))), rng)
    y = None if vae.n_classes is None else np.arange(4) % vae.n_classes
    eps = rng.standard_normal((3, 4, 2))
    return check_vae(vae, x, eps, SPECS.get(bound, bound), y, mode="directions", n_probes=4)
