"""A local derivative that is taken at the wrong place, left out, or another function's: by its values.

If a block is the activation's input x, every entry of its gradient is off by a factor of its own,
psi(x) / phi'(x), where phi' is the derivative and psi what the code has in its place. The factor shows both.
"""

import math

import numpy as np

from scratchvae.gradcheck.diagnosis.elementwise import LEAST, constant_of, ratios
from scratchvae.gradcheck.report import Diagnosis


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _normal_cdf(x):
    return np.array([0.5 * math.erfc(-value / math.sqrt(2)) for value in np.ravel(x)]).reshape(np.shape(x))


def _normal_pdf(x):
    return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def _gelu_tanh_slope(x):
    u = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    slope = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x**2)
    return 0.5 * (1 + np.tanh(u)) + 0.5 * x * (1 - np.tanh(u) ** 2) * slope


#: name: (phi, phi').
FUNCTIONS = {
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "sigmoid": (_sigmoid, lambda x: _sigmoid(x) * (1 - _sigmoid(x))),
    "softplus": (lambda x: np.logaddexp(0, x), _sigmoid),
    "relu": (lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0),
    "leaky relu": (lambda x: np.where(x > 0, x, 0.01 * x), lambda x: np.where(x > 0, 1.0, 0.01)),
    "elu": (
        lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
        lambda x: np.where(x > 0, 1.0, np.exp(np.minimum(x, 0))),
    ),
    "gelu": (lambda x: x * _normal_cdf(x), lambda x: _normal_cdf(x) + x * _normal_pdf(x)),
    "gelu by tanh": (
        lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
        _gelu_tanh_slope,
    ),
    "silu": (lambda x: x * _sigmoid(x), lambda x: _sigmoid(x) * (1 + x * (1 - _sigmoid(x)))),
    "sin": (np.sin, np.cos),
    "cos": (np.cos, lambda x: -np.sin(x)),
    "exp": (np.exp, np.exp),
    "log": (np.log, lambda x: 1 / x),
    "the square": (np.square, lambda x: 2 * x),
    "the cube": (lambda x: x**3, lambda x: 3 * x * x),
    "the root": (np.sqrt, lambda x: 0.5 / np.sqrt(x)),
    "the reciprocal": (lambda x: 1 / x, lambda x: -1 / (x * x)),
    "softsign": (lambda x: x / (1 + np.abs(x)), lambda x: (1 + np.abs(x)) ** -2.0),
    "arctan": (np.arctan, lambda x: 1 / (1 + x * x)),
    "erf": (
        lambda x: 2 * _normal_cdf(math.sqrt(2) * x) - 1,
        lambda x: 2 / math.sqrt(math.pi) * np.exp(-x * x),
    ),
    "exp(-x^2)": (lambda x: np.exp(-x * x), lambda x: -2 * x * np.exp(-x * x)),
}

#: What derivatives look like, of the output y or, by mistake, of the input in its place.
FORMS = {
    "1 - {}^2": lambda y: 1 - y * y,
    "{0} (1 - {0})": lambda y: y * (1 - y),
    "1 - {}": lambda y: 1 - y,
    "1 + {}": lambda y: 1 + y,
    "1 + {}^2": lambda y: 1 + y * y,
    "{0} (1 + {0})": lambda y: y * (1 + y),
    "{}": lambda y: y,
    "{}^2": lambda y: y * y,
    "1 - exp(-{})": lambda y: 1 - np.exp(-y),
    "exp(-{})": lambda y: np.exp(-y),
    "1 / {}": lambda y: 1 / y,
    "1 / {}^2": lambda y: 1 / (y * y),
    "sigmoid(-{})": lambda y: _sigmoid(-y),
}


def _taken(name):
    """(words, psi) of what the code may have in the place of phi', the likeliest first."""
    phi, slope = FUNCTIONS[name]
    yield "left out", np.ones_like
    yield "taken at the output in the place of the input", lambda x: slope(phi(x))
    yield "taken twice", lambda x: slope(x) ** 2
    yield "taken at -x", lambda x: slope(-x)
    yield "taken at 2 x", lambda x: slope(2 * x)
    yield "taken at x / 2", lambda x: slope(x / 2)
    yield "taken for its own inverse", lambda x: 1 / slope(x)
    yield "taken for Phi(x) alone", _normal_cdf
    yield "taken for Phi(x) - x phi(x)", lambda x: _normal_cdf(x) - x * _normal_pdf(x)
    yield "taken for sigmoid(x) alone", _sigmoid
    yield "taken for x times the derivative of the sigmoid", lambda x: x * _sigmoid(x) * (1 - _sigmoid(x))
    yield "taken on the wrong side of the gate", lambda x: (x < 0) * 1.0
    for words, form in FORMS.items():
        yield "taken for " + words.format("x") + ", with the input x where the output belongs", form
        yield "taken for " + words.format("y") + ", with y the output", lambda x, form=form: form(phi(x))
    for other, (_, others) in FUNCTIONS.items():
        yield f"taken for that of {other}", others


def local_derivative(block, evidence):
    """The block is the input of an activation whose derivative is wrong."""
    places, ratio, error = ratios(block)
    if len(places) < LEAST:
        return None
    x, found = block.theta[places], []
    for name, words, expected in _expected(x):
        c = constant_of(ratio, error, expected)
        if c is not None:
            found.append((abs(c - 1) > 1e-3, abs(abs(c) - 1) > 1e-3, len(found), name, words, c))
    if not found:
        return None
    *_, name, words, c = min(found)
    constant = "" if abs(c - 1) < 1e-3 else f", times {c:.6g}"
    return Diagnosis("activation", f"the derivative of {name} is {words}{constant}", factor=c)


