"""Linear regression with noise of known sigma."""

import numpy as np
import scipy

from scratchvae.models.checks import covariance, entries, positive
from scratchvae.models.design import check_identified, prior_scales
from scratchvae.models.gaussian import Gaussian
from scratchvae.models.linear_gaussian import LinearGaussian
from scratchvae.models.regression import Regression


class LinearRegression(Regression, LinearGaussian):
    """y_i ~ N(X_i beta, sigma^2), i = 1..N, sigma known; beta ~ N(prior_mean, S0); z = beta.

    The posterior is normal (Bishop 2006, eq. 3.49-3.51),

        S_N^-1 = S0^-1 + X^T X / sigma^2          m_N = S_N (S0^-1 prior_mean + X^T y / sigma^2)

    computed by a QR decomposition, without forming X^T X. A new response at the row x is
    N(x m_N, sigma^2 + x S_N x^T) (eq. 3.58-3.59); the evidence is N(y; X prior_mean, sigma^2 I + X S0 X^T).

    Parameters
    ----------
    x : array (N, C) or (N,)
        Explanatory variables.
    y : array (N,)
    sigma : float
        Standard deviation of the noise.
    prior_sigma : float or array (P,)
        Standard deviation of each coefficient's prior, of the intercept first; S0 is diagonal. Infinity is
        a flat prior: the posterior is then proper only if the flat columns are linearly independent, and the
        evidence is undefined. With all flat, m_N is the least-squares estimate.
    intercept : bool
        Whether the first coefficient multiplies a column of ones.
    names : sequence of str, optional
        Of the C columns; by default the parameters are "intercept" and "beta" (C,).
    prior_mean : float or array (P,)
    prior_cov : array (P, P), optional
        S0 whole, in place of `prior_sigma`.

    Raises
    ------
    ValueError
        For NaN in x or y, shapes that do not fit, two columns of one name, and for columns that are
        linearly dependent under a flat prior, which the message names.

    Examples
    --------
    >>> model = LinearRegression([0.0, 1.0, 2.0], [1.0, 3.0, 5.0], sigma=1.0, prior_sigma=np.inf)
    >>> model.space.names
    ('intercept', 'beta[0]')
    >>> model.exact_posterior().mean.round(6).tolist()  # the line through the three points
    [1.0, 2.0]
    """

    def __init__(
        self, x, y, sigma, prior_sigma=1.0, intercept=True, names=None, *, prior_mean=0.0, prior_cov=None
    ):
        self._observe(x, y, intercept, names)
        self.sigma = positive(sigma, "sigma")
        n_coefficients = len(self.coefficients)
        mean = entries(prior_mean, "prior_mean", n_coefficients)
        if prior_cov is None:
            scales = prior_scales(prior_sigma, n_coefficients)
            prior = Gaussian.from_sigma(mean, scales)
        else:
            prior = Gaussian.from_cov(mean, covariance(prior_cov, "prior_cov", n_coefficients))
        self._take(prior)

    def _take(self, prior):
        flat = np.diag(prior.root) == 0
        check_identified(self.design, self.coefficients, np.where(flat, np.inf, 1.0))
        LinearGaussian.__init__(self, self.y, self.design, self.sigma, prior)
        return self

    @property
    def data(self):
        """The data, of the form that `simulate` gives."""
        return self.y

    def with_data(self, y, *, x=None):
        """The same model with other responses (N,), at the same rows unless `x` gives others."""
        return self._again(y, x, sigma=self.sigma)._take(self.prior)

    def updated(self, y, *, x=None):
        """The model of new responses y, at rows `x` (by default the same), whose prior is this posterior."""
        return self._again(y, x, sigma=self.sigma)._take(self.posterior)

    def predictive(self, x=None):
        """p(y_new | y) of one new response at each row of `x` (M, C), by default of this model's own.

        Returns a frozen `scipy.stats.norm` of M entries, each the distribution of its row alone. Responses
        at several rows share beta; their joint density is ``exp(model.updated(y_new, x=x).log_evidence())``.
        """
        mean, variance = self.predictive_moments(self.new_design(x))
        return scipy.stats.norm(mean, np.sqrt(variance + self.sigma**2))
