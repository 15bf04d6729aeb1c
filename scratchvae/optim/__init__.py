"""Optimizers on one flat vector, learning-rate schedules, and clipping.

Examples
--------
>>> import numpy as np
>>> value = np.array([1.0, -2.0])
>>> optimizer = Adam(lr=WarmUp(Cosine(lr=0.1, total=500), steps=10))
>>> for _ in range(500):
...     optimizer.step(value, grad=2 * value)  # of the loss value_1^2 + value_2^2
>>> bool(np.abs(value).max() < 1e-3)
True
"""

from collections.abc import Mapping

from scratchvae.optim.adagrad import Adagrad
from scratchvae.optim.adam import Adam, AdamW
from scratchvae.optim.base import Optimizer
from scratchvae.optim.clipping import clip_by_norm
from scratchvae.optim.config import from_config
from scratchvae.optim.momentum import Momentum
from scratchvae.optim.rmsprop import RMSprop
from scratchvae.optim.schedules import (
    SCHEDULES,
    Constant,
    Cosine,
    Cyclic,
    Linear,
    Piecewise,
    Schedule,
    StepDecay,
    WarmUp,
)
from scratchvae.optim.sgd import SGD

#: The optimizers by the name that ``optimizer=`` takes.
OPTIMIZERS = {kind.name: kind for kind in (SGD, Momentum, Adagrad, RMSprop, Adam, AdamW)}


def build(spec, lr=None):
    """Return an optimizer: a new one by its name or its config, or the one that is given.

    Parameters
    ----------
    spec : str, dict or Optimizer
        ``"adam"``, or ``{"name": "adam", "beta1": 0.5}``, as `config` gives it.
    lr : float or Schedule, optional
        In place of the config's or the default rate. An optimizer that exists already keeps its own.

    Raises
    ------
    ValueError
        If the name or an argument is unknown or wrong, or if a rate is missing or given twice.

    Examples
    --------
    >>> build("sgd", lr=0.1)
    SGD(lr=Constant(lr=0.1))
    """
    if isinstance(spec, Optimizer):
        if lr is not None:
            raise ValueError(f"lr={lr!r} came beside an optimizer that has its own; give lr to one of them.")
        return spec
    config = dict(spec) if isinstance(spec, Mapping) else {"name": spec}
    return from_config(OPTIMIZERS, config if lr is None else config | {"lr": lr}, "optimizer")


__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Constant",
    "Cosine",
    "Cyclic",
    "Linear",
    "Momentum",
    "Optimizer",
    "Piecewise",
    "RMSprop",
    "Schedule",
    "StepDecay",
    "WarmUp",
    "build",
    "clip_by_norm",
]
