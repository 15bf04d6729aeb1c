"""Groups that share strength: a hierarchical normal model, and the eight schools of Rubin (1981)."""

import copy
from typing import NamedTuple

import numpy as np

from scratchvae.constraints import Positive, Real
from scratchvae.distributions import densities
from scratchvae.models.constrained import ConstrainedModel
from scratchvae.numerics import log_sum_exp
from scratchvae.validation import finite, generator, has_shape, in_range, numeric_array


class HierarchicalPosterior(NamedTuple):
    """Means and standard deviations under p(mu, tau, theta | y), and log p(y)."""

    log_evidence: float  # nats
    mu_mean: float
    mu_sd: float
    tau_mean: float
    tau_sd: float  # infinite for a single group: the half-Cauchy's tail
    theta_mean: np.ndarray  # (J,)
    theta_sd: np.ndarray  # (J,)


class HierarchicalNormal(ConstrainedModel):
    """J groups, each measured once with a known standard error.

        mu ~ N(0, mu_sigma^2)    tau ~ half-Cauchy(tau_scale)
        theta_j ~ N(mu, tau^2)   y_j ~ N(theta_j, sigma_j^2)

    (Gelman et al., Bayesian Data Analysis, 2013, section 5.5; the half-Cauchy: Gelman 2006, "Prior
    distributions for variance parameters in hierarchical models".) mu and tau are the population's mean
    and standard deviation, in units of y. There are two ways to write it as a density of free z:

    - centred: z = (mu, log tau, theta_1, ..., theta_J);
    - non-centred: z = (mu, log tau, eta_1, ..., eta_J), theta_j = mu + tau eta_j, eta_j ~ N(0, 1), so
      that a priori eta does not depend on tau: no funnel (Papaspiliopoulos, Roberts and Skold 2007).

    They are one model: p(y) and the posterior of (mu, tau, theta) agree. Gradients, with r_j = dlog
    p(y_j)/dtheta_j = (y_j - theta_j) / sigma_j^2, follow for the non-centred way from dtheta_j/dmu = 1,
    dtheta_j/dtau = eta_j, dtheta_j/deta_j = tau; for the centred way from the normal density's own
    derivatives by its mean and standard deviation.

    Parameters
    ----------
    y : array (J,)
    sigma : array (J,) or float
        Their standard errors.
    centred : bool
    mu_sigma, tau_scale : float

    Raises
    ------
    ValueError
        For data of another shape or not finite, standard errors or scales that are not above zero.
    """

    def __init__(self, y, sigma, centred=False, mu_sigma=5.0, tau_scale=5.0):
        self.sigma = _standard_errors(sigma, y)
        self.n_groups = len(self.sigma)
        self.centred = bool(centred)
        self.mu_sigma = in_range(mu_sigma, "mu_sigma", 0, np.inf, low_open=True, high_open=True)
        self.tau_scale = in_range(tau_scale, "tau_scale", 0, np.inf, low_open=True, high_open=True)
        self.effect = "theta" if self.centred else "eta"
        self.parameters = {"mu": Real(), "tau": Positive(), self.effect: Real(self.n_groups)}
        self._set_data(y)

    def _set_data(self, y):
        y = finite(numeric_array(y, "y"), "y").astype(np.float64)
        self.y = has_shape(y, "y", (self.n_groups,), "(J,)")

    # --- densities ------------------------------------------------------------------------------

    def group_means(self, z):
        """theta (..., J) of z (..., L), in either parametrization."""
        return self._theta(self.space.forward(z)[0])

    def _theta(self, parameters):
        effect = parameters[self.effect]
        if self.centred:
            return effect
        return parameters["mu"][..., None] + parameters["tau"][..., None] * effect

    def _population(self, parameters):
        """log p(theta_j | mu, tau), (..., J), or log p(eta_j), and its derivatives by effect, mu, tau."""
        effect = parameters[self.effect]
        if self.centred:
            return densities.normal(effect, parameters["mu"][..., None], parameters["tau"][..., None])
        return *densities.normal(effect, 0.0, 1.0)[:2], np.zeros_like(effect), np.zeros_like(effect)

    def prior(self, theta):
        """log p(mu) + log p(tau) + sum_j log p(theta_j | mu, tau), or with log p(eta_j)."""
        mu, dmu, *_ = densities.normal(theta["mu"], 0.0, self.mu_sigma)
        tau, dtau, _ = densities.half_cauchy(theta["tau"], self.tau_scale)
        effect, deffect, dmean, dsd = self._population(theta)
        gradient = {"mu": dmu + dmean.sum(-1), "tau": dtau + dsd.sum(-1), self.effect: deffect}
        return mu + tau + effect.sum(axis=-1), gradient

    def likelihood(self, theta):
        """sum_j log N(y_j; theta_j, sigma_j^2)."""
        log_p, _, dtheta, _ = densities.normal(self.y, self._theta(theta), self.sigma)
        if self.centred:
            return log_p.sum(axis=-1), {"theta": dtheta}
        gradient = {
            "mu": dtheta.sum(axis=-1),
            "tau": (dtheta * theta["eta"]).sum(axis=-1),
            "eta": dtheta * theta["tau"][..., None],
        }
        return log_p.sum(axis=-1), gradient

    def local_log_joint(self, z):
        """For each i the sum of those terms of log p(y, z) in which z_i occurs, (..., L).

        Given all other entries of z, entry i is log p(y, z) up to what does not depend on z_i (the
        logarithm of the complete conditional). So a score-function estimator may put it in the place of
        the whole log p(y, z), with less variance (Ranganath, Gerrish and Blei 2014, section 3.1). With
        a_j = log p(eta_j) and l_j = log p(y_j | mu + tau eta_j), non-centred,

            mu: log p(mu) + sum_j l_j    tau: log p(tau) + log tau + sum_j l_j    eta_j: a_j + l_j

        where log tau is log|dtau/dz|. Centred, with a_j = log p(theta_j | mu, tau),

            mu: log p(mu) + sum_j a_j    tau: log p(tau) + log tau + sum_j a_j    theta_j: a_j + l_j
        """
        theta, log_det, _ = self.space.forward(z)
        mu = densities.normal(theta["mu"], 0.0, self.mu_sigma)[0]
        tau = densities.half_cauchy(theta["tau"], self.tau_scale)[0] + log_det
        effect = self._population(theta)[0]
        data = densities.normal(self.y, self._theta(theta), self.sigma)[0]
        shared = (effect if self.centred else data).sum(axis=-1)
        first = np.stack([mu + shared, tau + shared], axis=-1)
        return np.concatenate([first, effect + data], axis=-1)

    # --- simulation -----------------------------------------------------------------------------

    def sample_prior(self, n, rng):
        """Draw z (n, L)."""
        mu = self.mu_sigma * generator(rng).standard_normal(n)
        tau = self.tau_scale * np.abs(rng.standard_cauchy(n))
        effect = rng.standard_normal((n, self.n_groups))
        if self.centred:
            effect = mu[:, None] + tau[:, None] * effect
        return self.space.inverse({"mu": mu, "tau": tau, self.effect: effect})

    def simulate(self, z, rng):
        """Draw y (..., J) for each z (..., L)."""
        theta = self.group_means(z)
        return theta + self.sigma * generator(rng).standard_normal(theta.shape)

    @property
    def data(self):
        """The data, of the form that `simulate` gives."""
        return self.y

    def with_data(self, y):
        """The same model of other measurements y (J,), with the same standard errors."""
        other = copy.copy(self)
        other._set_data(y)
        return other

    # --- the exact answer -----------------------------------------------------------------------

    def exact_by_quadrature(self, step=0.05):
        """Return the posterior's means and standard deviations and log p(y), a `HierarchicalPosterior`.

        Given tau all is normal. With theta integrated out, y_j ~ N(mu, s_j^2), s_j^2 = sigma_j^2 + tau^2.
        With precisions w_j = 1 / s_j^2 and w_0 = 1 / mu_sigma^2, completing the square in mu gives

            mu | tau, y ~ N(m, v),   v = 1 / (w_0 + sum_j w_j),   m = v sum_j w_j y_j
            log p(y | tau) = sum_j log N(y_j; 0, s_j^2) + log(v w_0) / 2 + m^2 / (2 v)

        and with the shrinkage b_j = tau^2 / s_j^2, theta_j | tau, y has mean m + b_j (y_j - m) and
        variance b_j sigma_j^2 + (1 - b_j)^2 v. (Gelman et al. 2013, equations 5.17 to 5.21, there with a
        flat prior of mu.) What remains is one integral over zeta = log tau, whose integrand is smooth
        and falls exponentially on both sides: the trapezoidal rule converges exponentially, and at the
        default step its error is that of rounding. Cost: O(J) at some 1600 points.

        Parameters
        ----------
        step : float
            Of the grid of log tau.
        """
        zeta = self._grid(in_range(step, "step", 0, 1, low_open=True))
        tau = np.exp(zeta)
        m, v, log_p = self._given_tau(tau)
        log_weight = log_p + densities.half_cauchy(tau, self.tau_scale)[0] + zeta + np.log(zeta[1] - zeta[0])
        log_evidence = log_sum_exp(log_weight, axis=0)
        weight = np.exp(log_weight - log_evidence)
        shrink = (tau / np.hypot(self.sigma[:, None], tau)) ** 2  # (J, G)
        means = np.vstack([m, tau, m + shrink * (self.y[:, None] - m)])  # (2 + J, G)
        variances = np.vstack([v, 0 * tau, shrink * self.sigma[:, None] ** 2 + (1 - shrink) ** 2 * v])
        mean = means @ weight
        sd = np.sqrt((variances + (means - mean[:, None]) ** 2) @ weight)
        if self.n_groups == 1:
            sd[1] = np.inf  # p(tau | y) falls as tau^-3: it has a mean and no variance
        pairs = [float(number) for pair in zip(mean[:2], sd[:2], strict=True) for number in pair]
        return HierarchicalPosterior(float(log_evidence), *pairs, mean[2:], sd[2:])

    def _grid(self, step):
        scales = np.log([self.tau_scale, *self.sigma, np.abs(self.y).max() + self.sigma.min()])
        low, high = scales.min() - 40, scales.max() + 40  # e^-40 of the mass lies outside
        return np.linspace(low, high, int(np.ceil((high - low) / step)) + 1)

    def _given_tau(self, tau):
        s = np.hypot(self.sigma[:, None], tau)  # (J, G)
        w, w0 = 1 / s**2, 1 / self.mu_sigma**2
        v = 1 / (w0 + w.sum(axis=0))
        m = v * (w * self.y[:, None]).sum(axis=0)
        log_p = densities.normal(self.y[:, None], 0.0, s)[0].sum(axis=0)
        return m, v, log_p + 0.5 * np.log(v * w0) + 0.5 * m * m / v

    def log_evidence(self):
        """log p(y), nats, by `exact_by_quadrature`."""
        return self.exact_by_quadrature().log_evidence


