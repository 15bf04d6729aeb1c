"""Learning-rate schedules at points computed by hand."""

import math
from itertools import accumulate

import numpy as np
import pytest

from scratchvae import optim


def test_a_constant_is_constant():
    assert [optim.Constant(0.3)(t) for t in (1, 2, 10**9)] == [0.3, 0.3, 0.3]


def test_step_decay_multiplies_after_each_so_many_steps():
    schedule = optim.StepDecay(0.8, factor=0.5, every=3)
    assert [schedule(t) for t in range(1, 9)] == [0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2, 0.2]


def test_the_cosine_starts_at_lr_is_half_way_in_the_middle_and_stays_at_final():
    schedule = optim.Cosine(1.0, total=6, final=0.2)
    assert schedule(1) == 1.0
    assert schedule(3) == pytest.approx(0.2 + 0.4 * (1 + math.cos(math.pi / 3)))  # two of six steps: 0.8
    assert schedule(3) == pytest.approx(0.8)
    assert schedule(4) == pytest.approx(0.6)
    assert schedule(5) == pytest.approx(0.4)
    assert [schedule(t) for t in (7, 8, 10**9)] == [0.2, 0.2, 0.2]


def test_the_cosine_ends_at_zero_by_default():
    schedule = optim.Cosine(0.1, total=4)
    assert schedule(4) > 0
    assert schedule(5) == 0.0


def test_warm_up_is_a_line_from_lr_over_steps_to_lr():
    schedule = optim.WarmUp(0.5, steps=5)
    assert [schedule(t) for t in range(1, 8)] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.5, 0.5])


def test_warm_up_meets_the_inner_schedule_which_counts_from_the_first_step():
    inner = optim.Cosine(1.0, total=8)
    schedule = optim.WarmUp(inner, steps=4)
    top = (1 + math.cos(math.pi * 3 / 8)) / 2
    assert [schedule(t) for t in (1, 2, 3, 4)] == pytest.approx([top / 4, top / 2, 3 * top / 4, top])
    assert [schedule(t) for t in range(5, 11)] == [inner(t) for t in range(5, 11)]


def test_piecewise_changes_after_each_boundary():
    schedule = optim.Piecewise([2, 5], [3.0, 2.0, 1.0])
    assert [schedule(t) for t in range(1, 8)] == [3.0, 3.0, 2.0, 2.0, 2.0, 1.0, 1.0]
    assert optim.Piecewise([], [0.5])(7) == 0.5


def test_a_line_runs_from_first_to_last_and_stays():
    assert [optim.Linear(0.0, 2.0, steps=4)(t) for t in range(1, 8)] == [0, 0.5, 1, 1.5, 2, 2, 2]
    assert [optim.Linear(1.0, 0.1, steps=3)(t) for t in range(1, 6)] == pytest.approx([1, 0.7, 0.4, 0.1, 0.1])
    assert optim.Linear(0.3, 0.1, steps=7)(8) == 0.1


def test_cycles_rise_for_a_part_and_stay_for_the_rest():
    schedule = optim.Cyclic(2.0, total=16, cycles=2, rising=0.5)
    assert [schedule(t) for t in range(1, 19)] == 2 * [0, 0.5, 1, 1.5, 2, 2, 2, 2] + [2, 2]
    whole = optim.Cyclic(1.0, total=4, cycles=1, rising=1)
    assert [whole(t) for t in range(1, 7)] == [0, 0.25, 0.5, 0.75, 1, 1]


def test_cycles_that_do_not_divide_the_steps_begin_where_they_begin():
    """Each step has the place in its cycle that the formula says; no rounding skips a beginning."""
    schedule = optim.Cyclic(1.0, total=10, cycles=4, rising=0.5)
    places = [((t - 1) / 2.5) % 1 for t in range(1, 11)]
    assert [schedule(t) for t in range(1, 11)] == pytest.approx([min(2 * place, 1) for place in places])
    long = optim.Cyclic(1.0, total=3_000_000, cycles=3)
    assert [long(t) for t in (1, 1_000_001, 2_000_001)] == [0, 0, 0]


LENGTHS = [
    (optim.Constant(0.1), 0),
    (optim.StepDecay(0.1, factor=0.5, every=3), math.inf),
    (optim.Cosine(0.1, total=7, final=0.01), 7),
    (optim.Piecewise([3, 8], [0.1, 0.05, 0.2]), 8),
    (optim.Piecewise([3, 5, 8], [0.1, 0.05, 0.2, 0.1]), 8),
    (optim.Piecewise([], [0.1]), 0),
    (optim.WarmUp(0.1, steps=4), 4),
    (optim.WarmUp(optim.Cosine(0.1, total=9), steps=4), 9),
    (optim.WarmUp(optim.StepDecay(0.1, 0.5, 3), steps=4), math.inf),
    (optim.Linear(0.0, 0.1, steps=5), 5),
    (optim.Cyclic(0.1, total=12, cycles=3), 12),
]


