"""Maps z = g(eps; lam) from noise to latent, chosen so that log|det dz/deps| is cheap."""

from scratchvae.reparam.base import Affine, Reparameterization
from scratchvae.reparam.chain import Chain
from scratchvae.reparam.diagonal import Diagonal
from scratchvae.reparam.families import ALIASES, FAMILIES, MAPS, build
from scratchvae.reparam.free import Free
from scratchvae.reparam.full_rank import FullRank
from scratchvae.reparam.low_rank import LowRank
from scratchvae.reparam.prior import FlowPrior

__all__ = [
    "ALIASES",
    "FAMILIES",
    "MAPS",
    "Affine",
    "Chain",
    "Diagonal",
    "FlowPrior",
    "Free",
    "FullRank",
    "LowRank",
    "Reparameterization",
    "build",
]
