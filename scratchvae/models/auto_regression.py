"""A stationary autoregression: each value depends on the ones before it."""

import copy
import math

import numpy as np

from scratchvae.constraints import Interval, Positive, Real
from scratchvae.distributions import densities
from scratchvae.models import blocks
from scratchvae.models.constrained import ConstrainedModel
from scratchvae.validation import finite, generator, in_range, numeric_array, positive_int


class AutoRegression(ConstrainedModel):
    """y_t = c + sum_k phi_k y_(t-k) + sigma e_t, k = 1..p, e_t ~ N(0, 1), given the first p values.

        c ~ N(0, intercept_sigma^2)    rho_k ~ Uniform(-1, 1)    sigma ~ half-Cauchy(sigma_scale)

    For p = 1, phi = rho, and |rho| < 1 makes the series stationary. For p > 1 stationarity is a condition
    on all phi together, and rho_k are the partial autocorrelations, which may be any numbers in (-1, 1)
    (Barndorff-Nielsen and Schou 1973, "On the parametrization of autoregressive models by partial
    autocorrelations"). The recursion of Levinson and Durbin gives phi = phi^(p) from them:

        phi_k^(k) = rho_k,   phi_i^(k) = phi_i^(k-1) - rho_k phi_(k-i)^(k-1),   i = 1..k-1

    phi_j^(k-1) occurs in entry j, with slope 1, and in entry k - j, with slope -rho_k. So on the way back

        drho_k = dphi_k - sum_i dphi_i phi_(k-i)^(k-1),   dphi_j^(k-1) = dphi_j - rho_k dphi_(k-j)

    and the normal density of y_t about eta_t = c + sum_k phi_k y_(t-k) gives dc = sum_t deta_t and
    dphi_k = sum_t y_(t-k) deta_t. The density is conditional on y_1..y_p, as in Box, Jenkins and Reinsel
    (2008), section 7.1.2; a row is one of the N = T - p later values, which are independent given their
    own past. (Half-Cauchy: Gelman 2006, "Prior distributions for variance parameters in hierarchical
    models".)

    Other models of time series are written the same way, as a `ConstrainedModel`. A local level, say,
    has {"level_sigma": Positive(), "noise_sigma": Positive(), "first": Real(), "step": Real(T - 1)} with
    step ~ N(0, 1), level = first + level_sigma cumsum(step), y ~ N(level, noise_sigma^2); the gradient
    goes back through the cumulative sum by a cumulative sum from the end.

    Parameters
    ----------
    y : array (T,)
        At equal distances of time, T > p.
    order : int
        p.
    intercept_sigma, sigma_scale : float
        In units of y.

    Raises
    ------
    ValueError
        For a series that is not finite, of another shape or too short.

    Examples
    --------
    >>> model = AutoRegression([0.0, 1.0, 0.5, 0.2])
    >>> model.space.names, model.n_data
    (('intercept', 'rho', 'sigma'), 3)
    """

    def __init__(self, y, order=1, intercept_sigma=10.0, sigma_scale=1.0):
        self.order = positive_int(order, "order")
        self.intercept_sigma = in_range(
            intercept_sigma, "intercept_sigma", 0, np.inf, low_open=True, high_open=True
        )
        self.sigma_scale = in_range(sigma_scale, "sigma_scale", 0, np.inf, low_open=True, high_open=True)
        shape = None if self.order == 1 else self.order
        self.parameters = {"intercept": Real(), "rho": Interval(-1.0, 1.0, shape), "sigma": Positive()}
        self._set_data(y)

    def _set_data(self, y):
        y = finite(numeric_array(y, "y"), "y").astype(np.float64)
        if y.ndim != 1 or len(y) <= self.order:
            raise ValueError(
                f"y must be a series (T,) of more than order={self.order} values, not of shape {y.shape}."
            )
        self.y, self.n_data = y, len(y) - self.order
        lagged = [y[self.order - k : len(y) - k] for k in range(1, self.order + 1)]
        self.past, self.present = np.stack(lagged, axis=1), y[self.order :]  # (N, p), (N,)

    # --- densities ------------------------------------------------------------------------------

    def coefficients(self, z):
        """phi (..., p) for z (..., L)."""
        return levinson(self._rho(self.space.forward(z)[0]))[0]

    def _rho(self, theta):
        return theta["rho"].reshape(*theta["sigma"].shape, self.order)

    def prior(self, theta):
        """log p(c) + log p(sigma) - p log 2."""
        intercept, dintercept, *_ = densities.normal(theta["intercept"], 0.0, self.intercept_sigma)
        sigma, dsigma, _ = densities.half_cauchy(theta["sigma"], self.sigma_scale)
        log_p = intercept + sigma - self.order * math.log(2)
        return log_p, {"intercept": dintercept, "sigma": dsigma}

    def likelihood(self, theta, rows=None):
        """sum_t log N(y_t; c + sum_k phi_k y_(t-k), sigma^2), over all t > p or the given rows."""
        lead = theta["sigma"].shape
        phi, stages = levinson(self._rho(theta).reshape(-1, self.order))  # (S, p)
        c, sigma = theta["intercept"].reshape(-1, 1), theta["sigma"].reshape(-1, 1)
        total, dc, dphi, dsigma = 0.0, 0.0, 0.0, 0.0
        for block in blocks.index_blocks(self.n_data, rows, len(phi), blocks.MAX_TABLE):
            past = self.past[block]  # (M, p)
            log_p, _, deta, dscale = densities.normal(self.present[block], c + phi @ past.T, sigma)
            total, dsigma = total + log_p.sum(axis=-1), dsigma + dscale.sum(axis=-1)
            dc, dphi = dc + deta.sum(axis=-1), dphi + deta @ past
        gradient = {"intercept": dc, "rho": levinson_backward(stages, dphi), "sigma": dsigma}
        gradient = {name: slope.reshape(np.shape(theta[name])) for name, slope in gradient.items()}
        return total.reshape(lead)[()], gradient

    # --- simulation -----------------------------------------------------------------------------

    def sample_prior(self, n, rng):
        """Draw z (n, L)."""
        theta = {
            "intercept": self.intercept_sigma * generator(rng).standard_normal(n),
            "rho": rng.uniform(-1, 1, (n, *self.parameters["rho"].shape)),
            "sigma": self.sigma_scale * np.abs(rng.standard_cauchy(n)),
        }
        return self.space.inverse(theta)

    def simulate(self, z, rng):
        """Draw y (..., T) for each z (..., L), which begins with the first p values of this model's own."""
        theta = self.space.forward(z)[0]
        phi, c, sigma = self.coefficients(z), theta["intercept"], theta["sigma"]
        y = np.empty((*c.shape, len(self.y)))
        y[..., : self.order] = self.y[: self.order]
        noise = sigma[..., None] * generator(rng).standard_normal((*c.shape, len(self.y)))
        for t in range(self.order, len(self.y)):
            past = np.flip(y[..., t - self.order : t], axis=-1)  # y_(t-1), ..., y_(t-p)
            y[..., t] = c + (phi * past).sum(axis=-1) + noise[..., t]
        return y

    @property
    def data(self):
        """The data, of the form that `simulate` gives."""
        return self.y

    def with_data(self, y):
        """The same model of another series y, of any length."""
        other = copy.copy(self)
        other._set_data(y)
        return other


def levinson(rho):
    """Return phi (..., p) of the partial autocorrelations rho (..., p), and the stages phi^(1..p)."""
    phi = rho[..., :1]
    stages = [phi]
    for k in range(1, rho.shape[-1]):
        last = rho[..., k : k + 1]
        phi = np.concatenate([phi - last * np.flip(phi, axis=-1), last], axis=-1)
        stages.append(phi)
    return phi, stages


def levinson_backward(stages, dphi):
    """Return drho (..., p) for the incoming dphi (..., p), from the last stage to the first."""
    drho = np.empty_like(dphi)
    for k in range(len(stages) - 1, 0, -1):
        first, last = dphi[..., :-1], dphi[..., -1:]
        before = np.flip(stages[k - 1], axis=-1)
        drho[..., k] = last[..., 0] - (first * before).sum(axis=-1)
        dphi = first - stages[k][..., -1:] * np.flip(first, axis=-1)  # rho_k is the stage's last entry
    drho[..., 0] = dphi[..., 0]
    return drho
