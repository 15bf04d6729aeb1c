"""What the tutorials stand on."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from scratchvae import lesson
from scratchvae.plotting import figure


def test_a_claim_that_holds_is_printed_with_its_numbers(capsys):
    course = lesson.Lesson()
    course.claim("two and two are four", 2 + 2 == 4, "4 against 4")
    assert capsys.readouterr().out == "[holds] two and two are four: 4 against 4\n"
    assert course.n_claims == 1


def test_a_claim_that_does_not_hold_stops_the_script():
    with pytest.raises(AssertionError, match=r"does not hold: two and two are five \(4\)"):
        lesson.Lesson().claim("two and two are five", 2 + 2 == 5, "4")


def test_a_claim_of_time_is_forgiven_in_a_quick_run_only(capsys):
    quick = lesson.Lesson(quick=True)
    quick.claim_of_time("it is fast", False, "9 s")
    assert capsys.readouterr().out.startswith("[not now] it is fast: 9 s; another process")
    assert quick.n_claims == 0
    quick.claim_of_time("it is fast", True, "1 s")
    assert (capsys.readouterr().out, quick.n_claims) == ("[holds] it is fast: 1 s\n", 1)
    with pytest.raises(AssertionError, match="does not hold: it is fast"):
        lesson.Lesson().claim_of_time("it is fast", False, "9 s")


def test_two_ways_that_agree_are_printed_with_their_largest_difference(capsys):
    lesson.Lesson().agree("loop and array agree", [1.0, 2.0], np.array([1.0, 2.25]), 0.5)
    assert capsys.readouterr().out == "[holds] loop and array agree: largest difference 2.5e-01\n"


@pytest.mark.parametrize("other", [2.5, np.nan])
def test_two_ways_that_do_not_agree_stop_the_script(other):
    with pytest.raises(AssertionError, match="loop and array agree"):
        lesson.Lesson().agree("loop and array agree", [1.0, 2.0], [1.0, other], 0.5)


@pytest.fixture
def saved(tmp_path):
    """Save a figure, and say where it must be."""

    def save():
        lesson.begin(["--figures", str(tmp_path / "new")]).save(figure()[0], "line")
        return tmp_path / "new" / "line.png"

    return save


def test_a_figure_is_written(saved, capsys):
    assert saved().read_bytes().startswith(b"\x89PNG")
    assert "new/line.png" in capsys.readouterr().out


def test_a_notebook_shows_a_figure_where_it_is_saved(saved, monkeypatch):
    shown = []
    display = SimpleNamespace(Image=lambda filename: filename, display=shown.append)
    monkeypatch.setitem(sys.modules, "ipykernel", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(display=display))
    assert shown == [str(saved())]


def test_quick_figures_leave_the_committed_ones_alone():
    course = lesson.begin(["--quick"])
    assert course.quick and course.figures != lesson.FIGURES
    assert lesson.begin([]).figures == lesson.FIGURES


def test_a_notebook_is_a_full_run_unless_it_says_otherwise(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipykernel", SimpleNamespace())
    monkeypatch.setattr(sys, "argv", ["kernel", "-f", "connection.json"])
    assert not lesson.begin().quick
    assert lesson.begin(["--quick"]).quick
