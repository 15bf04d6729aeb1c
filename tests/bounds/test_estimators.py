"""Every estimator's gradient has the mean that it claims: z-tests against exact gradients.

Where q and the posterior are Gaussian the ELBO has a closed form; where not, a Gauss-Hermite rule gives it to
rounding. The estimators' noise is independent from draw to draw, so the mean of R of them must lie within a
few standard errors of the exact gradient, coordinate by coordinate; that the test can fail is tested with
estimators that are wrong on purpose.
"""

import copy
import math

import naive
import numpy as np
import pytest
from gradient_draws import (
    MOST_ERRORS,
    elbo_by_quadrature,
    errors_off,
    expected_loss,
    gradient_draws,
    gradient_of,
    near,
    objective,
    terms_of,
)

import scratchvae as sv
from scratchvae.bounds import BOUNDS, FIT_BOUNDS, VAE_BOUNDS, Elbo, LeaveOneOut, RaoBlackwell, ScoreFunction
from scratchvae.models import (
    BayesianModel,
    EightSchools,
    LinearRegression,
    LogisticRegression,
    PoissonRegression,
)
from scratchvae.validation import build
from scratchvae.vi.coordinates import Coordinates

FAMILIES = ("mean_field", "full_rank", "low_rank:1")
N_DRAWS = 10_000
#: A multiple of its standard error by which an estimator that is wrong on purpose must be off.
CLEARLY_WRONG = 2 * MOST_ERRORS


def linear_regression(seed=1):
    """Three coefficients, two of them of correlated columns: a posterior that no factorised q equals."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((12, 2))
    x[:, 1] += x[:, 0]
    return LinearRegression(x, x @ [1.0, -1.0] + rng.standard_normal(12), sigma=1.0, prior_sigma=2.0)


def poisson_regression():
    """One coefficient: a skewed posterior."""
    return PoissonRegression([0.3, 1.0, -0.5], [1, 2, 0], prior_sigma=1.0, intercept=False)


def logistic_regression():
    """Two coefficients of few data."""
    return LogisticRegression([-1.0, 0.5, 1.5, 2.0], [0, 0, 1, 1], prior_sigma=1.5)


#: Diagonal, away from z = y, so that their log-determinant counts.
COORDINATES = {
    1: Coordinates(np.array([0.2]), np.array([0.7])),
    2: Coordinates(np.array([0.1, 0.4]), np.array([0.8, 1.3])),
    3: Coordinates(np.array([0.1, 0.2, -0.3]), np.array([0.5, 0.4, 0.6])),
}


def warmed_up(objective, lam, rng, n_samples=3):
    """The objective after some steps, which a bound that keeps state has taken note of."""
    for _ in range(20 if objective.bound.keeps_state else 0):
        objective.loss_and_grad(lam, rng.standard_normal((n_samples, objective.model.n_latent)))
    return objective


def case(model, family, bound, rng):
    """The objective and a lam away from its optimum."""
    made = objective(model, family, bound, COORDINATES[model.n_latent])
    lam = near(made.reparam, rng)
    return warmed_up(made, lam, rng), lam


def pairs_of(names, families=FAMILIES):
    """(name, family), but a bound by coordinate with a product over coordinates only."""
    return [
        (name, family)
        for name in names
        for family in families
        if family == "mean_field" or not BOUNDS[name].uses_local
    ]


def exact_elbo(objective, lam):
    """log p(x) - KL(N(m, C C^T) || N(m0, S0)) of a conjugate model.

    KL = [tr(S0^-1 S) + (m0 - m)^T S0^-1 (m0 - m) - L + log det S0 - log det S] / 2.
    """
    mean, cov = objective.reparam.mean_and_cov(lam)
    factor = objective.coordinates.matrix
    mean, cov = objective.coordinates.forward(mean), factor @ cov @ factor.T
    posterior = objective.model.exact_posterior()
    precision, off = np.linalg.inv(posterior.cov), posterior.mean - mean
    log_dets = np.linalg.slogdet(posterior.cov)[1] - np.linalg.slogdet(cov)[1]
    kl = 0.5 * (np.trace(precision @ cov) + off @ precision @ off - len(mean) + log_dets)
    return objective.model.log_evidence() - kl


def targets_the_elbo(name):
    """Whether the mean of a bound's loss, by quadrature, is minus the ELBO."""
    made = objective(poisson_regression(), "mean_field", BOUNDS[name](), COORDINATES[1])
    lam = np.array([0.3, -0.2])
    return abs(expected_loss(made, lam) + elbo_by_quadrature(made, lam, 40)) < 1e-7


