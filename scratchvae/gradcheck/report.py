"""What a check found, block by block."""

from dataclasses import dataclass, field

import numpy as np

from scratchvae.gradcheck import formats

#: Every code a diagnosis may have, with what it says in three words.
CODES = {
    "ok": "nothing is wrong",
    "kink": "nothing but kinks",
    "precision": "few digits agree",
    "sign": "the sign is wrong",
    "scale": "a factor is wrong",
    "zero": "the gradient is forgotten",
    "transposed": "the block is transposed",
    "rows": "some entries are wrong",
    "swapped": "another block's gradient",
    "missing_term": "a term is missing",
    "extra_term": "a term too many",
    "scaled_term": "one term is scaled",
    "activation": "a local derivative is wrong",
    "nondeterministic": "two calls differ",
    "mutates": "the input is changed",
    "shape": "the shape is wrong",
    "nonfinite": "a value is not finite",
    "unexplained": "no simple cause fits",
}


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with a block, as a code for programs and a sentence for people.

    Attributes
    ----------
    code : str
        One of ``CODES``.
    message : str
    factor : float or None
        What the gradient, or the term, is multiplied by: analytic / true.
    term : str or None
        The term that is missing, extra or scaled; the block that was taken for this one.
    where : str or None
        Which rows or entries are wrong.
    clues : tuple of str
        What else was seen, where nothing explains the difference.
    """

    code: str
    message: str = ""
    factor: float | None = None
    term: str | None = None
    where: str | None = None
    clues: tuple = ()


OK = Diagnosis("ok")


@dataclass(frozen=True)
class BlockReport:
    """The verdict on one block of the vector.

    Attributes
    ----------
    name : str
    shape : tuple
    n_checked : int
        How many coordinates, or directions, were probed.
    index : tuple or None
        The worst coordinate's index in the block; None for a direction or the whole block.
    analytic, numeric : float
        The derivative there: as the code has it, and by finite differences.
    error : float
        |analytic - numeric| / max(|analytic|, |numeric|, what can be seen), so that a difference within the
        error of the numerical derivative passes.
    passed : bool
    diagnosis : Diagnosis
    uncertainty : float
        The estimated error of `numeric`, absolute.
    n_kinks : int
        Probes at points where the function has no derivative; they are left out of the verdict.
    """

    name: str
    shape: tuple
    n_checked: int
    index: tuple | None
    analytic: float
    numeric: float
    error: float
    passed: bool
    diagnosis: Diagnosis = field(default=OK)
    uncertainty: float = 0.0
    n_kinks: int = 0

    @property
    def note(self):
        """The diagnosis in words; of a block that passed, what passed unseen."""
        return self.diagnosis.message


@dataclass(frozen=True)
class Report:
    """The blocks' verdicts; ``print(report)`` shows them as a table, a notebook as one of HTML.

    On a terminal the table is in colour, unless the environment variable NO_COLOR is set.

    Attributes
    ----------
    blocks : tuple of BlockReport
    rtol : float
    summary : str
        What all wrong blocks have in common, if there is such a thing.
    """

    blocks: tuple
    rtol: float
    summary: str = ""

    @property
    def passed(self):
        """Whether every block passed."""
        return all(block.passed for block in self.blocks)

    @property
    def worst(self):
        """The block of the largest relative error; one without a number counts as the worst."""
        return max(self.blocks, key=lambda block: np.inf if np.isnan(block.error) else block.error)

    @property
    def n_kinks(self):
        """How many probes were left out because the function has no derivative there."""
        return sum(block.n_kinks for block in self.blocks)

    def as_dict(self):
        """The report as JSON can hold it; NaN and infinity, which it cannot, become None."""
        return formats.as_dict(self)

    def to_json(self, **options):
        """The report as JSON text; options of ``json.dumps``."""
        return formats.as_json(self, **options)

    def to_junit(self, name="gradcheck"):
        """The report as JUnit's XML, text: a test suite with a case for each block."""
        return formats.as_junit(self, name)

    def to_html(self, title="Gradient check"):
        """The report as a page of HTML, text."""
        return formats.as_page(self, title)

    def to_text(self, width=100, colour=False):
        """The table that ``print(report)`` shows, plain and of a fixed width by default."""
        return formats.as_text(self, width, colour)

    def __bool__(self):
        return self.passed

    def __str__(self):
        return formats.as_text(self)

    def __repr__(self):
        return f"<Report: {formats.conclusion(self)}>"

    def _repr_html_(self):
        return formats.as_html(self)
