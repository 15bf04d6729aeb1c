"""When a section warns, and what it concludes: by findings that are made up."""

from types import SimpleNamespace

import numpy as np
import pytest

from scratchvae.evaluation.report.sections import amortization, annealing, bracket
from scratchvae.importance import Estimate

BASE = np.array([-80.0, -90.0, -70.0, -85.0])
NOISE = np.array([0.01, -0.01, 0.02, -0.02])


def of(log_p):
    return SimpleNamespace(log_p=log_p)


ANNEALED = {
    "it finds more": (1.5, "Importance sampling finds 1.50 nats less than annealing"),
    "it finds less": (-1.5, "Annealing finds less than importance sampling: take more temperatures"),
    "it finds the same": (0.0, None),
    "it finds a little more, which is no matter": (0.05, None),
}


@pytest.mark.parametrize("case", ANNEALED)
def test_annealing_beside_importance_sampling(case):
    shift, beginning = ANNEALED[case]
    warnings = annealing._warnings(of(BASE + shift + NOISE), of(BASE))
    if beginning is None:
        assert warnings == []
    else:
        [warning] = warnings
        assert warning.startswith(beginning)


def test_a_difference_within_its_error_is_none():
    noise = np.array([3.0, -1.0, 2.0, -2.0])
    assert annealing._warnings(of(BASE + noise), of(BASE)) == []


@pytest.mark.parametrize(
    ("gap", "is_wide"), [((0.1, 0.1), False), ((2.0, 0.3), True), ((2.0, 1.5), False), ((-0.3, 0.1), False)]
)
def test_bounds_that_are_apart(gap, is_wide):
    warnings = bracket._warnings(SimpleNamespace(gap=Estimate(*gap)))
    assert warnings == (
        ["The bounds are 2.0 nats apart: annealed figures may be too low by as much. Take more temperatures."]
        if is_wide
        else []
    )


def fitted(amortized, approximated, rising):
    values = (amortized, approximated, rising)
    names = ("amortization", "approximation", "still_rising")
    return SimpleNamespace(**{n: Estimate(v, 0.1) for n, v in zip(names, values, strict=True)})


def test_bounds_that_have_crossed():
    assert bracket._warnings(SimpleNamespace(gap=Estimate(-2.0, 0.3))) == [
        "The bounds have crossed by 2.0 nats: take more chains."
    ]


@pytest.mark.parametrize(
    ("amortized", "rising", "n"), [(1.0, 0.1, 0), (1.0, 0.5, 1), (0.0, 0.01, 0), (0.0, 0.2, 1)]
)
def test_fits_that_are_not_at_their_end(amortized, rising, n):
    warnings = amortization._warnings(fitted(amortized, 1.0, rising))
    assert len(warnings) == n
    assert all("still rising in the second half of their steps" in warning for warning in warnings)


@pytest.mark.parametrize(
    ("gaps", "conclusion"),
    [
        ((3.0, 1.0), "Most is the encoder's: a wider encoder"),
        ((1.0, 3.0), "Most is the family's: a richer posterior"),
        ((1.0, 1.5), "Encoder and family share it about evenly."),
    ],
)
def test_whose_fault_the_gap_is(gaps, conclusion):
    assert amortization._reading(fitted(*gaps, 0.0)).startswith(conclusion)
