"""Linear regression with noise of unknown sigma."""

import functools

import numpy as np
import scipy
from scipy.special import gammaln

from scratchvae.constraints import Positive
from scratchvae.distributions.normal import HALF_LOG_2PI
from scratchvae.models.checks import covariance, entries, positive, positive_entries
from scratchvae.models.exact import ExactModel, ExactPosterior
from scratchvae.models.gaussian import Gaussian
from scratchvae.models.normal_inverse_gamma import NormalInverseGamma
from scratchvae.models.regression import Regression
from scratchvae.validation import last_axis, real


class NormalInverseGammaRegression(Regression, ExactModel):
    """y_i ~ N(X_i beta, sigma^2), i = 1..N, beta and sigma unknown; z = (beta, log sigma).

        sigma^2 ~ InvGamma(shape0, scale0)          beta | sigma ~ N(m0, sigma^2 V0)

    The posterior is of the same form (Murphy 2012, section 7.6.3):

        V_N^-1 = V0^-1 + X^T X                      m_N = V_N (V0^-1 m0 + X^T y)
        shape_N = shape0 + N / 2
        scale_N = scale0 + (|y - X m_N|^2 + (m_N - m0)^T V0^-1 (m_N - m0)) / 2

    (a sum of squares, where the textbooks' y^T y + ... - m_N^T V_N^-1 m_N cancels), and

        log p(y) = log Gamma(shape_N) - log Gamma(shape0) + shape0 log scale0 - shape_N log scale_N
                   + (log det V_N - log det V0) / 2 - N log(2 pi) / 2

    which is Student's t in N dimensions, of 2 shape0 degrees of freedom, location X m0 and shape matrix
    (I + X V0 X^T) scale0 / shape0. The likelihood, with l = log sigma and r = y - X beta, and its gradient:

        log p(y|z) = -N l - e^(-2 l) |r|^2 / 2 - N log(2 pi) / 2
        d/dbeta = e^(-2 l) X^T r                    d/dl = e^(-2 l) |r|^2 - N

    For the prior over sigma and its Jacobian see `NormalInverseGamma`.

    Parameters
    ----------
    x : array (N, C) or (N,)
        Explanatory variables.
    y : array (N,)
    prior_sigma : float or array (P,)
        In units of sigma, the standard deviation of each coefficient's prior: V0 = diag(prior_sigma^2), the
        intercept first. Finite: a flat prior has no agreed power of sigma.
    shape0, scale0 : float
        Above zero. The prior of sigma^2 is worth 2 shape0 residuals of mean square scale0 / shape0.
    intercept : bool
        Whether the first coefficient multiplies a column of ones.
    names : sequence of str, optional
        Of the C columns; by default the parameters are "intercept", "beta" (C,) and "sigma".
    prior_mean : float or array (P,)
        m0.
    prior_cov : array (P, P), optional
        V0 whole, in units of sigma^2, in place of `prior_sigma`.

    Raises
    ------
    ValueError
        For NaN in x or y, shapes that do not fit, two parameters of one name, or a prior that is not proper.

    Examples
    --------
    >>> model = NormalInverseGammaRegression([0.0, 1.0, 2.0], [1.0, 3.0, 5.0], names=["slope"])
    >>> model.space.names
    ('intercept', 'slope', 'sigma')
    """

    def __init__(
        self,
        x,
        y,
        prior_sigma=1.0,
        shape0=1.0,
        scale0=1.0,
        intercept=True,
        names=None,
        *,
        prior_mean=0.0,
        prior_cov=None,
    ):
        self._observe(x, y, intercept, names, reserved=("sigma",))
        self.parameters = {**self.parameters, "sigma": Positive()}
        size = len(self.coefficients)
        mean = entries(prior_mean, "prior_mean", size)
        if prior_cov is None:
            normal = Gaussian.from_sigma(mean, positive_entries(prior_sigma, "prior_sigma", size))
        else:
            normal = Gaussian.from_cov(mean, covariance(prior_cov, "prior_cov", size))
        self.prior = NormalInverseGamma(normal, positive(shape0, "shape0"), positive(scale0, "scale0"))

    def log_prior(self, z):
        """log p(beta, sigma) + log sigma, (...): the log-determinant is the second term."""
        return self.prior.log_prob(z)

    def grad_log_prior(self, z):
        """Its gradient, (..., P + 1)."""
        return self.prior.grad_log_prob(z)

    def log_likelihood(self, z, rows=None):
        """log p(y|z) of these rows, by default of all, (...)."""
        residual, _ = self._residual(z, rows)
        squares = np.exp(-2 * z[..., -1]) * (residual * residual).sum(axis=-1)
        return -0.5 * squares - residual.shape[-1] * (z[..., -1] + HALF_LOG_2PI)

    def grad_log_likelihood(self, z, rows=None):
        """Its gradient, (..., P + 1)."""
        residual, design = self._residual(z, rows)
        precision = np.exp(-2 * z[..., -1:])
        squares = (residual * residual).sum(axis=-1, keepdims=True)
        dlog_sigma = precision * squares - residual.shape[-1]
        return np.concatenate([precision * (residual @ design), dlog_sigma], axis=-1)

    def _residual(self, z, rows):
        rows = slice(None) if rows is None else rows
        design = self.design[rows]
        return self.y[rows] - z[..., :-1] @ design.T, design

    def sample_prior(self, n, rng):
        """Draw z (n, P + 1) from the prior."""
        return self.prior.sample(n, rng)

    def simulate(self, z, rng):
        """Draw y (..., N) for each z (..., P + 1)."""
        z = last_axis(real(z, "z"), "z", self.n_latent)
        noise = rng.standard_normal((*z.shape[:-1], self.n_data))
        return z[..., :-1] @ self.design.T + np.exp(z[..., -1:]) * noise

    @property
    def data(self):
        """The data, of the form that `simulate` gives."""
        return self.y

    def with_data(self, y, *, x=None):
        """The same model with other responses (N,), at the same rows unless `x` gives others."""
        return self._after(self.prior, y, x)

    def updated(self, y, *, x=None):
        """The model of new responses y, at rows `x` (by default the same), whose prior is this posterior."""
        return self._after(self.posterior, y, x)

    def _after(self, prior, y, x):
        model = self._again(y, x)
        model.prior = prior
        return model

    @functools.cached_property
    def posterior(self):
        """p(z|y), a `NormalInverseGamma`."""
        normal = self.prior.normal.posterior(self.design, self.y)
        residual = self.y - self.design @ normal.mean
        squares = residual @ residual + self.prior.normal.squared_distance(normal.mean)
        return NormalInverseGamma(
            normal, self.prior.shape + 0.5 * self.n_data, float(self.prior.scale + 0.5 * squares)
        )

    def exact_posterior(self):
        """Return p(z|y) as an `ExactPosterior`."""
        q = self.posterior
        marginals = dict(zip(self.space.names, q.marginals(), strict=True))
        return ExactPosterior(q.mean(), q.cov(), q.log_prob, q.sample, marginals)

    def log_evidence(self):
        """Return log p(y), nats: the formula of the class."""
        p, q = self.prior, self.posterior
        log_gammas = gammaln(q.shape) - gammaln(p.shape)
        log_scales = p.shape * np.log(p.scale) - q.shape * np.log(q.scale)
        log_dets = p.normal.log_normaliser - q.normal.log_normaliser  # the 2 pi of the two cancel
        return float(log_gammas + log_scales + log_dets - self.n_data * HALF_LOG_2PI)

    def predictive(self, x=None):
        """p(y_new | y) of one new response at each row of `x` (M, C), by default of this model's own.

        Returns a frozen `scipy.stats.t` of M entries, each the distribution of its row alone: 2 shape_N
        degrees of freedom, location x m_N, scale^2 = (1 + x V_N x^T) scale_N / shape_N. The joint density of
        several is ``exp(model.updated(y_new, x=x).log_evidence())``.
        """
        q, design = self.posterior, self.new_design(x)
        spread = design @ q.normal.inverse_root
        variance = (1 + (spread * spread).sum(axis=-1)) * q.scale / q.shape
        return scipy.stats.t(2 * q.shape, design @ q.normal.mean, np.sqrt(variance))
