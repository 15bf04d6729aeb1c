"""What a check found, block by block."""

import json
from dataclasses import asdict, dataclass, field

import numpy as np

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

    def row(self):
        """The block as a row of the table."""
        where = "direction" if self.index is None else str(self.index)
        numbers = f"{self.analytic:>14.6e} {self.numeric:>14.6e} {self.error:>9.1e}"
        verdict = "ok" if self.passed else f"WRONG {self.diagnosis.code}:"
        verdict = f"{verdict} {self.note}".rstrip(" :")
        return f"{self.name:<22} {self.shape!s:<14} {self.n_checked:>7} {where:<12} {numbers}  {verdict}"


HEADER = (
    f"{'block':<22} {'shape':<14} {'checked':>7} {'worst at':<12} "
    f"{'analytic':>14} {'numeric':>14} {'rel.error':>9}  verdict"
)


@dataclass(frozen=True)
class Report:
    """The blocks' verdicts; ``print(report)`` shows them as a table.

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
        blocks = [plain(asdict(block)) for block in self.blocks]
        return {"passed": self.passed, "rtol": self.rtol, "summary": self.summary, "blocks": blocks}

    def to_json(self, **options):
        """The report as JSON text; options of ``json.dumps``."""
        return json.dumps(self.as_dict(), **{"indent": 1, **options})

    def __bool__(self):
        return self.passed

    def __str__(self):
        wrong = [block.name for block in self.blocks if not block.passed]
        verdict = f"wrong: {', '.join(wrong)}" if wrong else f"all {len(self.blocks)} blocks pass"
        last = f"{verdict}; worst relative error {self.worst.error:.1e}, limit {self.rtol:.0e}"
        summary = [self.summary] if self.summary else []
        return "\n".join([HEADER, *(block.row() for block in self.blocks), *summary, last])


def plain(value):
    """`value` with NaN and infinity as None, tuples as lists."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
