"""What tutorials/TEACHERS.md promises: its table, its scripts, its example of an exercise of one's own."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scratchvae import cli, course
from scratchvae.course import specs

TUTORIALS = Path(__file__).parents[2] / "tutorials"
PAGE = (TUTORIALS / "TEACHERS.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


def test_the_table_is_that_of_the_exercises():
    rows = re.findall(r"^\| (ex\d\d_\w+) \| ([\d, ]+) \| (\d+) \| (\d+) \|$", PAGE, flags=re.MULTILINE)
    exercises = [specs.exercise(name) for name in specs.names()]
    assert [(name, int(n), int(points)) for name, _, n, points in rows] == [
        (exercise.name, len(exercise.tasks), exercise.max_score) for exercise in exercises
    ]
    for name, lessons, *_ in rows:
        beginning = (TUTORIALS / "exercises" / f"{name}.py").read_text(encoding="utf-8")[:400]
        assert re.findall(r"`(\d\d)_", beginning) == lessons.split(", ")
    n_tasks, points = (
        sum(counts) for counts in zip(*((len(e.tasks), e.max_score) for e in exercises), strict=True)
    )
    assert f"hold {n_tasks} functions to write, {points} points" in PAGE


def test_every_command_on_the_page_is_a_valid_one():
    text = "\n".join(blocks("sh") + blocks("yaml"))
    commands = re.findall(r"(?:^|command: |bin/)(scratchvae grade .*)$", text, flags=re.MULTILINE)
    assert len(commands) >= 5
    for command in commands:
        words = shlex.split(command.partition(">")[0])
        assert cli._parser().parse_args(words[1:]).command == "grade"


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
@pytest.mark.parametrize("is_there", [True, False])
def test_the_autograders_script_writes_its_results(tmp_path, is_there):
    (script,) = [block for block in blocks("sh") if "results.json" in block]
    (tmp_path / "submission").mkdir()
    (tmp_path / "results").mkdir()
    if is_there:
        shutil.copy(TUTORIALS / "solutions" / "ex03_reparameterization.py", tmp_path / "submission")
    command = f"{shlex.quote(sys.executable)} -m scratchvae"
    script = script.replace("/autograder/venv/bin/scratchvae", command).replace("/autograder", str(tmp_path))
    subprocess.run(["bash", "-c", script], check=True)
    found = json.loads((tmp_path / "results" / "results.json").read_text())
    assert found["score"] == (12 if is_there else 0)
    assert sum(test["max_score"] for test in found["tests"]) == 12


def test_the_workflow_gives_the_points_of_the_function():
    (workflow,) = blocks("yaml")
    name = re.search(r"--only (\w+)", workflow)[1]
    (task,) = specs.exercise("ex03_reparameterization").only(name).tasks
    assert f"max-score: {task.points}\n" in workflow
    step = re.search(r"id: (\S+)", workflow)[1]
    assert f"{step.upper()}_RESULTS: " in workflow
    assert f"runners: {step}\n" in workflow


def test_the_exercise_of_ones_own_works(tmp_path):
    (code,) = blocks("python")
    specification, solution = tmp_path / "ex11_standard_error.py", tmp_path / "homework.py"
    specification.write_text(code)
    for formula, message in (
        ("np.std(x, ddof=1) / np.sqrt(x.size)", ""),
        ("np.std(x, ddof=1)", "this is the standard deviation, not that of the mean"),
        ("np.std(x, ddof=1) / x.size", "it is too small by the root of n"),
    ):
        solution.write_text(f"import numpy as np\ndef standard_error(x):\n    return {formula}\n")
        result = course.grade(solution, exercise=str(specification))
        assert result.functions[0].message == message
