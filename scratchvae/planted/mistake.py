"""A mistake that people make, as a change of this package's own source."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """One classic mistake, what checks look at it, and what they should say.

    Attributes
    ----------
    name : str
        "tanh-slope-forgotten".
    title : str
        What is wrong, in a few words.
    why : str
        How one comes to make it.
    module : str
        The module that is changed, as ``nn.linear``.
    changes : tuple of (str, str)
        Text that stands in the module exactly once, and what is put in its place.
    checks : tuple of str
        The checks that look at it, in order, by name; the last should catch it.
    code : str
        The diagnosis that the one that catches it gives.
    """

    name: str
    title: str
    why: str
    module: str
    changes: tuple
    checks: tuple
    code: str

    @property
    def caught_by(self):
        """The check that should catch it: the last, since those before it cannot."""
        return self.checks[-1]


def change(old, new):
    """A tuple of one change, for `Mistake.changes`."""
    return ((old, new),)
