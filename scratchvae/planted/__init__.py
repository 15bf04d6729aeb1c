"""Mistakes that people make in derivations like these, planted one at a time to see what catches them.

Each is a change of this package's own source, made in the running process and taken back. For each there is a
list of checks, of which the last should catch it; where it is not the first, forward and backward are wrong
alike, and no comparison of gradients can see it.

Examples
--------
>>> from scratchvae import planted
>>> result = planted.run(planted.find("log-det-of-the-inverse"))
>>> result.passed, result.caught_by, result.code
(('gradient: map diagonal',), 'log_det: diagonal', 'sign')
"""

from scratchvae.planted.catalogue import AREAS, CATALOGUE, find
from scratchvae.planted.mistake import Mistake
from scratchvae.planted.patching import PlantError, planted
from scratchvae.planted.running import Result, run, run_all

__all__ = ["AREAS", "CATALOGUE", "Mistake", "PlantError", "Result", "find", "planted", "run", "run_all"]
