"""Inverses against the maps that they undo: right pairs pass, planted mistakes are named."""

import numpy as np
import pytest

from scratchvae.constraints import CONSTRAINTS
from scratchvae.gradcheck import check_inverse
from scratchvae.reparam import MAPS

L = 3
POINTS = np.random.default_rng(3).standard_normal((7, L))
SCALE, SHIFT = np.array([0.5, 2.0, 3.0]), np.array([1.0, -1.0, 0.3])


def forward(x):
    return SCALE * x + SHIFT


def inverse(y):
    return (y - SHIFT) / SCALE


def coupling(x):
    s = np.exp(np.sin(x[..., :1]))
    return np.concatenate([x[..., :1], s * x[..., 1:]], axis=-1)


def uncoupled(y, power=-1):
    s = np.exp(np.sin(y[..., :1]))
    return np.concatenate([y[..., :1], y[..., 1:] * s**power], axis=-1)


def moved(x):
    return coupling(x) + [0, 1, 1]


def flip(x):
    return x[..., [2, 0, 1]]


RIGHT = {
    "affine": (forward, inverse),
    "coupling": (coupling, uncoupled),
    "permutation": (flip, lambda y: y[..., [1, 2, 0]]),
    "tanh": (np.tanh, np.arctanh),
    "nearly singular": (lambda x: x * [1, 1e-7, 1], lambda y: y / [1, 1e-7, 1]),
    "sinh": (np.sinh, np.arcsinh),
}


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("shape", [(7, L), (L,), (1, 7, L)])
def test_a_right_inverse_passes(name, shape):
    report = check_inverse(*RIGHT[name], POINTS.ravel()[: np.prod(shape)].reshape(shape))
    assert report.passed, report
    assert [block.name for block in report.blocks] == ["inverse(forward(x))"]


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("name", RIGHT)
def test_other_points_and_scales_give_no_false_alarm(name, seed):
    rng = np.random.default_rng(seed)
    assert check_inverse(*RIGHT[name], 10.0 ** rng.uniform(-6, 0.5) * rng.standard_normal((4, L)))


@pytest.mark.parametrize("name", [name for name in MAPS if hasattr(MAPS[name], "inverse")])
def test_every_map_of_the_package_passes(name):
    rng = np.random.default_rng(1)
    reparam = MAPS[name](L)
    if reparam.parameters is not None:
        reparam.parameters.value = 0.5 * rng.standard_normal(len(reparam.parameters))
    lam = rng.standard_normal((4, reparam.n_params))
    report = check_inverse(reparam.forward, reparam.inverse, rng.standard_normal((4, L)), lam, rtol=1e-6)
    assert report.passed, report


@pytest.mark.parametrize("name", sorted(set(CONSTRAINTS) - {"simplex"}))
def test_every_constraint_of_the_package_passes(name):
    made = CONSTRAINTS[name](-1.0, 4.0, L) if name == "interval" else CONSTRAINTS[name](L)
    assert check_inverse(made.forward, made.inverse, POINTS)


#: name: (forward, inverse, code, what the words hold).
WRONG = {
    "does nothing": (forward, lambda y: y, "zero", "does nothing"),
    "forward again": (forward, forward, "swapped", "once more"),
    "order of the steps": (forward, lambda y: y / SCALE - SHIFT, "extra_term", "a shift at the wrong place"),
    "shift of one feature": (
        forward,
        lambda y: (y - SHIFT * [1, 1, 0]) / SCALE,
        "extra_term",
        "moved by +0.1 in feature 2",
    ),
    "multiplied": (lambda x: SCALE * x, lambda y: SCALE * y, "swapped", "once more"),
    "coupling not undone": (coupling, lambda y: y, "zero", "does nothing in features 1, 2"),
    "coupling multiplied": (moved, lambda y: uncoupled(y - [0, 1, 1], 1), "scale", "it is multiplied"),
    "coupling divided twice": (coupling, lambda y: uncoupled(y, -2), "scale", "divided by the slope twice"),
    "order not undone": (flip, flip, "swapped", "once more"),
    "order undone wrongly": (flip, lambda y: y[..., ::-1], "swapped", "0 holds 1"),
    "mirrored": (np.tanh, lambda y: -np.arctanh(y), "sign", "comes back as -x"),
    "half": (np.sinh, lambda y: np.arcsinh(y) / 2, "scale", "times 0.5"),
    "an iteration cut short": (np.sinh, lambda y: np.arcsinh(y) + 1e-5 * np.cos(y), "precision", "digits"),
    "nan": (np.sinh, lambda y: np.log(y), "nonfinite", "not finite"),
    "a number lost": (np.sinh, lambda y: y[..., :2], "shape", "must return x of shape"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("name", WRONG)
def test_a_planted_mistake_is_named(name):
    there, back, code, words = WRONG[name]
    report = check_inverse(there, back, POINTS)
    diagnosis = report.blocks[0].diagnosis
    assert not report.passed
    assert diagnosis.code == code, diagnosis
    assert words in diagnosis.message, diagnosis


def with_log_det(sign):
    def back(y):
        x = inverse(y)
        return x, sign * np.log(SCALE).sum() + np.zeros(x.shape[:-1])

    return back


def test_the_log_determinants_are_of_opposite_sign():
    def there(x):
        return forward(x), np.log(SCALE).sum() + np.zeros(x.shape[:-1])

    assert check_inverse(there, with_log_det(-1), POINTS)
    report = check_inverse(there, with_log_det(1), POINTS)
    assert [block.passed for block in report.blocks] == [True, False]
    assert report.blocks[1].diagnosis.code == "sign"
    assert check_inverse(there, with_log_det(0), POINTS).blocks[1].diagnosis.code == "zero"
