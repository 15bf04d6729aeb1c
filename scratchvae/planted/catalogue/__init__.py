"""The mistakes, by area; each area is a file."""

from scratchvae.planted.catalogue import bounds, likelihoods, maps, models, networks, optimizers, priors
from scratchvae.validation import choose

#: {area: its mistakes}.
AREAS = {
    "networks": networks.MISTAKES,
    "likelihoods": likelihoods.MISTAKES,
    "maps": maps.MISTAKES,
    "bounds and the VAE": bounds.MISTAKES,
    "priors and constraints": priors.MISTAKES,
    "Bayesian models": models.MISTAKES,
    "optimizers": optimizers.MISTAKES,
}
CATALOGUE = tuple(mistake for mistakes in AREAS.values() for mistake in mistakes)


def find(name):
    """The mistake of this name; a ValueError that lists the nearest one if there is none."""
    return choose({mistake.name: mistake for mistake in CATALOGUE}, name, "mistake")