@pytest.mark.parametrize(("schedule", "length"), LENGTHS, ids=repr)
def test_after_its_length_a_schedule_stays_as_it_is(schedule, length):
    assert schedule.length == length
    if length < math.inf:
        later = [schedule(t) for t in range(int(length) + 1, int(length) + 30)]
        assert set(later) == {schedule(10**9)}
    if 1 < length < math.inf:
        assert len({schedule(t) for t in range(1, int(length) + 1)}) > 1


def test_piecewise_expresses_the_passes_of_burda_et_al():
    steps_in_a_pass = 5
    passes = [3**i for i in range(8)]
    boundaries = [steps_in_a_pass * n for n in accumulate(passes[:-1])]
    schedule = optim.Piecewise(boundaries, [0.001 * 10 ** (-i / 7) for i in range(8)])
    literal = [
        0.001 * 10 ** (-i / 7) for i in range(8) for _ in range(passes[i]) for _ in range(steps_in_a_pass)
    ]
    assert len(literal) == 3280 * steps_in_a_pass
    assert [schedule(t) for t in range(1, len(literal) + 1)] == literal


def test_a_rate_is_a_plain_float():
    class Given(optim.Schedule):
        def rate(self, t):
            return np.float32(0.5)

    assert type(Given()(1)) is float
    assert type(optim.Constant(1)(1)) is float


@pytest.mark.parametrize("t", [0, -1, 1.5, True, None])
def test_steps_are_counted_from_one(t):
    with pytest.raises(ValueError, match="t must be a whole number of at least 1"):
        optim.Cosine(0.1, total=5)(t)


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        ("Linear", (-0.1, 1.0, 5), r"first must lie in \[0, inf\)"),
        ("Linear", (0.0, math.inf, 5), r"last must lie in \[0, inf\)"),
        ("Linear", (0.0, 1.0, 0), "steps must be a whole number of at least 1, not 0"),
        ("Linear", (0.0, 1.0, math.inf), "steps must be a whole number"),
        ("Cyclic", (0.0, 8), r"high must lie in \(0, inf\)"),
        ("Cyclic", (1.0, 0), "total must be a whole number"),
        ("Cyclic", (1.0, 8, 0), "cycles must be a whole number"),
        ("Cyclic", (1.0, 8, 9), "9 cycles do not fit into total=8 steps"),
        ("Cyclic", (1.0, 8, 2, 0.0), r"rising must lie in \(0, 1\]"),
        ("Cyclic", (1.0, 8, 2, 1.1), "rising must lie in"),
        ("Constant", (0.0,), r"lr must lie in \(0, inf\)"),
        ("Constant", (math.nan,), "lr must lie in"),
        ("StepDecay", (0.1, 0.0, 5), r"factor must lie in \(0, 1\]"),
        ("StepDecay", (0.1, 1.1, 5), "factor must lie in"),
        ("StepDecay", (0.1, 0.5, 0), "every must be a whole number of at least 1, not 0"),
        ("StepDecay", (0.1, 0.5, 2.5), "every must be a whole number"),
        ("Cosine", (-0.1, 5), "lr must lie in"),
        ("Cosine", (0.1, 0), "total must be a whole number"),
        ("Cosine", (0.1, 5, -0.01), r"final must lie in \[0, 0.1\]"),
        ("Cosine", (0.1, 5, 0.2), "final must lie in"),
        ("WarmUp", (0.1, 0), "steps must be a whole number"),
        ("WarmUp", (math.inf, 5), "lr must lie in"),
        ("Piecewise", (5, [0.1]), "boundaries must be a list of numbers, not 5"),
        ("Piecewise", ([5], 0.1), "values must be a list of numbers, not 0.1"),
        ("Piecewise", ([0], [0.1, 0.2]), r"boundaries\[0\] must be a whole number of at least 1, not 0"),
        ("Piecewise", ([3, 3], [0.1, 0.2, 0.3]), r"boundaries must increase, not be \[3, 3\]"),
        ("Piecewise", ([4, 3], [0.1, 0.2, 0.3]), "boundaries must increase"),
        ("Piecewise", ([3], [0.1, -0.2]), r"values\[1\] must lie in"),
        ("Piecewise", ([3], [0.1]), "1 boundaries part 2 pieces, but 1 values came"),
    ],
)
def test_a_wrong_argument_is_refused(kind, arguments, message):
    with pytest.raises(ValueError, match=message):
        getattr(optim, kind)(*arguments)


def test_a_misspelt_argument_of_a_schedule_is_named():
    with pytest.raises(ValueError, match="schedule 'cosine': 'totl'; did you mean 'total'"):
        optim.SGD({"name": "cosine", "lr": 0.1, "totl": 5})
    with pytest.raises(ValueError, match="'cosine' has no default for total"):
        optim.SGD({"name": "cosine", "lr": 0.1})
