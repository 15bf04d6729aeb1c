"""A report as text, HTML, JSON and JUnit's XML."""

import io
import json
import xml.etree.ElementTree as ET
from datetime import datetime
from html.parser import HTMLParser

import numpy as np
import pytest

from scratchvae.gradcheck import BlockReport, Diagnosis, Report, check
from scratchvae.gradcheck.formats import as_html, as_junit, as_page, as_text, wants_colour
from scratchvae.gradcheck.formats.cells import printable

BLOCKS = {"weight": (slice(0, 6), (2, 3)), "bias": (slice(6, 8), (2,))}


def report(wrong=()):
    gradient = np.arange(8.0) * 2
    for i in wrong:
        gradient[i] = -gradient[i]
    return check(lambda t: float((t**2).sum()), np.arange(8.0), gradient, BLOCKS)


def made(name="block", passed=False, code="sign", message="the sign is wrong", **fields):
    numbers = {"analytic": 1.0, "numeric": -1.0, "error": 2.0} | fields
    return BlockReport(name, (3,), 3, (0,), *numbers.values(), passed, Diagnosis(code, message))


STRANGE = "<b>&\"'\x00\x1b ∂/∂σ 漢"
ODD = Report(
    (
        made(STRANGE, message=f"what {STRANGE} says, " + "at length, " * 30),
        made("nan", analytic=np.nan, numeric=np.inf, error=np.nan),
        made("x" * 300, passed=True, code="kink", message="all on kinks"),
        BlockReport("none", (), 0, None, np.nan, np.nan, np.nan, False, Diagnosis("shape", "it is None")),
    ),
    1e-6,
    "one cause: " + STRANGE,
)
REPORTS = {"right": report(), "wrong": report([1, 7]), "odd": ODD}


# --- text ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("name", REPORTS)
def test_no_line_of_text_is_wider_than_asked(name, width):
    lines = as_text(REPORTS[name], width, colour=False).splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) >= 2 + len(REPORTS[name].blocks)


def test_a_table_for_a_wide_line_has_every_column_under_its_head():
    head, first, second, *_ = as_text(report([7]), 100, colour=False).splitlines()
    names = ["block", "shape", "checked", "worst at", "analytic", "numeric", "error", "verdict"]
    assert head.replace("worst at", "worst_at").split() == [name.replace(" ", "_") for name in names]
    assert first.index("(2, 3)") == head.index("shape")
    assert second.index("(1,)") == head.index("worst at")
    assert second.index("WRONG") == head.index("verdict")
    assert second[: head.index("numeric") - 2].endswith("-14")


def test_the_words_stand_below_the_table_once():
    text = as_text(report([1, 6, 7]), 100, colour=False)
    assert text.count("the sign is wrong") == 1
    assert "WRONG sign" in text
    assert text.splitlines()[-1].startswith("wrong: weight, bias; worst relative error 2.0e+00")


def test_long_names_keep_both_ends():
    long = Report((made("encoder." + "x" * 200 + ".weight"),), 1e-6)
    row = as_text(long, 80, colour=False).splitlines()[1]
    assert row.startswith("encoder.")
    assert ".weight " in row


