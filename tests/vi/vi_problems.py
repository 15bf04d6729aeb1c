"""Posteriors with known answers, and how far a fit is from them."""

import numpy as np

import scratchvae as sv
from scratchvae.models import BayesianModel


class Correlated(BayesianModel):
    """N(mean, cov) as a log-joint; its evidence is 0 nats."""

    def __init__(self, mean, cov):
        self.center, self.cov = np.asarray(mean, float), np.asarray(cov, float)
        self.n_latent = len(self.center)
        self.precision = np.linalg.inv(self.cov)
        self.half_log_det = 0.5 * np.linalg.slogdet(2 * np.pi * self.cov)[1]

    def log_joint(self, z):
        d = z - self.center
        return -0.5 * ((d @ self.precision) * d).sum(axis=-1) - self.half_log_det

    def grad_log_joint(self, z):
        return -(z - self.center) @ self.precision

    def log_evidence(self):
        return 0.0


def correlated(n_latent, seed=0):
    """A `Correlated` of random mean and covariance."""
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((n_latent, n_latent))
    cov = root @ root.T / n_latent + 0.1 * np.eye(n_latent)
    return Correlated(3 * rng.standard_normal(n_latent), cov)


def rescaled(model, units, shift=0.0):
    """The same posterior with z in other units and from another origin."""
    units = np.broadcast_to(units, model.center.shape)
    return Correlated(model.center * units + shift, model.cov * np.outer(units, units))


class Written(BayesianModel):
    """A log-joint and its gradient, given as two functions of z."""

    def __init__(self, n_latent, log_joint, gradient):
        self.n_latent, self.function, self.gradient = n_latent, log_joint, gradient

    def log_joint(self, z):
        return self.function(z)

    def grad_log_joint(self, z):
        return self.gradient(z)


def square(z):
    """The log-density of N(0, I) up to its constant."""
    return -0.5 * (z * z).sum(axis=-1)


def standard(n_latent=1):
    """N(0, I), not normalised: its evidence is L log(2 pi) / 2."""
    return Written(n_latent, square, lambda z: -z)


def small_regression():
    """Two coefficients of which the posterior is a product: any family can equal it."""
    x = np.linspace(-1, 1, 12)
    y = 1 + 2 * x + 0.3 * np.random.default_rng(0).standard_normal(12)
    return sv.models.LinearRegression(x, y, sigma=0.3, prior_sigma=2.0)


def fitted(model, family="full_rank", *, seed=0, **options):
    """`sv.fit` of a given seed, without a progress bar."""
    return sv.fit(model, family, rng=np.random.default_rng(seed), progress=False, **options)


def mean_error(q, mean, cov):
    """The largest error of q's mean, in standard deviations of the posterior."""
    return np.max(np.abs(q.mean - mean) / np.sqrt(np.diag(cov)))


def cov_error(q, cov):
    """The largest error of q's covariance, each entry in units of the two standard deviations."""
    sd = np.sqrt(np.diag(cov))
    return np.max(np.abs(q.cov - cov) / np.outer(sd, sd))


def excess(q, log_evidence):
    """By how many standard errors the ELBO lies above the evidence."""
    return (q.elbo - log_evidence) / max(q.elbo_error, 1e-9 * max(1.0, abs(log_evidence)))
