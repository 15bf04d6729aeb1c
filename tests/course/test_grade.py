"""``scratchvae grade`` and what it stands on: one file, a class, a file that is being written."""

import csv
import io
import json
import os
import shutil
from pathlib import Path

import pytest
from command_line import call, refused

from scratchvae import course
from scratchvae.course.specs import exercise_of, names
from scratchvae.course.watch import changes

TUTORIALS = Path(__file__).parents[2] / "tutorials"


def solution(name="ex01_densities"):
    return TUTORIALS / "solutions" / f"{name}.py"


def stub(name="ex01_densities"):
    return TUTORIALS / "exercises" / f"{name}.py"


@pytest.mark.parametrize("name", names())
def test_a_solution_passes_in_the_sandbox(name):
    result = course.grade(solution(name), limits=course.Limits(30.0))
    assert result.passed, [(f.name, f.code, f.message) for f in result.functions if not f.passed]
    assert result.score == result.max_score > 0


def test_a_stub_is_to_be_done_and_nothing_else_is_said_of_it(capsys):
    status, out, err = call(capsys, "grade", stub(), "--seed", 3)
    assert status == 1
    assert out.count("to do") == 5
    assert out.count("not written yet") == 5
    assert "0 of 5 functions passed, 0 of 10 points (--seed 3 repeats it)" in out
    assert err == ""


def test_a_class_with_one_of_everything(tmp_path, capsys):
    """Line by line: a right file, a stub, a broken one, one that is missing, one that is no solution."""
    kept = "import numpy as np\ndef log_normal(x, mu, sigma):\n    x[()] = mu\n    return undefined\n"
    broken, other = tmp_path / "ex01_broken.py", tmp_path / "essay.py"
    broken.write_text(kept + "def (")
    other.write_text(kept)
    files = (solution(), stub(), broken, tmp_path / "ex01_missing.py", other)
    status, out, _ = call(capsys, "grade", *files, "--format", "totals", "--jobs", 2)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert status == 1
    assert [row["submission"] for row in rows] == [str(file) for file in files]
    assert [row["points"] for row in rows] == ["10", "0", "0", "0", "0"]
    assert [row["max_points"] for row in rows] == ["10"] * 4 + ["0"]
    assert [bool(row["error"]) for row in rows] == [False, False, False, True, True]
    assert len({row["seed"] for row in rows}) == 1


def test_programs_get_a_result_of_a_file_that_is_missing(capsys, tmp_path):
    status, out, _ = call(capsys, "grade", tmp_path / "ex03*.py", "--format", "gradescope")
    found = json.loads(out)
    assert status == 1
    assert found["score"] == 0
    assert sum(test["max_score"] for test in found["tests"]) == 12
    assert "No such file" in found["tests"][0]["output"]


def test_a_file_may_be_named_otherwise(tmp_path, capsys):
    path = tmp_path / "homework.py"
    shutil.copy(solution(), path)
    assert "of no exercise" in refused(capsys, "grade", path)
    status, out, _ = call(capsys, "grade", path, "--exercise", "ex01", "--format", "json")
    assert status == 0
    assert json.loads(out)[0]["passed"]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("nothing/ex01.py",), "No such file"),
        (("ex99.py",), "of no exercise"),
        (("ex01.py", "--exercise", "ex77"), "of no exercise"),
        (("ex01.py", "--format", "jsn"), "did you mean 'json'?"),
        (("ex01.py", "--timeout", "0"), "--timeout must lie in"),
        (("ex01.py", "--memory", "0"), "--memory must be"),
        (("ex01.py", "--seed", "-1"), "--seed must be"),
        (("ex01.py", "--hints", "-1"), "--hints must be"),
        (("ex01.py", "ex02.py", "--watch"), "--watch is for one file"),
        ((".",), "of no exercise"),
    ],
)
def test_wrong_use(argv, words, capsys):
    assert words in refused(capsys, "grade", *argv)


OWN = """
import numpy as np
from scratchvae.course.exercise import Case, Exercise, Task, Wrong

def doubled(x):
    "Twice x."
    return 2 * x

def cases(rng):
    return [Case({"x": rng.normal(size=3)})]

SQUARE = Wrong("a square", lambda x: x**2)
EXERCISE = Exercise("own", "One of my own", (Task(doubled, cases, wrong=(SQUARE,)),))
"""


def test_a_teachers_own_exercise(tmp_path, capsys):
    specification, path = tmp_path / "own.py", tmp_path / "homework.py"
    specification.write_text(OWN)
    path.write_text("def doubled(x):\n    return x * x\n")
    status, out, _ = call(capsys, "grade", path, "--exercise", specification)
    assert status == 1
    assert "0/1  a square" in out
    specification.write_text("EXERCISE = 3")
    assert "must define EXERCISE" in refused(capsys, "grade", path, "--exercise", specification)
    specification.write_text("1 / 0")
    assert "ZeroDivisionError" in refused(capsys, "grade", path, "--exercise", specification)
    assert "cannot be read" in refused(capsys, "grade", path, "--exercise", tmp_path / "none.py")


