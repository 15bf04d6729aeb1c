"""Maps: a log-determinant against the numerical Jacobian, an inverse against the map."""

import numpy as np

from scratchvae.gradcheck.beyond import check_inverse, check_log_det
from scratchvae.planted.checks.gradients import CONSTRAINTS
from scratchvae.reparam import MAPS

N_POINTS = 10


def build(name, n_latent, rng):
    """A map with random weights, for its own begin near the identity, where mistakes do not show."""
    reparam = MAPS[name](n_latent)
    if reparam.parameters is not None:
        reparam.parameters.value = 0.5 * rng.standard_normal(len(reparam.parameters))
    return reparam


def _drawn(name, seed):
    """A map, lam and points."""
    rng = np.random.default_rng(seed)
    reparam = build(name, 3, rng)
    lam = rng.standard_normal((N_POINTS, reparam.n_params))
    return reparam, lam, rng.standard_normal((N_POINTS, 3))


def log_det(subject, seed):
    """The report on a map's log-determinant, or a constraint's."""
    kind, _, name = subject.partition(" ")
    if kind == "constraint":
        constraint = CONSTRAINTS[name]
        z = np.random.default_rng(seed).standard_normal((N_POINTS, constraint.n_free))
        return check_log_det(lambda z: _free_part(constraint, z), z)
    reparam, lam, eps = _drawn(subject, seed)
    return check_log_det(reparam.forward, eps, lam)


def _free_part(constraint, z):
    """theta without what its sum determines, and the log-determinant."""
    theta, log_det, _ = constraint.forward(z)
    return theta[..., : constraint.n_free], log_det


def inverse(subject, seed):
    """The report on a map's inverse."""
    reparam, lam, eps = _drawn(subject, seed)
    return check_inverse(lambda lam, eps: reparam.forward(lam, eps)[0], reparam.inverse, eps, lam)
