"""The benchmark of speed: turns are fair, absent peers are left out with a word."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.speed import maps, networks, peer_jax, peer_torch
from benchmarks.speed.networks import Network
from benchmarks.speed.rounds import Absent, Timing, ratio, take_turns

SMALL = Network(12, (6,), 2, "tanh", 10)


def no_such_peer():
    raise Absent("it is not installed")


def fails():
    raise ZeroDivisionError("a mistake")


def test_contestants_take_turns_and_absent_ones_are_named():
    timings, absent = take_turns(
        {"products": (networks.products, (SMALL,)), "peer": (no_such_peer, ()), "wrong": (fails, ())},
        n_rounds=3,
        seconds=0.01,
    )
    assert set(timings) == {"products"}
    assert len(timings["products"].seconds) == 3
    assert absent["peer"] == "it is not installed"
    assert "ZeroDivisionError: a mistake" in absent["wrong"]


def test_a_ratio_is_taken_within_a_round():
    assert ratio(Timing((1.0, 10.0, 2.0)), Timing((2.0, 20.0, 4.0))) == 0.5


def test_the_products_are_those_of_a_step():
    encoder, decoder = SMALL.layers()
    assert (encoder, decoder) == (((12, 6), (6, 4)), ((2, 6), (6, 12)))


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_step_of_ours_runs(backend):
    from scratchvae import kernels

    with kernels.using(backend):
        networks.ours(SMALL, 2, backend)(2)


@pytest.mark.parametrize("case", [maps.Case("planar:2", 3, 4), maps.Case("iaf:1", 3, 4)])
def test_maps_of_ours_run(case):
    maps.ours(case)(1)


@pytest.mark.parametrize("peer", [peer_jax, peer_torch])
def test_a_peer_is_there_or_absent_in_words(peer):
    try:
        assert peer.load() is not None
    except Absent as why:
        assert "not installed" in str(why)


def test_the_data_are_bits():
    data = networks.NETWORKS["500"].data(50)
    assert data.shape == (50, 784)
    assert set(np.unique(data)) == {0.0, 1.0}
