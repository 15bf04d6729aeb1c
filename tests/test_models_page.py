"""The page on writing a model runs from top to bottom as it stands."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent / "tutorials" / "MODELS.md"


@pytest.fixture(scope="module")
def said():
    """What each piece of code leaves behind; they run one after the other, as a reader would run them."""
    code = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    names = {}
    for piece in code:
        exec(compile(piece, PAGE.name, "exec"), names)
    return names


def test_the_gradients_on_the_page_are_right(said):
    for name in ("Coin", "Schools"):
        assert said["sv"].gradcheck.check_model(said[name]()).passed
    assert said["sv"].gradcheck.check_model(said["line"]).passed


def test_the_schools_on_the_page_are_the_packages(said):
    """The same density, written by hand."""
    z = said["np"].random.default_rng(1).standard_normal((5, 10))
    theirs, ours = said["Schools"]().log_joint(z), said["schools"].log_joint(z)
    assert ours == pytest.approx(theirs, rel=1e-10)


def test_the_fit_of_the_page_is_good(said):
    assert said["q"].elbo < -31.3113
    assert said["grid"].mean[0] == pytest.approx(8 / 12, abs=1e-3)
