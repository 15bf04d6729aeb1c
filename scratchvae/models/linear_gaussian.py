"""What is linear in z and normal: everything is exact."""

import functools

import numpy as np
import scipy

from scratchvae.distributions.normal import HALF_LOG_2PI
from scratchvae.models.exact import ExactModel, ExactPosterior
from scratchvae.validation import last_axis, real


class LinearGaussian(ExactModel):
    """y = offset + A z + sigma noise, z normal; the base of the models of that kind.

    With u = (y - offset - A z) / sigma, (..., N), row by row,

        log p(y|z) = sum_i (-u_i^2 / 2 - log sigma_i - log(2 pi) / 2)
        d/dz = A^T (u / sigma),         because du_i/dz = -A_i / sigma_i

    The posterior is normal (Bishop 2006, section 3.3.1 and eq. 2.116), see `Gaussian.posterior`.

    Parameters
    ----------
    y : array (N,)
    design : array (N, L)
        A.
    sigma : float or array (N,)
        Standard deviations of the noise, known.
    prior : Gaussian
        Of z.
    offset : float or array (N,)
    """

    def __init__(self, y, design, sigma, prior, offset=0.0):
        self.y, self.design, self.prior = y, design, prior
        self.noise_sigma = np.broadcast_to(sigma, y.shape)
        self.offset = np.broadcast_to(offset, y.shape)

    def log_prior(self, z):
        """log N(z; mean, cov), (...); a coordinate with a flat prior adds nothing."""
        return self.prior.log_prob(z)

    def grad_log_prior(self, z):
        """Its gradient, (..., L)."""
        return self.prior.grad_log_prob(z)

    def log_likelihood(self, z, rows=None):
        """log p(y|z) of these rows, by default of all, (...)."""
        u, sigma, _ = self._standardised(z, rows)
        return -0.5 * (u * u).sum(axis=-1) - np.log(sigma).sum() - HALF_LOG_2PI * len(sigma)

    def grad_log_likelihood(self, z, rows=None):
        """Its gradient, (..., L)."""
        u, sigma, design = self._standardised(z, rows)
        return (u / sigma) @ design

    def _standardised(self, z, rows):
        rows = slice(None) if rows is None else rows
        sigma, design = self.noise_sigma[rows], self.design[rows]
        return (self.y[rows] - self.offset[rows] - z @ design.T) / sigma, sigma, design

    def sample_prior(self, n, rng):
        """Draw z (n, L) from the prior; a ValueError if that is flat."""
        return self.prior.sample(n, rng)

    def simulate(self, z, rng):
        """Draw y (..., N) for each z (..., L)."""
        z = last_axis(real(z, "z"), "z", self.n_latent)
        noise = rng.standard_normal((*z.shape[:-1], len(self.y)))
        return self.offset + z @ self.design.T + self.noise_sigma * noise

    @functools.cached_property
    def posterior(self):
        """p(z|y), a `Gaussian`."""
        return self.prior.posterior(
            self.design / self.noise_sigma[:, None], (self.y - self.offset) / self.noise_sigma
        )

    def exact_posterior(self):
        """Return p(z|y), normal, as an `ExactPosterior`."""
        q = self.posterior
        normals = map(scipy.stats.norm, q.mean, q.sigma)
        marginals = dict(zip(self.space.names, normals, strict=True))
        return ExactPosterior(q.mean, q.cov, q.log_prob, q.sample, marginals)

    def log_evidence(self):
        """Return log p(y), nats: Bayes' theorem solved for its denominator, at z = m, the posterior mean.

            log p(y) = log p(y|m) + log p(m) - log p(m|y)

        It holds at every z (Besag 1989; Chib 1995). At m nothing large cancels, and the two
        normalisers supply the determinants: with S0 and S the prior's and the posterior's covariance,

            log N(y; offset + A m0, A S0 A^T + diag(sigma^2))
              = log p(y|m) - |m - m0|^2_(S0^-1) / 2 + log det(S) / 2 - log det(S0) / 2

        which is Woodbury's identity and the matrix determinant lemma: L x L matrices alone, O(N L^2).

        Raises
        ------
        ValueError
            If the prior is flat: its density has no scale, so neither has p(y).
        """
        if not self.prior.is_proper:
            raise ValueError(
                "log p(y) is undefined under a flat prior, whose density is known up to a factor only; "
                "give a finite prior_sigma to compare models."
            )
        mean = self.posterior.mean
        return float(self.log_joint(mean) - self.posterior.log_prob(mean))

    def predictive_moments(self, design):
        """Mean and variance of A_new z under the posterior, (M,) each, for `design` A_new (M, L)."""
        spread = design @ self.posterior.inverse_root  # A_new U^-1, (M, L)
        return design @ self.posterior.mean, (spread * spread).sum(axis=-1)
