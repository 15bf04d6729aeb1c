"""Linear regression with Student's t noise, which outliers move little."""

import copy

import numpy as np

from scratchvae.constraints import Positive, Space
from scratchvae.distributions import densities
from scratchvae.models import blocks
from scratchvae.models.constrained import ConstrainedModel
from scratchvae.models.design import check_identified, design, prior_scales, response
from scratchvae.validation import generator, in_range


class RobustRegression(ConstrainedModel):
    """y_n = sum_p X_np beta_p + sigma t_n, t_n ~ Student-t of nu degrees of freedom; sigma unknown.

        beta_p ~ N(0, prior_sigma_p^2)    sigma ~ half-Cauchy(sigma_scale)

    z = (beta, log sigma), L = P + 1. With u = (y - eta) / sigma, eta = X beta,

        log p(y | eta, sigma) = const - log sigma - (nu + 1)/2 log(1 + u^2 / nu)
        dlog p / deta = w u / sigma,   dlog p / dsigma = (w u^2 - 1) / sigma,   w = (nu + 1) / (nu + u^2)
        dbeta = X^T (dlog p / deta)

    w is the weight that a datum has beside normal noise: it falls as 1 / u^2, so that an outlier's pull
    w u / sigma vanishes in the end. sigma is the scale of t; the noise's standard deviation is
    sigma sqrt(nu / (nu - 2)) for nu > 2. (Lange, Little and Taylor 1989, "Robust statistical modeling
    using the t distribution"; nu = 4 as in Gelman et al. 2013, section 17.2; the half-Cauchy: Gelman 2006,
    "Prior distributions for variance parameters in hierarchical models".)

    Parameters
    ----------
    x : array (N, C) or (N,)
    y : array (N,)
    nu : float
        Degrees of freedom; 1 is Cauchy noise, infinity in the limit normal noise.
    prior_sigma : float or array (P,)
        The intercept's first; numpy.inf is a flat prior.
    sigma_scale : float
        In units of y.
    intercept : bool
    names : sequence of str, optional
        Of the columns of x; "sigma" is taken.

    Raises
    ------
    ValueError
        For data that do not fit or are not finite; names that occur twice; columns that are linearly
        dependent under a flat prior.
    """

    def __init__(self, x, y, nu=4.0, prior_sigma=1.0, sigma_scale=1.0, intercept=True, names=None):
        self.design = design(x, intercept, names, reserved=("sigma",))
        self.coefficients = Space(self.design.parameters)
        self.parameters = self.design.parameters | {"sigma": Positive()}
        self.x = self.design.matrix
        self.n_data, n_coefficients = self.x.shape
        self.nu = in_range(nu, "nu", 0, np.inf, low_open=True, high_open=True)
        self.sigma_scale = in_range(sigma_scale, "sigma_scale", 0, np.inf, low_open=True, high_open=True)
        self.prior_sigma = prior_scales(prior_sigma, n_coefficients)
        check_identified(self.x, self.design.names, self.prior_sigma)
        self.y = response(y, self.n_data)

    def prior(self, theta):
        """sum_p log N(beta_p) + log half-Cauchy(sigma); a flat prior adds zero."""
        beta = self._beta(theta)
        proper = np.isfinite(self.prior_sigma)
        log_p, dbeta, *_ = densities.normal(beta, 0.0, np.where(proper, self.prior_sigma, 1.0))
        sigma, dsigma, _ = densities.half_cauchy(theta["sigma"], self.sigma_scale)
        gradient = self.coefficients.forward(np.where(proper, dbeta, 0.0))[0]
        return np.where(proper, log_p, 0.0).sum(axis=-1) + sigma, gradient | {"sigma": dsigma}

    def likelihood(self, theta, rows=None):
        """sum_n log t(y_n; nu, eta_n, sigma), over all data or the given rows, in blocks of bounded size."""
        beta = self._beta(theta)
        lead = beta.shape[:-1]
        beta, sigma = beta.reshape(-1, beta.shape[-1]), theta["sigma"].reshape(-1, 1)  # (S, P), (S, 1)
        total, dbeta, dsigma = 0.0, 0.0, 0.0
        for block in blocks.index_blocks(self.n_data, rows, len(beta), blocks.MAX_TABLE):
            x = self.x[block]  # (M, P)
            log_p, _, _, deta, dscale = densities.student_t(self.y[block], self.nu, beta @ x.T, sigma)
            total, dsigma = total + log_p.sum(axis=-1), dsigma + dscale.sum(axis=-1)
            dbeta = dbeta + deta @ x
        gradient = self.coefficients.forward(dbeta.reshape(*lead, -1))[0]
        return total.reshape(lead)[()], gradient | {"sigma": dsigma.reshape(lead)}

    def _beta(self, theta):
        """beta (..., P), the coefficients' numbers in one axis."""
        return self.coefficients.flatten({name: theta[name] for name in self.coefficients.parameters})

    def sample_prior(self, n, rng):
        """Draw z (n, L); a flat prior has nothing to draw from."""
        if np.isinf(self.prior_sigma).any():
            raise ValueError(
                "a flat prior (prior_sigma=inf) cannot be drawn from: give a finite prior_sigma."
            )
        beta = self.prior_sigma * generator(rng).standard_normal((n, len(self.prior_sigma)))
        sigma = self.sigma_scale * np.abs(rng.standard_cauchy((n, 1)))
        return np.concatenate([beta, np.log(sigma)], axis=-1)

    def simulate(self, z, rng):
        """Draw y (..., N) at the model's own X for each z (..., L)."""
        theta = self.space.forward(z)[0]
        eta = self._beta(theta) @ self.x.T
        return eta + theta["sigma"][..., None] * generator(rng).standard_t(self.nu, eta.shape)

    @property
    def data(self):
        """The data, of the form that `simulate` gives."""
        return self.y

    def with_data(self, y):
        """The same model, with the same X and priors, of other responses y (N,)."""
        other = copy.copy(self)
        other.y = response(y, self.n_data)
        return other
