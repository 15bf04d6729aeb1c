"""Why this machine is slower than it could be, and what to set: for ``scratchvae doctor``.

Each check is a function of `Facts`, which are read from the machine once; `measure` times the matrix products
of a training step as things are and as they could be, in processes of their own that take turns.
"""

from scratchvae.advice.checks import Advice, advise
from scratchvae.advice.facts import Facts
from scratchvae.advice.measured import faster, measure
from scratchvae.advice.runs import look_at_run

__all__ = ["Advice", "Facts", "advise", "faster", "look_at_run", "measure"]
