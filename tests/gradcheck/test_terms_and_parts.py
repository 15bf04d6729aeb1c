"""Causes in words: what is left beside one term, a block that acts twice, a local derivative, a part."""

import numpy as np
import pytest
from student_problems import linear_regression, mlp

from scratchvae.gradcheck import check

N, DECAY = 20, 0.3


def one_term(name, data=1.0, decay=1.0):
    """The diagnoses of a regression with a penalty, of which the caller names one term alone."""
    problem = linear_regression(N, decay=DECAY)

    def gradient(theta):
        return data * problem.terms["data"][1](theta) + decay * problem.terms["decay"][1](theta)

    terms = {name: problem.terms[name]}
    report = check(problem.value, problem.theta, gradient, problem.blocks, terms)
    return {block.name: block.diagnosis for block in report.blocks if not block.passed}


@pytest.mark.parametrize("factor", [N, 1 / N, 2.0, -1.0])
def test_everything_else_is_a_term_too(factor):
    diagnosis = one_term("decay", data=factor)["w"]
    assert (diagnosis.code, diagnosis.term) == ("scaled_term", "everything else")
    assert diagnosis.factor == pytest.approx(factor, rel=1e-4)
    assert "all but 'decay'" in diagnosis.message


def test_its_factor_tells_a_story():
    assert "20: a count, such as the batch size?" in one_term("decay", data=N)["w"].message


def test_everything_else_may_be_missing():
    diagnosis = one_term("data", decay=0.0)["w"]
    assert (diagnosis.code, diagnosis.term) == ("missing_term", "everything else")


def test_a_named_term_goes_before_everything_else():
    assert one_term("decay", decay=0.0)["w"].term == "decay"
    assert one_term("data", data=-1.0)["w"].term == "data"


# --- a block that acts in two ways --------------------------------------------------------------


def tied(decoder=1.0, encoder=1.0):
    """A tied autoencoder: W encodes and W^T decodes, so that its gradient has two parts."""
    rng = np.random.default_rng(0)
    x, w, b = rng.standard_normal((12, 5)), rng.standard_normal((5, 3)) / 2, rng.standard_normal(3)

    def forward(theta):
        w, b = theta[:15].reshape(5, 3), theta[15:]
        h = np.tanh(x @ w + b)
        return w, h, h @ w.T - x

    def function(theta):
        return float((forward(theta)[2] ** 2).sum() / 2)

    def gradient(theta):
        w, h, e = forward(theta)
        da = e @ w * (1 - h * h)
        return np.concatenate([(encoder * x.T @ da + decoder * e.T @ h).ravel(), da.sum(axis=0)])

    blocks = {"w": (slice(0, 15), (5, 3)), "b": (slice(15, 18), (3,))}
    return function, np.concatenate([w.ravel(), b]), gradient, blocks


def test_a_weight_that_is_used_twice():
    assert check(*tied()).passed
    diagnosis = check(*tied(decoder=0.0)).blocks[0].diagnosis
    assert diagnosis.code == "missing_term"
    assert "used twice" in diagnosis.message


def test_a_forgotten_diagonal_beside_a_kink_is_no_second_way():
    """At zero the penalty has its kinks, and all entries but the wrong ones are left out."""
    x, signs = np.random.default_rng(4).standard_normal((15, 3)), np.ones((3, 3)) - np.eye(3)

    def function(w):
        return float(np.logaddexp(0, x @ w.reshape(3, 3)).sum() + np.abs(w).sum() / 9)

    def gradient(w):
        inside = x.T @ (1 / (1 + np.exp(-x @ w.reshape(3, 3))))
        return (signs * (inside + np.sign(w.reshape(3, 3)) / 9)).ravel()

    blocks = {"w": (slice(0, 9), (3, 3))}
    assert check(function, np.arange(1.0, 10) / 9, gradient, blocks).blocks[0].diagnosis.code == "rows"


# --- a local derivative -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("activation", "slope", "words"),
    [
        ("tanh", lambda a: 1 - np.tanh(a), "tanh is taken for 1 - y, with y the output"),
        ("tanh", lambda a: 1 - a * a, "tanh is taken for 1 - x^2, with the input x"),
        ("sigmoid", np.ones_like, "sigmoid is left out"),
        ("softplus", lambda a: np.exp(a) / (1 + np.exp(a)) ** 2, "softplus is taken for that of sigmoid"),
        ("relu", np.ones_like, "relu is left out"),
    ],
    ids=["1 - y", "1 - x^2", "left out", "of another", "relu"],
)
def test_what_stands_for_a_derivative_is_named(activation, slope, words):
    positional, keywords = mlp(activation).checked(slope=slope)
    diagnosis = check(*positional, **keywords).blocks[0].diagnosis
    assert diagnosis.code == "activation"
    assert f"the derivative of {words}" in diagnosis.message


# --- parts along theta --------------------------------------------------------------------------

X, Y = np.random.default_rng(1).standard_normal((15, 6)), np.random.default_rng(2).standard_normal(15)
V = np.random.default_rng(3).standard_normal(6)


def test_the_part_of_a_norm_is_no_weight_decay():
    """w = v / |v| has dv = (dw - w (w . dw)) / |v|; without the second part the difference lies along v."""

    def function(v):
        return float(((X @ v / np.linalg.norm(v) - Y) ** 2).sum() / 2)

    def gradient(v):
        return X.T @ (X @ v / np.linalg.norm(v) - Y) / np.linalg.norm(v)

    diagnosis = check(function, V, gradient).blocks[0].diagnosis
    assert (diagnosis.code, diagnosis.term) == ("missing_term", "a norm that theta is divided by")


def test_the_part_of_a_mean():
    def function(v):
        return float(np.sin(3 * (v - v.mean())).sum())

    diagnosis = check(function, V, lambda v: 3 * np.cos(3 * (v - v.mean()))).blocks[0].diagnosis
    assert (diagnosis.code, diagnosis.term[:6]) == ("missing_term", "a mean")


@pytest.mark.parametrize("decay", [1e-3, 0.3, 2.5])
def test_weight_decay_is_still_weight_decay(decay):
    def function(v):
        return float(np.sin(v).sum() + decay * (v @ v) / 2)

    diagnosis = check(function, V, np.cos).blocks[0].diagnosis
    assert (diagnosis.code, diagnosis.term) == ("missing_term", "weight decay")
    assert diagnosis.factor == pytest.approx(-decay, rel=1e-3)


def test_weight_decay_where_all_weights_are_equal():
    def function(v):
        return float(((X @ v - Y) ** 2).mean() + 0.1 * (v @ v))

    def gradient(v):
        return 2 * X.T @ (X @ v - Y) / 15

    diagnosis = check(function, np.full(6, 0.3), gradient).blocks[0].diagnosis
    assert (diagnosis.code, diagnosis.term) == ("missing_term", "weight decay")
    assert diagnosis.factor == pytest.approx(-0.2, rel=1e-3)


def test_a_gradient_that_is_far_too_large_is_not_one_that_should_be_zero():
    """Beside 1e13 times itself a derivative is not zero."""
    diagnosis = check(lambda v: float(np.sin(v).sum()), V, lambda v: 1e13 * v**2).blocks[0].diagnosis
    assert diagnosis.code != "extra_term"
