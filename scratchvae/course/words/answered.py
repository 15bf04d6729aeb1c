"""One case with what came and what is right."""

from dataclasses import dataclass

from scratchvae.course.words.form import parts_of
from scratchvae.course.words.numbers import close


@dataclass(frozen=True)
class Answered:
    """One case, judged; answers are tuples of arrays, one for each output.

    Attributes
    ----------
    case : Case
    got, expected : tuple of arrays
    right : bool
    """

    case: object
    got: tuple
    expected: tuple
    right: bool

    @property
    def where(self):
        """The case's label in brackets, for the end of a sentence."""
        return f" ({self.case.label})" if self.case.label else ""


def answered(task, case, got, expected):
    """The case, judged: within the task's tolerance of what is right, or by its own rule."""
    got, expected = parts_of(got), parts_of(expected)
    if task.same is not None:
        return Answered(case, got, expected, bool(task.same(case.inputs, got if len(got) > 1 else got[0])))
    right = all(is_near(task, *pair) for pair in zip(got, expected, strict=True))
    return Answered(case, got, expected, right)


def is_near(task, got, expected):
    """Whether one part is another within the task's tolerance."""
    return close(got, expected, task.rtol, task.atol)


def sizes_of(task, case):
    """The sizes of a case by name, which a wrong factor might be."""
    return {} if task.sizes is None else task.sizes(case.case.inputs)


def subject(name):
    """An output at the beginning of a sentence."""
    return "the result" if name == "result" else name