ELBO_BOUNDS = [name for name in FIT_BOUNDS if targets_the_elbo(name)]
#: Those of another mean.
OTHER_BOUNDS = {"iwae", "dreg", "renyi", "vr_max", "beta", "beta_analytic_kl"}


def test_the_bounds_whose_mean_is_the_elbo_are_found():
    assert set(FIT_BOUNDS) - OTHER_BOUNDS == set(ELBO_BOUNDS)
    assert {name for name in BOUNDS if "score_function" in name} < set(ELBO_BOUNDS)
    assert {"elbo", "analytic_kl", "analytic_entropy", "sticking_the_landing"} < set(ELBO_BOUNDS)


# --- the tests' own tools -----------------------------------------------------------------------


def test_the_closed_form_of_the_gradient_of_the_mean_field_elbo(rng):
    """dELBO/dmu = -P (mu - m), dELBO/dlog_sigma_i = 1 - P_ii sigma_i^2, P the posterior's precision."""
    made, lam = case(linear_regression(), "mean_field", Elbo(), rng)
    posterior = made.model.exact_posterior()
    factor = made.coordinates.factor
    precision = factor[:, None] * np.linalg.inv(posterior.cov) * factor
    mu, sigma = lam[:3], np.exp(lam[3:])
    dmu = -precision @ (mu - made.coordinates.inverse(posterior.mean))
    by_hand = np.concatenate([dmu, 1 - np.diag(precision) * sigma**2])
    np.testing.assert_allclose(gradient_of(lambda t: exact_elbo(made, t), lam), by_hand, atol=1e-8)


@pytest.mark.parametrize("family", FAMILIES)
def test_quadrature_and_closed_form_agree(family, rng):
    made, lam = case(linear_regression(), family, Elbo(), rng)
    assert elbo_by_quadrature(made, lam, 5) == pytest.approx(exact_elbo(made, lam), abs=1e-10)


@pytest.mark.parametrize(("name", "family"), pairs_of(FIT_BOUNDS))
def test_draws_at_once_are_those_of_the_objective_one_by_one(name, family, rng):
    made, lam = case(linear_regression(), family, BOUNDS[name](), rng)
    eps = rng.standard_normal((3, 4, 3))
    at_once = gradient_draws(made, lam, eps)
    for i, draw in enumerate(at_once):
        alone = copy.copy(made)
        alone.bound = copy.copy(made.bound)  # for one that keeps state takes note of each step
        np.testing.assert_allclose(draw, alone.loss_and_grad(lam, eps[:, i]).dlam, rtol=1e-9, atol=1e-9)


# --- unbiased -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "family"), pairs_of(ELBO_BOUNDS))
def test_the_mean_gradient_is_that_of_the_closed_form(name, family, rng):
    made, lam = case(linear_regression(), family, BOUNDS[name](), rng)
    exact = gradient_of(lambda t: -exact_elbo(made, t), lam)
    draws = gradient_draws(made, lam, rng.standard_normal((3, N_DRAWS, 3)))
    assert errors_off(draws, exact) < MOST_ERRORS


@pytest.mark.parametrize(("name", "family"), pairs_of(ELBO_BOUNDS, ("mean_field", "full_rank")))
def test_the_mean_gradient_is_that_of_the_quadrature_where_the_posterior_is_not_gaussian(name, family, rng):
    made, lam = case(logistic_regression(), family, BOUNDS[name](), rng)
    exact = gradient_of(lambda t: -elbo_by_quadrature(made, t, 40), lam)
    draws = gradient_draws(made, lam, rng.standard_normal((3, N_DRAWS, 2)))
    assert errors_off(draws, exact) < MOST_ERRORS


#: Renyi's alpha below zero and near one too; the beta of a stronger likelihood.
SPECS = [*(name for name in FIT_BOUNDS if name != "vr_max"), "renyi:-2", "renyi:0.999", "renyi:3", "beta:0.3"]


