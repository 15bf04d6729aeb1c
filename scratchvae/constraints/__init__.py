"""Maps from free numbers to positive, bounded, ordered or probability parameters, with log|det|."""

from scratchvae.constraints.base import Constraint
from scratchvae.constraints.bijections import BIJECTIONS
from scratchvae.constraints.elementwise import Interval, Positive, Real
from scratchvae.constraints.ordered import Ordered
from scratchvae.constraints.simplex import Simplex
from scratchvae.constraints.space import Space

#: The constraints by name.
CONSTRAINTS = {kind.__name__.lower(): kind for kind in (Real, Positive, Interval, Ordered, Simplex)}

__all__ = [
    "BIJECTIONS",
    "CONSTRAINTS",
    "Constraint",
    "Interval",
    "Ordered",
    "Positive",
    "Real",
    "Simplex",
    "Space",
]
