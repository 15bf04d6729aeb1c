"""Small models with known answers, for the tests of grids, updates and predictive checks."""

import numpy as np
from scipy import stats

from scratchvae.constraints import Interval, Positive, Real
from scratchvae.distributions import densities
from scratchvae.models import BayesianModel, ConstrainedModel


class Coin(ConstrainedModel):
    """k heads in n throws, p ~ Beta(a, b): p|x ~ Beta(a + k, b + n - k)."""

    parameters = {"p": Interval(0, 1)}

    def __init__(self, k, n, a=1.0, b=1.0):
        self.k, self.n, self.a, self.b = k, n, a, b

    def prior(self, theta):
        log_p, dp, *_ = densities.beta(theta["p"], self.a, self.b)
        return log_p, {"p": dp}

    def likelihood(self, theta):
        p = theta["p"]
        return stats.binom.logpmf(self.k, self.n, p), {"p": self.k / p - (self.n - self.k) / (1 - p)}

    def simulate(self, z, rng):
        return rng.binomial(self.n, self.space.forward(z)[0]["p"])

    @property
    def posterior(self):
        return stats.beta(self.a + self.k, self.b + self.n - self.k)

    @property
    def log_evidence(self):
        return stats.betabinom.logpmf(self.k, self.n, self.a, self.b)


class Mean(BayesianModel):
    """x_i ~ N(z, sigma^2), z ~ N(0, tau^2), by the textbook's formulas; rows of data."""

    n_latent = 1

    def __init__(self, x, sigma=1.0, tau=2.0):
        self.data, self.sigma, self.tau = np.asarray(x, float), sigma, tau
        self.n_data = len(self.data)

    def log_prior(self, z):
        return stats.norm.logpdf(z[..., 0], 0, self.tau)

    def grad_log_prior(self, z):
        return -z / self.tau**2

    def log_likelihood(self, z, rows=slice(None)):
        return stats.norm.logpdf(self.data[rows], z, self.sigma).sum(axis=-1)

    def grad_log_likelihood(self, z, rows=slice(None)):
        return ((self.data[rows] - z) / self.sigma**2).sum(axis=-1, keepdims=True)

    def simulate(self, z, rng):
        return z[..., :1] + self.sigma * rng.standard_normal((*z.shape[:-1], self.n_data))

    def sample_prior(self, n, rng):
        return self.tau * rng.standard_normal((n, 1))

    def with_data(self, x):
        return Mean(x, self.sigma, self.tau)

    @property
    def posterior(self):
        precision = 1 / self.tau**2 + self.n_data / self.sigma**2
        return stats.norm(self.data.sum() / self.sigma**2 / precision, precision**-0.5)

    @property
    def log_evidence(self):
        cov = self.sigma**2 * np.eye(self.n_data) + self.tau**2
        return stats.multivariate_normal(np.zeros(self.n_data), cov).logpdf(self.data)


class Plane(BayesianModel):
    """One datum x ~ N(z, noise) of two numbers with a prior N(0, prior): all normal, all correlated."""

    parameters = {"a": Real(), "b": Real()}

    def __init__(self, x=(1.0, -0.5), noise=((1.0, 0.8), (0.8, 1.0)), prior=((4.0, -1.0), (-1.0, 2.0))):
        self.x, self.noise, self.prior_cov = np.array(x), np.array(noise), np.array(prior)

    def log_prior(self, z):
        return stats.multivariate_normal([0, 0], self.prior_cov).logpdf(z)

    def grad_log_prior(self, z):
        return -z @ np.linalg.inv(self.prior_cov)

    def log_likelihood(self, z):
        return stats.multivariate_normal([0, 0], self.noise).logpdf(self.x - z)

    def grad_log_likelihood(self, z):
        return (self.x - z) @ np.linalg.inv(self.noise)

    @property
    def posterior(self):
        cov = np.linalg.inv(np.linalg.inv(self.prior_cov) + np.linalg.inv(self.noise))
        return stats.multivariate_normal(cov @ np.linalg.solve(self.noise, self.x), cov)

    @property
    def log_evidence(self):
        return stats.multivariate_normal([0, 0], self.prior_cov + self.noise).logpdf(self.x)


class Schools(ConstrainedModel):
    """Rubin's (1981) eight schools with the schools' effects integrated out: mu and tau are left."""

    parameters = {"mu": Real(), "tau": Positive()}
    y = np.array([28.0, 8, -3, 7, -1, 1, 18, 12])
    sigma = np.array([15.0, 10, 16, 11, 9, 11, 10, 18])

    def prior(self, theta):
        mu, dmu, *_ = densities.normal(theta["mu"], 0, 5)
        tau, dtau, _ = densities.half_cauchy(theta["tau"], 5)
        return mu + tau, {"mu": dmu, "tau": dtau}

    def likelihood(self, theta):
        mu, tau = theta["mu"][..., None], theta["tau"][..., None]
        sigma = np.hypot(tau, self.sigma)
        log_p, _, dmu, dsigma = densities.normal(self.y, mu, sigma)
        return log_p.sum(-1), {"mu": dmu.sum(-1), "tau": (dsigma * tau / sigma).sum(-1)}


class Target(BayesianModel):
    """Any log-density of one or two numbers as a whole."""

    def __init__(self, function, n_latent=1):
        self.function, self.n_latent = function, n_latent

    def log_joint(self, z):
        return self.function(*np.moveaxis(z, -1, 0))
