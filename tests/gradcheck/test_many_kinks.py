"""Networks of relus, in float32 and float64: each datum and unit has a kink, and a step meets many."""

import numpy as np
import pytest

from scratchvae.gradcheck import check
from scratchvae.gradcheck.noise import Noise
from scratchvae.gradcheck.numerical import Line, extrapolate

#: name: (phi, phi').
KINKED = {
    "relu": (lambda a: np.maximum(a, 0), lambda a: a > 0),
    "absolute value": (np.abs, np.sign),
    "leaky relu": (lambda a: np.where(a > 0, a, a / 8), lambda a: np.where(a > 0, 1, 0.125)),
}


def network(activation, dtype, n, sizes, seed):
    """The mean over n data of v . phi(x W), in `dtype`, its gradient by W, and W."""
    rng, (d, hidden) = np.random.default_rng(seed), sizes
    x, v = rng.standard_normal((n, d)).astype(dtype), 10 * rng.standard_normal(hidden).astype(dtype)
    phi, slope = KINKED[activation]

    def before(w):
        return x @ w.reshape(d, hidden).astype(dtype)

    def function(w):
        return float((phi(before(w)) @ v).mean())

    def gradient(w):
        return (x.T @ (slope(before(w)).astype(dtype) * v) / dtype(n)).ravel()

    return function, rng.standard_normal(d * hidden) / 3, gradient


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("activation", KINKED)
def test_a_right_gradient_passes(activation, dtype, seed):
    report = check(*network(activation, dtype, 200, (3, 8), seed))
    assert report.passed, f"\n{report}"


@pytest.mark.parametrize("factor", [-1.0, 0.0, 0.5, 1.2])
@pytest.mark.parametrize("activation", KINKED)
def test_a_wrong_one_is_still_seen(activation, factor):
    function, w, gradient = network(activation, np.float32, 200, (3, 8), seed=0)
    assert not check(function, w, lambda w: np.float32(factor) * gradient(w)).passed


def test_a_step_that_meets_a_kink_knows_its_error():
    """|t - 0.3| to the right of zero: the wide steps see it, the narrow ones do not."""
    line = Line(lambda t: abs(t - 0.3), 0.3, 1.0, Noise(0.0, 2e-16))
    wide, narrow = extrapolate(line, 0.5, 3), extrapolate(line, 0.1, 3)
    assert abs(wide.value + 1) <= wide.truncation
    assert narrow.truncation < 1e-12


def test_a_smooth_function_has_no_kinks():
    line = Line(np.exp, 1.0, 1.0, Noise(0.0, 2e-16))
    assert extrapolate(line, 0.1, 3).truncation < 1e-6
