"""Lower bounds of log p(x). Here alone the sign turns (a loss is minimised) and the batch mean is taken."""

from scratchvae.bounds.analytic_entropy import AnalyticEntropy
from scratchvae.bounds.analytic_kl import AnalyticKL
from scratchvae.bounds.base import Bound
from scratchvae.bounds.beta import BetaAnalyticKL, BetaElbo
from scratchvae.bounds.dreg import DReG
from scratchvae.bounds.elbo import Elbo
from scratchvae.bounds.free_bits import FreeBits
from scratchvae.bounds.iwae import Iwae
from scratchvae.bounds.renyi import Renyi
from scratchvae.bounds.score_function import LeaveOneOut, RaoBlackwell, RunningBaseline, ScoreFunction
from scratchvae.bounds.sticking_the_landing import StickingTheLanding
from scratchvae.bounds.terms import Terms
from scratchvae.bounds.vr_max import VRMax
from scratchvae.bounds.warm_up import WarmingUp

#: The bounds, each with its estimator of the gradient, by the name that ``bound=`` takes: "iwae", or with a
#: number, "renyi:0.5" (alpha), "beta:4", "beta_analytic_kl:4", "free_bits:0.25" (lambda).
BOUNDS = {
    "elbo": Elbo,
    "analytic_kl": AnalyticKL,
    "analytic_entropy": AnalyticEntropy,
    "iwae": Iwae,
    "dreg": DReG,
    "renyi": Renyi,
    "vr_max": VRMax,
    "beta": BetaElbo,
    "beta_analytic_kl": BetaAnalyticKL,
    "free_bits": FreeBits,
    "sticking_the_landing": StickingTheLanding,
    "score_function": ScoreFunction,
    "score_function_running": RunningBaseline,
    "score_function_leave_one_out": LeaveOneOut,
    "score_function_rao_blackwell": RaoBlackwell,
}

#: Those that a VAE offers: they keep no state between steps, and ask for no terms by coordinate of z.
VAE_BOUNDS = {name: kind for name, kind in BOUNDS.items() if not (kind.keeps_state or kind.uses_local)}

#: Those that `scratchvae.fit` offers, which has one q and no batch over which free bits could be averaged.
FIT_BOUNDS = {name: kind for name, kind in BOUNDS.items() if kind.uses_kl != "by_coordinate"}

#: Those whose gradient is the derivative of the loss at fixed noise, which finite differences see.
EXACT_BOUNDS = {name: kind for name, kind in BOUNDS.items() if kind.exact}

__all__ = [
    "BOUNDS",
    "EXACT_BOUNDS",
    "FIT_BOUNDS",
    "VAE_BOUNDS",
    "AnalyticEntropy",
    "AnalyticKL",
    "BetaAnalyticKL",
    "BetaElbo",
    "Bound",
    "DReG",
    "Elbo",
    "FreeBits",
    "Iwae",
    "LeaveOneOut",
    "RaoBlackwell",
    "Renyi",
    "RunningBaseline",
    "ScoreFunction",
    "StickingTheLanding",
    "Terms",
    "VRMax",
    "WarmingUp",
]
