"""A local derivative that is taken at the wrong place, or left out: each entry is off by a factor of its own."""

import math

import numpy as np

from scratchvae.gradcheck.diagnosis.whole import factor_of
from scratchvae.gradcheck.numerical import value_at
from scratchvae.gradcheck.report import Diagnosis


def _sigmoid(x):
    return 0.5 * (1 + np.tanh(x / 2))


#: f and f' of the usual activations.
FUNCTIONS = {
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "sigmoid": (_sigmoid, lambda x: _sigmoid(x) * (1 - _sigmoid(x))),
    "softplus": (lambda x: np.logaddexp(0, x), _sigmoid),
    "relu": (lambda x: np.maximum(x, 0), lambda x: (x > 0).astype(float)),
    "leaky relu": (lambda x: np.where(x > 0, x, 0.01 * x), lambda x: np.where(x > 0, 1.0, 0.01)),
    "elu": (lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))), lambda x: np.exp(np.minimum(x, 0))),
    "exp": (np.exp, np.exp),
    "sin": (np.sin, np.cos),
    "cos": (np.cos, lambda x: -np.sin(x)),
    "square": (np.square, lambda x: 2 * x),
    "cube": (lambda x: x**3, lambda x: 3 * x**2),
    "log": (lambda x: np.log(np.abs(x)), lambda x: 1 / x),
    "sqrt": (lambda x: np.sqrt(np.abs(x)), lambda x: 0.5 / np.sqrt(np.abs(x))),
    "reciprocal": (lambda x: 1 / x, lambda x: -1 / x**2),
    "swish": (
        lambda x: x * _sigmoid(x),
        lambda x: _sigmoid(x) + x * _sigmoid(x) * (1 - _sigmoid(x)),
    ),
    "gelu": (
        lambda x: x * _normal_cdf(x),
        lambda x: _normal_cdf(x) + x * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi),
    ),
}


def _normal_cdf(x):
    return np.array([0.5 * math.erfc(-value / math.sqrt(2)) for value in np.ravel(x)]).reshape(np.shape(x))


def _mistakes(name):
    """(words, function of x) of what stands where f'(x) should."""
    f, slope = FUNCTIONS[name]
    yield f"the derivative of {name} is taken at its output, not at its input", lambda x: slope(f(x))
    yield f"the derivative of {name} is left out", np.ones_like
    yield f"the value of {name} stands where its derivative should", f
    yield f"the derivative of {name} is taken twice", lambda x: slope(x) ** 2
    yield f"the derivative of {name} is taken at minus its input", lambda x: slope(-x)
    if name == "tanh":
        yield "1 - x^2 with tanh's input for its output", lambda x: 1 - x**2
        yield "1 - tanh(x) without the square", lambda x: 1 - np.tanh(x)
        yield "1 + tanh(x)^2: the sign in tanh's derivative", lambda x: 1 + np.tanh(x) ** 2
    if name == "sigmoid":
        yield "x (1 - x) with the sigmoid's input for its output", lambda x: x * (1 - x)
        yield "1 - s for s (1 - s) in the sigmoid's derivative", lambda x: 1 - _sigmoid(x)
        yield "s (1 + s): the sign in the sigmoid's derivative", lambda x: _sigmoid(x) * (1 + _sigmoid(x))
        yield "tanh's derivative for the sigmoid's", lambda x: 1 - _sigmoid(x) ** 2
    if name == "relu":
        yield "relu's gate is the wrong way round", lambda x: (x < 0).astype(float)


def elementwise(block, evidence):
    """theta is the activation's input: analytic / numeric is a known function of theta."""
    seen = block.visible
    if np.count_nonzero(seen) < 4 or np.ptp(block.theta[seen]) == 0:
        return None
    with np.errstate(all="ignore"):
        for name, (_, slope) in FUNCTIONS.items():
            right = slope(block.theta)
            for words, wrong in _mistakes(name):
                if _is_exchange(block, wrong(block.theta), right, seen):
                    return Diagnosis("activation", f"a local derivative is wrong: {words}")
    return None


def _is_exchange(block, wrong, right, seen):
    """Whether a f'(x) = n g(x), entry by entry, for the right slope f' and a wrong one g."""
    left, product = block.a * right, block.n * wrong
    if not (np.isfinite(left).all() and np.isfinite(product).all()):
        return False
    if np.count_nonzero(seen & (np.abs(product) > 0)) < 3 or np.ptp(_ratio(wrong, right)[seen]) < 1e-3:
        return False
    size = np.abs(product).max()
    allowed = 4 * block.e * np.maximum(np.abs(wrong), 1) + block.close * (np.abs(product) + 0.1 * size)
    return bool(np.all(np.abs(left - product) <= allowed))


def _ratio(wrong, right):
    return np.where(right != 0, wrong / np.where(right != 0, right, 1), 1e6)


