"""What a section of a report consists of: numbers with what they mean, text, figures, warnings."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scratchvae.evaluation.report.words import counted, table, text_of
from scratchvae.importance import Estimate


@dataclass(frozen=True)
class Number:
    """A number, with what it means in a sentence.

    Attributes
    ----------
    name : str
        In the JSON file.
    label : str
        In the table, with the number of samples by which it was found.
    value : Estimate, float, int or None
        An `Estimate` has its standard error.
    meaning : str
    unit : str
    in_summary : bool
        Whether it stands at the report's head too.
    """

    name: str
    label: str
    value: Any
    meaning: str
    unit: str = "nats"
    in_summary: bool = False

    def shown(self):
        """The value with its error and unit, for people."""
        if self.unit == "":
            return text_of(self.value)
        return f"{text_of(self.value)} {self.unit}"

    def as_dict(self):
        """The value, its error, unit and meaning, as JSON can hold them."""
        is_estimate = isinstance(self.value, Estimate)
        value, error = self.value if is_estimate else (self.value, None)
        return {
            "value": plain(value),
            **({"standard_error": plain(error)} if is_estimate else {}),
            "unit": self.unit,
            "label": self.label,
            "meaning": self.meaning,
        }


@dataclass(frozen=True)
class Figure:
    """A drawing with its caption.

    Attributes
    ----------
    name : str
        Of the file, without its ending.
    caption : str
    draw : callable
        Returns the drawn matplotlib Figure.
    """

    name: str
    caption: str
    draw: Callable = field(repr=False)


@dataclass(frozen=True)
class Part:
    """A section that is measured, wholly or in part.

    Attributes
    ----------
    numbers : list of Number
    by : dict of str to int
        The numbers of samples, draws, chains, ... by which these were found.
    done, total : int
        Data that are done, and that were to be.
    what : str
        What these are: "data", "draws", "simulated data".
    blocks : list of str or Figure
        The text after the table of numbers, in Markdown, and the figures in their places.
    warnings : list of str
        Sentences that say what to beware of, and what to do.
    details : dict
        More numbers for the JSON file.
    """

    numbers: list
    by: dict
    done: int
    total: int
    what: str = "data"
    blocks: list = field(default_factory=list)
    warnings: list = field(default_factory=list)
    details: dict = field(default_factory=dict)

    @property
    def is_complete(self):
        """Whether nothing is left to do."""
        return self.done == self.total

    @property
    def status(self):
        """ "complete" or "partial"."""
        return "complete" if self.is_complete else "partial"

    @property
    def figures(self):
        """The figures among the blocks."""
        return [block for block in self.blocks if isinstance(block, Figure)]

    def number(self, name):
        """The number of this name."""
        return next(number for number in self.numbers if number.name == name)

    def markdown(self):
        """The section's body."""
        blocks = [_figure(block) if isinstance(block, Figure) else block for block in self.blocks]
        warnings = [f"> **Beware.** {warning}" for warning in self.warnings]
        partial = [] if self.is_complete else [f"> **Partial.** {self.how_partial()}"]
        return "\n\n".join([*partial, numbers_table(self.numbers), self._made_by(), *warnings, *blocks])

    def how_partial(self):
        """A sentence on how much is done."""
        return f"{self.done:,} of {counted(self.total, self.what)} are done, a random sample of them."

    def _made_by(self):
        by = [counted(value, key.replace("_", " ")) for key, value in self.by.items()]
        return f"By {', '.join([counted(self.done, self.what), *by])}."

    def as_dict(self):
        """All of it as JSON can hold it."""
        return {
            "status": self.status,
            "done": self.done,
            "total": self.total,
            "of": self.what,
            "by": self.by,
            "numbers": {number.name: number.as_dict() for number in self.numbers},
            **({"details": plain(self.details)} if self.details else {}),
            "warnings": self.warnings,
            "figures": [f"figures/{figure.name}.png" for figure in self.figures],
        }


@dataclass(frozen=True)
class Missing:
    """A section without numbers.

    Attributes
    ----------
    status : {"not measured yet", "does not apply"}
    reason : str
        A sentence.
    """

    status: str
    reason: str
    is_complete = False
    numbers, warnings, figures = (), (), ()

    def markdown(self):
        """The sentence."""
        return f"*{self.reason}*"

    def as_dict(self):
        """Both attributes."""
        return {"status": self.status, "reason": self.reason}


def numbers_table(numbers):
    """Label, value and meaning, a row for each number."""
    rows = [(number.label, number.shown(), number.meaning) for number in numbers]
    return table(("", "", "what it says"), rows, right=(1,))


def _figure(figure):
    return f"![{figure.name.replace('_', ' ')}](figures/{figure.name}.png)\n\n*{figure.caption}*"


def plain(value):
    """Python's own numbers and lists in the place of NumPy's; an `Estimate` as a dict of two."""
    if isinstance(value, Estimate):
        return {"value": plain(value.value), "standard_error": plain(value.standard_error)}
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value
