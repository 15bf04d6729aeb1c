"""Log-determinants against numerical Jacobians: right maps pass, planted mistakes are named."""

import numpy as np
import pytest

from scratchvae.gradcheck import check_log_det
from scratchvae.reparam import MAPS

L = 3
RNG = np.random.default_rng(4)
POINTS = RNG.standard_normal((9, L))
MATRIX = np.eye(L) + 0.4 * RNG.standard_normal((L, L))
U, W, B = RNG.standard_normal(L), RNG.standard_normal(L), 0.3


def affine(x):
    return x * [0.5, 2.0, 3.0] + 1, np.full(x.shape[:-1], np.log(3.0))


def squash(x):
    y = np.tanh(x)
    return y, np.log(1 - y**2).sum(axis=-1)


def cubic(x):
    return x + x**3 / 3, np.log1p(x**2).sum(axis=-1)


def linear(x):
    return x @ MATRIX.T, np.full(x.shape[:-1], np.linalg.slogdet(MATRIX)[1])


def planar(x):
    h = np.tanh(x @ W + B)
    return x + U * h[..., None] / 2, np.log(np.abs(1 + (1 - h**2) * (U @ W) / 2))


def slope(x):
    return 1 - np.tanh(x @ W + B) ** 2


def leaky(x):
    return np.where(x > 0, x, 0.3 * x), (np.log(0.3) * (x < 0)).sum(axis=-1)


RIGHT = {f.__name__: f for f in (affine, squash, cubic, linear, planar, leaky)}


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("shape", [(9, L), (3, 3, L), (L,)])
def test_a_right_log_det_passes(name, shape):
    report = check_log_det(RIGHT[name], POINTS.ravel()[: np.prod(shape)].reshape(shape))
    assert report.passed, report
    [block] = report.blocks
    assert (block.name, block.shape, block.diagnosis.code) == ("log_det", shape[:-1], "ok")
    assert block.error < 1e-6


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("name", RIGHT)
def test_other_points_and_scales_give_no_false_alarm(name, seed):
    rng = np.random.default_rng(seed)
    points = 10.0 ** rng.uniform(-6, 0.5) * rng.standard_normal((4, L))
    assert check_log_det(RIGHT[name], points)


@pytest.mark.parametrize("name", MAPS)
def test_every_map_of_the_package_passes(name):
    rng = np.random.default_rng(1)
    reparam = MAPS[name](L)
    if reparam.parameters is not None:
        reparam.parameters.value = 0.5 * rng.standard_normal(len(reparam.parameters))
    lam = rng.standard_normal((4, reparam.n_params))
    assert check_log_det(reparam.forward, rng.standard_normal((2, 4, L)), lam)


def changed(function, change):
    """The same map with another log_det."""

    def forward(x):
        y, log_det = function(x)
        return y, change(log_det, x, y)

    return forward


def each(log_slope):
    """A log_det of the slopes of `cubic`, feature by feature."""
    return changed(cubic, lambda log_det, x, y: log_slope(np.log1p(x**2), x, y))


