"""The formats, of results made up here, and what they promise to their readers."""

import csv
import io
import json
import xml.etree.ElementTree as xml

import pytest

from scratchvae.course import FileResult, FunctionResult
from scratchvae.course.formats import FORMATS
from scratchvae.course.many import not_graded

HINTS = ("look at the sign", "the sign is that of x")
RESULTS = [
    FileResult(
        "alice/ex01_densities.py",
        "ex01_densities",
        (
            FunctionResult("log_normal", "passed", "", 1, HINTS),
            FunctionResult("log_mixture", "exception", 'KeyError: <"&>, in line 3', 2, HINTS, "x = 3\n"),
            FunctionResult("log_sum_exp", "todo", "not written yet", 2, HINTS),
        ),
        7,
    ),
    not_graded("bob/ex01_densities.py", 7, None, "No such file or directory"),
    not_graded("carol/notes.py", 7, None, "it belongs to no exercise"),
]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_names_the_file_and_its_functions_or_points(name):
    shown = FORMATS[name](RESULTS)
    assert "log_mixture" in shown or "alice/ex01_densities.py,ex01_densities,1,3,1,5," in shown
    assert "No such file" in shown


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"totals", "csv"}))
def test_only_hints_that_are_asked_for_are_shown(name):
    one = FORMATS[name](RESULTS, 1)
    assert HINTS[0] in one
    assert HINTS[1] not in one
    assert HINTS[0] not in FORMATS[name](RESULTS)


def test_text():
    lines = FORMATS["text"](RESULTS, 1).splitlines()
    assert lines[:3] == [
        "alice/ex01_densities.py",
        "  passed  log_normal   1/1",
        '  wrong   log_mixture  0/2  KeyError: <"&>, in line 3',
    ]
    assert lines[3].strip() == "it printed: x = 3"
    assert "1 of 3 functions passed, 1 of 5 points (--seed 7 repeats it)" in lines
    assert lines[-1] == "0 of 3 files passed"
    assert "\033" not in "\n".join(lines)
    assert "\033[32mpassed\033[0m" in FORMATS["text"](RESULTS, 0, True)


def test_a_long_message_is_wrapped_beside_the_names():
    long = FileResult("f", "e", (FunctionResult("g", "wrong", "word " * 60, 1),), 0)
    lines = FORMATS["text"]([long]).splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[2].startswith(" " * 18 + "word")


def test_json():
    found = json.loads(FORMATS["json"](RESULTS, 2))
    assert [result["score"] for result in found] == [1, 0, 0]
    assert found[0]["functions"][1]["hints"] == list(HINTS)
    assert found[0]["functions"][0]["hints"] == []
    assert found[1]["max_score"] == 10
    assert found[2]["error"] == "it belongs to no exercise"


def test_csv_has_a_line_for_each_function_and_none_is_lost():
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"](RESULTS))))
    assert [row["function"] for row in rows[:3]] == ["log_normal", "log_mixture", "log_sum_exp"]
    assert rows[1]["message"] == 'KeyError: <"&>, in line 3'
    assert {row["code"] for row in rows if row["submission"].startswith("bob")} == {"file"}
    assert (rows[-1]["submission"], rows[-1]["message"]) == ("carol/notes.py", "it belongs to no exercise")


def test_totals_have_a_line_for_each_file():
    rows = list(csv.DictReader(io.StringIO(FORMATS["totals"](RESULTS))))
    assert [(row["points"], row["max_points"]) for row in rows] == [("1", "5"), ("0", "10"), ("0", "0")]


def test_junit_is_valid_and_counts():
    root = xml.fromstring(FORMATS["junit"](RESULTS, 1))
    assert root.tag == "testsuites"
    assert [suite.get("failures") for suite in root] == ["2", "5", "0"]
    cases = root.findall("testsuite/testcase")
    assert len(cases) == 3 + 5 + 1
    assert cases[1].find("failure").get("message") == 'KeyError: <"&>, in line 3'
    assert cases[-1].find("error").get("message") == "it belongs to no exercise"


def test_gradescope():
    """The keys and values that Gradescope's documentation allows."""
    found = json.loads(FORMATS["gradescope"](RESULTS, 1))
    assert set(found) <= {
        "score",
        "execution_time",
        "output",
        "output_format",
        "test_output_format",
        "test_name_format",
        "visibility",
        "stdout_visibility",
        "extra_data",
        "tests",
        "leaderboard",
    }
    assert found["visibility"] in ("hidden", "after_due_date", "after_published", "visible")
    assert found["score"] == sum(test["score"] for test in found["tests"]) == 1
    for test in found["tests"]:
        assert {"name", "score", "max_score", "status", "output", "visibility"} <= set(test)
        assert test["status"] in ("passed", "failed")
        assert 0 <= test["score"] <= test["max_score"]
    assert found["tests"][1]["number"] == "1.2"
    assert found["tests"][2]["output"] == f"not written yet\nhint: {HINTS[0]}"
