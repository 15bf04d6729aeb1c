"""Many independent draws of an estimator's gradient at once, exact gradients, and the test between them."""

import math

import naive
import numpy as np

import scratchvae as sv
from scratchvae.bounds import Terms
from scratchvae.vi.coordinates import Coordinates
from scratchvae.vi.objective import Objective

#: |mean - exact| in standard errors. Among a thousand coordinates the chance of one beyond it is 0.7 percent.
MOST_ERRORS = 4.5
#: What finite differences of an exact value may be off.
ROUNDING = 1e-7


def objective(model, family, bound, coordinates=None):
    """The `Objective` of a fit, by default in the coordinates z = y."""
    reparam = sv.reparam.build(family, model.n_latent)
    return Objective(model, reparam, bound, coordinates or Coordinates.standard(model.n_latent))


def near(reparam, rng):
    """A lam away from any optimum, with no entry at zero."""
    return reparam.initial(rng) + 0.3 * rng.standard_normal(reparam.n_params)


def terms_of(objective, lam, eps):
    """The terms (K, R) for eps (K, R, L), each of R columns one replication, and the two caches."""
    y, log_det, posterior = objective.reparam.forward(lam, eps)
    z = objective.coordinates.forward(y)
    log_likelihood, log_prior, model = objective.model.forward(z)
    noise, bound = objective.noise, objective.bound
    terms = Terms(
        log_likelihood,
        log_prior,
        noise.log_prob(eps),
        log_det + objective.coordinates.log_det,
        noise_entropy=noise.entropy(eps.shape[-1]),
    )
    if bound.uses_local:
        terms = terms._replace(local=local_terms(objective, z, posterior))
    return terms, y, posterior, model


def local_terms(objective, z, posterior):
    """log p_i(x, z) - log q_i(z_i), (K, R, L)."""
    model, stretch = objective.model, np.log(objective.coordinates.factor)
    whole = getattr(model, "local_log_joint", lambda z: model.log_joint(z)[..., None])
    return whole(z) + stretch - objective.reparam.log_q_by_coordinate(posterior)


def gradient_draws(objective, lam, eps):
    """The estimator's gradient for each of R replications, (R, n_params), from eps (K, R, L).

    A batch of R data that are all the same, each with its own lam: what reaches the lam of one
    replication is its gradient over R, for the loss is a mean over the batch.
    """
    bound, reparam, n_draws = objective.bound, objective.reparam, eps.shape[1]
    rows = np.broadcast_to(lam, (n_draws, lam.size))
    terms, y, posterior, model = terms_of(objective, rows, eps)
    closed = 0.0
    if bound.uses_kl:
        kl, kl_cache = objective._kl(lam)
        terms = terms._replace(kl=np.repeat(kl, n_draws))
    _, cache = bound.forward(terms)
    dterms = bound.backward(cache)
    if bound.uses_kl:
        closed = objective._kl_backward(kl_cache, dterms.kl[:1])
    if dterms.local is not None:
        return n_draws * reparam.score_by_coordinate(posterior, dterms.local)
    dy = np.zeros_like(y)
    if bound.pathwise:
        dz = objective.model.backward(model, dterms.log_likelihood, dterms.log_prior)
        dz = dz if dterms.path is None else dterms.path[..., None] * dz
        dy = objective.coordinates.backward(dz)
    dlog_det = np.zeros(eps.shape[:-1]) if dterms.log_det is None else dterms.log_det
    if dterms.score is not None:
        dy, dlog_det = reparam.add_score(posterior, dterms.score, dy, dlog_det)
    return n_draws * (reparam.backward(posterior, dy, dlog_det)[0] + closed)


def errors_off(draws, exact):
    """The largest |mean - exact| over coordinates, in standard errors of the mean of draws (R, n)."""
    error = draws.std(axis=0, ddof=1) / math.sqrt(len(draws))
    off = np.maximum(np.abs(draws.mean(axis=0) - exact) - ROUNDING, 0.0)
    return float((off / np.maximum(error, 1e-300)).max())


# --- exact gradients of the loss ----------------------------------------------------------------


def normal_grid(n_dimensions, n_points):
    """Gauss-Hermite points (G, n_dimensions) and weights (G,) of the mean under N(0, I)."""
    points, weights = np.polynomial.hermite_e.hermegauss(n_points)
    grid = np.stack(np.meshgrid(*[points] * n_dimensions, indexing="ij"), axis=-1)
    weight = np.stack(np.meshgrid(*[weights] * n_dimensions, indexing="ij"), axis=-1).prod(axis=-1)
    return grid.reshape(-1, n_dimensions), weight.ravel() / weight.sum()


def elbo_by_quadrature(objective, lam, n_points):
    """E[log p(x, z) - log q(z)] on a grid of eps (G, L): log q as a density, not by the map's terms."""
    eps, weight = normal_grid(objective.model.n_latent, n_points)
    y, _, _ = objective.reparam.forward(lam, eps)
    z = objective.coordinates.forward(y)
    mean, cov = objective.reparam.mean_and_cov(lam)
    factor = objective.coordinates.matrix
    return weight @ (
        objective.model.log_joint(z)
        - log_gaussian(z, objective.coordinates.forward(mean), factor @ cov @ factor.T)
    )


def log_gaussian(z, mean, cov):
    """log N(z; mean, cov), the textbook's formula."""
    centred = z - mean
    squared = np.einsum("...i,ij,...j->...", centred, np.linalg.inv(cov), centred)
    return -0.5 * (squared + np.linalg.slogdet(2 * np.pi * cov)[1])


def expected_loss(objective, lam, n_points=30):
    """E[loss] of K = 2 draws in one dimension, for any bound: a grid over (eps_1, eps_2)."""
    pairs, weight = normal_grid(2, n_points)
    terms = terms_of(objective, lam, pairs.T[..., None])[0]  # (K, G)
    if objective.bound.uses_kl:
        terms = terms._replace(kl=np.repeat(objective._kl(lam)[0], len(pairs)))
    columns = (column_of(terms, g) for g in range(len(pairs)))
    return float(weight @ [objective.bound.forward(column)[0] for column in columns])


def column_of(terms, g):
    """The terms of one replication, as a batch of one."""
    axis = {"kl": 0}
    arrays = {
        name: np.take(value, [g], axis.get(name, 1))
        for name, value in terms._asdict().items()
        if isinstance(value, np.ndarray)
    }
    return terms._replace(**arrays)


def gradient_of(function, lam):
    """Central differences of a smooth function that is computed to rounding."""
    return naive.numerical_gradient(function, lam, step=1e-3)
