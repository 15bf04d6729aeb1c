"""Densities with their gradients and samplers."""

from scratchvae.distributions import densities, kl
from scratchvae.distributions.base import Likelihood
from scratchvae.distributions.bernoulli import Bernoulli
from scratchvae.distributions.categorical import Categorical
from scratchvae.distributions.normal import Normal, NormalFixed, StandardNormal
from scratchvae.distributions.normal_shared import NormalShared
from scratchvae.distributions.poisson import Poisson

#: What a decoder may end in, by the name that ``likelihood=`` takes.
LIKELIHOODS = {
    "bernoulli": Bernoulli,
    "normal": Normal,
    "normal_fixed": NormalFixed,
    "normal_shared": NormalShared,
    "categorical": Categorical,
    "poisson": Poisson,
}

__all__ = [
    "LIKELIHOODS",
    "Bernoulli",
    "Categorical",
    "Likelihood",
    "Normal",
    "NormalFixed",
    "NormalShared",
    "Poisson",
    "StandardNormal",
    "densities",
    "kl",
]
