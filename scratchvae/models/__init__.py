"""Bayesian models: log p(x, z) with hand-derived gradients and, where one exists, the exact answer."""

from scratchvae.models.auto_regression import AutoRegression
from scratchvae.models.base import BayesianModel
from scratchvae.models.bayesian_network import BayesianNetwork
from scratchvae.models.beta_binomial import BetaBinomial
from scratchvae.models.constrained import ConstrainedModel
from scratchvae.models.decoder_posterior import DecoderPosterior
from scratchvae.models.exact import ExactModel, ExactPosterior
from scratchvae.models.factor_analysis import FactorAnalysis
from scratchvae.models.gaussian_mixture import GaussianMixture
from scratchvae.models.glm import GeneralizedLinearModel
from scratchvae.models.hierarchical_normal import EightSchools, HierarchicalNormal
from scratchvae.models.linear_regression import LinearRegression
from scratchvae.models.logistic_regression import LogisticRegression
from scratchvae.models.normal_gamma import NormalGamma
from scratchvae.models.normal_inverse_gamma_regression import NormalInverseGammaRegression
from scratchvae.models.normal_mean import NormalMean
from scratchvae.models.normal_mixture_density import NormalMixtureDensity
from scratchvae.models.pca import PCAFit
from scratchvae.models.poisson_regression import PoissonRegression
from scratchvae.models.robust_regression import RobustRegression
from scratchvae.models.targets import (
    TARGETS,
    Banana,
    EnergyU1,
    EnergyU2,
    EnergyU3,
    EnergyU4,
    Funnel,
    Ring,
    Target,
)
from scratchvae.models.updating import GaussianPrior, Updated

__all__ = [
    "TARGETS",
    "AutoRegression",
    "Banana",
    "BayesianModel",
    "BayesianNetwork",
    "BetaBinomial",
    "ConstrainedModel",
    "DecoderPosterior",
    "EightSchools",
    "EnergyU1",
    "EnergyU2",
    "EnergyU3",
    "EnergyU4",
    "ExactModel",
    "ExactPosterior",
    "FactorAnalysis",
    "Funnel",
    "GaussianMixture",
    "GaussianPrior",
    "GeneralizedLinearModel",
    "HierarchicalNormal",
    "LinearRegression",
    "LogisticRegression",
    "NormalGamma",
    "NormalInverseGammaRegression",
    "NormalMean",
    "NormalMixtureDensity",
    "PCAFit",
    "PoissonRegression",
    "Ring",
    "RobustRegression",
    "Target",
    "Updated",
]
