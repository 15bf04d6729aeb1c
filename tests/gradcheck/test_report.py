"""What a report says, as text and as JSON."""

import json

import numpy as np
import pytest

from scratchvae.gradcheck import check

BLOCKS = {"weight": (slice(0, 6), (2, 3)), "bias": (slice(6, 8), (2,))}


def report(wrong_at=None, value=0.0):
    gradient = np.arange(8.0) * 2
    if wrong_at is not None:
        gradient[wrong_at] = value
    return check(lambda t: float((t**2).sum()), np.arange(8.0), gradient, BLOCKS)


def test_the_table_of_a_right_gradient():
    lines = str(report()).splitlines()
    assert [line.split()[0] for line in lines] == ["block", "weight", "bias", "all"]
    assert lines[1].endswith("ok")
    assert lines[2].endswith("ok")
    assert lines[3].startswith("all 2 blocks pass; worst relative error")
    assert lines[3].endswith("limit 1e-06")


def test_the_table_names_the_wrong_block_and_entry():
    lines = str(report(wrong_at=4, value=9.0)).splitlines()
    assert "(1, 1)" in lines[1]
    assert lines[1].split()[-5:-2] == ["9", "8", "1e-01"]
    assert "WRONG" in lines[1]
    assert lines[2].endswith("ok")
    assert lines[3].startswith("  weight: ")
    assert lines[-1].startswith("wrong: weight; worst relative error 1.1e-01")


def test_the_columns_stand_under_their_heads():
    lines = str(report(wrong_at=7)).splitlines()
    assert lines[1].index("(2, 3)") == lines[0].index("shape")
    assert lines[2].index("(1,)", 20) == lines[0].index("worst at")
    assert lines[2].index("WRONG") == lines[0].index("verdict")


def test_a_report_is_true_if_it_passed():
    assert report()
    assert not report(wrong_at=3)


def test_worst_is_the_block_of_the_largest_error():
    found = report(wrong_at=7)
    assert found.worst.name == "bias"
    assert found.worst.index == (1,)
    assert (found.worst.analytic, found.worst.error) == (0.0, 1.0)
    assert found.worst.numeric == pytest.approx(14, rel=1e-9)


def test_a_nan_is_worse_than_any_number():
    gradient = np.arange(8.0) * 2
    gradient[1], gradient[6] = 1e30, np.nan
    found = check(lambda t: float((t**2).sum()), np.arange(8.0), gradient, BLOCKS)
    assert found.worst.name == "bias"


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
@pytest.mark.parametrize("wrong_at", [None, 2, 7])
def test_the_dict_is_strict_json(wrong_at, value):
    found = report(wrong_at, value)
    again = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert again["passed"] is found.passed
    assert again["rtol"] == 1e-6
    assert [block["name"] for block in again["blocks"]] == ["weight", "bias"]
    assert [block["passed"] for block in again["blocks"]] == [block.passed for block in found.blocks]
    assert again["blocks"][0]["shape"] == [2, 3]


def test_a_wrong_shape_is_json_too():
    found = check(lambda t: 0.0, np.ones(3), np.ones(2))
    assert json.loads(json.dumps(found.as_dict(), allow_nan=False))["blocks"][0]["numeric"] is None
