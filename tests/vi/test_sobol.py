"""The Sobol sequence is SciPy's, and what makes it of use is so."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.stats import qmc

from scratchvae.vi.sobol import DIRECTIONS, Sobol, direction_numbers, sobol


@pytest.mark.parametrize("n_dimensions", [1, 2, 10, 20, 32, 33])
def test_its_points_are_those_of_scipy(n_dimensions):
    ours = sobol(n_dimensions, np.random.default_rng(3))
    theirs = qmc.Sobol(n_dimensions, scramble=True, seed=np.random.default_rng(3))
    for n in (8, 1, 23, 1024):
        np.testing.assert_array_equal(ours(n), theirs.random(n))


def test_without_scrambling_they_are_those_of_scipy():
    sequence = Sobol(len(DIRECTIONS) + 1, np.random.default_rng(0))
    sequence.shift[:] = 0
    sequence.directions = direction_numbers(len(DIRECTIONS) + 1)
    np.testing.assert_array_equal(
        sequence.take(64), qmc.Sobol(len(DIRECTIONS) + 1, scramble=False).random(64)
    )


@pytest.mark.parametrize("n_dimensions", [1, 5, 32])
def test_each_interval_gets_one_point(n_dimensions):
    """Of the first 2^m points each of the 2^m intervals of each axis has one, scrambled or not."""
    points = sobol(n_dimensions, np.random.default_rng(1))(256)
    cells = np.sort(np.floor(256 * points).astype(int), axis=0)
    np.testing.assert_array_equal(cells, np.tile(np.arange(256)[:, None], n_dimensions))


def test_the_generator_itself_is_left_alone_and_gives_another_sequence_each_time():
    rng = np.random.default_rng(0)
    state = rng.bit_generator.state
    first, second = (sobol(3, rng)(4) for _ in range(2))
    assert rng.bit_generator.state == state
    assert (first != second).all()


def test_a_fit_does_not_load_scipys_statistics():
    """Their import takes longer than the fit."""
    code = (
        "import sys, numpy as np, scratchvae as sv;"
        "sv.fit(sv.models.EightSchools(), rng=np.random.default_rng(0), steps=100, progress=False);"
        "print('scipy.stats' in sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "False"
