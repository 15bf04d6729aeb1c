"""The page of planted mistakes holds what the catalogue holds, in its order."""

import re
from pathlib import Path

from scratchvae import planted
from scratchvae.planted import page

PAGE = Path(__file__).parents[2] / "tutorials" / "PLANTED.md"
HINT = "write it anew: scratchvae gradcheck --plant --markdown tutorials/PLANTED.md"


def test_the_page_is_up_to_date():
    text = PAGE.read_text(encoding="utf-8")
    assert re.findall(r"^### (.*)$", text, re.M) == [mistake.name for mistake in planted.CATALOGUE], HINT
    for mistake in planted.CATALOGUE:
        assert page.heading(mistake) in text, HINT
        assert page.change_of(mistake) in text, HINT


def test_every_mistake_on_the_page_is_caught_as_expected():
    text = PAGE.read_text(encoding="utf-8")
    for mistake in planted.CATALOGUE:
        entry = text.split(f"### {mistake.name}\n")[1].split("\n### ")[0]
        passes = [f"- passes `{check}`" for check in mistake.checks[:-1]]
        assert [line for line in entry.splitlines() if line.startswith("- passes")] == passes, HINT
        assert f"- caught by `{mistake.checks[-1]}`, code **{mistake.code}**" in entry, HINT


def test_a_page_of_one_result():
    mistake = planted.find("kl-minus-one")
    text = page.page([planted.run(mistake)])
    assert "**1 of them no comparison of gradients can see**" in text
    assert "| kl | a closed form of KL with its mean over draws | 1 |" in text
    assert "- (mu * mu + sigma * sigma - 1)\n+ (mu * mu + sigma * sigma)\n" in text
    assert "the term '1/2' is missing" in text


def test_a_mistake_that_nothing_catches():
    result = planted.Result(planted.find("kl-minus-one"), ("gradient: closed-form KL",))
    assert page.verdict(result) == "- passes `gradient: closed-form KL`\n- caught by nothing"
