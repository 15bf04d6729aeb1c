"""The constraints' bijections as maps: one implementation of log|det| at both ends."""

import numpy as np
import pytest
from scipy import integrate, stats

from scratchvae.constraints import BIJECTIONS, Interval, Positive
from scratchvae.reparam import Chain, Diagonal, Elementwise


@pytest.mark.parametrize(
    ("bijection", "constraint"),
    [("exp", Positive(3)), ("softplus", Positive(3, by="softplus")), ("sigmoid", Interval(shape=3))],
)
def test_a_map_and_a_constraint_are_one_function(bijection, constraint, rng):
    eps = rng.normal(size=(5, 3))
    z, log_det, _ = Elementwise(3, bijection).forward(np.zeros(0), eps)
    theta, constraint_log_det, _ = constraint.forward(eps)
    np.testing.assert_array_equal(z, theta)
    np.testing.assert_array_equal(log_det, constraint_log_det)


def test_a_diagonal_map_and_exp_make_the_log_normal(rng):
    chain = Chain(Diagonal(1), Elementwise(1, "exp"))
    lam, z = np.array([0.3, np.log(0.7)]), rng.gamma(2.0, size=(20, 1))
    expected = stats.lognorm.logpdf(z[:, 0], 0.7, scale=np.exp(0.3))
    np.testing.assert_allclose(chain.log_prob(lam, z), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("bijection", "low", "high"), [("softplus", 0, 30), ("sigmoid", 0, 1), ("tanh", -1, 1)]
)
def test_the_density_over_its_range_integrates_to_one(bijection, low, high):
    flow = Elementwise(1, bijection)
    density = lambda z: float(np.exp(flow.log_prob(np.zeros(0), np.array([z]))))  # noqa: E731
    assert integrate.quad(density, low + 1e-9, high - 1e-9, limit=200)[0] == pytest.approx(1, abs=1e-6)


def test_a_z_outside_of_the_range_is_a_clear_error():
    with pytest.raises(ValueError, match="z must lie inside the range of exp, but holds -1 to 2"):
        Elementwise(2, "exp").log_prob(np.zeros(0), np.array([-1.0, 2.0]))
    with pytest.raises(ValueError, match=f"Known: {', '.join(map(repr, BIJECTIONS))}"):
        Elementwise(2, "cosine")
