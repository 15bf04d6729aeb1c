"""Measure section by section, and write the report as it grows."""

import json

from scratchvae.evaluation.report.document import Report
from scratchvae.evaluation.report.part import Missing
from scratchvae.evaluation.report.provenance import about_data
from scratchvae.evaluation.report.sections import QUICK, SECTIONS
from scratchvae.evaluation.report.settings import ReportSettings
from scratchvae.evaluation.report.work import NotReachedError, Work
from scratchvae.plotting import save
from scratchvae.storage import atomic_write, writable_folder
from scratchvae.validation import choose

NOT_YET = Missing("not measured yet", "Not measured yet. The same command goes on from here.")


def write_report(
    vae, dataset, folder, *, settings=None, sections=None, model_file=None, threads=None, progress=None
):
    """Evaluate a VAE on held-out data; write what is found as Markdown with figures, and as JSON.

    The folder then has report.md, report.json, figures/ and, in by_datum/, the results of each datum. These
    are written on the way: after an interruption (Ctrl-C, or worse) the same call goes on from them, and ends
    with the same report as one that was never stopped. At Ctrl-C the report is written of what is done until
    then; it says that it is partial, of how many data, and these are a random sample of all.

    Parameters
    ----------
    vae : VAE
    dataset : Dataset
        Prepared: rows that suit the model's likelihood; see ``scratchvae.training.prepare``. How it was
        binarized stands in the report if the data set knows it.
    folder : path
    settings : ReportSettings, optional
        Numbers of samples, draws, steps and data.
    sections : sequence of str, optional
        "log_p", "rate_distortion", "kl", "units", "amortization", "annealing", "bracket", "images"; all by
        default. One that does not apply to the model says why.
    model_file : str, optional
        Where the model comes from, for the reader.
    threads : int, optional
        By default as many as BLAS would use.
    progress : callable, optional
        ``progress(name, n)`` is called before n data are measured, and returns what is called with the number
        of data done since its last call.

    Returns
    -------
    Report

    Raises
    ------
    ValueError
        If a section or a number makes no sense, the data do not suit the model, or the folder has results of
        another model, other data or other settings.
    OSError
        If the folder cannot be written.
    KeyboardInterrupt
        At Ctrl-C, when the partial report is written.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from scratchvae import VAE, data
    >>> x = (np.random.default_rng(0).random((30, 6)) < 0.5).astype("float32")
    >>> vae, small = VAE(6, 2, (4,)), ReportSettings(n_samples=50)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report = write_report(vae, data.as_dataset(x), folder, settings=small, sections=["log_p"])
    >>> report.is_complete, report.parts["log_p"].number("log_p").label
    (True, 'log p(x), 50 importance samples')
    """
    names = _chosen(sections)
    vae.check_dataset(dataset)
    settings = ReportSettings() if settings is None else settings
    work = Work(vae, dataset, settings, writable_folder(folder), threads, progress)
    _check_folder(work)
    writer = _Writer(work, names, model_file)
    order = sorted(names, key=lambda name: name not in QUICK)  # stable: the quick ones first
    try:
        for name in order:
            writer.add(name)
    except KeyboardInterrupt:
        work.freeze()
        for name in order:
            writer.add_what_is_done(name)
        raise
    return writer.report


def _chosen(sections):
    """The sections' names in the report's order."""
    if sections is None:
        return list(SECTIONS)
    wanted = [sections] if isinstance(sections, str) else list(sections)
    for name in wanted:
        choose(SECTIONS, name, "section")
    if not wanted:
        raise ValueError(f"there is no section to write: name some of {', '.join(SECTIONS)}.")
    return [name for name in SECTIONS if name in wanted]


def _check_folder(work):
    """Raise a ValueError if there is a report on something else, before a file of it is touched."""
    path, settings = work.folder / "report.json", vars(work.settings)
    if not path.exists():
        return
    try:
        earlier = json.loads(path.read_text(encoding="utf-8"))
        its_settings, is_same = earlier["settings"], earlier["of"] == work.of
    except (ValueError, KeyError, TypeError):
        raise ValueError(
            f"{path} is no report that can go on: choose another folder, or remove it."
        ) from None
    if not is_same:
        raise ValueError(
            f"{work.folder} holds a report on another model or other data: choose another folder, or "
            "remove it."
        )
    changed = [name for name, value in settings.items() if its_settings.get(name) != value]
    if changed:
        was = ", ".join(f"{name} {its_settings.get(name)} (now {settings[name]})" for name in changed)
        raise ValueError(
            f"{work.folder} holds a report with other settings, {was}: choose another folder, or remove it."
        )


class _Writer:
    """The report in its folder, which grows by a section at a time."""

    def __init__(self, work, names, model_file):
        self.work = work
        self.folder = work.folder
        self.report = Report(
            self.folder,
            _about_model(work, model_file),
            about_data(work.dataset),
            work.of,
            vars(work.settings),
            dict.fromkeys(names, NOT_YET),
        )

    def add(self, name):
        """Measure a section and write it."""
        section = SECTIONS[name]
        reason = section.why_not(self.work) if hasattr(section, "why_not") else None
        part = Missing("does not apply", reason) if reason else section.part(self.work)
        self.report.parts[name] = part
        for figure in part.figures:
            save(figure.draw(), self.folder / "figures" / f"{figure.name}.png")
        self._write()

    def add_what_is_done(self, name):
        """Write a section of what is known of it, after an interruption."""
        if name not in QUICK and not self.report.parts[name].is_complete:
            try:
                self.add(name)
            except NotReachedError:
                self._write()

    def _write(self):
        for name, text in (("report.md", self.report.markdown()), ("report.json", self.report.json())):
            with atomic_write(self.folder / name) as file:
                file.write(text.encode())


def _about_model(work, model_file):
    vae = work.vae
    return {
        "config": vae.config,
        "n_parameters": len(vae.parameters),
        "is_density": work.is_density,
        "file": model_file,
    }
