"""Bayesian models: log p(x, z) with hand-derived gradients and, where one exists, the exact answer."""

from scratchvae.models.base import BayesianModel
from scratchvae.models.beta_binomial import BetaBinomial
from scratchvae.models.constrained import ConstrainedModel
from scratchvae.models.exact import ExactModel, ExactPosterior
from scratchvae.models.factor_analysis import FactorAnalysis
from scratchvae.models.glm import GeneralizedLinearModel
from scratchvae.models.hierarchical_normal import EightSchools, HierarchicalNormal
from scratchvae.models.linear_regression import LinearRegression
from scratchvae.models.logistic_regression import LogisticRegression
from scratchvae.models.normal_gamma import NormalGamma
from scratchvae.models.normal_inverse_gamma_regression import NormalInverseGammaRegression
from scratchvae.models.normal_mean import NormalMean
from scratchvae.models.pca import PCAFit
from scratchvae.models.poisson_regression import PoissonRegression
from scratchvae.models.robust_regression import RobustRegression

__all__ = [
    "BayesianModel",
    "BetaBinomial",
    "ConstrainedModel",
    "EightSchools",
    "ExactModel",
    "ExactPosterior",
    "FactorAnalysis",
    "GeneralizedLinearModel",
    "HierarchicalNormal",
    "LinearRegression",
    "LogisticRegression",
    "NormalGamma",
    "NormalInverseGammaRegression",
    "NormalMean",
    "PCAFit",
    "PoissonRegression",
    "RobustRegression",
]