def _standard_errors(sigma, y):
    sigma = finite(numeric_array(sigma, "sigma"), "sigma").astype(np.float64)
    if sigma.ndim == 0:
        sigma = np.full(max(1, np.size(y)), sigma)
    has_shape(sigma, "sigma", (None,), "(J,)")
    if not np.all(sigma > 0):
        raise ValueError(f"sigma must hold standard errors above zero, but its least is {sigma.min():g}.")
    return sigma


class EightSchools(HierarchicalNormal):
    """The effect of coaching on SAT scores at eight schools: a `HierarchicalNormal` with its data built in.

    y is each school's estimated effect in points, sigma its standard error. (Rubin 1981, "Estimation in
    parallel randomized experiments", Journal of Educational Statistics 6; Gelman et al. 2013, table 5.2.
    The priors are those of posteriordb and Stan's example: mu ~ N(0, 5^2), tau ~ half-Cauchy(5).)

    Examples
    --------
    >>> exact = EightSchools().exact_by_quadrature()
    >>> round(exact.mu_mean, 3), round(exact.tau_mean, 3), round(exact.log_evidence, 4)
    (4.397, 3.598, -31.3113)
    """

    schools = tuple("ABCDEFGH")
    y_1981 = (28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0)
    sigma_1981 = (15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0)

    def __init__(self, y=None, sigma=None, centred=False, mu_sigma=5.0, tau_scale=5.0):
        y = self.y_1981 if y is None else y
        sigma = self.sigma_1981 if sigma is None else sigma
        super().__init__(y, sigma, centred, mu_sigma, tau_scale)
