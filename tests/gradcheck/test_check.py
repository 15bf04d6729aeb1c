"""The checker itself: right gradients pass, wrong ones fail, and the worst entry is named."""

from itertools import product

import numpy as np
import pytest
from smooth_functions import MISTAKES, SMOOTH, log_sum_exp, relu_layer, softmax

from scratchvae.gradcheck import check
from scratchvae.gradcheck.numerical import ROUNDINGS, STEP

MODES = ("all", "sample", "directions", "mixed", "auto")
EPS = np.finfo(np.float64).eps


def square(t):
    return float((t**2).sum())


# --- no false alarm -----------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", SMOOTH)
def test_a_right_gradient_passes(name, mode, rng):
    for _ in range(5):
        function, gradient, theta = SMOOTH[name](rng)
        report = check(function, theta, gradient, mode=mode)
        assert report.passed, f"\n{report}"


@pytest.mark.parametrize("mode", ["all", "directions"])
@pytest.mark.parametrize("distance", [1e-6, -1e-6, 1e-5, -1e-4, 1e-3, 1e-2])
def test_a_kink_nearby_is_no_false_alarm(distance, mode, rng):
    for _ in range(5):
        function, gradient, theta = relu_layer(distance)(rng)
        report = check(function, theta, gradient, mode=mode)
        assert report.passed, f"\n{report}"


def test_a_probe_may_leave_the_domain():
    """log t is NaN at t - 1e-3; the smaller steps stay inside. No warning is let out."""
    assert check(lambda t: float(np.log(t).sum()), [1e-4, 5.0], lambda t: 1 / t).passed


# --- no miss ------------------------------------------------------------------------------------

SEEN_WHOLE = [name for name in SMOOTH if name not in ("constant", "steep at its minimum")]


# All but one: 1e-5 of a slope of 1 is lost in the rounding of 1e6, at whatever step.
CASES = [pair for pair in product(SEEN_WHOLE, MISTAKES) if pair != ("large offset", "factor 1 + 1e-5")]


@pytest.mark.parametrize(("name", "mistake"), CASES)
def test_one_wrong_entry_fails_and_is_named(name, mistake, rng):
    function, gradient, theta = SMOOTH[name](rng)
    wrong, i = MISTAKES[mistake](gradient(theta))
    report = check(function, theta, wrong)
    assert not report.passed
    assert report.worst.index == (i,)
    assert report.worst.numeric == pytest.approx(gradient(theta)[i], rel=1e-4)


@pytest.mark.parametrize("mode", ["sample", "directions"])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_cheap_modes_see_one_wrong_entry_of_eight(mistake, mode, rng):
    for name in ("polynomial", "log-sum-exp", "500 terms", "quadratic form"):
        function, gradient, theta = SMOOTH[name](rng)
        wrong, _ = MISTAKES[mistake](gradient(theta))
        assert not check(function, theta, wrong, mode=mode, n_probes=8).passed, name


@pytest.mark.parametrize("distance", [1e-6, 1e-4, 1e-2])
@pytest.mark.parametrize("mistake", ["sign", "factor 2", "factor 1.001", "forgotten"])
def test_a_kink_nearby_does_not_acquit_a_wrong_gradient(distance, mistake, rng):
    function, gradient, theta = relu_layer(distance)(rng)
    assert not check(function, theta, MISTAKES[mistake](gradient(theta))[0]).passed


@pytest.mark.parametrize("offset", [0.0, 1.0, 1e3, 1e6])
def test_small_steps_do_not_excuse_what_the_first_step_sees(offset):
    """A mistake of twice the first step's rounding error: at the last step it would drown in noise."""
    theta = np.array([0.3, -0.7])
    mistake = 2 * ROUNDINGS * EPS * (offset + 1) / STEP
    report = check(lambda t: offset + 1e-9 * square(t), theta, 2e-9 * theta + [0, mistake])
    assert not report.passed
    assert report.worst.index == (1,)


def test_random_functions_random_mistakes(rng):
    """Neither a false alarm nor a miss among 300 functions and as many mistakes."""
    alarms, misses = [], []
    names = [name for name in SEEN_WHOLE if name != "large offset"]
    for i in range(300):
        name, mistake = names[i % len(names)], list(MISTAKES)[i % len(MISTAKES)]
        function, gradient, theta = SMOOTH[name](rng, int(rng.integers(1, 8)))
        alarms += [] if check(function, theta, gradient).passed else [name]
        wrong, _ = MISTAKES[mistake](gradient(theta))
        misses += [(name, mistake)] if check(function, theta, wrong).passed else []
    assert (alarms, misses) == ([], [])