def test_a_fault_of_a_specification_does_not_end_a_class(tmp_path, capsys):
    specification, path = tmp_path / "own.py", tmp_path / "homework.py"
    specification.write_text(OWN.replace("rng.normal(size=3)", "1 / 0"))
    path.write_text("def doubled(x):\n    return 2 * x\n")
    status, out, _ = call(capsys, "grade", path, path, "--exercise", specification)
    assert status == 1
    assert out.count("the grader failed: ZeroDivisionError") == 2


def test_arguments_of_other_names_are_said(tmp_path, capsys):
    path = tmp_path / "ex01.py"
    path.write_text("def log_sum_exp(values):\n    return values\n")
    said = " ".join(call(capsys, "grade", path)[1].split())
    assert "unexpected keyword argument 'a' (its arguments are to be a)" in said


def test_a_misspelled_function_is_found_and_the_next_one_of_the_exercise_is_no_misspelling(tmp_path):
    path = tmp_path / "ex03.py"
    path.write_text("def diagonal_forward(mu, log_sigma, eps):\n    return 0\ndef ful_rank_forward(): pass\n")
    found = {result.name: result.message for result in course.grade(path, seed=1).functions}
    assert "inside of another function" in found["diagonal_backward"]
    assert "is it 'ful_rank_forward'?" in found["full_rank_forward"]


def test_a_folder_or_a_huge_file_is_no_solution(tmp_path, capsys):
    folder, huge = tmp_path / "ex01_folder.py", tmp_path / "ex01_huge.py"
    folder.mkdir()
    huge.write_bytes(b"#" * 1_000_001)
    assert "directory" in refused(capsys, "grade", folder)
    assert "1,000,000 bytes" in refused(capsys, "grade", huge)


def test_only_some_functions(capsys):
    status, out, _ = call(capsys, "grade", solution(), "--only", "log_m", "--format", "json")
    assert status == 0
    names_of = [function["name"] for function in json.loads(out)[0]["functions"]]
    assert names_of == ["log_multivariate_normal", "log_mixture"]
    assert "they are log_normal, log_sum_exp" in refused(capsys, "grade", solution(), "--only", "kl")


@pytest.mark.parametrize("name", ["ex01.py", "EX01_Densities.py", "ex01_densities (2).py", "my_ex01.py"])
def test_names_that_say_the_exercise(name):
    assert exercise_of(name).name == "ex01_densities"


@pytest.mark.parametrize("name", ["ex1.py", "exam.py", "ex011.py", "densities.py"])
def test_names_that_do_not(name):
    with pytest.raises(ValueError, match="of no exercise"):
        exercise_of(name)


def test_hints_come_one_by_one(capsys):
    counts = [call(capsys, "grade", stub(), "--hints", n)[1].count("hint: ") for n in (0, 1, 2)]
    assert counts == [0, 5, 10]
    assert call(capsys, "grade", stub(), "--hints")[1].count("hint: ") == 5


def test_the_same_seed_gives_the_same_words(tmp_path, capsys):
    path = tmp_path / "ex01_wrong.py"
    path.write_text("import numpy as np\ndef log_sum_exp(a):\n    return np.cos(a).sum(-1)\n")
    said = [call(capsys, "grade", path, "--seed", seed)[1] for seed in (5, 5, 6)]
    assert said[0] == said[1]
    assert "there is no function 'log_normal' in the file" in said[2]


def test_changes_are_seen_and_nothing_else(tmp_path):
    path = tmp_path / "ex01.py"
    path.write_text("1")
    waited = []

    def sleep(seconds):
        waited.append(seconds)
        if len(waited) == 3:
            path.unlink()  # as some editors do
        if len(waited) == 5:
            path.write_text("12")

    seen = changes(path, sleep=sleep)
    next(seen)
    assert waited == []
    next(seen)
    assert len(waited) == 5


def test_watching_ends_when_all_passes(tmp_path, capsys, monkeypatch):
    path = tmp_path / "ex01.py"
    shutil.copy(stub(), path)

    def save_the_solution(seconds):
        shutil.copy(solution(), path)
        os.utime(path, ns=(1, 1))

    monkeypatch.setattr(
        "scratchvae.course.watch.changes.__kwdefaults__", {"every": 0.1, "sleep": save_the_solution}
    )
    status, out, err = call(capsys, "grade", path, "--watch")
    assert status == 0
    assert "0 of 5 functions passed" in out
    assert "5 of 5 functions passed" in out
    assert "waiting for the file" in err
