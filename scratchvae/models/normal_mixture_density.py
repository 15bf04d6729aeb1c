"""A density of z with several modes of which all is known: what a unimodal q misses."""

import numpy as np

from scratchvae.distributions.normal import HALF_LOG_2PI
from scratchvae.models.base import BayesianModel
from scratchvae.numerics import log_sum_exp
from scratchvae.validation import finite, generator, has_shape, last_axis, numeric_array, real


class NormalMixtureDensity(BayesianModel):
    """p(z) = sum_c w_c prod_i N(z_i; m_ci, s_ci^2): a normalised target, written as `log_joint`.

    With a_c = log w_c + sum_i log N(z_i; m_ci, s_ci^2) and r_c = e^(a_c) / sum_j e^(a_j),

        log p(z) = log sum_c e^(a_c)
        dlog p / dz_i = sum_c r_c (m_ci - z_i) / s_ci^2

    There are no data: log p(z) integrates to one, so `log_evidence` is zero and KL(q || p) is minus the
    ELBO. (Bishop 2006, section 2.3.9; variational fits to two modes: figure 10.3.)

    Parameters
    ----------
    means : array (C, L)
    sigmas : float or array (C,) or (C, L)
        Standard deviations: one for all, for each component, or for each of its coordinates.
    weights : array (C,), optional
        Positive, of sum one; equal if not given.

    Raises
    ------
    ValueError
        For shapes that do not fit, entries not finite, sigmas or weights not above zero, weights whose
        sum is not one.

    Examples
    --------
    >>> target = NormalMixtureDensity([[-3.0, 0.0], [3.0, 0.0]], 1.0)
    >>> target.mean.tolist(), target.cov.tolist()
    ([0.0, 0.0], [[10.0, 0.0], [0.0, 1.0]])
    """

    def __init__(self, means, sigmas=1.0, weights=None):
        means = finite(numeric_array(means, "means"), "means").astype(np.float64)
        self.means = has_shape(means, "means", (None, None), "(C, L)")
        n_components, self.n_latent = means.shape
        self.sigmas = _spread(sigmas, means.shape)
        self.weights = _weights(weights, n_components)

    def _terms(self, z):
        """(m - z) / s (..., C, L) and a (..., C)."""
        z = last_axis(real(z, "z"), "z", self.n_latent)
        u = (self.means - z[..., None, :]) / self.sigmas
        log_scale = np.log(self.sigmas).sum(axis=-1) + self.n_latent * HALF_LOG_2PI
        return u, -0.5 * (u * u).sum(axis=-1) - log_scale + np.log(self.weights)

    def log_joint(self, z):
        """log p(z), (...), for z (..., L)."""
        return log_sum_exp(self._terms(z)[1], axis=-1)

    def grad_log_joint(self, z):
        """sum_c r_c (m_c - z) / s_c^2, (..., L)."""
        u, a = self._terms(z)
        r = np.exp(a - log_sum_exp(a, axis=-1)[..., None])
        return (r[..., None] * u / self.sigmas).sum(axis=-2)

    def log_evidence(self):
        """The logarithm of the integral of e^log_joint: zero."""
        return 0.0

    @property
    def mean(self):
        """E[z] = sum_c w_c m_c, (L,)."""
        return self.weights @ self.means

    @property
    def cov(self):
        """sum_c w_c (diag(s_c^2) + (m_c - E[z]) (m_c - E[z])^T), (L, L)."""
        away = self.means - self.mean
        return np.diag(self.weights @ self.sigmas**2) + (self.weights[:, None] * away).T @ away

    def sample_exact(self, n, rng):
        """Draw z (n, L)."""
        component = generator(rng).choice(len(self.weights), size=n, p=self.weights)
        return self.means[component] + self.sigmas[component] * rng.standard_normal((n, self.n_latent))


def _spread(sigmas, shape):
    sigmas = finite(numeric_array(sigmas, "sigmas"), "sigmas").astype(np.float64)
    if sigmas.shape not in ((), shape[:1], shape):
        raise ValueError(
            f"sigmas must be one number, one for each of the {shape[0]} components, or of the means' shape "
            f"{shape}; what came has shape {sigmas.shape}."
        )
    if not np.all(sigmas > 0):
        raise ValueError(f"sigmas must be above zero, but their least is {sigmas.min():g}.")
    return np.broadcast_to(sigmas[:, None] if sigmas.ndim == 1 else sigmas, shape).copy()


def _weights(weights, n_components):
    if weights is None:
        return np.full(n_components, 1 / n_components)
    weights = finite(numeric_array(weights, "weights"), "weights").astype(np.float64)
    has_shape(weights, "weights", (n_components,), "(C,)")
    if not np.all(weights > 0) or abs(weights.sum() - 1) > 1e-8:
        raise ValueError(
            f"weights must be above zero and of sum one, but their least is {weights.min():g} and their sum "
            f"{weights.sum():g}; divide them by their sum."
        )
    return weights / weights.sum()
