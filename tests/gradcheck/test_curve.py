"""The curve of errors against steps, its drawing, and the assertion for tests of one's own."""

import numpy as np
import pytest

from scratchvae import plotting
from scratchvae.gradcheck import assert_gradient, error_curve

THETA = np.array([[0.3, -0.7], [2.0, 0.1]])


def function(t):
    return float(np.exp(np.sin(3 * t)).sum())


def gradient(t):
    return 3 * np.cos(3 * t) * np.exp(np.sin(3 * t))


def slope(steps, errors):
    """d log error / d log step over part of a curve."""
    return np.polyfit(np.log(steps), np.log(errors), 1)[0]


def test_the_right_arms_fall_with_the_powers_of_the_step():
    curve = error_curve(function, THETA, gradient, where=(0, 0))
    right = (curve.steps > 2e-3) & (curve.steps < 2e-2)
    assert slope(curve.steps[right], curve.forward[right]) == pytest.approx(1, abs=0.1)
    assert slope(curve.steps[right], curve.central[right]) == pytest.approx(2, abs=0.1)
    assert slope(curve.steps[right], curve.extrapolated[right]) == pytest.approx(4, abs=0.3)
    left = curve.steps < 1e-9
    assert slope(curve.steps[left], curve.central[left]) == pytest.approx(-1, abs=0.5)


def test_a_wrong_gradient_levels_out_at_its_error():
    curve = error_curve(function, THETA, lambda t: 1.001 * gradient(t))
    middle = (curve.steps > 1e-8) & (curve.steps < 1e-4)
    assert curve.central[middle] == pytest.approx(1e-3 / 1.001, rel=0.01)


def test_places_and_directions():
    by_index = error_curve(function, THETA, gradient, where=(1, 0))
    by_number = error_curve(function, THETA, gradient(THETA), where=2)
    assert np.array_equal(by_index.central, by_number.central)
    assert by_index.label == "coordinate (1, 0)"
    assert by_index.analytic == gradient(THETA)[1, 0]
    direction = error_curve(function, THETA, gradient, where=np.ones((2, 2)))
    assert direction.label == "direction"
    assert direction.central.min() < 1e-9
    largest = np.unravel_index(np.argmax(np.abs(gradient(THETA))), (2, 2))
    assert error_curve(function, THETA, gradient).analytic == gradient(THETA)[largest]


def test_steps_out_of_the_domain_have_no_error():
    curve = error_curve(lambda t: float(np.log(t[0])), np.array([0.1]), lambda t: 1 / t)
    assert np.isnan(curve.central[curve.steps > 0.1]).all()
    assert np.isfinite(curve.central[curve.steps < 0.1]).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"where": (5, 5)}, "where must be a coordinate"),
        ({"where": (0,)}, "where must name one coordinate"),
        ({"where": "first"}, "where must be"),
        ({"steps": [0.1, 0]}, "above zero"),
        ({"gradient": np.zeros(3)}, "the gradient has shape"),
    ],
)
def test_bad_input_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        error_curve(**{"function": function, "theta": THETA, "gradient": gradient} | options)


# --- the drawing --------------------------------------------------------------------------------


def test_the_drawing_shows_every_curve_and_the_limit(tmp_path):
    curve = error_curve(function, THETA, gradient)
    figure, ax = plotting.figure()
    errors = {
        "forward": curve.forward,
        "central": curve.central,
        "mine": np.where(curve.steps > 1, 0, np.nan),
    }
    plotting.v_curve(ax, curve.steps, errors, limit=1e-6)
    lines = ax.get_lines()
    assert len(lines) == 4
    assert np.array_equal(lines[1].get_ydata(), np.where(curve.central == 0, 2**-54, curve.central))
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert ax.get_ylim()[0] < 1e-6 < ax.get_ylim()[1]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "forward, $h$",
        "central, $h^2$",
        "mine",
    ]
    plotting.save(figure, tmp_path / "v.png")


@pytest.mark.parametrize(
    ("steps", "errors", "words"),
    [
        (np.ones(3), {"central": np.ones(2)}, "central has shape"),
        (np.ones(2), {"central": np.full(2, np.nan)}, "no error to draw"),
        (np.ones(2), {}, "no error to draw"),
    ],
)
def test_what_cannot_be_drawn_is_refused(steps, errors, words):
    _, ax = plotting.figure()
    with pytest.raises(ValueError, match=words):
        plotting.v_curve(ax, steps, errors)


# --- the assertion ------------------------------------------------------------------------------


def test_a_right_gradient_returns_its_report():
    assert assert_gradient(function, THETA, gradient).passed


def test_a_wrong_gradient_raises_with_the_report():
    with pytest.raises(AssertionError) as caught:
        assert_gradient(function, THETA, lambda t: -gradient(t), mode="all")
    text = str(caught.value)
    assert "WRONG sign" in text
    assert "the sign is wrong" in text
    assert "\x1b" not in text


def test_arguments_that_make_no_sense_are_no_assertion():
    with pytest.raises(ValueError, match="mode"):
        assert_gradient(function, THETA, gradient, mode="some")