def chain_factor(block, evidence):
    """Each entry is off by e^(k theta) of its own, or of another block of its size: a lost or doubled sigma."""
    ratio = _positive_ratio(block)
    if ratio is None:
        return None
    logs = np.log(ratio)
    candidates = {block.name: block.theta}
    for name, (part, shape) in evidence.blocks.items():
        if name != block.name and math.prod(shape) == block.whole.size:
            candidates[name] = evidence.session.theta.ravel()[part][block.index]
    for name, theta in candidates.items():
        for kind, exponent in (("e^", theta), ("", _log(theta))):
            if exponent is None or np.ptp(exponent) < 1e-6:
                continue
            for power in (1, -1, 2, -2, 0.5, -0.5, 3, -3):
                if np.abs(logs - power * exponent).max() <= 20 * block.close:
                    whose = "theta" if name == block.name else name
                    what = f"{kind}({power:g} {whose})" if kind else f"{whose}^{power:g}"
                    message = f"each entry is {what} times what it should be: a factor of the chain rule, such as sigma"
                    return Diagnosis(
                        "scale", f"{message}, {'is doubled' if power > 0 else 'is lost'}", term=name
                    )
    return None


def _log(theta):
    return np.log(theta) if np.all(theta > 0) else None


def _positive_ratio(block):
    """a / n where all entries can be seen and none is of another sign, else None."""
    if block.n.size < 3 or not np.all(np.abs(block.n) > 10 * block.e) or np.any(block.n == 0):
        return None
    ratio = block.a / block.n
    return ratio if np.all(ratio > 0) else None


def by_unit(block, evidence):
    """The entries of one row or column share a factor that differs between rows or columns."""
    if len(block.shape) != 2 or min(block.shape) < 2:
        return None
    places = block.places()
    for axis in (1, 0):
        factors = _factors_along(block, places[axis])
        if factors is not None and np.ptp(factors) > 1e-3 * np.abs(factors).max():
            what = "column" if axis == 1 else "row"
            low, high = factors.min(), factors.max()
            return Diagnosis(
                "activation",
                f"each {what} is off by a factor of its own ({low:.3g} to {high:.3g}): a local derivative, such as an "
                "activation's, is left out or taken at the wrong place",
            )
    return None


def _factors_along(block, place):
    """The common factor of each group of entries, if there is one in every group of at least two that are seen."""
    factors, groups = [], 0
    for i in np.unique(place):
        members = (place == i) & (np.abs(block.n) > 10 * block.e)
        if members.sum() < 2:
            continue
        factor = factor_of(block.a[members], block.n[members], block.e[members])
        if factor is None or np.any(
            np.abs(block.a[members] - factor * block.n[members])
            > 4 * block.e[members] * max(1, abs(factor)) + 10 * block.close * np.abs(block.a[members])
        ):
            return None
        groups += 1
        factors.append(factor)
    return np.array(factors) if groups >= 2 else None


def by_experiment(evidence, names):
    """{block: Diagnosis} of those that are right, up to one factor, where all units are at one pre-activation.

    With the weights of the wrong blocks at zero and their biases at one half, every unit and datum has the same
    pre-activation, so a local derivative that is wrong is wrong by one and the same factor. If so, and only there, it is
    the local derivative that is wrong.
    """
    session = evidence.session
    if not callable(session.gradient) or not names:
        return {}
    theta = session.theta.copy()
    flat = theta.reshape(-1)
    for name in names:
        part, shape = evidence.blocks[name]
        flat[part] = 0.0 if len(shape) > 1 else 0.5
    try:
        with np.errstate(all="ignore"):
            value = value_at(session.function, theta.copy())
            analytic = np.asarray(session.gradient(theta.copy()), dtype=np.float64).ravel()
    except Exception:
        return {}
    if analytic.size != theta.size or not np.isfinite(value):
        return {}
    found, factors = {}, []
    for name in names:
        factor = _factor_there(evidence, name, theta, analytic, value)
        if factor is None:
            return {}
        factors.append(factor)
        found[name] = Diagnosis(
            "activation",
            "a local derivative is left out or taken at the wrong place: with all units at one pre-activation the "
            f"gradient is {'right' if abs(factor - 1) < 1e-3 else f'off by the one factor {factor:.4g}'}",
        )
    return found


def _factor_there(evidence, name, theta, analytic, value):
    """The one factor between the two gradients at the point of the experiment; None if there is none."""
    from scratchvae.gradcheck.probes import Probes

    session, block = evidence.session, evidence.failing[name]
    part = evidence.blocks[name][0]
    probes = Probes(session.function, theta, analytic, session.rtol, value, np.random.default_rng(0))
    chosen = block.index if block.index.size <= 60 else block.index[:: block.index.size // 60]
    results = [probes.along(int(part.start + i)) for i in chosen]
    usable = [r for r in results if np.isfinite(r.numeric) and not r.is_kink]
    if not usable:
        return None
    a, n, e = (np.array([getattr(r, key) for r in usable]) for key in ("analytic", "numeric", "uncertainty"))
    factor = factor_of(a, n, e)
    if factor is None or factor == 0:
        return None
    allowed = 4 * e * max(1, abs(factor)) + 1e-3 * np.abs(a) + 1e-4 * np.sqrt(np.mean(a**2))
    return factor if np.all(np.abs(a - factor * n) <= allowed) else None
