"""Maps z = g(eps; lam) from noise to latent, chosen so that log|det dz/deps| is cheap."""

from scratchvae.reparam.autoregressive import InverseAutoregressive, MaskedAutoregressive
from scratchvae.reparam.base import Affine, Reparameterization
from scratchvae.reparam.chain import Chain
from scratchvae.reparam.coupling import AdditiveCoupling, AffineCoupling
from scratchvae.reparam.diagonal import Diagonal
from scratchvae.reparam.elementwise import Elementwise
from scratchvae.reparam.families import FAMILIES, build, build_free
from scratchvae.reparam.free import Free
from scratchvae.reparam.full_rank import FullRank
from scratchvae.reparam.householder import Householder
from scratchvae.reparam.low_rank import LowRank
from scratchvae.reparam.permutation import Permutation, Reverse
from scratchvae.reparam.planar import Planar
from scratchvae.reparam.prior import FlowPrior
from scratchvae.reparam.radial import Radial
from scratchvae.reparam.spline import SplineCoupling
from scratchvae.reparam.sylvester import HouseholderSylvester, Sylvester

#: Every single map by its name: adding one here has it tested and checked.
MAPS = {
    "diagonal": Diagonal,
    "full_rank": FullRank,
    "low_rank": LowRank,
    "householder": Householder,
    "planar": Planar,
    "radial": Radial,
    "sylvester": Sylvester,
    "householder_sylvester": HouseholderSylvester,
    "reverse": Reverse,
    "elementwise": Elementwise,
    "affine_coupling": AffineCoupling,
    "additive_coupling": AdditiveCoupling,
    "spline_coupling": SplineCoupling,
    "inverse_autoregressive": InverseAutoregressive,
    "masked_autoregressive": MaskedAutoregressive,
}

__all__ = [
    "FAMILIES",
    "MAPS",
    "AdditiveCoupling",
    "Affine",
    "AffineCoupling",
    "Chain",
    "Diagonal",
    "Elementwise",
    "FlowPrior",
    "Free",
    "FullRank",
    "Householder",
    "HouseholderSylvester",
    "InverseAutoregressive",
    "LowRank",
    "MaskedAutoregressive",
    "Permutation",
    "Planar",
    "Radial",
    "Reparameterization",
    "Reverse",
    "SplineCoupling",
    "Sylvester",
    "build",
    "build_free",
]
