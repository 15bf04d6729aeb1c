"""Models written as a reader of the documentation would write them, against grids and exact answers."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import betaln, expit, gammaln, logsumexp
from vi_problems import fitted

import scratchvae as sv

# --- a time series ------------------------------------------------------------------------------


class LocalLevel(sv.ConstrainedModel):
    """A level that drifts, x_t = x_(t-1) + drift eta_t, seen as y_t ~ N(x_t, noise^2)."""

    noise = 0.5

    def __init__(self, y):
        self.y = np.asarray(y, float)
        self.parameters = {"start": sv.Real(), "drift": sv.Positive(), "eta": sv.Real(len(y) - 1)}

    def path(self, theta):
        """The sum of the shocks so far, 0 at first; (..., T)."""
        eta = theta["eta"]
        return np.concatenate([np.zeros((*eta.shape[:-1], 1)), np.cumsum(eta, axis=-1)], axis=-1)

    def prior(self, theta):
        start, dstart, *_ = sv.densities.normal(theta["start"], 0, 5)
        drift, ddrift, _ = sv.densities.half_normal(theta["drift"], 1)
        eta, deta, *_ = sv.densities.normal(theta["eta"], 0, 1)
        return start + drift + eta.sum(-1), {"start": dstart, "drift": ddrift, "eta": deta}

    def likelihood(self, theta):
        path, drift = self.path(theta), theta["drift"][..., None]
        log_p, _, dlevel, _ = sv.densities.normal(
            self.y, theta["start"][..., None] + drift * path, self.noise
        )
        later = np.cumsum(dlevel[..., ::-1], axis=-1)[..., ::-1]  # of all levels that a shock moves
        gradient = {
            "start": dlevel.sum(-1),
            "drift": (dlevel * path).sum(-1),
            "eta": drift * later[..., 1:],
        }
        return log_p.sum(-1), gradient

    def exact(self):
        """log p(y), and the drift's mean and sd, on a grid of its logarithm: given the drift y is normal."""
        times = np.arange(len(self.y))
        walk = np.minimum(times[:, None], times)  # the covariance of a random walk of unit shocks
        grid = np.linspace(-8, 3, 300)
        log_w = [
            stats.multivariate_normal.logpdf(
                self.y, cov=25 + math.exp(2 * u) * walk + self.noise**2 * np.eye(len(self.y))
            )
            for u in grid
        ]
        log_w = np.array(log_w) + stats.halfnorm.logpdf(np.exp(grid)) + grid + np.log(grid[1] - grid[0])
        return logsumexp(log_w), *moments(np.exp(grid), log_w)


def moments(values, log_w):
    """Mean and standard deviation of the values under weights."""
    weight = np.exp(log_w - logsumexp(log_w))
    mean = (weight * values).sum()
    return mean, math.sqrt((weight * (values - mean) ** 2).sum())


def test_a_time_series():
    rng = np.random.default_rng(8)
    model = LocalLevel(2 + np.cumsum(0.6 * rng.standard_normal(20)) + 0.5 * rng.standard_normal(20))
    assert sv.gradcheck.check_model(model).passed
    log_evidence, mean, sd = model.exact()
    q = fitted(model)
    assert q.converged
    check_against_grid(q, "drift", mean, sd, log_evidence)


def check_against_grid(q, scale, mean, sd, log_evidence):
    """Its Gaussian of (log scale, eta) has the right place, is too narrow, and says so.

    The data determine scale times eta, not each of them: a ridge that bends, where the best Gaussian keeps
    to a part. Weights mend most of it.
    """
    row, column = q.summary()[scale], q.names.index(scale)
    assert abs(row.mean - mean) < 0.2 * sd
    assert 0.4 * sd < row.sd < 0.7 * sd
    assert q.verdict.code != "trust"
    assert log_evidence - 0.7 < q.elbo < log_evidence
    assert q.corrected.log_evidence.value == pytest.approx(log_evidence, abs=0.15)
    assert abs(q.corrected.mean.value[column] - mean) < 0.15 * sd
    assert q.corrected.sd.value[column] == pytest.approx(sd, rel=0.12)


# --- a hierarchy --------------------------------------------------------------------------------


class Wards(sv.ConstrainedModel):
    """Deaths of operations in several wards, whose log-odds are alike: mu + tau eta_g."""

    parameters = {"mu": sv.Real(), "tau": sv.Positive(), "eta": sv.Real(6)}
    deaths = np.array([2, 9, 4, 14, 8, 6])
    operations = np.array([47, 148, 119, 110, 91, 90])

    def prior(self, theta):
        mu, dmu, *_ = sv.densities.normal(theta["mu"], -2, 1)
        tau, dtau, _ = sv.densities.half_normal(theta["tau"], 1)
        eta, deta, *_ = sv.densities.normal(theta["eta"], 0, 1)
        return mu + tau + eta.sum(-1), {"mu": dmu, "tau": dtau, "eta": deta}

    def likelihood(self, theta):
        tau = theta["tau"][..., None]
        logit = theta["mu"][..., None] + tau * theta["eta"]
        log_p, dlogit = sv.densities.binomial_logit(self.deaths, self.operations, logit)
        gradient = {"mu": dlogit.sum(-1), "tau": (dlogit * theta["eta"]).sum(-1), "eta": dlogit * tau}
        return log_p.sum(-1), gradient

    def exact(self):
        """log p(x) and the moments of mu and tau: Gauss-Hermite over each eta on a grid of (mu, log tau)."""
        node, weight = np.polynomial.hermite_e.hermegauss(60)
        mu, u = np.meshgrid(np.linspace(-5, 0, 81), np.linspace(-7, 2, 81), indexing="ij")
        logit = mu[..., None] + np.exp(u)[..., None] * node  # (M, U, nodes)
        log_w = stats.norm.logpdf(mu, -2, 1) + stats.halfnorm.logpdf(np.exp(u)) + u
        for k, n in zip(self.deaths, self.operations, strict=True):
            log_p = stats.binom.logpmf(k, n, expit(logit))
            log_w += logsumexp(log_p + np.log(weight / math.sqrt(2 * math.pi)), axis=-1)
        log_w += np.log(5 / 80 * 9 / 80)
        return logsumexp(log_w), moments(mu, log_w), moments(np.exp(u), log_w)


