"""The defaults that the documentation and published algorithms name: a run without options stays the same."""

import inspect

import pytest

from scratchvae import bounds, constraints, distributions, nn, optim
from scratchvae.constraints import bijections

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
    "MADE": (nn.MADE, {"n_out_per_input": 1, "hidden": (64,), "n_context": 0, "activation": "tanh"}),
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_the_defaults_are_the_documented_ones(name):
    what, expected = DEFAULTS[name]
    parameters = inspect.signature(what).parameters
    assert {key: parameters[key].default for key in expected} == expected
