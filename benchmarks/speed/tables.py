"""What a part of the benchmark has found, as rows that can be printed, kept as JSON, and read again."""

import dataclasses
import statistics
from dataclasses import dataclass, field

import numpy as np

from benchmarks.speed.rounds import ratio

#: Units in which rows are shown, and how many of each a second, or a byte, is.
UNITS = {"us": 1e6, "ms": 1e3, "s": 1.0, "MB": 1e-6}


@dataclass(frozen=True)
class Plan:
    """How long to measure: `quick` is for tests, and its numbers mean nothing."""

    n_rounds: int = 15
    quick: bool = False

    @property
    def seconds(self):
        """How long a turn takes at least."""
        return 0.01 if self.quick else 0.4

    def rounds(self, most):
        """So many rounds, where each takes long."""
        return min(self.n_rounds, 1 if self.quick else most)


@dataclass(frozen=True)
class Row:
    """One contestant: what was measured in each round, in seconds or bytes.

    Attributes
    ----------
    ratio : float, optional
        The first contestant's by this one's, the median over rounds.
    at_most : float, optional
        What the ratio should not exceed, or where there is none the value in the table's unit.
    """

    name: str
    values: tuple
    ratio: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def median(self):
        return statistics.median(self.values)


@dataclass(frozen=True)
class Table:
    """Contestants at one piece of work; `absent` says why others are left out."""

    part: str
    title: str
    unit: str
    rows: tuple
    absent: dict = field(default_factory=dict)
    note: str = ""

    @classmethod
    def of(cls, part, title, timings, absent=None, *, unit="us", at_most=None, note="", notes=None):
        """From ``{name: Timing}``, of which the first is ours; `at_most` and `notes` by name."""
        first, *others = timings
        rows = [Row(first, timings[first].seconds, note=(notes or {}).get(first, ""))]
        for name in others:
            found = ratio(timings[first], timings[name])
            limit, note_of = (at_most or {}).get(name), (notes or {}).get(name, "")
            rows.append(Row(name, timings[name].seconds, found, limit, note_of))
        return cls(part, title, unit, tuple(rows), _in_a_line(absent or {}), note)

    def shown(self, row):
        """A row's median in the table's unit."""
        value = row.median * UNITS[self.unit]
        return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"

    def is_met(self, row):
        """Whether what is asked of a row is so; None if nothing is."""
        if row.at_most is None:
            return None
        return bool((row.median * UNITS[self.unit] if row.ratio is None else row.ratio) <= row.at_most)

    def __str__(self):
        width = max((len(name) for name in (*(row.name for row in self.rows), *self.absent)), default=0)
        lines = [self.title, f"  {'':{width}}  {self.unit:>9}  ours / it"]
        for row in self.rows:
            ratio_shown = "" if row.ratio is None else f"{row.ratio:9.2f}"
            tail = "  ".join(filter(None, [asked(self, row), row.note]))
            lines.append(f"  {row.name:{width}}  {self.shown(row):>9}  {ratio_shown:>9}  {tail}".rstrip())
        lines += [f"  {name:{width}}  left out: {why}" for name, why in self.absent.items()]
        return "\n".join(lines + ([f"  {self.note}"] if self.note else []))


def asked(table, row):
    """What is asked of a row and whether it is so, in words; nothing if nothing is."""
    met = table.is_met(row)
    unit = table.unit if row.ratio is None else ""
    return "" if met is None else f"{'met' if met else 'NOT MET'}: at most {row.at_most:g} {unit}".rstrip()


def _in_a_line(absent):
    return {name: why.strip().splitlines()[-1] for name, why in absent.items()}


@dataclass(frozen=True)
class Sweep:
    """The time of a training step against one size of it.

    Attributes
    ----------
    by : str
        "batch size", "width", ...
    values : tuple of int
    seconds : tuple of float
        The median over rounds.
    operations : tuple of float
        Floating-point operations of the step's matrix products.
    """

    by: str
    values: tuple
    seconds: tuple
    operations: tuple
    note: str = ""

    @property
    def slope(self):
        """d log seconds / d log value, by least squares over the upper half of the values."""
        return slope(self.values, self.seconds)

    @property
    def slope_of_operations(self):
        """The same of the arithmetic."""
        return slope(self.values, self.operations)

    @property
    def slopes(self):
        """Both in a sentence."""
        return (
            f"Slope on log axes, upper half: {self.slope:.2f}; of the arithmetic "
            f"{self.slope_of_operations:.2f}."
        )

    def __str__(self):
        rates = [n / t / 1e9 for n, t in zip(self.operations, self.seconds, strict=True)]
        columns = [
            (self.by, [f"{value:,}" for value in self.values]),
            ("ms a step", [f"{1e3 * t:.3g}" for t in self.seconds]),
            ("products' GFLOP/s", [f"{rate:.3g}" for rate in rates]),
        ]
        lines = [f"a training step against {self.by}", *(_line(name, found) for name, found in columns)]
        return "\n".join([*lines, *(f"  {text}" for text in (self.slopes, self.note) if text)])


def _line(name, found):
    return f"  {name:20}" + "".join(f"{entry:>12}" for entry in found)


def slope(values, found):
    """The exponent of a power law through the upper half of the points, at least two."""
    first = min(len(values) // 2, len(values) - 2)
    exponent = np.polyfit(np.log(values[first:]), np.log(found[first:]), 1)[0]
    return round(float(exponent), 6) + 0.0  # no -0


def to_json(item):
    """A `Table` or `Sweep` as a dict that says which."""
    return {"kind": type(item).__name__, **dataclasses.asdict(item)}


def from_json(found):
    """What `to_json` gave, as it was."""
    found = dict(found)
    kind = {"Table": Table, "Sweep": Sweep}[found.pop("kind")]
    if kind is Sweep:
        return Sweep(**{key: tuple(v) if isinstance(v, list) else v for key, v in found.items()})
    rows = tuple(Row(**{**row, "values": tuple(row["values"])}) for row in found.pop("rows"))
    return Table(**found, rows=rows)