def test_a_hierarchy():
    model = Wards()
    assert sv.gradcheck.check_model(model).passed
    log_evidence, mu, tau = model.exact()
    q = fitted(model)
    assert q.converged
    assert abs(q.summary()["mu"].mean - mu[0]) < 0.1 * mu[1]
    assert q.summary()["mu"].sd == pytest.approx(mu[1], rel=0.25)
    check_against_grid(q, "tau", *tau, log_evidence)


# --- other ways to write one --------------------------------------------------------------------


class LogGamma(sv.BayesianModel):
    """The logarithm of a gamma variable, as a log-joint alone: a z - b e^z."""

    n_latent = 1
    a, b = 60.0, 3.0

    def log_joint(self, z):
        return self.a * z[..., 0] - self.b * np.exp(z[..., 0])

    def grad_log_joint(self, z):
        return self.a - self.b * np.exp(z)


def test_a_log_joint_alone():
    model = LogGamma()
    q = fitted(model)
    log_evidence = gammaln(model.a) - model.a * math.log(model.b)
    assert q.elbo == pytest.approx(log_evidence, abs=0.01)
    assert q.corrected.log_evidence.value == pytest.approx(log_evidence, abs=0.001)
    assert q.mean[0] == pytest.approx(math.log(20), abs=0.02)
    assert q.names == ("z[0]",)


class Line(sv.BayesianModel):
    """Four functions of free z with names."""

    parameters = {"intercept": sv.Real(), "slope": sv.Real(2)}

    def __init__(self, x, y):
        self.x, self.y = x, y

    def log_prior(self, z):
        return stats.norm.logpdf(z, 0, 3).sum(axis=-1)

    def grad_log_prior(self, z):
        return -z / 9

    def residual(self, z):
        return self.y - z[..., :1] - z[..., 1:] @ self.x.T

    def log_likelihood(self, z):
        return stats.norm.logpdf(self.residual(z), 0, 0.5).sum(axis=-1)

    def grad_log_likelihood(self, z):
        r = self.residual(z) / 0.25
        return np.concatenate([r.sum(axis=-1, keepdims=True), r @ self.x], axis=-1)


def test_named_parameters_of_a_plain_model(rng):
    x = rng.standard_normal((15, 2))
    y = 1 + x @ [2.0, -1.0] + 0.5 * rng.standard_normal(15)
    q = fitted(Line(x, y))
    exact = sv.models.LinearRegression(x, y, 0.5, 3.0)
    np.testing.assert_allclose(q.mean, exact.exact_posterior().mean, atol=1e-3)
    assert q.elbo == pytest.approx(exact.log_evidence(), abs=0.01)
    assert q.names == ("intercept", "slope[0]", "slope[1]")
    assert q.draws(5, rng)["slope"].shape == (5, 2)


class Votes(sv.ConstrainedModel):
    """Counts of three kinds: a Dirichlet prior, and a posterior that is one."""

    parameters = {"share": sv.Simplex(3)}
    counts, alpha = np.array([40, 25, 70]), np.array([1.0, 2.0, 1.0])

    def prior(self, theta):
        log_p, dshare, _ = sv.densities.dirichlet(theta["share"], self.alpha)
        return log_p, {"share": dshare}

    def likelihood(self, theta):
        share = theta["share"]
        return (self.counts * np.log(share)).sum(-1), {"share": self.counts / share}


def log_beta(alpha):
    return gammaln(alpha).sum() - gammaln(alpha.sum())


def test_probabilities_of_sum_one(rng):
    model = Votes()
    q = fitted(model)
    exact = stats.dirichlet(model.alpha + model.counts)
    table = q.summary()
    for i in range(3):
        row = table[f"share[{i}]"]
        sd = math.sqrt(exact.var()[i])
        assert abs(row.mean - exact.mean()[i]) < 0.03 * sd
        assert row.sd == pytest.approx(sd, rel=0.03)
    expected = log_beta(model.alpha + model.counts) - log_beta(model.alpha)
    assert q.elbo == pytest.approx(expected, abs=0.01)
    np.testing.assert_allclose(q.draws(10, rng)["share"].sum(axis=-1), 1)


class Rate(sv.ConstrainedModel):
    """A probability in its own terms: beta prior, binomial data."""

    parameters = {"p": sv.Interval(0, 1)}

    def prior(self, theta):
        log_p, dp, *_ = sv.densities.beta(theta["p"], 2, 2)
        return log_p, {"p": dp}

    def likelihood(self, theta):
        p = theta["p"]
        return 70 * np.log(p) + 50 * np.log1p(-p), {"p": 70 / p - 50 / (1 - p)}


def test_an_interval():
    q, exact = fitted(Rate()), stats.beta(72, 52)
    assert q.elbo == pytest.approx(betaln(72, 52) - betaln(2, 2), abs=0.01)
    quantiles = q.quantiles((0.05, 0.5, 0.95))["p"]
    np.testing.assert_allclose(quantiles, exact.ppf([0.05, 0.5, 0.95]), atol=0.05 * exact.std())
