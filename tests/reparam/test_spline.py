"""The spline coupling: each moved coordinate through its own spline of the network's output."""

import naive
import numpy as np
import pytest

from scratchvae.reparam.spline import SplineCoupling


@pytest.mark.parametrize("flip", [False, True])
def test_each_moved_coordinate_goes_through_its_own_spline(flip, rng):
    reparam = SplineCoupling(3, 4, 3.0, hidden=(5,), n_context=2, flip=flip)
    reparam.parameters.value = rng.normal(size=len(reparam.parameters))
    lam, eps = rng.normal(size=2), rng.normal(size=3)
    passed, moved = ([1, 2], [0]) if flip else ([0], [1, 2])
    out = np.array(naive.mlp(reparam.parameters, "network.", "tanh", [*eps[passed], *lam]))
    z, log_det, _ = reparam.forward(lam, eps)
    np.testing.assert_array_equal(z[passed], eps[passed])
    total = 0
    for i, coordinate in enumerate(moved):
        y, log_slope, _ = reparam.spline.forward(eps[coordinate], out[i :: len(moved)])
        assert z[coordinate] == pytest.approx(y, rel=1e-10)
        total += log_slope
    assert log_det == pytest.approx(total, rel=1e-9)


def test_weights_of_zero_are_the_identity(rng):
    eps = 2 * rng.normal(size=(50, 5))
    z, log_det, _ = SplineCoupling(5).forward(np.zeros(0), eps)
    np.testing.assert_allclose(z, eps, atol=1e-14)
    np.testing.assert_allclose(log_det, 0, atol=1e-12)


@pytest.mark.parametrize("scale", [1.0, 10.0])
def test_what_moves_stays_in_the_box_or_outside_of_it(scale, rng):
    reparam = SplineCoupling(2, 6, 2.5, hidden=(8,))
    reparam.parameters.value = scale * rng.normal(size=len(reparam.parameters))
    eps = 2 * rng.normal(size=(500, 2))
    z, log_det, _ = reparam.forward(np.zeros(0), eps)
    outside = np.abs(eps[:, 1]) >= 2.5
    assert outside.any()
    np.testing.assert_array_equal(z[outside], eps[outside])
    assert not log_det[outside].any()
    assert np.abs(z[~outside, 1]).max() < 2.5
    np.testing.assert_allclose(reparam.inverse(np.zeros(0), z), eps, rtol=0, atol=1e-8)


def test_one_dimension_is_refused():
    with pytest.raises(ValueError, match="a coupling needs two dimensions at least"):
        SplineCoupling(1)


def test_the_number_of_bins_is_the_second_argument():
    reparam = SplineCoupling(4, 6, hidden=(9,))
    assert reparam.spline.n_bins == 6
    assert reparam.shapes()["network.1.weight"] == (9, 2 * (3 * 6 - 1))
    assert SplineCoupling.spec == "spline_coupling"
