"""Gradients: the pieces that the package checks of itself, its models, its densities, its constraints."""

from dataclasses import replace
from functools import partial

import numpy as np

from scratchvae import models
from scratchvae.constraints import Interval, Ordered, Positive, Simplex
from scratchvae.distributions import Normal, densities, kl
from scratchvae.gradcheck import check_backward, check_model, check_reparameterization
from scratchvae.nn import Linear
from scratchvae.priors import MixturePrior
from scratchvae.reparam import MAPS
from scratchvae.reparam.networked import Networked
from scratchvae.selfcheck import _network, pieces

ROWS = np.array([[0.5, -1.0], [1.5, 0.3], [-0.7, 0.8], [0.2, 2.0], [1.1, -0.4]])
SUCCESS = np.array([1.0, 0.0, 1.0, 1.0, 0.0])
NUMBERS = np.array([0.4, -0.9, 1.3, 2.2, -0.1])


def logistic():
    """A logistic regression whose prior's scale is not one."""
    return models.LogisticRegression(ROWS, SUCCESS, prior_sigma=2.5)


def mixture():
    """Two components in one dimension."""
    return models.GaussianMixture(NUMBERS, 2)


def schools(centred=False):
    """Three groups that share strength."""
    return models.HierarchicalNormal([2.0, -1.0, 0.5], [1.0, 1.5, 0.8], centred, mu_sigma=2.0, tau_scale=1.5)


MODELS = {
    "logistic regression": logistic,
    "poisson regression": lambda: models.PoissonRegression(
        ROWS, [3, 0, 2, 1, 4], exposure=[1.0, 2.5, 0.5, 3.0, 1.5], prior_sigma=0.7
    ),
    "robust regression": lambda: models.RobustRegression(ROWS, NUMBERS),
    "hierarchical normal": schools,
    "centred hierarchical normal": partial(schools, centred=True),
    "gaussian mixture": mixture,
    "beta-binomial": lambda: models.BetaBinomial(7, 10, a=2.0, b=3.0),
    "linear regression": lambda: models.LinearRegression(ROWS[:, 0], NUMBERS, sigma=0.6, prior_sigma=1.5),
}
CONSTRAINTS = {
    "positive": Positive(3),
    "softplus": Positive(3, by="softplus"),
    "interval": Interval(-1.0, 2.0, 3),
    "ordered": Ordered(4),
    "simplex": Simplex(4),
}
N_LATENT = 3
#: What lam is made of, with the size of each part at three latents.
PARTS = {
    "diagonal": {"mu": 3, "log_sigma": 3},
    "full_rank": {"mu": 3, "log_diag": 3, "below": 3},
    "low_rank": {"mu": 3, "log_sigma": 3, "v": 3},
    "planar": {"u": 3, "w": 3, "b": 1},
    "radial": {"z0": 3, "log_alpha": 1, "beta": 1},
}
#: Of functions of `densities`: x and the parameters, at which they are looked at.
DENSITIES = {
    "student_t": (NUMBERS, 3.5, 0.3, 1.7),
    "half_cauchy": (np.abs(NUMBERS), 1.3),
    "gamma": (np.abs(NUMBERS), 2.3, 0.7),
    "laplace": (NUMBERS, 0.2, 1.6),
}


def gradient(subject, seed):
    """The report on the gradient of one piece."""
    kind, _, name = subject.partition(" ")
    if kind == "model":
        return check_model(MODELS[name](), seed=seed)
    if kind == "map":
        return _in_parts(name, seed) if name in PARTS else _map(name, seed)
    if subject == "prior mixture":
        return _mixture(seed)
    if subject == "closed-form KL":
        return _kl(seed)
    if subject == "likelihood normal":
        return _normal(seed)
    if kind == "constraint":
        return _constraint(CONSTRAINTS[name], seed)
    if kind == "density":
        return _density(getattr(densities, name), DENSITIES[name], seed)
    if subject == "square layer":
        return _network(Linear(4, 4, "tanh"), np.random.default_rng(seed))
    return next(report for name, report in pieces(seed, subject) if name == subject)


