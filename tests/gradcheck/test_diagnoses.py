"""The checker names the mistake: planted ones get a teacher's code, block by block."""

import pytest
from held_out_mistakes import HELD_OUT
from planted_mistakes import MISTAKES
from right_gradients import PROBLEMS, RIGHT

from scratchvae.gradcheck import check


@pytest.mark.parametrize("name", MISTAKES | HELD_OUT)
def test_a_planted_mistake_is_named(name):
    problem, options, expected = (MISTAKES | HELD_OUT)[name]
    positional, keywords = problem.checked(**options)
    report = check(*positional, **keywords)
    assert not report.passed
    for block in report.blocks:
        codes = expected.get(block.name, "ok").split("|")
        assert block.diagnosis.code in codes, f"{block.name}: {block.diagnosis}\n{report}"
        assert block.passed == ("ok" in codes)


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_gradient_is_no_false_alarm(name):
    report = check(*RIGHT[name][:2], RIGHT[name][2])
    assert report.passed, f"\n{report}"


@pytest.mark.parametrize("mode", ["all", "sample", "directions"])
@pytest.mark.parametrize("name", PROBLEMS)
def test_the_problems_themselves_are_right(name, mode):
    positional, keywords = PROBLEMS[name]().checked()
    report = check(*positional, mode=mode, **keywords)
    assert report.passed, f"\n{report}"
    assert {block.diagnosis.code for block in report.blocks} == {"ok"}
