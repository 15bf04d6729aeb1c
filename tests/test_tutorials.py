"""Each tutorial runs in its quick mode, holds its claims and makes the figures that are committed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TUTORIALS = sorted((ROOT / "tutorials").glob("[0-9][0-9]_*.py"))
SAVES = re.compile(r'course\.save\(\w+, f?"([^"]+)"\)')
EXPECTED = re.compile(r"\*\*Expected output\*\*: (\w+) lines that begin with `\[holds\]`, and (\w+) figures")
NUMBERS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"


def prose(script):
    """The text without the marks of comments and without line breaks in its sentences."""
    return script.read_text().replace("\n# ", " ")


def test_there_are_tutorials():
    assert TUTORIALS


@pytest.mark.parametrize("script", TUTORIALS, ids=lambda script: script.stem)
def test_it_runs_holds_its_claims_and_makes_its_figures(script, tmp_path):
    env = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, str(script), "--quick", "--figures", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=300, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    made = [path.stem for path in tmp_path.glob("*.png")]
    said = [NUMBERS.split().index(number) for number in EXPECTED.search(prose(script)).groups()]
    assert said == [done.stdout.count("[holds]"), len(made)]
    assert set(made) == set(SAVES.findall(script.read_text()))


@pytest.mark.parametrize("script", TUTORIALS, ids=lambda script: script.stem)
def test_its_figures_are_committed(script):
    names = SAVES.findall(script.read_text())
    assert names
    assert [name for name in names if not (ROOT / "figures" / f"{name}.png").exists()] == []


@pytest.mark.parametrize("script", TUTORIALS, ids=lambda script: script.stem)
def test_it_has_the_parts_that_every_lesson_has(script):
    text = script.read_text()
    assert text.startswith(f"# %% [markdown]\n# # {script.stem[:2]} ")
    for part in ("**Afterwards you can**", "**Equations**", "**Time**", "**Expected", "## Summary"):
        assert part in prose(script), part
    for part in ("## Try this", "## Questions", "**Exercises**", "**Further reading**", "**Answers**"):
        assert part in prose(script), part
    assert text.count("default_rng(0)") == 1
    assert len(text.splitlines()) <= 300


@pytest.mark.parametrize("script", TUTORIALS, ids=lambda script: script.stem)
def test_the_files_that_it_names_exist(script):
    named = re.findall(r"tutorials/[\w/]+\.\w+", script.read_text())
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_map_of_the_course_names_every_lesson_and_exercise():
    text = (ROOT / "tutorials" / "README.md").read_text()
    named = set(re.findall(r"\(([\w/]+\.(?:py|md))\)", text))
    assert {script.name for script in TUTORIALS} <= named
    exercises = {f"exercises/{path.name}" for path in (ROOT / "tutorials" / "exercises").glob("ex*.py")}
    assert exercises <= named
    assert [name for name in named if not (ROOT / "tutorials" / name).exists()] == []
    pictures = re.findall(r'src="\.\./(figures/\w+\.png)"', text)
    assert [name for name in pictures if not (ROOT / name).exists()] == []
