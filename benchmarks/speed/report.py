"""What is kept of a run: JSON, from which a page, two figures and the README's table are made."""

import dataclasses
import json
import re
from pathlib import Path

from benchmarks.speed.tables import Sweep, Table, asked, from_json, to_json
from scratchvae.storage import atomic_write

ROOT = Path(__file__).parent.parent.parent
RESULTS, FIGURES = ROOT / "benchmarks" / "results", ROOT / "figures"
#: Between these lines of the README the table is put.
NOT_YET = "Not measured yet on a machine that does nothing else."
FIGURES_SHOWN = """<p align="center">
<img src="figures/speed.png" width="90%" alt="Our time divided by that of each peer, beside what is asked">
<img src="figures/scale.png" width="98%" alt="The time of a training step against each size of it">
</p>"""
BEGIN, END = "<!-- speed: written by python -m benchmarks.speed -->", "<!-- /speed -->"


@dataclasses.dataclass(frozen=True)
class Report:
    """A whole run: where it ran, {section: {name: value}}, and the `Table`s and `Sweep`s that it found."""

    place: dict
    found: tuple

    @property
    def tables(self):
        return [item for item in self.found if isinstance(item, Table)]

    @property
    def sweeps(self):
        return [item for item in self.found if isinstance(item, Sweep)]

    def save(self, folder=RESULTS, figures=FIGURES):
        """Write speed.json, speed.md, and the figures speed.png and scale.png."""
        from benchmarks.speed import drawing

        items = [to_json(item) for item in self.found]
        _write(folder / "speed.json", json.dumps({"place": self.place, "found": items}, indent=1))
        _write(folder / "speed.md", self.page())
        drawing.ratios(self.tables, figures / "speed.png")
        if self.sweeps:
            drawing.sweeps(self.sweeps, figures / "scale.png")

    @classmethod
    def load(cls, folder=RESULTS):
        """Read what `save` wrote."""
        kept = json.loads((folder / "speed.json").read_text(encoding="utf-8"))
        return cls(kept["place"], tuple(from_json(item) for item in kept["found"]))

    def page(self):
        """Everything, in Markdown."""
        lines = ["# Speed", "", "`python -m benchmarks.speed` writes this page.", "", _place(self.place)]
        for table in self.tables:
            lines += ["", f"## {table.title[0].upper()}{table.title[1:]}", "", _markdown(table)]
        for sweep in self.sweeps:
            lines += ["", f"## A training step against {sweep.by}", "", _markdown_of(sweep)]
        return "\n".join(lines)

    def readme(self):
        """What is asked, and what was found, in one table, and how the times grow in another."""
        rows = [
            _line(*_asked_of(table, row))
            for table in self.tables
            for row in table.rows
            if row.at_most is not None
        ]
        head = ["what", "ours", "beside", "it", "ours / it", "asked"]
        lines = [_line(*head), _line(*["---"] * len(head)), *rows]
        if self.sweeps:
            lines += ["", *_growth(self.sweeps)]
        return "\n".join([_place(self.place), "", *lines, "", FIGURES_SHOWN])


def _asked_of(table, row):
    """A row as the README's six columns; one without a peer is a number of ours alone."""
    if row.ratio is None:
        what = table.title if row is table.rows[0] else f"{table.title}: {row.name}"
        return what, _with_unit(table, row), "", "", "", _verdict(table, row)
    ours, its = _with_unit(table, table.rows[0]), _with_unit(table, row)
    return table.title, ours, row.name, its, f"{row.ratio:.2f}", _verdict(table, row)


def _with_unit(table, row):
    return f"{table.shown(row)} {table.unit}"


def _verdict(table, row):
    return asked(table, row).replace("NOT MET", "**not met**")


def _line(*cells):
    return "| " + " | ".join(cells) + " |"


def _growth(sweeps):
    """The slopes on log axes."""
    yield _line("a step against", *(sweep.by for sweep in sweeps))
    yield _line(*["---"] * (len(sweeps) + 1))
    yield _line("from", *(f"{sweep.values[0]:,} to {sweep.values[-1]:,}" for sweep in sweeps))
    yield _line("grows with the power", *(f"{sweep.slope:.2f}" for sweep in sweeps))
    yield _line("and its arithmetic with", *(f"{sweep.slope_of_operations:.2f}" for sweep in sweeps))


def _place(place):
    """Machine, BLAS and versions in a sentence each."""
    return "\n".join(
        f"{name[0].upper()}{name[1:]}: "
        + ", ".join(f"{key} {value}" for key, value in entries.items())
        + ".  "
        for name, entries in place.items()
    ).rstrip()


def _markdown(table):
    head = ["", table.unit, "ours / it", "asked", ""]
    lines = [_line(*head), _line("---", "---:", "---:", "---", "---")]
    for row in table.rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        lines.append(_line(row.name, table.shown(row), ratio, _verdict(table, row), row.note))
    lines += [_line(name, "", "", "", f"left out: {why}") for name, why in table.absent.items()]
    return "\n".join([*lines, *(["", table.note] if table.note else [])])


def _markdown_of(sweep):
    lines = [
        _line(sweep.by, *(f"{value:,}" for value in sweep.values)),
        _line("---", *["---:"] * len(sweep.values)),
        _line("ms", *(f"{1e3 * seconds:.3g}" for seconds in sweep.seconds)),
    ]
    return "\n".join([*lines, "", " ".join(filter(None, [sweep.slopes, sweep.note]))])


def readme(folder=RESULTS):
    """What the README says between its two marks: of what is kept, or that nothing is."""
    return Report.load(folder).readme() if (folder / "speed.json").exists() else NOT_YET


def into_readme(report, path=ROOT / "README.md"):
    """Put the table between the README's two marks."""
    text = path.read_text(encoding="utf-8")
    between = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    if not between.search(text):
        raise ValueError(f"{path} has no place for the table: it lacks the lines {BEGIN} and {END}.")
    _write(path, between.sub(lambda _: f"{BEGIN}\n\n{report.readme()}\n\n{END}", text).removesuffix("\n"))


def _write(path, text):
    with atomic_write(path) as file:
        file.write(f"{text}\n".encode())