@pytest.mark.parametrize("name", SPECS)
def test_the_mean_gradient_is_that_of_the_mean_loss(name, rng):
    """For any bound, the importance-weighted ones too: E[loss] over (eps_1, eps_2) by quadrature."""
    made, lam = case(poisson_regression(), "mean_field", build(BOUNDS, name, "bound"), rng)
    exact = gradient_of(lambda t: expected_loss(made, t), lam)
    draws = gradient_draws(made, lam, rng.standard_normal((2, N_DRAWS, 1)))
    assert errors_off(draws, exact) < MOST_ERRORS


def expected_largest(objective, lam, n_points=200_000):
    """E[max(log w_1, log w_2)] of two independent draws of one dimension: 2 E[log w F(log w)].

    F is the distribution function of log w, on a fine grid of eps in the order of log w. The maximum has a
    kink, which a Gauss rule does not forgive.
    """
    eps = np.linspace(-8, 8, n_points)
    weight = np.exp(-0.5 * eps**2) / np.exp(-0.5 * eps**2).sum()
    log_w = terms_of(objective, lam, eps[None, :, None])[0].log_weights()[0]
    order = np.argsort(log_w)
    log_w, weight = log_w[order], weight[order]
    below = np.cumsum(weight) - 0.5 * weight
    return float((2 * weight * log_w * below).sum())


def test_the_mean_gradient_of_the_largest_weight(rng):
    made, lam = case(poisson_regression(), "mean_field", BOUNDS["vr_max"](), rng)
    exact = naive.numerical_gradient(lambda t: -expected_largest(made, t), lam, step=1e-2)
    draws = gradient_draws(made, lam, rng.standard_normal((2, N_DRAWS, 1)))
    assert errors_off(draws, exact) < MOST_ERRORS
    losses = made.bound.forward(terms_of(made, lam, rng.standard_normal((2, N_DRAWS, 1)))[0])[0]
    assert losses == pytest.approx(-expected_largest(made, lam), abs=0.05)


def test_the_importance_weighted_bound_has_another_gradient_than_the_elbo(rng):
    """So that the test above is of the bound itself."""
    made, lam = case(poisson_regression(), "mean_field", BOUNDS["iwae"](), rng)
    draws = gradient_draws(made, lam, rng.standard_normal((2, N_DRAWS, 1)))
    assert errors_off(draws, gradient_of(lambda t: -elbo_by_quadrature(made, t, 40), lam)) > CLEARLY_WRONG


# --- wrong on purpose: the test sees it ---------------------------------------------------------


class DoubledScore(LeaveOneOut):
    def backward(self, cache):
        dterms = super().backward(cache)
        return dterms._replace(score=2 * dterms.score)


class OwnSampleInTheBaseline(LeaveOneOut):
    def baseline(self, log_w):
        return log_w.mean(axis=0)


class NoLogDeterminant(Elbo):
    def backward(self, cache):
        return super().backward(cache)._replace(log_det=None)


class NoLogDeterminantInTheWeight(ScoreFunction):
    def forward(self, terms):
        return super().forward(terms._replace(log_det=np.zeros_like(terms.log_det)))


class PathAndScore(ScoreFunction):
    """The same gradient twice: along the path, and by the score."""

    pathwise = True


class BaselineOfThePresentStep(BOUNDS["score_function_running"]):
    def baseline(self, log_w):
        return log_w.max(axis=0)


WRONG = [
    DoubledScore,
    OwnSampleInTheBaseline,
    NoLogDeterminant,
    PathAndScore,
    BaselineOfThePresentStep,
]


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_biased_estimator_is_found_out(kind, family, rng):
    made, lam = case(linear_regression(), family, kind(), rng)
    exact = gradient_of(lambda t: -exact_elbo(made, t), lam)
    assert errors_off(gradient_draws(made, lam, rng.standard_normal((3, N_DRAWS, 3))), exact) > CLEARLY_WRONG


def test_a_constant_in_the_weight_is_no_bias(rng):
    """log|det| of an affine map does not depend on z, so without it the score function is still unbiased:
    one more b."""
    made, lam = case(linear_regression(), "mean_field", NoLogDeterminantInTheWeight(), rng)
    exact = gradient_of(lambda t: -exact_elbo(made, t), lam)
    assert errors_off(gradient_draws(made, lam, rng.standard_normal((3, N_DRAWS, 3))), exact) < MOST_ERRORS


# --- sticking the landing -----------------------------------------------------------------------


