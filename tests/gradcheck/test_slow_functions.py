"""A function that takes long is called seldom: fewer directions and coordinates, also for the diagnosis."""

import numpy as np
import pytest

from scratchvae.gradcheck import check

N_BLOCKS, SIZE = 8, 500
BLOCKS = {f"w{k}": (slice(k * SIZE, (k + 1) * SIZE), (20, 25)) for k in range(N_BLOCKS)}
THETA = np.random.default_rng(0).standard_normal(N_BLOCKS * SIZE)


@pytest.fixture(autouse=True)
def no_time(monkeypatch):
    """As if one call took longer than a whole check may."""
    monkeypatch.setattr("scratchvae.gradcheck.session.SECONDS", 0.0)
    monkeypatch.setattr("scratchvae.gradcheck.diagnosis.evidence.SECONDS", 0.0)


def counted(gradient, **options):
    calls = []

    def function(theta):
        calls.append(1)
        return float(np.sin(theta).sum())

    return check(function, THETA, gradient, BLOCKS, **options), len(calls)


@pytest.mark.parametrize("mode", ["auto", "directions"])
def test_a_right_gradient(mode):
    report, calls = counted(np.cos, mode=mode)
    assert report.passed
    assert calls <= N_BLOCKS * 4 * (4 if mode == "auto" else 2) + 40


def test_as_many_probes_as_are_asked_for():
    assert counted(np.cos, mode="directions", n_probes=5)[0].blocks[0].n_checked == 5


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (lambda t: -np.cos(t), "sign"),
        (lambda t: 3 * np.cos(t), "scale"),
        (np.zeros_like, "zero"),
        (lambda t: np.cos(t).reshape(-1, 20, 25).swapaxes(1, 2).ravel(), "transposed"),
    ],
    ids=["sign", "scale", "zero", "transposed"],
)
def test_a_wrong_one_is_named(wrong, code):
    report, calls = counted(wrong)
    assert {block.diagnosis.code for block in report.blocks} == {code}
    assert calls <= N_BLOCKS * (4 * 12 + 9 * 8) + 100


def test_without_haste_there_are_more(monkeypatch):
    monkeypatch.setattr("scratchvae.gradcheck.session.SECONDS", np.inf)
    assert counted(np.cos, mode="directions")[0].blocks[0].n_checked == 10