def test_a_wrong_gradient_where_the_right_one_is_zero():
    assert not check(lambda t: 3.7, np.ones(4), np.array([0, 0, 1e-9, 0])).passed
    assert check(lambda t: 3.7, np.ones(4), np.zeros(4)).passed


def beside_a_million(t):
    """Slopes of 1e-9 and 1e-7 beside 1e6, whose noise is 1e-10 at every step, and one that is seen."""
    return 1e6 + 1e-9 * float(t[0]) + 1e-7 * float(t[1]) + float(t[2] ** 2)


def slopes_beside_a_million(t):
    return np.array([1e-9, 1e-7, 2 * t[2]])


def test_what_noise_hides_passes_and_is_said():
    right = slopes_beside_a_million(np.ones(3))
    for wrong_but_unseen in (right, right * [-1, 1, 1]):
        report = check(beside_a_million, np.ones(3), wrong_but_unseen)
        assert report.passed
        assert "1 of 3 lost in the noise of the function" in report.worst.note
        assert "1 of 3 seen only to +-" in report.worst.note
    assert not check(beside_a_million, np.ones(3), right * [1, 2, 1]).passed
    assert "lost" not in str(check(square, np.ones(2), np.full(2, 2.0)))


def test_a_block_that_is_lost_whole_has_another_code():
    blocks = {"lost": (slice(0, 1), (1,)), "seen": (slice(1, 3), (2,))}
    report = check(beside_a_million, np.ones(3), slopes_beside_a_million, blocks)
    assert report.passed
    assert [block.diagnosis.code for block in report.blocks] == ["precision", "ok"]


def test_large_steps_lift_a_small_slope_out_of_the_noise():
    for offset, slope in ((1e6, 1e-7), (1e12, 1.0), (-1e9, 1e-2)):

        def function(t, offset=offset, slope=slope):
            return offset + slope * float(t[0])

        assert check(function, np.ones(1), np.array([slope])).passed
        for wrong in (-slope, 0.0, 2 * slope):
            assert not check(function, np.ones(1), np.array([wrong])).passed


@pytest.mark.parametrize("name", [name for name in SMOOTH if name not in ("large offset", "badly scaled")])
def test_a_derivative_that_is_seen_sharply_has_no_such_note(name, rng):
    function, gradient, theta = SMOOTH[name](rng)
    assert "seen only" not in str(check(function, theta, gradient))


def affine_loss(rng):
    """sum(h), h = tanh(x W + b), with both gradients: enough to go wrong in all the usual ways."""
    x, weight, bias = rng.standard_normal((6, 4)), rng.standard_normal((4, 4)), rng.standard_normal(4)
    target = rng.standard_normal((6, 4))
    blocks = {"weight": (slice(0, 16), (4, 4)), "bias": (slice(16, 20), (4,))}

    def function(theta):
        h = np.tanh(x @ theta[:16].reshape(4, 4) + theta[16:])
        return float(((h - target) ** 2).sum() / (2 * len(x)))

    h = np.tanh(x @ weight + bias)
    da = (h - target) * (1 - h * h) / len(x)
    theta = np.concatenate([weight.ravel(), bias])
    return function, theta, {"weight": x.T @ da, "bias": da.sum(axis=0)}, blocks


