"""Test densities of the literature: curved, funnelled, ringed, of several modes, with their exact answers."""

from scratchvae.models.targets.banana import Banana
from scratchvae.models.targets.base import Target
from scratchvae.models.targets.energies import EnergyU1, EnergyU2, EnergyU3, EnergyU4
from scratchvae.models.targets.funnel import Funnel
from scratchvae.models.targets.ring import Ring

#: The densities by name; each can be made without arguments.
TARGETS = {
    "banana": Banana,
    "funnel": Funnel,
    "ring": Ring,
    "energy_u1": EnergyU1,
    "energy_u2": EnergyU2,
    "energy_u3": EnergyU3,
    "energy_u4": EnergyU4,
}

__all__ = [
    "TARGETS",
    "Banana",
    "EnergyU1",
    "EnergyU2",
    "EnergyU3",
    "EnergyU4",
    "Funnel",
    "Ring",
    "Target",
]
