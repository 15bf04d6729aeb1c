"""What the README says of the repository is so."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "scratchvae"


def rooms():
    """{name: lines} of the README's table of the house; a row may hold several files."""
    rows = re.findall(r"^\| \d \| (`.+?) \| ([\d,]+) \|", README, flags=re.MULTILINE)
    return {names: int(lines.replace(",", "")) for names, lines in rows}


def n_lines(names):
    total = 0
    for name in re.findall(r"`([^`]+)`", names):
        place = PACKAGE / name
        files = place.rglob("*.py") if place.is_dir() else [place]
        total += sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files)
    return total


def test_every_room_of_the_package_is_in_the_table():
    listed = {name.rstrip("/") for names in rooms() for name in re.findall(r"`([^`]+)`", names)}
    there = {path.name for path in PACKAGE.iterdir() if path.name != "__pycache__" and path.name[:2] != "__"}
    assert listed == there


@pytest.mark.parametrize("names", rooms())
def test_the_line_counts_are_about_right(names):
    assert rooms()[names] == pytest.approx(n_lines(names), rel=0.1)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)|src=\"([^\":]+)\"", README))))
def test_links_into_the_repository_lead_somewhere(link):
    assert (ROOT / "".join(link)).exists()


def test_the_first_python_example_runs(capsys):
    inference, *_ = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    exec(compile(inference, "README.md", "exec"), {})
    assert "log p(x) by importance weights" in capsys.readouterr().out


def test_the_second_python_example_runs(monkeypatch, capsys):
    import scratchvae as sv

    _, code, _ = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    load = sv.data.load
    monkeypatch.setattr(sv.data, "load", lambda name, split="train": load(name, split, n=200))
    exec(compile(code.replace("epochs=20", "epochs=1"), "README.md", "exec"), {})
    assert "all 8 blocks pass" in capsys.readouterr().out


def test_the_third_python_example_prints_what_is_shown(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "110")  # as wide as the page; a narrower terminal leaves columns out
    section = README.split("## A gradient of your own")[1]
    code, shown = re.search(r"```python\n(.*?)```\n\n```\n(.*?)```", section, flags=re.DOTALL).groups()
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out == shown


def test_every_command_is_named():
    from scratchvae.cli import COMMANDS

    line = re.search(r"`scratchvae (demo \|[^`]*)`", README)[1]
    assert tuple(line.split(" | ")) == COMMANDS


@pytest.mark.parametrize("name", ["example", "burda_scores", "flows"])
def test_the_results_table_is_that_of_the_kept_results(name):
    import importlib.util

    spec = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.table() in README
