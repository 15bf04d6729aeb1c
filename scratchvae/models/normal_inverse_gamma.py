"""The density of a normal vector and its sigma that is conjugate to linear regression."""

from typing import NamedTuple

import numpy as np
import scipy
from scipy.special import digamma, gammaln, polygamma

from scratchvae.models.gaussian import Gaussian
from scratchvae.models.log_gamma import log_gamma_draws


class NormalInverseGamma(NamedTuple):
    """sigma^2 ~ InvGamma(shape, scale), beta | sigma ~ N(m, sigma^2 V), of z = (beta, log sigma).

    sigma is a standard deviation, and z holds l = log sigma. The inverse gamma is a density over v = sigma^2,

        log p(v) = shape log scale - log Gamma(shape) - (shape + 1) log v - scale / v

    and dv/dsigma = 2 sigma, so that p(sigma) = 2 sigma p(v); dsigma/dl = sigma brings another factor, so that
    p(l) = 2 sigma^2 p(v). Together with the normal, d = beta - m and Q = d^T V^-1 d,

        log p(z) = shape log scale - log Gamma(shape) + log 2 - 2 shape l - scale e^(-2 l)
                   - P l - log det(2 pi V) / 2 - e^(-2 l) Q / 2
        d/dbeta = -e^(-2 l) V^-1 d
        d/dl    = -2 shape - P + e^(-2 l) (2 scale + Q)

    Attributes
    ----------
    normal : Gaussian
        N(m, V), beta's for sigma = 1.
    shape, scale : float
    """

    normal: Gaussian
    shape: float
    scale: float

    def log_prob(self, z):
        """log p(z), (...), for z (..., P + 1)."""
        beta, log_sigma = z[..., :-1], z[..., -1]
        constant = (
            self.shape * np.log(self.scale) - gammaln(self.shape) + np.log(2) + self.normal.log_normaliser
        )
        power = (2 * self.shape + beta.shape[-1]) * log_sigma
        squares = self.scale + 0.5 * self.normal.squared_distance(beta)
        return constant - power - np.exp(-2 * log_sigma) * squares

    def grad_log_prob(self, z):
        """Its gradient, (..., P + 1)."""
        beta, log_sigma = z[..., :-1], z[..., -1:]
        precision = np.exp(-2 * log_sigma)
        squares = 2 * self.scale + self.normal.squared_distance(beta)[..., None]
        dlog_sigma = precision * squares - 2 * self.shape - beta.shape[-1]
        return np.concatenate([precision * self.normal.grad_log_prob(beta), dlog_sigma], axis=-1)

    def sample(self, n, rng):
        """Draw z (n, P + 1)."""
        log_sigma = 0.5 * (np.log(self.scale) - log_gamma_draws(self.shape, (n, 1), rng))
        step = self.normal.sample(n, rng) - self.normal.mean
        return np.concatenate([self.normal.mean + np.exp(log_sigma) * step, log_sigma], axis=-1)

    def mean(self):
        """E z, (P + 1,); that of beta does not exist (nan) for shape <= 1/2.

        1 / sigma^2 is a gamma variable of rate `scale`: E log sigma = (log scale - digamma(shape)) / 2.
        """
        beta = self.normal.mean if self.shape > 0.5 else np.full_like(self.normal.mean, np.nan)
        return np.append(beta, 0.5 * (np.log(self.scale) - digamma(self.shape)))

    def cov(self):
        """Cov z, (P + 1, P + 1): Cov beta = V scale / (shape - 1), infinite variances for shape <= 1.

        Var log sigma = trigamma(shape) / 4; with beta it is uncorrelated, as E[beta | sigma] = m always.
        """
        size = len(self.normal.mean)
        cov = np.zeros((size + 1, size + 1))
        cov[:size, :size] = self.normal.cov * (self.scale / (self.shape - 1)) if self.shape > 1 else np.inf
        cov[size, size] = polygamma(1, self.shape) / 4
        return cov

    def marginals(self):
        """Frozen SciPy distributions of the betas and of sigma, in this order.

        Each beta follows Student's t of 2 shape degrees of freedom. sigma = (scale / g)^(1/2) for
        g ~ Gamma(shape), which is SciPy's generalised gamma g^(1/c) with c = -2.
        """
        scales = self.normal.sigma * np.sqrt(self.scale / self.shape)
        betas = [scipy.stats.t(2 * self.shape, m, s) for m, s in zip(self.normal.mean, scales, strict=True)]
        return [*betas, scipy.stats.gengamma(self.shape, -2, scale=np.sqrt(self.scale))]