def at_the_posterior(family, bound):
    """An objective and the lam at which q is the posterior; a factorised one for the mean-field family."""
    model = linear_regression()
    if family == "mean_field":  # a column orthogonal to that of ones
        model = LinearRegression([-1.0, 0.0, 1.0], [0.5, 1.0, 3.0], sigma=0.7, prior_sigma=2.0)
    exact = model.exact_posterior()
    factor = np.linalg.cholesky(exact.cov)
    below = factor[np.tril_indices(model.n_latent, -1)]
    if family == "mean_field":
        np.testing.assert_allclose(below, 0, atol=1e-15)
        below = below[:0]
    return objective(model, family, bound), np.concatenate([exact.mean, np.log(np.diag(factor)), below])


@pytest.mark.parametrize("family", ["mean_field", "full_rank"])
def test_sticking_the_landing_has_no_noise_where_q_is_the_posterior(family, rng):
    eps = {n: rng.standard_normal((1, 1000, n)) for n in (2, 3)}
    made, lam = at_the_posterior(family, BOUNDS["sticking_the_landing"]())
    assert np.abs(gradient_draws(made, lam, eps[made.model.n_latent])).max() < 1e-10
    made, lam = at_the_posterior(family, Elbo())
    draws = gradient_draws(made, lam, eps[made.model.n_latent])
    assert errors_off(draws, 0.0) < MOST_ERRORS  # zero on average, ...
    assert draws.std(axis=0).min() > 0.1  # ... and of each draw it is not


def test_away_from_the_posterior_it_has(rng):
    """And what it has depends on where: it need not be less than the total derivative's."""
    made, lam = at_the_posterior("full_rank", BOUNDS["sticking_the_landing"]())
    lam[0] += 0.1
    assert gradient_draws(made, lam, rng.standard_normal((1, 1000, 3))).std(axis=0).max() > 0.01


# --- the score function -------------------------------------------------------------------------


def test_the_running_baseline_is_unbiased_while_it_adapts(rng):
    """From b = 0 to the ELBO: each step's gradient has the exact mean, given all that was before."""
    made, lam = case(logistic_regression(), "mean_field", Elbo(), rng)
    exact = gradient_of(lambda t: -elbo_by_quadrature(made, t, 40), lam)
    made.bound = BOUNDS["score_function_running"](decay=0.999)
    draws = []
    for _ in range(4000):
        draws.append(made.loss_and_grad(lam, rng.standard_normal((2, 2))).dlam)
    assert errors_off(np.array(draws), exact) < MOST_ERRORS
    assert made.bound.mean == pytest.approx(elbo_by_quadrature(made, lam, 40), abs=0.3)


def test_a_baseline_lowers_the_variance(rng):
    variance = {}
    eps = rng.standard_normal((5, N_DRAWS, 3))
    for name in ("score_function", "score_function_running", "score_function_leave_one_out"):
        made, lam = case(linear_regression(), "mean_field", BOUNDS[name](), np.random.default_rng(3))
        variance[name] = gradient_draws(made, lam, eps).var(axis=0).sum()
    assert variance["score_function_running"] < 0.9 * variance["score_function"]
    assert variance["score_function_leave_one_out"] < 0.5 * variance["score_function"]


@pytest.mark.parametrize("name", [name for name, kind in BOUNDS.items() if kind.least_samples > 1])
def test_one_draw_has_no_other_to_be_compared_with(name):
    with pytest.raises(ValueError, match="n_samples of at least 2, not 1"):
        sv.fit(linear_regression(), bound=name, n_samples=1)
    if name in VAE_BOUNDS:
        with pytest.raises(ValueError, match="n_samples of at least 2, not 1"):
            sv.VAE(4, 2, (3,)).loss_and_grad(np.zeros((1, 4)), np.zeros((1, 1, 2)), bound=name)


class NoGradient(BayesianModel):
    """Counts 3 and 5 of a Poisson, z the logarithm of its rate; the gradients are not written."""

    n_latent = 1

    def log_prior(self, z):
        return -0.5 * z[..., 0] ** 2 / 4

    def log_likelihood(self, z):
        return 8 * z[..., 0] - 2 * np.exp(z[..., 0])


