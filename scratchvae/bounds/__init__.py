"""Lower bounds of log p(x). Here alone the sign turns (a loss is minimised) and the batch mean is taken."""

from scratchvae.bounds.analytic_kl import AnalyticKL
from scratchvae.bounds.elbo import Elbo
from scratchvae.bounds.iwae import Iwae
from scratchvae.bounds.terms import Terms

#: The bounds by the name that ``bound=`` takes.
BOUNDS = {"elbo": Elbo, "analytic_kl": AnalyticKL, "iwae": Iwae}

__all__ = ["BOUNDS", "AnalyticKL", "Elbo", "Iwae", "Terms"]
