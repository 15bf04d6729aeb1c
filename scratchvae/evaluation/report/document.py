"""A report as Markdown, as JSON, and as lines for a terminal."""

from dataclasses import dataclass

from scratchvae.evaluation.report.part import Missing
from scratchvae.evaluation.report.provenance import sentence_on_bits, sentence_on_data, warnings_on_data
from scratchvae.evaluation.report.reading import reading
from scratchvae.evaluation.report.sections import SECTIONS
from scratchvae.evaluation.report.words import counted, percent, table
from scratchvae.storage import json_text

DENSITY = (
    "The likelihood is a density, so log p(x) depends on the unit in which x is measured, may lie above "
    "zero, and compares models of the same data only."
)
CONDITIONAL = "The model is given each datum's label y: what is called log p(x) here is log p(x|y)."
NATS = (
    "Logarithms are natural, so the unit is the nat (1 nat = 1.44 bits), and every mean is over data, that "
    "is nats a datum. The number after ± is one standard error: how far the mean is likely to be from the "
    "one over all data of their kind. The noise of the samples by which each datum is measured is part of "
    "it."
)


@dataclass(frozen=True)
class Report:
    """What is known of a model, section by section.

    Attributes
    ----------
    folder : Path
    model, data : dict
        What they are, for the reader.
    of : dict
        What tells them from others, as `scratchvae.evaluation.fingerprint` has it.
    settings : dict
        The numbers by which all is measured.
    parts : dict of str to Part or Missing
        By the sections' names, in their order.
    """

    folder: object
    model: dict
    data: dict
    of: dict
    settings: dict
    parts: dict

    @property
    def is_complete(self):
        """Whether every section that applies is measured on all of its data."""
        return not self.unfinished

    @property
    def unfinished(self):
        """The names of the sections that are not measured, or in part."""
        return [
            name
            for name, part in self.parts.items()
            if not part.is_complete and part.status != "does not apply"
        ]

    @property
    def warnings(self):
        """Sentences on what to beware of: of the data, then of each section."""
        return warnings_on_data(self.data) + [
            warning for part in self.parts.values() for warning in part.warnings
        ]

    @property
    def summary(self):
        """The numbers that stand at the head, each with how many of what it is by."""
        return [
            (number, counted(part.done, part.what))
            for part in self.parts.values()
            for number in part.numbers
            if number.in_summary
        ]

    def as_dict(self):
        """All of it as JSON can hold it, but for NaN and infinity.

        ``["sections"][name]["numbers"][number]`` has `value`, `standard_error` (of a mean), `unit`, `label`
        (with the number of samples) and `meaning`; ``["sections"][name]`` has `status` ("complete",
        "partial", "not measured yet", "does not apply"), `done` and `total` data, and `by`, the numbers of
        samples and so on.
        """
        return {
            "is_partial": not self.is_complete,
            "unfinished": self.unfinished,
            "model": self.model,
            "data": self.data,
            "of": self.of,
            "settings": self.settings,
            "warnings": self.warnings,
            "sections": {name: part.as_dict() for name, part in self.parts.items()},
        }

    def json(self):
        """The JSON file's text; null for what JSON does not know."""
        return json_text(self.as_dict(), indent=1, ensure_ascii=False)

    def __str__(self):
        rows = [(number.label, number.shown(), f"({n})") for number, n in self.summary]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        lines += [f"beware: {warning}" for warning in self.warnings]
        lines.append(sentence_on_data(self.data))
        if not self.is_complete:
            lines.append(f"PARTIAL: {how_partial(self)}")
        text = "\n".join([*lines, f"report: {self.folder / 'report.md'}"])
        return text.replace("±", "+-").replace("‖", "||")  # a terminal may know ASCII only

    # --- Markdown -------------------------------------------------------------------------------

    def markdown(self):
        """The Markdown file's text."""
        head = [f"# Evaluation of a VAE on {self.data['name']} ({self.data['split']})"]
        if not self.is_complete:
            head.append(f"> **This report is partial.** {how_partial(self)}")
        blocks = [*head, self._about(), NATS, *self._summary(), *self._sections(), _end(self.is_complete)]
        return "\n\n".join(blocks) + "\n"

    def _about(self):
        model, lines = self.model, [f"- **Data.** {sentence_on_data(self.data)}"]
        lines.append(f"- **Binarization.** {sentence_on_bits(self.data)}")
        config = ", ".join(f"{key}={value!r}" for key, value in model["config"].items())
        lines.append(f"- **Model.** `VAE({config})`, {model['n_parameters']:,} parameters{_file(model)}.")
        if model["is_density"]:
            lines.append(f"- **Density.** {DENSITY}")
        if "n_classes" in model["config"]:
            lines.append(f"- **Labels.** {CONDITIONAL}")
        lines.append(f"- **Seed** of all noise here: {self.settings['seed']}.")
        return "\n".join(lines)

    def _summary(self):
        blocks = ["## Summary"]
        if text := reading(self.parts):
            blocks.append(text)
        if self.summary:
            rows = [(number.label, number.shown(), n, number.meaning) for number, n in self.summary]
            blocks.append(table(("", "", "by", "what it says"), rows, right=(1,)))
        if self.warnings:
            blocks.append("What to beware of:\n\n" + "\n".join(f"- {text}" for text in self.warnings))
        return blocks

    def _sections(self):
        for i, (name, part) in enumerate(self.parts.items(), start=1):
            section = SECTIONS[name]
            yield f"## {i}. {section.TITLE}"
            yield section.QUESTION
            yield part.markdown()


def how_partial(report):
    """What is done and what is not, in a sentence or two."""
    titles = [f"{SECTIONS[name].TITLE!r} ({_done(report.parts[name])})" for name in report.unfinished]
    return f"Not finished: {'; '.join(titles)}. The same command goes on from here."


def _done(part):
    if isinstance(part, Missing):
        return part.status
    share = percent(part.done / part.total)
    return f"{part.done:,} of {counted(part.total, part.what)}, {share}"


def _file(model):
    return f", from `{model['file']}`" if model.get("file") else ""


def _end(is_complete):
    numbers = "The numbers of each datum are in by_datum/, all of the above in report.json."
    return f"---\n\n{numbers}" + ("" if is_complete else " PARTIAL.")