def _in_parts(name, seed):
    """Of a map with a free lam: each part of lam as an input of its own, for a diagnosis of its own."""
    rng = np.random.default_rng(seed)
    reparam, parts = MAPS[name](N_LATENT), PARTS[name]
    inputs = {part: rng.standard_normal((3, size)) for part, size in parts.items()}

    def forward(eps, **parts):
        z, log_det, cache = reparam.forward(_packed(parts), eps)
        return (z, log_det), cache

    def backward(cache, dz, dlog_det):
        dlam, deps = reparam.backward(cache, dz, dlog_det)
        return {"eps": deps, **_unpacked(dlam, parts)}

    inputs["eps"] = rng.standard_normal((5, 3, N_LATENT))
    sizes = {"samples": 5, "batch": 3}
    return check_backward(forward, backward, inputs, outputs=("z", "log_det"), seed=seed, sizes=sizes)


def _map(name, seed):
    """Of any map, with a small network if it has one; what is said of log|det| is left to `maps.log_det`."""
    reparam = MAPS[name](N_LATENT, hidden=6) if issubclass(MAPS[name], Networked) else MAPS[name](N_LATENT)
    if reparam.parameters is not None:
        weights = np.random.default_rng(seed).standard_normal(len(reparam.parameters))
        reparam.parameters.value = 0.5 * weights
    report = check_reparameterization(reparam, seed=seed)
    return replace(report, blocks=tuple(block for block in report.blocks if block.name != "log_det"))


def _mixture(seed):
    """The mixture prior with components that are apart: z, and its three blocks of weights."""
    prior = MixturePrior(2, 3)
    rng, weights = np.random.default_rng(seed), prior.parameters

    def forward(z, **blocks):
        for name, block in blocks.items():
            weights[name] = block
        log_p, cache = prior.forward(z)
        return (log_p,), cache

    def backward(cache, dlog_p):
        dz = prior.backward(cache, dlog_p)
        return {"z": dz, **{name: weights.gradient(name).copy() for name in weights}}

    blocks = {name: rng.standard_normal(weights.shapes[name]) for name in weights}
    return check_backward(forward, backward, {"z": rng.standard_normal((6, 2)), **blocks}, seed=seed)


def _kl(seed):
    parts = {"mu": 4, "log_sigma": 4}

    def forward(**parts):
        divergence, cache = kl.forward(_packed(parts))
        return (divergence,), cache

    def backward(cache, dkl):
        return _unpacked(kl.backward(cache, dkl), parts)

    rng = np.random.default_rng(seed)
    inputs = {part: rng.standard_normal((3, size)) for part, size in parts.items()}
    return check_backward(forward, backward, inputs, seed=seed)


def _normal(seed):
    parts = {"mu": 4, "log_sigma": 4}

    def forward(x, **parts):
        log_p, cache = Normal().forward(x, _packed(parts))
        return (log_p,), cache

    def backward(cache, dlog_p):
        dx, dparams = Normal().backward(cache, dlog_p)
        return {"x": dx, **_unpacked(dparams, parts)}

    rng = np.random.default_rng(seed)
    inputs = {part: rng.standard_normal((3, size)) for part, size in parts.items()}
    return check_backward(forward, backward, inputs | {"x": rng.standard_normal((3, 4))}, seed=seed)


def _packed(parts):
    return np.concatenate(list(parts.values()), axis=-1)


def _unpacked(array, parts):
    """{name: its columns} in the order and of the sizes of `parts`."""
    ends = np.cumsum(list(parts.values()))[:-1]
    return dict(zip(parts, np.split(array, ends, axis=-1), strict=True))


def _constraint(constraint, seed):
    def forward(z):
        theta, log_det, cache = constraint.forward(z)
        return (theta, log_det), cache

    def backward(cache, dtheta, dlog_det):
        return {"z": constraint.backward(cache, dtheta, dlog_det)}

    z = np.random.default_rng(seed).standard_normal((5, constraint.n_free))
    return check_backward(forward, backward, {"z": z}, outputs=("theta", "log_det"), seed=seed)


def _density(function, point, seed):
    """x and its parameters, each an array of x's shape, so that every entry is its own."""
    values = [np.broadcast_to(value, np.shape(point[0])) for value in point]
    names = ["x", *function.__code__.co_varnames[1 : len(point)]]

    def forward(**inputs):
        log_p, *derivatives = function(*inputs.values())
        return (log_p,), derivatives

    def backward(derivatives, dlog_p):
        return {name: dlog_p * slope for name, slope in zip(names, derivatives, strict=True)}

    return check_backward(forward, backward, dict(zip(names, values, strict=True)), seed=seed)
