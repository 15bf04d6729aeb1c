"""The benchmark's account of a step: each method's own time, the products by layer, samples, precision."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.speed import lines, networks, precision, samples
from benchmarks.speed.networks import Network
from benchmarks.speed.rounds import Timing
from benchmarks.speed.tables import Plan
from benchmarks.speed.watching import Watch
from scratchvae import kernels

SMALL = Network(12, (6,), 2, "tanh", 10)
QUICK = Plan(1, quick=True)


class Work:
    """It says itself how long it takes."""

    now = 0.0

    def whole(self):
        Work.now += 2
        self.part()

    def part(self):
        Work.now += 5

    def fails(self):
        raise ZeroDivisionError


def clock():
    return Work.now


def watched(*names):
    return [(Work, name, lambda _, name=name: name) for name in names]


def test_a_method_has_its_own_time_without_that_of_the_watched_methods_it_calls():
    with Watch(clock).on(watched("whole", "part")) as watch:
        Work().whole()
    assert watch.seconds == {"whole": 2, "part": 5}


def test_what_is_not_watched_belongs_to_its_caller():
    with Watch(clock).on(watched("whole")) as watch:
        Work().whole()
    assert watch.seconds == {"whole": 7}


def test_methods_are_as_before_afterwards_even_after_an_error():
    before = {name: vars(Work)[name] for name in ("part", "fails")}
    watch = Watch(clock)
    with pytest.raises(ZeroDivisionError), watch.on(watched("fails", "part")):
        Work().fails()
    assert {name: vars(Work)[name] for name in before} == before
    assert list(watch.seconds) == ["fails"]


def test_a_reset_gives_what_was_found_and_begins_anew():
    watch = Watch(clock)
    with watch.on(watched("part")):
        Work().part()
        assert list(watch.reset()) == ["part"]
    assert not watch.seconds


def test_the_products_of_a_layer_are_its_forward_and_backward_ones():
    by_layer = networks.products_by_layer(SMALL, n_samples=3)
    shapes = {name: [(a.shape, b.shape) for a, b, _ in calls] for name, calls in by_layer.items()}
    assert shapes["encoder.0"] == [((10, 12), (12, 6)), ((12, 10), (10, 6))]
    assert shapes["decoder.1"] == [((30, 6), (6, 12)), ((6, 30), (30, 12)), ((30, 12), (12, 6))]
    assert list(shapes) == ["encoder.0", "encoder.1", "decoder.0", "decoder.1"]


@pytest.mark.parametrize("fresh", [False, True])
def test_products_go_into_old_arrays_or_into_new_ones(fresh):
    calls = [(np.eye(2), np.ones((2, 2)), np.zeros((2, 2)))]
    networks.repeated(calls, fresh)(3)
    assert calls[0][2].any() != fresh


def test_a_step_by_its_lines_has_every_layer_and_adds_up():
    with kernels.using("numba"):  # which the benchmark chooses for good
        table = lines.by_lines(SMALL, QUICK)
    whole, *rows = table.rows
    names = [row.name for row in rows]
    for layer in networks.products_by_layer(SMALL):
        assert f"{layer}.{lines.FORWARD}" in names
        assert f"{layer}.{lines.BACKWARD}" in names
    assert {"minibatch", "Bernoulli", "Adam", lines.REST} < set(names)
    np.testing.assert_allclose(np.sum([row.values for row in rows], axis=0), whole.values)
    assert all(("products alone" in row.note) == ("ward: x" in row.name) for row in rows)


def test_ten_samples_are_held_against_ten_steps(monkeypatch):
    seconds = {"many": 4.0, "one": 1.0, "products of many": 3.0, "products of one": 0.6}
    monkeypatch.setattr(
        samples, "take_turns", lambda *_: ({name: Timing((s, s)) for name, s in seconds.items()}, {})
    )
    table = samples.many_beside_one(SMALL, QUICK)
    assert [row.ratio for row in table.rows] == [None, 0.4, pytest.approx(4 / 3)]
    assert table.is_met(table.rows[1])
    assert "those of 10: 0.50" in table.note


def test_both_precisions_are_trained_and_held_against_each_other():
    (table,) = precision.part(QUICK)
    assert [row.name for row in table.rows] == ["float32", "float64"]
    assert "over 2 seeds" in table.note


def test_both_precisions_see_the_same_noise():
    single, double = (
        precision.SingleNoise(np.random.PCG64(3)).standard_normal((2, 3), dtype)
        for dtype in ("float32", "float64")
    )
    assert double.dtype == np.float64
    np.testing.assert_array_equal(single, double)
    assert single.std() > 0


def test_the_difference_of_precisions_comes_with_its_standard_error():
    said = precision.said({"float32": [-100.0, -102.0], "float64": [-101.0, -101.0]})
    assert "-101.00 in float32 and -101.00 in float64" in said
    assert "+0.0000, standard error 1.0000 over 2 seeds" in said
