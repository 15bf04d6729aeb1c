"""The mean of normal data of known sigma."""

import numpy as np
import scipy

from scratchvae.constraints import Real
from scratchvae.models.checks import positive, positive_entries, vector
from scratchvae.models.gaussian import Gaussian
from scratchvae.models.linear_gaussian import LinearGaussian
from scratchvae.validation import in_range


class NormalMean(LinearGaussian):
    """x_i ~ N(mu, sigma^2), i = 1..N, sigma known; mu ~ N(prior_mean, prior_sigma^2); z = mu.

    Precisions add, and the posterior mean is the average of the prior's and the data's means weighted
    by them (Gelman et al. 2013, eq. 2.12; Bishop 2006, eq. 2.141-2.142):

        1 / sigma_N^2 = 1 / prior_sigma^2 + N / sigma^2
        mu_N = sigma_N^2 (prior_mean / prior_sigma^2 + sum_i x_i / sigma^2)
        x_new | x ~ N(mu_N, sigma_N^2 + sigma^2)

    It is the linear-Gaussian model whose design is a column of ones.

    Parameters
    ----------
    x : array (N,)
    sigma : float
        Standard deviation of one datum.
    prior_mean, prior_sigma : float
        `prior_sigma` = inf is a flat prior, under which the evidence is undefined.

    Raises
    ------
    ValueError
        If x holds NaN, or a standard deviation is not above zero.

    Examples
    --------
    >>> model = NormalMean([1.0, 3.0], sigma=1.0, prior_mean=0.0, prior_sigma=1.0)
    >>> exact = model.exact_posterior()
    >>> round(float(exact.mean[0]), 6), round(float(exact.cov[0, 0]), 6)
    (1.333333, 0.333333)
    """

    def __init__(self, x, sigma, prior_mean=0.0, prior_sigma=1.0):
        self.parameters = {"mu": Real()}
        self.x = vector(x, "x")
        self.n_data = len(self.x)
        self.sigma = positive(sigma, "sigma")
        self.prior_mean = in_range(prior_mean, "prior_mean", -np.inf, np.inf, low_open=True, high_open=True)
        prior_sigma = positive_entries(prior_sigma, "prior_sigma", 1, may_be_infinite=True)
        self.prior_sigma = float(prior_sigma[0])
        prior = Gaussian.from_sigma([self.prior_mean], prior_sigma)
        super().__init__(self.x, np.ones((self.n_data, 1)), self.sigma, prior)

    @property
    def data(self):
        """The data, of the form that `simulate` gives."""
        return self.x

    def with_data(self, x):
        """The same model with other data (N,)."""
        return NormalMean(x, self.sigma, self.prior_mean, self.prior_sigma)

    def updated(self, x):
        """The model of the new data x whose prior is this posterior."""
        return NormalMean(x, self.sigma, self.posterior.mean[0], self.posterior.sigma[0])

    def predictive(self):
        """p(x_new|x) of one new datum: a frozen `scipy.stats.norm`."""
        return scipy.stats.norm(self.posterior.mean[0], np.hypot(self.posterior.sigma[0], self.sigma))
