"""Numbers with two digits of their error, and tables that stay tables."""

import pytest

from scratchvae.evaluation.report.words import counted, percent, table, text_of
from scratchvae.importance import Estimate

NAN = float("nan")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Estimate(-77.9512, 0.2811), "-77.95 ± 0.28"),
        (Estimate(3.14159, 0.0123), "3.142 ± 0.012"),
        (Estimate(-1234.5, 12.3), "-1,234 ± 12"),
        (Estimate(5.0, 0.0), "5.00 ± 0.00"),
        (Estimate(0.5, 1e-9), "0.5000 ± 0.0000"),
        (Estimate(-0.00001, 0.01), "0.000 ± 0.010"),
        (Estimate(2.0, NAN), "2.00 (one datum: no standard error)"),
        (1234, "1,234"),
        (0.1274, "0.127"),
        (0.07184, "0.0718"),
        (-0.001, "-0.0010"),
        (12.3456, "12.35"),
        (0.0, "0.00"),
        (-0.00001, "0.0000"),
        (None, "unknown"),
    ],
    ids=str,
)
def test_numbers(value, text):
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (1, "100 %"), (0.5, "50 %"), (0.0123, "1.2 %"), (0.999, "99.9 %"), (0.1, "10 %")],
)
def test_shares(share, text):
    assert percent(share) == text


@pytest.mark.parametrize(
    ("n", "what", "text"),
    [(1, "data", "1 datum"), (2000, "data", "2,000 data"), (1, "draws", "1 draw"), (0, "draws", "0 draws")],
)
def test_counts(n, what, text):
    assert counted(n, what) == text


def test_a_table_is_even_and_its_bars_are_escaped():
    assert table(("", "q"), [("a|b", 1), ("c", 234)], right=(1,)).splitlines() == [
        "|      |   q |",
        "| ---- | --: |",
        r"| a\|b |   1 |",
        "| c    | 234 |",
    ]
