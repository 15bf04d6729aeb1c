"""The defaults that the documentation and published algorithms name: a run without options stays the same."""

import inspect

import pytest

from scratchvae import bounds, constraints, distributions, models, nn, optim
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
    "EnergyU2": (targets.EnergyU2, {"window": 4.0}),
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_the_defaults_are_the_documented_ones(name):
    what, expected = DEFAULTS[name]
    parameters = inspect.signature(what).parameters
    assert {key: parameters[key].default for key in expected} == expected


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