@pytest.mark.parametrize("name", ["score_function_leave_one_out", "score_function_rao_blackwell"])
def test_a_model_without_gradients_is_fitted_by_the_score_function(name):
    q = sv.fit(NoGradient(), bound=name, n_samples=20, rng=np.random.default_rng(0), progress=False)
    z = np.linspace(-8, 8, 20_001)[:, None]
    weight = np.exp(NoGradient().log_joint(z))
    mean = (weight @ z)[0] / weight.sum()
    sd = math.sqrt(weight @ (z[:, 0] - mean) ** 2 / weight.sum())
    assert q.mean[0] == pytest.approx(mean, abs=0.1 * sd)
    assert q.sd[0] == pytest.approx(sd, rel=0.15)


def test_the_path_needs_the_gradient_of_the_model():
    with pytest.raises(ValueError, match="has no grad_log_prior"):
        sv.fit(NoGradient(), bound="elbo", progress=False)


# --- Rao-Blackwellization -----------------------------------------------------------------------


class WithoutTerms(BayesianModel):
    """A model's log p(x, z) as one number: which of its terms hold which z_i is not said."""

    def __init__(self, model):
        self.n_latent = model.n_latent
        self.log_joint, self.grad_log_joint = model.log_joint, model.grad_log_joint

    def forward(self, z, rows=None):
        return self.log_joint(z), np.zeros(z.shape[:-1]), z


def eight_schools_draws(model, bound, rng, n_samples=4):
    """Gradients at a q near that of a mean-field fit, z = (mu, log tau, eta)."""
    near_the_optimum = Coordinates(np.array([4.5, 0.8, *[0.0] * 8]), np.array([3.0, 0.6, *[0.9] * 8]))
    made = objective(model, "mean_field", bound, near_the_optimum)
    lam = np.linspace(-0.2, 0.2, 20)
    made = warmed_up(made, lam, rng, n_samples)
    return gradient_draws(made, lam, rng.standard_normal((n_samples, N_DRAWS, 10)))


def test_rao_blackwellization_is_unbiased_and_varies_less(rng):
    """Non-centred eight schools, held against the pathwise gradient: every school sees its own terms alone.

    mu and tau see all schools' data, so they gain nothing. Without the model's local terms only log q is
    thinned, which beats the plain score function alone.
    """
    schools, effects = EightSchools(), np.r_[2:10, 12:20]
    path = eight_schools_draws(schools, Elbo(), rng)
    estimates = {
        "local": eight_schools_draws(schools, RaoBlackwell(), rng),
        "whole": eight_schools_draws(WithoutTerms(schools), RaoBlackwell(), rng),
        "plain": eight_schools_draws(schools, ScoreFunction(), rng),
        "centred": eight_schools_draws(schools, LeaveOneOut(), rng),
    }
    for draws in estimates.values():
        assert errors_off(draws - path, 0.0) < MOST_ERRORS
    variance = {name: draws.var(axis=0) for name, draws in estimates.items()}
    assert variance["local"][effects].sum() < 0.6 * variance["centred"][effects].sum()
    for name in ("local", "whole", "centred"):
        assert variance[name].sum() < 0.1 * variance["plain"].sum()


class MissingTerm(EightSchools):
    """Local terms that lack the prior of the schools' effects."""

    def local_log_joint(self, z):
        local = super().local_log_joint(z)
        local[..., 2:] += 0.5 * z[..., 2:] ** 2
        return local


def test_a_local_term_that_is_missing_is_found_out(rng):
    path = eight_schools_draws(EightSchools(), Elbo(), rng)
    wrong = eight_schools_draws(MissingTerm(), RaoBlackwell(), rng)
    assert errors_off(wrong - path, 0.0) > CLEARLY_WRONG


# --- closed forms -------------------------------------------------------------------------------


class NoData(BayesianModel):
    """A normal prior and no likelihood: what is left of the ELBO is minus KL(q || p(z))."""

    n_latent = 2
    precision = np.array([[2.0, 0.6], [0.6, 1.0]])

    def log_prior(self, z):
        log_det = np.linalg.slogdet(self.precision)[1]
        return (
            -0.5 * np.einsum("...i,ij,...j->...", z, self.precision, z) + 0.5 * log_det - math.log(2 * np.pi)
        )

    def grad_log_prior(self, z):
        return -z @ self.precision

    def log_likelihood(self, z):
        return np.zeros(z.shape[:-1])

    def grad_log_likelihood(self, z):
        return np.zeros_like(z)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_closed_form_of_kl_has_no_noise(family, rng):
    made, lam = case(NoData(), family, BOUNDS["analytic_kl"](), rng)
    draws = gradient_draws(made, lam, rng.standard_normal((3, 50, 2)))
    exact = gradient_of(lambda t: -elbo_by_quadrature(made, t, 5), lam)
    np.testing.assert_allclose(draws, np.tile(exact, (50, 1)), atol=1e-8)
    made.bound = Elbo()
    assert gradient_draws(made, lam, rng.standard_normal((3, 50, 2))).std(axis=0).min() > 0.1


