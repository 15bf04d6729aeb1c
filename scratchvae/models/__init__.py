"""Bayesian models: log p(x, z) with hand-derived gradients and, where one exists, the exact answer."""

from scratchvae.models.base import BayesianModel
from scratchvae.models.constrained import ConstrainedModel
from scratchvae.models.glm import GeneralizedLinearModel
from scratchvae.models.hierarchical_normal import EightSchools, HierarchicalNormal
from scratchvae.models.logistic_regression import LogisticRegression

__all__ = [
    "BayesianModel",
    "ConstrainedModel",
    "EightSchools",
    "GeneralizedLinearModel",
    "HierarchicalNormal",
    "LogisticRegression",
]