BLOCK_MISTAKES = {
    "transposed weight": ("weight", lambda dw: dw.T),
    "one row zero": ("weight", lambda dw: dw * (np.arange(4) != 2)[:, None]),
    "one column zero": ("weight", lambda dw: dw * (np.arange(4) != 2)),
    "rows swapped": ("weight", lambda dw: dw[[1, 0, 2, 3]]),
    "not divided by the batch size": ("weight", lambda dw: 6 * dw),
    "divided by it twice": ("bias", lambda db: db / 6),
    "bias forgotten": ("bias", lambda db: 0 * db),
    "bias averaged": ("bias", lambda db: np.full(4, db.mean())),
    "weight decay left in": ("weight", lambda dw: dw + 1e-4),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("mistake", BLOCK_MISTAKES)
def test_a_mistake_in_one_block_fails_that_block_alone(mistake, mode, rng):
    function, theta, gradients, blocks = affine_loss(rng)
    where, change = BLOCK_MISTAKES[mistake]
    gradients[where] = change(gradients[where])
    vector = np.concatenate([part.ravel() for part in gradients.values()])
    report = check(function, theta, vector, blocks, mode=mode, n_probes=16)
    assert [block.name for block in report.blocks if not block.passed] == [where]
    assert report.worst.name == where


def test_two_blocks_swapped():
    def function(t):
        return float((t[:3] ** 2).sum() + (t[3:] ** 3).sum())

    t = np.arange(1.0, 7.0)
    right = np.concatenate([2 * t[:3], 3 * t[3:] ** 2])
    blocks = {"a": (slice(0, 3), (3,)), "b": (slice(3, 6), (3,))}
    assert check(function, t, right, blocks).passed
    report = check(function, t, np.concatenate([right[3:], right[:3]]), blocks)
    assert [block.passed for block in report.blocks] == [False, False]


# --- what is probed -----------------------------------------------------------------------------


def test_auto_probes_every_coordinate_of_a_short_vector_and_some_of_a_long_one(monkeypatch):
    monkeypatch.setattr("scratchvae.gradcheck.session.SECONDS", np.inf)  # however busy the machine is
    for size, expected in [(2000, 2000), (2001, 20)]:
        report = check(square, np.ones(size), np.full(size, 2.0))
        assert report.passed
        assert report.worst.n_checked == expected


def test_auto_sees_a_mistake_that_a_sample_of_coordinates_rarely_hits():
    wrong = np.full(5000, 2.0)
    wrong[1234] = 0
    assert not check(square, np.ones(5000), wrong).passed
    assert check(square, np.ones(5000), wrong, mode="sample").passed  # it did not come up in the draw


def test_a_sample_never_repeats_a_coordinate_and_stays_in_its_block():
    touched = []

    def function(t):
        touched.append(tuple(np.flatnonzero(t != 1)))
        return square(t)

    blocks = {"a": (slice(0, 3), (3,)), "b": (slice(3, 50), (47,))}
    report = check(function, np.ones(50), np.full(50, 2.0), blocks, mode="sample", n_probes=5)
    assert [block.n_checked for block in report.blocks] == [3, 5]
    coordinates = [place for place in touched if len(place) == 1]  # the noise is measured along all at once
    assert {place[0] for place in coordinates} >= {0, 1, 2}
    assert len(set(coordinates)) == 8


def test_the_seed_chooses_the_sample():
    wrong = np.full(3000, 2.0)
    wrong[::2] = 1.0
    found = [check(square, np.ones(3000), wrong, mode="sample", seed=s).worst.index for s in (0, 0, 1)]
    assert found[0] == found[1] != found[2]


def test_directions_survive_a_large_theta(rng):
    """A step of 1e-3 beside a theta of 1e8 would lose most of its digits."""
    function, gradient, theta = SMOOTH["exponential of scale 1e8"](rng)
    assert check(function, theta, gradient, mode="directions", n_probes=50).passed
    assert not check(function, theta, 1.001 * gradient(theta), mode="directions").passed


# --- what comes in ------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (1,), (3, 2), (2, 1, 3)])
def test_theta_of_any_shape(shape, rng):
    theta = rng.standard_normal(shape)
    assert check(square, theta, lambda t: 2 * t).passed
    wrong = np.array(2 * theta)
    wrong[(-1,) * len(shape)] += 0.1
    report = check(square, theta, wrong)
    assert not report.passed
    assert report.worst.shape == shape
    assert report.worst.index == tuple(size - 1 for size in shape)


@pytest.mark.parametrize("dtype", ["int64", "float32", "bool"])
def test_theta_of_another_type_is_checked_in_float64(dtype):
    seen = set()

    def function(t):
        seen.add(t.dtype)
        return square(t)

    assert check(function, np.ones(3, dtype), lambda t: 2 * t).passed
    assert seen == {np.dtype("float64")}


def test_a_list_is_a_vector():
    assert check(square, [1, 2, 3], [2, 4, 6]).passed


def test_theta_is_restored_and_the_culprit_named():
    def spoiling(t):
        value = square(t)
        t *= 0
        return value

    def shifting(t):
        result = 2 * t
        t += 100
        return result

    theta = np.array([1.0, 2.0, 3.0])
    for function, gradient, who in ((spoiling, lambda t: 2 * t, "function"), (square, shifting, "gradient")):
        report = check(function, theta, gradient)
        assert report.worst.diagnosis.code == "mutates"
        assert f"the {who} changes its input (3 of 3 entries" in report.worst.note
        np.testing.assert_array_equal(theta, [1, 2, 3])


def test_the_function_may_return_an_array_of_one_number():
    assert check(lambda t: np.array([[square(t)]]), np.ones(3), lambda t: 2 * t).passed


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_function_that_is_not_finite_fails_with_a_note(value):
    report = check(lambda t: value, np.ones(3), np.zeros(3))
    assert not report.passed
    assert f"the function itself is {value} at theta" in str(report)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_gradient_that_is_not_finite_fails_its_own_block_only(value, mode):
    wrong = np.full(6, 2.0)
    wrong[4] = value
    blocks = {"a": (slice(0, 3), (3,)), "b": (slice(3, 6), (3,))}
    report = check(square, np.ones(6), wrong, blocks, mode=mode)
    assert [block.passed for block in report.blocks] == [True, False]
    assert "the gradient is not finite" in str(report)


def test_a_function_that_draws_noise_is_nondeterministic(rng):
    report = check(lambda t: square(t) + 1e-9 * rng.standard_normal(), np.ones(3), lambda t: 2 * t)
    assert report.worst.diagnosis.code == "nondeterministic"
    assert "two calls of the function at the same theta differ" in str(report)


def test_a_function_in_float32_is_held_against_what_it_shows():
    def function(t):
        return float((t.astype("float32") ** 2).sum())

    right = check(function, np.ones(3), lambda t: 2 * t)
    assert right.passed
    assert 1e-8 < right.worst.uncertainty < 1e-3
    for factor in (-1.0, 0.0, 1.01, 2.0):
        assert not check(function, np.ones(3), lambda t, factor=factor: 2 * factor * t).passed


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (6,), (3, 2, 1)])
def test_a_gradient_of_the_wrong_shape_is_a_report(shape):
    report = check(square, np.ones((3, 2)), np.ones(shape))
    assert not report.passed
    assert f"the gradient has shape {shape}, but theta has (3, 2)" in str(report)