@pytest.mark.parametrize("family", FAMILIES)
def test_the_closed_form_of_the_entropy_changes_the_value_and_not_the_gradient(family, rng):
    made, lam = case(linear_regression(), family, BOUNDS["analytic_entropy"](), rng)
    eps = rng.standard_normal((3, 50, 3))
    draws = gradient_draws(made, lam, eps)
    made.bound = Elbo()
    np.testing.assert_allclose(draws, gradient_draws(made, lam, eps), rtol=1e-12)


# --- the same bounds in a VAE -------------------------------------------------------------------


def vae_draws(vae, x, bound, noise):
    """The gradient of all parameters for each minibatch of noise, (R, P)."""
    gradients = []
    for eps in noise:
        vae.loss_and_grad(x, eps, bound=bound)
        gradients.append(vae.parameters.grad.copy())
    return np.array(gradients)


@pytest.fixture(params=["diagonal", "full_rank"])
def tiny_vae(request, rng):
    vae = sv.VAE(4, 2, (3,), posterior=request.param, dtype="float64", seed=1)
    vae.parameters.value = vae.parameters.value + 0.3 * rng.standard_normal(vae.parameters.value.size)
    return vae


X = np.array([[0.0, 1.0, 1.0, 0.0], [1.0, 0.0, 1.0, 1.0]])
OTHER_ESTIMATORS = [name for name in VAE_BOUNDS if name in ELBO_BOUNDS and name != "elbo"]


@pytest.mark.parametrize("name", OTHER_ESTIMATORS)
def test_every_estimator_gives_a_vae_the_same_mean_gradient(name, tiny_vae, rng):
    """Paired draws, so that only what differs between the two is noise; 300 minibatches of K = 40."""
    noise = rng.standard_normal((300, 40, 2, 2))
    difference = vae_draws(tiny_vae, X, name, noise) - vae_draws(tiny_vae, X, "elbo", noise)
    assert errors_off(difference, 0.0) < MOST_ERRORS


@pytest.mark.parametrize("name", [name for name in OTHER_ESTIMATORS if not VAE_BOUNDS[name].exact])
def test_the_decoders_gradient_is_the_elbos_draw_by_draw(name, tiny_vae, rng):
    """The decoder is no part of q: its gradient is that of log p(x|z) at z, whatever the estimator."""
    noise = rng.standard_normal((5, 3, 2, 2))
    sizes = {name: tiny_vae.parameters[name].size for name in tiny_vae.parameters}
    decoder = np.repeat([name.startswith("decoder.") for name in sizes], list(sizes.values()))
    draws, expected = (vae_draws(tiny_vae, X, bound, noise) for bound in (name, "elbo"))
    np.testing.assert_allclose(draws[:, decoder], expected[:, decoder], rtol=1e-12, atol=1e-14)
    assert naive.relative_error(draws[:, ~decoder], expected[:, ~decoder]) > 0.01


def double_the_score(monkeypatch):
    backward = LeaveOneOut.backward

    def doubled(self, cache):
        dterms = backward(self, cache)
        return dterms._replace(score=2 * dterms.score)

    monkeypatch.setattr(LeaveOneOut, "backward", doubled)


def own_sample_in_the_baseline(monkeypatch):
    monkeypatch.setattr(LeaveOneOut, "baseline", lambda self, log_w: log_w.mean(axis=0))


@pytest.mark.parametrize("spoil", [double_the_score, own_sample_in_the_baseline])
def test_a_biased_estimator_is_found_out_in_a_vae(spoil, tiny_vae, rng, monkeypatch):
    """With K = 2, where a draw's own part in the mean halves the gradient."""
    noise = rng.standard_normal((1000, 2, 2, 2))
    expected = vae_draws(tiny_vae, X, "elbo", noise)
    spoil(monkeypatch)
    wrong = vae_draws(tiny_vae, X, "score_function_leave_one_out", noise)
    assert errors_off(wrong - expected, 0.0) > MOST_ERRORS
