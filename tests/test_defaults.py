"""Defaults, and what each piece says of itself: values that stand outside of functions, read back."""

import inspect
import math

import pytest

from scratchvae import bounds, constraints, distributions, models, nn, optim, reparam
from scratchvae.constraints import bijections
from scratchvae.models import targets
from scratchvae.reparam import (
    autoregressive,
    coupling,
    householder,
    low_rank,
    networked,
    radial,
    rational_quadratic,
    spline,
    sylvester,
)

REGRESSION = {"prior_sigma": 1.0, "intercept": True}
NETWORK = {"hidden": (64,), "n_context": 0, "activation": "tanh"}
COUPLING = NETWORK | {"flip": False}

DEFAULTS = {
    "Momentum": (optim.Momentum, {"momentum": 0.9, "nesterov": False}),
    "Adagrad": (optim.Adagrad, {"lr": 0.01, "epsilon": 1e-8}),
    "RMSprop": (
        optim.RMSprop,
        {"lr": 1e-3, "rho": 0.9, "epsilon": 1e-8, "centred": False, "momentum": 0.0},
    ),
    "Adam": (optim.Adam, {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}),
    "AdamW": (optim.AdamW, {"lr": 1e-3, "weight_decay": 0.01}),
    "Cosine": (optim.Cosine, {"final": 0.0}),
    "Cyclic": (optim.Cyclic, {"cycles": 4, "rising": 0.5}),
    "BetaElbo": (bounds.BetaElbo, {"beta": 4.0}),
    "Renyi": (bounds.Renyi, {"alpha": 0.5}),
    "RunningBaseline": (bounds.RunningBaseline, {"decay": 0.9}),
    "Terms": (bounds.Terms, {"noise_entropy": 0.0}),
    "NormalFixed": (distributions.NormalFixed, {"sigma": 1.0}),
    "Categorical": (distributions.Categorical, {"n_levels": 256}),
    "Interval": (constraints.Interval, {"low": 0.0, "high": 1.0}),
    "Sigmoid": (bijections.Sigmoid, {"low": 0.0, "high": 1.0}),
    "MADE": (nn.MADE, NETWORK | {"n_out_per_input": 1}),
    "AffineCoupling": (coupling.AffineCoupling, COUPLING),
    "AdditiveCoupling": (coupling.AdditiveCoupling, COUPLING),
    "Coupling": (coupling.Coupling, COUPLING),
    "SplineCoupling": (spline.SplineCoupling, COUPLING | {"n_bins": 10, "bound": 5.0}),
    "Autoregressive": (autoregressive.Autoregressive, NETWORK),
    "RationalQuadratic": (rational_quadratic.RationalQuadratic, {"n_bins": 8, "bound": 4.0}),
    "Coupling.pull_back": (coupling.Coupling.pull_back, {"need_weights": True}),
    "Networked.pull_back": (networked.Networked.pull_back, {"need_weights": True}),
    "InverseAutoregressive.pull_back": (
        autoregressive.InverseAutoregressive.pull_back,
        {"need_weights": True},
    ),
    "MaskedAutoregressive.pull_back": (
        autoregressive.MaskedAutoregressive.pull_back,
        {"need_weights": True},
    ),
    "Householder": (householder.Householder, {"n_reflections": 1}),
    "LowRank": (low_rank.LowRank, {"rank": 1}),
    "AutoRegression": (models.AutoRegression, {"order": 1, "intercept_sigma": 10.0, "sigma_scale": 1.0}),
    "BayesianNetwork": (
        models.BayesianNetwork,
        {"hidden": (8,), "activation": "tanh", "noise_sigma": 0.1, "prior_sigma": 1.0, "noise_scale": 1.0},
    ),
    "BetaBinomial": (models.BetaBinomial, {"a": 1.0, "b": 1.0}),
    "BetaBinomial.predictive": (models.BetaBinomial.predictive, {"trials": 1}),
    "FactorAnalysis": (models.FactorAnalysis, {"mean": 0.0}),
    "GaussianMixture": (
        models.GaussianMixture,
        {"ordered": False, "common_sigma": True, "mean_mu": 0.0, "mean_sigma": 10.0}
        | {"alpha": 1.0, "sigma_median": 1.0, "sigma_spread": 1.0},
    ),
    "HierarchicalNormal": (
        models.HierarchicalNormal,
        {"centred": False, "mu_sigma": 5.0, "tau_scale": 5.0},
    ),
    "EightSchools": (models.EightSchools, {"centred": False, "mu_sigma": 5.0, "tau_scale": 5.0}),
    "LinearGaussian": (models.linear_gaussian.LinearGaussian, {"offset": 0.0}),
    "LinearRegression": (models.LinearRegression, REGRESSION | {"prior_mean": 0.0}),
    "LogisticRegression": (models.LogisticRegression, REGRESSION),
    "PoissonRegression": (models.PoissonRegression, REGRESSION),
    "RobustRegression": (models.RobustRegression, REGRESSION | {"nu": 4.0, "sigma_scale": 1.0}),
    "NormalInverseGammaRegression": (
        models.NormalInverseGammaRegression,
        REGRESSION | {"prior_mean": 0.0, "shape0": 1.0, "scale0": 1.0},
    ),
    "NormalGamma": (models.NormalGamma, {"mu0": 0.0, "kappa0": 1.0, "shape0": 1.0, "rate0": 1.0}),
    "NormalMean": (models.NormalMean, {"prior_mean": 0.0, "prior_sigma": 1.0}),
    "NormalMixtureDensity": (models.NormalMixtureDensity, {"sigmas": 1.0}),
    "Banana": (targets.Banana, {"b": 0.5, "sigma": 2.0, "n_latent": 2}),
    "Funnel": (targets.Funnel, {"n_latent": 10, "sigma": 3.0}),
    "Ring": (targets.Ring, {"radius": 2.0, "sigma": 0.3}),
    "quadrature": (targets.base.quadrature, {"width": 0.5, "n_nodes": 16}),
    "HierarchicalNormal.exact_by_quadrature": (
        models.HierarchicalNormal.exact_by_quadrature,
        {"step": 0.05},
    ),
    "EnergyU2": (targets.EnergyU2, {"window": 4.0}),
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_the_defaults_are_the_documented_ones(name):
    what, expected = DEFAULTS[name]
    parameters = inspect.signature(what).parameters
    assert {key: parameters[key].default for key in expected} == expected


def test_a_constant_rate_never_changes_and_of_another_that_is_not_known():
    assert optim.Constant.length == 0
    assert optim.Schedule.length == math.inf


#: Numbers that the meaning of weights depends on, which somebody may have saved.
CONSTANTS = {
    "GATE_BIAS": (autoregressive, 2.0),
    "MAX_LOG_SCALE": (coupling, 2.0),
    "MAX_LOG_ALPHA": (radial, 40.0),
    "MIN_BIN": (rational_quadratic, 1e-3),
    "MIN_SLOPE": (rational_quadratic, 1e-3),
    "DEFAULT_RANK": (sylvester, 8),
}


@pytest.mark.parametrize("name", CONSTANTS)
def test_saved_weights_keep_their_meaning(name):
    module, value = CONSTANTS[name]
    assert getattr(module, name) == value


# --- what each piece says of itself ---------------------------------------------------------------

#: What a bound says of itself, by which tests choose what they hold it to: so it is said again.
SCORE_FUNCTIONS = {name for name in bounds.BOUNDS if "score_function" in name}
WEIGHTED = {"iwae", "dreg", "renyi", "vr_max"}
SAID = {
    "exact": set(bounds.BOUNDS) - SCORE_FUNCTIONS - {"dreg", "sticking_the_landing"},
    "pathwise": set(bounds.BOUNDS) - SCORE_FUNCTIONS,
    "needs_prior": {"beta", "beta_analytic_kl"},
    "needs_independence": WEIGHTED | SCORE_FUNCTIONS,
    "uses_kl": {"analytic_kl", "beta_analytic_kl", "free_bits"},
    "uses_local": {"score_function_rao_blackwell"},
    "keeps_state": {"score_function_running"},
}


@pytest.mark.parametrize("what", SAID)
def test_each_bound_says_of_itself_what_it_is(what):
    assert {name for name, kind in bounds.BOUNDS.items() if getattr(kind, what)} == SAID[what]


def test_a_bound_that_is_still_warming_up_has_the_gradient_of_another_loss():
    assert not bounds.WarmingUp.exact


def test_the_least_number_of_draws():
    least = {name: kind.least_samples for name, kind in bounds.BOUNDS.items()}
    comparing = {"score_function_leave_one_out", "score_function_rao_blackwell"}
    assert {name for name, n in least.items() if n != 1} == comparing
    assert all(least[name] == 2 for name in comparing)


def test_counts_and_levels_are_whole_numbers_without_a_derivative():
    """By which tests and the trainer choose what they do."""
    whole = {"categorical", "poisson"}
    assert {name for name, kind in distributions.LIKELIHOODS.items() if kind.takes_levels} == whole
    assert {name for name, kind in distributions.LIKELIHOODS.items() if not kind.differentiable_in_x} == whole


def test_each_map_says_of_itself_what_it_is():
    """By which estimators and fits choose what they may do with it."""
    kinds = {name: reparam.build(name, 3) for name in ("diagonal", "full_rank", "low_rank")}
    kinds |= {name: reparam.build(name, 3) for name in ("planar:1", "coupling:2", "iaf:1")}
    assert {name for name, its in kinds.items() if its.factorises} == {"diagonal"}
    assert {name for name, its in kinds.items() if its.takes_full_factor} == {"full_rank"}
