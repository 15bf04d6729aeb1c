"""Backward passes and vector-Jacobian products, by what is wrong with them."""

import numpy as np
import pytest

from scratchvae.gradcheck import check_backward, check_vjp


def layer_forward(x, w, b):
    h = np.tanh(x @ w + b)
    return (h, h.sum(axis=0)), (x, w, h)


def layer_backward(cache, dh, dtotal, slope=lambda h: 1 - h * h):
    x, w, h = cache
    da = (dh + dtotal) * slope(h)
    return {"x": da @ w.T, "w": x.T @ da, "b": da.sum(axis=0)}


@pytest.fixture
def inputs(rng):
    return {"x": rng.standard_normal((6, 4)), "w": rng.standard_normal((4, 4)), "b": rng.standard_normal(4)}


def codes(report):
    return {block.name: block.diagnosis.code for block in report.blocks if not block.passed}


def changed(name, change):
    def backward(cache, *incoming):
        found = layer_backward(cache, *incoming)
        return found | {name: change(found[name])}

    return backward


def without_second(cache, dh, dtotal):
    return layer_backward(cache, dh, 0 * dtotal)


MISTAKES = {
    "right": (layer_backward, {}),
    "transposed": (changed("w", np.transpose), {"w": "transposed"}),
    "sign": (changed("b", np.negative), {"b": "sign"}),
    "mean for sum": (changed("b", lambda g: g / 6), {"b": "scale"}),
    "column for vector": (changed("b", lambda g: g[:, None]), {"b": "shape"}),
    "not summed over the batch": (changed("b", lambda g: np.ones((6, 1)) * g), {"b": "shape"}),
    "none": (changed("x", lambda g: None), {"x": "shape"}),
    "second output forgotten": (without_second, dict.fromkeys("xwb", "missing_term")),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_the_input_and_the_mistake_are_named(name, inputs):
    backward, expected = MISTAKES[name]
    assert codes(check_backward(layer_forward, backward, inputs, sizes={"batch": 6})) == expected


def test_a_forgotten_output_is_named(inputs):
    report = check_backward(layer_forward, without_second, inputs, outputs=("h", "total"))
    assert {block.diagnosis.term for block in report.blocks} == {"total"}
    assert "the term 'total' is missing" in report.summary


def test_an_input_that_is_left_out_of_the_dict(inputs):
    def backward(cache, *incoming):
        found = layer_backward(cache, *incoming)
        del found["x"]
        return found

    report = check_backward(layer_forward, backward, inputs)
    assert codes(report) == {"x": "shape"}
    assert "the gradient of 'x' is missing" in report.worst.note


@pytest.mark.parametrize("slope", [lambda h: 1 - np.tanh(h) ** 2, np.ones_like, lambda h: 1 - h])
def test_an_activation_by_its_input(slope, rng):
    def forward(a):
        h = np.tanh(a)
        return (h,), h

    report = check_backward(forward, lambda h, dh: {"a": dh * slope(h)}, {"a": rng.standard_normal((3, 5))})
    assert codes(report) == {"a": "activation"}
    assert "tanh" in report.worst.note


def test_a_backward_that_writes_into_the_incoming_gradient(inputs):
    def backward(cache, dh, dtotal):
        dh *= 1 - cache[2] ** 2
        da = dh + dtotal * (1 - cache[2] ** 2)
        return {"x": da @ cache[1].T, "w": cache[0].T @ da, "b": da.sum(axis=0)}

    assert check_backward(layer_forward, backward, inputs).passed


# --- vector-Jacobian products -------------------------------------------------------------------

A = np.random.default_rng(0).standard_normal((5, 4))


def test_a_right_product_passes():
    report = check_vjp(
        lambda t: np.sin(A @ t),
        np.ones(4),
        lambda t, w: A.T @ (np.cos(A @ t) * w),
        {"t": (slice(0, 4), (4,))},
    )
    assert report.passed
    assert [block.name for block in report.blocks] == ["t"]


def test_wrong_products_are_named():
    def function(t):
        return np.sin(A @ t)

    def sign(t, w):
        return -A.T @ (np.cos(A @ t) * w)

    def doubled(t, w):
        return 2 * A.T @ (np.cos(A @ t) * w)

    def too_long(t, w):
        return A @ t

    found = [check_vjp(function, np.ones(4), vjp).worst.diagnosis.code for vjp in (sign, doubled, too_long)]
    assert found == ["sign", "scale", "shape"]


def test_the_weights_are_drawn_more_than_once():
    """A product that is right for the first w alone does not pass."""
    first = []

    def vjp(t, w):
        first.append(w.copy())
        return A.T @ first[0]

    report = check_vjp(lambda t: A @ t, np.ones(4), vjp)
    assert not report.passed


def test_the_function_may_have_any_shape(rng):
    x = rng.standard_normal((3, 2))
    report = check_vjp(lambda t: np.multiply.outer(x, t), np.ones(3), lambda t, w: np.tensordot(x, w, 2))
    assert report.passed