def _expected(x):
    """(function, words, psi(x) / phi'(x)) of every hypothesis, the plain ones first."""
    with np.errstate(all="ignore"):
        for name, (_, slope) in FUNCTIONS.items():
            right = slope(x)
            for words, taken in _taken(name):
                yield name, words, taken(x) / right


def of_factors(factors):
    """Words for the derivative that is off by these factors, {pre-activation: factor}; "" if none is.

    Two of them tell one derivative from all others; one does not.
    """
    if len(factors) < 2:
        return ""
    x, found = np.array(list(factors)), np.array(list(factors.values()))
    for name, words, expected in _expected(x):
        if np.allclose(expected, found, rtol=1e-4, atol=0.0):
            return f"the derivative of {name} is {words}"
    return ""


def mask(block, evidence):
    """Right on one side of zero, wrong on the other: the derivative of relu, leaky relu or elu left out."""
    wrong = block.wrong & block.visible
    negative, right = block.theta < 0, block.visible & ~block.wrong
    if min(wrong.sum(), right.sum()) < 2 or wrong.sum() + right.sum() < 5:
        return None
    side = negative if negative[wrong].all() else ~negative if not negative[wrong].any() else None
    if side is None or side[right].any():
        return None
    order = block.theta[np.argsort(block.index)]
    if np.all(np.diff(order) > 0) or np.all(np.diff(order) < 0):
        return None  # sorted: as well the first or the last entries
    words = "below" if negative[wrong].all() else "above"
    message = (
        f"wrong exactly where theta is {words} zero: the derivative of relu, or of its like, is wrong there"
    )
    return Diagnosis("activation", message)


def by_unit(evidence):
    """{block: Diagnosis} where a weight and its bias share a factor that differs from unit to unit.

    Of one datum, the gradient of W is x delta^T and that of b is delta: a wrong local derivative makes a
    factor of each unit's, the same in W's column (or row) and in b.
    """
    found = {}
    for name, weight in evidence.failing.items():
        for other, bias in evidence.failing.items():
            if len(weight.shape) == 2 and len(bias.shape) == 1 and _shared(weight, bias):
                message = (
                    f"{name!r} and {other!r} share a factor that differs from unit to unit: the local "
                    "derivative of the activation behind them is left out, or taken at the wrong place"
                )
                found[name] = found[other] = Diagnosis("activation", message)
    return found


def _shared(weight, bias):
    if not bias.is_complete or not weight.is_complete:
        return False
    return any(weight.shape[axis] == bias.shape[0] and _same_factors(weight, bias, axis) for axis in range(2))


def _same_factors(weight, bias, axis):
    """Whether a_W n_b = n_W a_b unit by unit, with at least two factors that are neither equal nor zero."""
    n, a = (
        np.moveaxis(weight.n.reshape(weight.shape), axis, 1),
        np.moveaxis(weight.a.reshape(weight.shape), axis, 1),
    )
    e = np.moveaxis(weight.e.reshape(weight.shape), axis, 1)
    if len(n) < 2:
        return False
    left, right = a * bias.n, n * bias.a
    size = np.maximum(np.abs(left), np.abs(right))
    limit = (
        10 * weight.close * size + 4 * (e * np.abs(bias.a) + np.abs(a) * bias.e) + 1e-12 * size.max(initial=0)
    )
    if not np.all(np.abs(left - right) <= limit):
        return False
    with np.errstate(all="ignore"):
        factors = np.where(bias.shows(bias.n), bias.a / bias.n, np.inf)[bias.visible]
    if np.any(factors == 0) or len(factors) < 2:
        return False
    wrong = factors[np.abs(factors - 1) > 10 * bias.close]
    several = len(wrong) > 1 and (
        np.isinf(wrong).all() or not np.isclose(wrong.min(), wrong.max(), rtol=1e-3)
    )
    return several or (len(wrong) == 1 and bool(np.isinf(wrong).all()))


def by_column(block, evidence):
    """Every column, or row, of a weight is off by a factor of its own: one datum's local derivatives."""
    if len(block.shape) != 2 or not block.is_complete:
        return None
    for axis, what in ((1, "column"), (0, "row")):
        factors = _factors(block, axis)
        if factors is not None:
            low, high = factors.min(), factors.max()
            message = (
                f"each {what} is off by a factor of its own ({low:.3g} to {high:.3g}): a local derivative, "
                "such as an activation's, is left out or taken at the wrong place"
            )
            return Diagnosis("activation", message)
    return None


def _factors(block, axis):
    """One factor a column, if there are three that differ; None if a column has more than one."""
    n, a, e = (np.moveaxis(getattr(block, key).reshape(block.shape), axis, 0) for key in "nae")
    factors = []
    for one_n, one_a, one_e in zip(n, a, e, strict=True):
        seen = np.abs(one_n) > 10 * one_e
        if seen.sum() < 2:
            continue
        ratio = one_a[seen] / one_n[seen]
        if np.ptp(ratio) > 20 * block.close * np.abs(ratio).max() + 8 * np.max(
            one_e[seen] / np.abs(one_n[seen])
        ):
            return None
        factors.append(ratio.mean())
    factors = np.array(factors)
    distinct = np.unique(np.round(factors, 3)) if len(factors) else factors
    return factors if len(distinct) >= min(3, len(factors)) and len(distinct) >= 2 else None
