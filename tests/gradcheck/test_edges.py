"""Where a first step lands on a singularity, and where numbers are nearly right, each in its place."""

import numpy as np
import pytest

from scratchvae.gradcheck import check


@pytest.mark.parametrize("distance", [1e-2, 1e-3, 5e-4, 1e-4, 1e-6])
def test_a_step_onto_the_edge_of_the_domain_is_no_mistake(distance):
    """log is minus infinity where the first step may end."""
    theta = np.array([distance, 5.0])
    assert check(lambda t: float(np.log(t).sum()), theta, lambda t: 1 / t).passed
    assert not check(lambda t: float(np.log(t).sum()), theta, lambda t: 1.01 / t).passed


def test_a_rounded_constant_is_a_matter_of_digits(rng):
    theta = rng.standard_normal(10)
    report = check(lambda t: float(np.pi * np.exp(t).sum()), theta, lambda t: 3.1416 * np.exp(t))
    assert report.blocks[0].diagnosis.code == "precision"
