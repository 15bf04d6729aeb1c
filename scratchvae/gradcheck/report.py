"""What a check found, block by block."""

from dataclasses import asdict, dataclass

import numpy as np


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
        |analytic - numeric| / max(|analytic|, |numeric|, rounding / rtol), so that a difference within
        the rounding error of the numeric derivative passes.
    passed : bool
    note : str
        What the numbers cannot say: why it failed, or what passed unseen.
    """

    name: str
    shape: tuple
    n_checked: int
    index: tuple | None
    analytic: float
    numeric: float
    error: float
    passed: bool
    note: str = ""

    def row(self):
        """The block as a row of the table."""
        where = "direction" if self.index is None else str(self.index)
        numbers = f"{self.analytic:>14.6e} {self.numeric:>14.6e} {self.error:>9.1e}"
        verdict = f"{'ok' if self.passed else 'WRONG'} {self.note}".rstrip()
        return f"{self.name:<22} {self.shape!s:<14} {self.n_checked:>7} {where:<12} {numbers}  {verdict}"


HEADER = (
    f"{'block':<22} {'shape':<14} {'checked':>7} {'worst at':<12} "
    f"{'analytic':>14} {'numeric':>14} {'rel.error':>9}  verdict"
)


@dataclass(frozen=True)
class Report:
    """The blocks' verdicts; ``print(report)`` shows them as a table."""

    blocks: tuple
    rtol: float

    @property
    def passed(self):
        """Whether every block passed."""
        return all(block.passed for block in self.blocks)

    @property
    def worst(self):
        """The block of the largest relative error; one without a number counts as the worst."""
        return max(self.blocks, key=lambda block: np.inf if np.isnan(block.error) else block.error)

    def as_dict(self):
        """The report as JSON can hold it; NaN and infinity, which it cannot, become None."""
        blocks = [{key: _plain(value) for key, value in asdict(block).items()} for block in self.blocks]
        return {"passed": self.passed, "rtol": self.rtol, "blocks": blocks}

    def __bool__(self):
        return self.passed

    def __str__(self):
        wrong = [block.name for block in self.blocks if not block.passed]
        verdict = f"wrong: {', '.join(wrong)}" if wrong else f"all {len(self.blocks)} blocks pass"
        last = f"{verdict}; worst relative error {self.worst.error:.1e}, limit {self.rtol:.0e}"
        return "\n".join([HEADER, *(block.row() for block in self.blocks), last])


def _plain(value):
    return None if isinstance(value, float) and not np.isfinite(value) else value
