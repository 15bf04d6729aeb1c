"""Maps z = g(eps; lam) from noise to latent, chosen so that log|det dz/deps| is cheap."""

from scratchvae.reparam.diagonal import Diagonal

#: The maps by the name that ``posterior=`` takes.
MAPS = {"diagonal": Diagonal}

__all__ = ["MAPS", "Diagonal"]