WRONG_USE = {
    "theta is empty": {"theta": []},
    "theta has 1 NaN": {"theta": [1.0, np.nan]},
    "theta must hold real numbers": {"theta": ["a"]},
    "the gradient fails at theta of shape .3,.: ZeroDivisionError": {"gradient": lambda t: 1 / 0},
    "sizes must be a dict": {"sizes": [32]},
    "must be one number above zero": {"sizes": {"batch": 0}},
    "terms must be a dict": {"terms": [1]},
    "term 'prior' must be .value, gradient.": {"terms": {"prior": 3}},
    "the function must return one real number": {"function": lambda t: t},
    "did you mean 'directions'": {"mode": "direction"},
    "n_probes must be": {"n_probes": 0},
    "n_probes": {"n_probes": 2.5},
    "rtol must lie in": {"rtol": 0.0},
    "rtol must be a number": {"rtol": "small"},
    "blocks is empty": {"blocks": {}},
    "does not hold its shape": {"blocks": {"a": (slice(0, 2), (3,))}},
    "contiguous slice": {"blocks": {"a": (slice(0, 3, 2), (2,))}},
    "blocks must be a dict": {"blocks": [1]},
    "block 'a' must be .slice, shape., not 1": {"blocks": {"a": 1}},
    "block 'a' must be .slice, shape., not .*None": {"blocks": {"a": (None, (3,))}},
    "block 'a' must be .slice, shape., not .*3": {"blocks": {"a": (slice(0, 3), 3)}},
    "seed must be a whole number of at least 0, not 'a'": {"seed": "a"},
    "seed must be a whole number of at least 0, not -1": {"seed": -1},
    "block 'a'": {"blocks": {"a": (slice(3, 9), (0,))}},
}


@pytest.mark.parametrize("message", WRONG_USE)
def test_wrong_use_is_a_clear_error(message):
    arguments = {"function": square, "theta": np.ones(3), "gradient": np.full(3, 2.0)}
    with pytest.raises(ValueError, match=message):
        check(**(arguments | WRONG_USE[message]))


def test_the_limit_is_the_readers():
    theta = np.array([10.0, 20.0])
    softly = softmax(theta) * [1, 1 + 1e-4]
    assert not check(log_sum_exp, theta, softly).passed
    assert check(log_sum_exp, theta, softly, rtol=1e-3).passed
