"""Priors p(z): the standard normal, mixtures, and the densities of maps; all but the first are learned."""

from functools import partial

from scratchvae import reparam
from scratchvae.distributions import StandardNormal
from scratchvae.priors.mixture import MixturePrior
from scratchvae.priors.mixture_of_maps import MixtureOfMaps
from scratchvae.priors.vamp import VampPrior
from scratchvae.reparam import FlowPrior
from scratchvae.validation import build as build_from_spec
from scratchvae.validation import choose

#: The priors by name; beside them ``prior=`` takes every map that has an inverse, "coupling:4".
PRIORS = {"standard_normal": StandardNormal, "mixture": MixturePrior, "vamp": VampPrior}

__all__ = ["PRIORS", "FlowPrior", "MixtureOfMaps", "MixturePrior", "StandardNormal", "VampPrior", "build"]


def build(spec, vae):
    """Return the prior that `spec` names for a VAE.

    Parameters
    ----------
    spec : str, Reparameterization or MixturePrior
        "standard_normal"; "mixture:M" of M normals; "vamp:M" of M pseudo-inputs; a map by its name or as an
        object.
    vae : VAE
        Which has its sizes, its dtype and its posterior already.

    Raises
    ------
    ValueError
        If the name is unknown, its number makes no sense, or the prior is of another dimension.
    """
    if isinstance(spec, MixturePrior):
        if spec.n_latent != vae.n_latent:
            raise ValueError(f"the prior is of {spec.n_latent} dimensions, but {vae.n_latent} are needed.")
        return spec
    if isinstance(spec, reparam.Reparameterization):
        return FlowPrior(reparam.build(spec, vae.n_latent, "prior"), vae.dtype)
    name = spec.partition(":")[0] if isinstance(spec, str) else spec
    choose(PRIORS | reparam.FAMILIES, name, "prior")
    if name in reparam.FAMILIES:
        return FlowPrior(reparam.build(spec, vae.n_latent, "prior"), vae.dtype)
    makers = {"mixture": partial(MixturePrior, vae.n_latent), "vamp": partial(VampPrior, vae)}
    return build_from_spec({**PRIORS, **makers}, spec, "prior")
