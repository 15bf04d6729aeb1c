"""Bayesian models: log p(x, z) with hand-derived gradients and, where one exists, the exact answer."""

from scratchvae.models.base import BayesianModel
from scratchvae.models.constrained import ConstrainedModel

__all__ = ["BayesianModel", "ConstrainedModel"]