def test_colours_are_added_and_nothing_else():
    for one in REPORTS.values():
        plain, coloured = as_text(one, 100, colour=False), as_text(one, 100, colour=True)
        assert "\x1b[" in coloured
        for style in ("\x1b[2m", "\x1b[1m", "\x1b[1;31m", "\x1b[32m", "\x1b[33m", "\x1b[0m"):
            coloured = coloured.replace(style, "")
        assert coloured == plain
    assert "\x1b[1;31mWRONG rows\x1b[0m" in as_text(report([7]), 100, colour=True)
    assert "\x1b[32mok\x1b[0m" in as_text(report([7]), 100, colour=True)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("environment", "terminal", "expected"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"TERM": "dumb"}, True, False),
    ],
)
def test_when_colour_is_used(environment, terminal, expected, monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert wants_colour(Terminal() if terminal else io.StringIO()) is expected


def test_print_is_plain_in_a_pipe_and_coloured_on_a_terminal(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for stream, coloured in ((io.StringIO(), False), (Terminal(), True)):
        monkeypatch.setattr("sys.stdout", stream)
        print(report([7]))
        assert ("\x1b[" in stream.getvalue()) is coloured


def test_the_other_texts_of_a_report():
    assert repr(report()).startswith("<Report: all 2 blocks pass; worst relative error")
    assert report([7]).to_text() == as_text(report([7]), 100, colour=False)


def test_a_difference_in_the_ninth_digit_is_shown():
    one = Report((made(analytic=1.0, numeric=1.0 + 1e-8, error=1e-8),), 1e-9)
    assert "1.00000001" in as_text(one, 100, colour=False)


# --- JSON ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REPORTS)
def test_json_is_strict_and_holds_everything(name):
    def forbidden(constant):
        raise AssertionError(constant)

    one = REPORTS[name]
    found = json.loads(one.to_json(), parse_constant=forbidden)
    assert found["passed"] is one.passed
    assert found["summary"] == one.summary
    for block, entry in zip(one.blocks, found["blocks"], strict=True):
        assert entry["name"] == block.name
        assert entry["diagnosis"]["code"] == block.diagnosis.code
        assert entry["diagnosis"]["message"] == block.diagnosis.message
        assert entry["analytic"] == (None if not np.isfinite(block.analytic) else block.analytic)
    assert "\n" not in one.to_json(indent=None)


# --- HTML ---------------------------------------------------------------------------------------


class Tags(HTMLParser):
    """Every tag is closed; the texts."""

    VOID = ("meta", "br")

    def __init__(self):
        super().__init__()
        self.open, self.texts, self.seen = [], [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def parsed(html):
    tags = Tags()
    tags.feed(html)
    tags.close()
    assert tags.open == []
    return tags


@pytest.mark.parametrize("name", REPORTS)
def test_the_html_is_well_formed_and_escaped(name):
    one = REPORTS[name]
    for html in (as_html(one), one._repr_html_(), one.to_html(), as_page({name: one, STRANGE: one})):
        tags = parsed(html)
        assert tags.seen.count("tr") % (len(one.blocks) + 1) == 0
        assert "script" not in tags.seen
        assert STRANGE[:4] not in html
        assert "\x1b" not in html
        text = " ".join(tags.texts)
        for block in one.blocks:
            assert printable(block.name) in text
            assert block.passed or f"WRONG {block.diagnosis.code}" in text


def test_a_page_shows_what_is_wrong_first():
    text = " ".join(parsed(as_page({"a right one": report(), "a wrong one": report([7])})).texts)
    assert text.index("a wrong one") < text.index("a right one")
    assert "1 of 2 are wrong" in text


# --- JUnit --------------------------------------------------------------------------------------

SUITE = ["name", "package", "id", "hostname", "timestamp", "tests", "failures", "errors", "skipped", "time"]


@pytest.mark.parametrize("name", REPORTS)
def test_junit_keeps_to_its_schema(name):
    root = ET.fromstring(
        as_junit({name: REPORTS[name], "again": report()}, when=datetime(2026, 1, 2, 3, 4, 5))
    )
    assert (root.tag, root.attrib) == ("testsuites", {})
    for i, suite in enumerate(root):
        assert suite.tag == "testsuite"
        assert list(suite.attrib) == SUITE
        assert (suite.get("id"), suite.get("timestamp")) == (str(i), "2026-01-02T03:04:05")
        cases = suite.findall("testcase")
        assert [child.tag for child in suite] == [
            "properties",
            *("testcase" for _ in cases),
            "system-out",
            "system-err",
        ]
        assert len(cases) == int(suite.get("tests"))
        assert sum(case.find("failure") is not None for case in cases) == int(suite.get("failures"))
        for case in cases:
            assert set(case.attrib) == {"name", "classname", "time"}
            assert all(case.attrib.values())
            assert [child.tag for child in case] in ([], ["failure"])


def test_junit_says_what_failed():
    root = ET.fromstring(report([7]).to_junit("my gradients"))
    [suite] = root
    assert suite.get("name") == "my gradients"
    right, wrong = suite.findall("testcase")
    assert right.find("failure") is None
    failure = wrong.find("failure")
    assert (wrong.get("name"), failure.get("type")) == ("bias", "rows")
    assert "analytic -14.0" in failure.text


def test_junit_without_the_time_is_now():
    stamp = ET.fromstring(report().to_junit())[0].get("timestamp")
    assert abs(datetime.fromisoformat(stamp) - datetime.now()).total_seconds() < 3600
