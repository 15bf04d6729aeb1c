"""A mixture of normals with unknown means, weights and standard deviations: many modes by symmetry."""

import copy
import math

import numpy as np

from scratchvae.constraints import Ordered, Positive, Real, Simplex
from scratchvae.distributions import densities
from scratchvae.distributions.normal import HALF_LOG_2PI
from scratchvae.models import blocks
from scratchvae.models.constrained import ConstrainedModel
from scratchvae.numerics import log_sum_exp
from scratchvae.validation import finite, generator, in_range, numeric_array, whole_number


class GaussianMixture(ConstrainedModel):
    """x_n ~ sum_k w_k N(m_k, sigma_k^2 I), with the component of each datum summed out.

        m_k ~ N(mean_mu, mean_sigma^2)    w ~ Dirichlet(alpha, ..., alpha)
        log sigma_k ~ N(log sigma_median, sigma_spread^2)

    The log-normal prior vanishes at sigma = 0 faster than any power, so that no component can collapse
    onto one datum, where the likelihood is unbounded (Bishop 2006, section 9.2.1; conjugate priors:
    Richardson and Green 1997).

    Let a_nk = log w_k + log N(x_n; m_k, sigma_k^2 I), so that log p(x_n) = log sum_k e^(a_nk). By the chain
    rule dlog p(x_n) = sum_k r_nk da_nk with the responsibilities

        r_nk = e^(a_nk) / sum_j e^(a_nj) = p(component k | x_n)

    and, with q_nk = |x_n - m_k|^2 in D dimensions,

        dm_k     = sum_n r_nk (x_n - m_k) / sigma_k^2
        dsigma_k = sum_n r_nk (q_nk / sigma_k^2 - D) / sigma_k
        dw_k     = sum_n r_nk / w_k = sum_n N(x_n; m_k, sigma_k^2 I) / p(x_n)

    The last form holds at w_k = 0 too. Renaming the components changes nothing: the posterior has K!
    equal modes (label switching). ``ordered=True`` keeps one of them, m_1 < ... < m_K, with K! times the
    prior density there; the evidence is the same.

    Parameters
    ----------
    x : array (N,) or (N, D)
    n_components : int
        K, at least 2.
    ordered : bool
        Only for data of one dimension.
    common_sigma : bool
        One sigma for all components, or one for each.
    mean_mu, mean_sigma : float
        Of the means' prior, in units of x.
    alpha : float
        1 is uniform over the simplex; below 1 prefers few components.
    sigma_median, sigma_spread : float
        Of sigma's prior: its median in units of x, and the standard deviation of log sigma.

    Raises
    ------
    ValueError
        For data of another shape or not finite, and parameters outside their range.
    """

    def __init__(
        self,
        x,
        n_components,
        ordered=False,
        common_sigma=True,
        mean_mu=0.0,
        mean_sigma=10.0,
        alpha=1.0,
        sigma_median=1.0,
        sigma_spread=1.0,
    ):
        self.n_components = whole_number(n_components, "n_components", least=2)
        self.ordered, self.common_sigma = bool(ordered), bool(common_sigma)
        self.mean_mu = in_range(mean_mu, "mean_mu", -np.inf, np.inf, low_open=True, high_open=True)
        self.mean_sigma = _positive(mean_sigma, "mean_sigma")
        self.alpha = _positive(alpha, "alpha")
        self.sigma_median = _positive(sigma_median, "sigma_median")
        self.sigma_spread = _positive(sigma_spread, "sigma_spread")
        self._set_data(x)
        self.parameters = {
            "means": self._means(),
            "weights": Simplex(self.n_components),
            "sigma": Positive(None if self.common_sigma else self.n_components),
        }

    def _set_data(self, x):
        x = finite(numeric_array(x, "x"), "x").astype(np.float64)
        if x.ndim not in (1, 2) or x.size == 0:
            raise ValueError(f"x must have shape (N,) or (N, D), with N and D above zero, not {x.shape}.")
        self.data_shape = x.shape
        self.x = x.reshape(len(x), -1)  # (N, D)
        self.n_data, self.n_dims = self.x.shape

    def _means(self):
        one_number_each = len(self.data_shape) == 1
        if not self.ordered:
            return Real(self.n_components if one_number_each else (self.n_components, self.n_dims))
        if not one_number_each:
            raise ValueError(
                f"ordered=True needs data of one dimension, x of shape (N,), not {self.x.shape}."
            )
        return Ordered(self.n_components)

    # --- densities ------------------------------------------------------------------------------

    def prior(self, theta):
        """The normals of the means, the Dirichlet of the weights, the log-normals of sigma."""
        means, dmeans, *_ = densities.normal(theta["means"], self.mean_mu, self.mean_sigma)
        log_sigma_median = math.log(self.sigma_median)
        sigma, dsigma, *_ = densities.log_normal(theta["sigma"], log_sigma_median, self.sigma_spread)
        weights, dweights = self._dirichlet(theta["weights"])
        log_p = means.sum(axis=tuple(range(weights.ndim, means.ndim))) + weights
        log_p = log_p + (sigma if self.common_sigma else sigma.sum(axis=-1))
        log_p = log_p + (math.lgamma(self.n_components + 1) if self.ordered else 0.0)
        return log_p, {"means": dmeans, "weights": dweights, "sigma": dsigma}

    def _dirichlet(self, w):
        """log Dirichlet(w; alpha, ..., alpha), a density of the first K - 1 entries, and its gradient."""
        k, a = self.n_components, self.alpha
        constant = math.lgamma(k * a) - k * math.lgamma(a)
        if a == 1:
            return np.full(w.shape[:-1], constant), np.zeros_like(w)
        return constant + (a - 1) * np.log(w).sum(axis=-1), (a - 1) / w

    def likelihood(self, theta, rows=None):
        """sum_n log sum_k w_k N(x_n; m_k, sigma_k^2 I), over all data or the given rows."""
        lead = theta["weights"].shape[:-1]
        m, w, sigma = self._flat(theta)
        total, dm, dsigma, dw = 0.0, 0.0, 0.0, 0.0
        for block in blocks.index_blocks(self.n_data, rows, m.size, blocks.MAX_TABLE):
            u, log_n, log_p = self._log_densities(self.x[block], m, w, sigma)
            over_p = np.exp(log_n - log_p[..., None])  # N / p(x_n), (S, M, K)
            r = over_p * w[:, None]
            total = total + log_p.sum(axis=-1)
            dm = dm + (r[..., None] * u).sum(axis=1) / sigma[..., None]
            dsigma = dsigma + (r * ((u * u).sum(axis=-1) - self.n_dims)).sum(axis=1) / sigma
            dw = dw + over_p.sum(axis=1)
        dsigma = dsigma.sum(axis=-1) if self.common_sigma else dsigma
        gradient = {"means": dm, "weights": dw, "sigma": dsigma}
        gradient = {name: slope.reshape(np.shape(theta[name])) for name, slope in gradient.items()}
        return total.reshape(lead)[()], gradient

    def _flat(self, theta):
        """m (S, K, D), w (S, K), sigma (S, K): the samples in one axis."""
        w = theta["weights"].reshape(-1, self.n_components)
        m = theta["means"].reshape(len(w), self.n_components, self.n_dims)
        return m, w, np.broadcast_to(theta["sigma"].reshape(len(w), -1), w.shape)

    def _log_densities(self, x, m, w, sigma):
        """u = (x - m) / sigma (S, M, K, D), log N(x; m, sigma^2 I) (S, M, K) and log p(x) (S, M)."""
        u = (x[:, None] - m[:, None]) / sigma[:, None, :, None]
        log_n = -0.5 * (u * u).sum(axis=-1) - self.n_dims * (np.log(sigma)[:, None] + HALF_LOG_2PI)
        with np.errstate(divide="ignore"):  # log 0 = -inf: this component has nothing
            return u, log_n, log_sum_exp(log_n + np.log(w)[:, None], axis=-1)

    def responsibilities(self, z):
        """r_nk = p(component k | x_n, z), (..., N, K), for z (..., L)."""
        theta = self.space.forward(z)[0]
        m, w, sigma = self._flat(theta)
        _, log_n, log_p = self._log_densities(self.x, m, w, sigma)
        r = np.exp(log_n - log_p[..., None]) * w[:, None]
        return r.reshape(*theta["weights"].shape[:-1], self.n_data, self.n_components)

    # --- simulation -----------------------------------------------------------------------------

    def sample_prior(self, n, rng):
        """Draw z (n, L)."""
        shape = (n, *self.parameters["means"].shape)
        means = self.mean_mu + self.mean_sigma * generator(rng).standard_normal(shape)
        log_ratio = self.sigma_spread * rng.standard_normal((n, *self.parameters["sigma"].shape))
        theta = {
            "means": np.sort(means, axis=-1) if self.ordered else means,
            "weights": rng.dirichlet(np.full(self.n_components, self.alpha), size=n),
            "sigma": self.sigma_median * np.exp(log_ratio),
        }
        return self.space.inverse(theta)

    def simulate(self, z, rng):
        """Draw x (..., N) or (..., N, D) for each z (..., L)."""
        theta = self.space.forward(z)[0]
        m, w, sigma = self._flat(theta)
        upper = np.cumsum(w, axis=-1)[:, None, :-1]  # (S, 1, K - 1)
        component = (generator(rng).random((len(w), self.n_data, 1)) > upper).sum(axis=-1)  # (S, N)
        sample = np.arange(len(w))[:, None]
        noise = rng.standard_normal((*component.shape, self.n_dims))
        x = m[sample, component] + sigma[sample, component, None] * noise
        return x.reshape(*theta["weights"].shape[:-1], *self.data_shape)

    @property
    def data(self):
        """The data, of the form that `simulate` gives."""
        return self.x

    def with_data(self, x):
        """The same model of other data x, of any number of rows."""
        other = copy.copy(self)
        other._set_data(x)
        if other.data_shape[1:] != self.data_shape[1:]:
            raise ValueError(f"x must have rows of shape {self.data_shape[1:]}, not {other.data_shape[1:]}.")
        return other


def _positive(value, name):
    return in_range(value, name, 0, np.inf, low_open=True, high_open=True)