#: name: (map, code, factor, what the words hold).
WRONG = {
    "sign": (changed(squash, lambda d, x, y: -d), "sign", -1.0, "inverse"),
    "forgotten": (changed(squash, lambda d, x, y: 0 * d), "zero", 0.0, "forgotten"),
    "twice": (changed(cubic, lambda d, x, y: 2 * d), "scale", 2.0, "2"),
    "half": (changed(planar, lambda d, x, y: d / 2), "scale", 0.5, ""),
    "mean over features": (each(lambda s, x, y: s.mean(axis=-1)), "scale", 1 / 3, "mean over the 3 features"),
    "decadic": (changed(cubic, lambda d, x, y: d / np.log(10)), "scale", 1 / np.log(10), "decadic"),
    "no logarithm": (each(lambda s, x, y: np.exp(s).sum(axis=-1)), "activation", None, "logarithm is"),
    "determinant": (each(lambda s, x, y: np.exp(s.sum(axis=-1))), "activation", None, "is the determinant"),
    "slope at y": (each(lambda s, x, y: np.log1p(y**2).sum(axis=-1)), "activation", None, "at y = f(x)"),
    "first feature": (each(lambda s, x, y: s[..., 1:].sum(axis=-1)), "rows", None, "0 left out"),
    "one twice": (each(lambda s, x, y: s.sum(axis=-1) + s[..., 2]), "rows", None, "2 counted twice"),
    "one turned": (each(lambda s, x, y: s.sum(axis=-1) - 2 * s[..., 1]), "rows", None, "1 of the wrong"),
    "constant": (changed(cubic, lambda d, x, y: d + 0.1), "extra_term", None, "+0.1"),
    "log 2 each": (changed(squash, lambda d, x, y: d - 3 * np.log(2)), "missing_term", None, "log(2) for"),
    "sign and constant": (changed(cubic, lambda d, x, y: 0.7 - d), "extra_term", -1.0, "sign is wrong"),
    "diagonal only": (
        changed(linear, lambda d, x, y: d * 0 + np.log(np.abs(np.diag(MATRIX))).sum()),
        "missing_term",
        None,
        "not triangular",
    ),
    "rank one forgotten": (
        changed(planar, lambda d, x, y: np.log(np.abs(1 + U * W * slope(x)[..., None] / 2)).sum(axis=-1)),
        "missing_term",
        None,
        "not triangular",
    ),
    "a batch mean": (changed(cubic, lambda d, x, y: d.mean()), "shape", None, "not over the batch"),
    "not summed": (each(lambda s, x, y: s), "shape", None, "sum over the features"),
    "keepdims": (each(lambda s, x, y: s.sum(axis=-1, keepdims=True)), "shape", None, "without keepdims"),
    "summed over the batch": (each(lambda s, x, y: s.sum(axis=0)), "shape", None, "over the batch"),
    "minus infinity": (each(lambda s, x, y: np.log(0 * s.sum(axis=-1))), "nonfinite", None, "9 of 9"),
    "noise": (changed(cubic, lambda d, x, y: np.sin(7 * d + x[..., 0])), "unexplained", None, "9 of 9"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("name", WRONG)
def test_a_planted_mistake_is_named(name):
    forward, code, factor, words = WRONG[name]
    report = check_log_det(forward, POINTS)
    [block] = report.blocks
    assert not report.passed
    assert block.diagnosis.code == code, block.diagnosis
    assert words in block.diagnosis.message
    assert block.diagnosis.factor == (factor if factor is None else pytest.approx(factor, rel=1e-4))


def test_a_mistake_of_one_in_ten_thousand_is_seen():
    assert not check_log_det(changed(cubic, lambda d, x, y: d * (1 + 1e-4)), POINTS)


def test_a_sigma_counted_twice_is_named_by_its_size():
    sigma = 0.3
    report = check_log_det(
        lambda x: (sigma * x, np.full(x.shape[:-1], 4 * np.log(sigma))), POINTS, sizes={"sigma": sigma}
    )
    assert report.blocks[0].diagnosis.term in ("log(sigma)", "-log(sigma)")


def test_the_log_det_may_be_a_function_of_its_own():
    def log_det(x):
        return cubic(x)[1]

    assert check_log_det(lambda x: cubic(x)[0], POINTS, log_det=log_det)
    assert not check_log_det(lambda x: cubic(x)[0], POINTS, log_det=lambda x: -log_det(x))


def test_batch_normalization_has_no_log_det_of_one_point():
    report = check_log_det(lambda x: (x - x.mean(axis=0), np.zeros(len(x))), POINTS)
    assert report.blocks[0].diagnosis.code == "shape"
    assert "independently" in report.blocks[0].diagnosis.message


def test_the_points_are_not_changed():
    points = POINTS.copy()

    def careless(x):
        x += 1
        return x, np.zeros(x.shape[:-1])

    check_log_det(careless, points)
    assert np.array_equal(points, POINTS)


@pytest.mark.parametrize(
    ("forward", "points", "words"),
    [
        (cubic, np.array(3.0), "points must have shape"),
        (cubic, np.full((2, 3), np.nan), "NaN"),
        (lambda x: (x[..., :2], x[..., 0]), POINTS, "must return an array of the shape"),
        (lambda x: x, POINTS, "forward must return"),
    ],
)
def test_bad_input_is_refused(forward, points, words):
    with pytest.raises(ValueError, match=words):
        check_log_det(forward, points)
