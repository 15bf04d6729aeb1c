"""Plant mistakes one at a time, and see which check catches each and what it says."""

from dataclasses import dataclass

from scratchvae import kernels
from scratchvae.planted import checks
from scratchvae.planted.catalogue import CATALOGUE
from scratchvae.planted.mistake import Mistake
from scratchvae.planted.patching import planted


@dataclass(frozen=True)
class Result:
    """What became of one planted mistake.

    Attributes
    ----------
    mistake : Mistake
    passed : tuple of str
        Checks that saw nothing.
    caught_by : str or None
        The first check that failed.
    code, message : str
        Its diagnosis; "" if nothing caught it.
    block : str
        The block of the report that is named.
    """

    mistake: Mistake
    passed: tuple
    caught_by: str | None = None
    code: str = ""
    message: str = ""
    block: str = ""

    @property
    def is_as_expected(self):
        """Whether the check that should catch it does, with the diagnosis that it should give."""
        return (self.caught_by, self.code) == (self.mistake.caught_by, self.mistake.code)

    def as_dict(self):
        """The result as JSON can hold it."""
        return {
            "mistake": self.mistake.name,
            "title": self.mistake.title,
            "module": f"scratchvae.{self.mistake.module}",
            "seen_by_no": list(self.passed),
            "caught_by": self.caught_by,
            "code": self.code,
            "block": self.block,
            "message": self.message,
        }


def run(mistake, seed=0):
    """The `Result` of planting one mistake; the readable kernels are in use meanwhile."""
    passed = []
    with kernels.using("numpy"), planted(mistake):
        for name in mistake.checks:
            report = checks.run(name, seed)
            if not report.passed:
                block = _telling(report)
                return Result(
                    mistake, tuple(passed), name, block.diagnosis.code, block.diagnosis.message, block.name
                )
            passed.append(name)
    return Result(mistake, tuple(passed))


def run_all(only="", seed=0):
    """Yield the `Result` of every mistake with `only` in its name."""
    for mistake in CATALOGUE:
        if only in mistake.name:
            yield run(mistake, seed)


def _telling(report):
    """The wrong block whose diagnosis says most: one with a cause before one without."""
    wrong = [block for block in report.blocks if not block.passed]
    explained = [block for block in wrong if block.diagnosis.code != "unexplained"]
    return (explained or wrong)[0]
