"""What the tutorials stand on."""

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


def test_a_figure_is_written_and_shown(tmp_path, capsys):
    drawn, ax = figure()
    ax.plot([0, 1])
    picture = lesson.begin(["--figures", str(tmp_path / "new")]).save(drawn, "line")
    assert picture.path == tmp_path / "new" / "line.png"
    assert picture._repr_png_().startswith(b"\x89PNG")
    assert "new/line.png" in capsys.readouterr().out


def test_quick_figures_leave_the_committed_ones_alone():
    course = lesson.begin(["--quick"])
    assert course.quick and course.figures != lesson.FIGURES
    assert lesson.begin([]).figures == lesson.FIGURES
