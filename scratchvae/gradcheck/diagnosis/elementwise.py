"""A factor that differs from entry to entry: a chain factor such as exp(log_sigma) forgotten or doubled."""

import numpy as np

from scratchvae.gradcheck.report import Diagnosis

#: The multiples of theta in the exponent, and the powers, that are tried.
MULTIPLES = (1.0, -1.0, 2.0, -2.0, 0.5, -0.5)
#: Fewer entries than these fit too many hypotheses; a factor that varies less than this is none.
LEAST, VARIATION = 3, 1e-2
#: Names that say what a vector holds.
SCALES = ("sigma", "std", "scale", "tau", "log", "var", "rho", "prec", "width", "length")


def ratios(block):
    """(places, analytic / numeric, its error) of the entries where both can be seen."""
    seen = block.shows(block.n) & (np.abs(block.n) > 1e-8 * np.abs(block.n).max(initial=0))
    places = np.flatnonzero(seen)
    ratio = block.a[places] / block.n[places]
    error = (block.close + 4 * block.e[places] / np.abs(block.n[places])) * np.abs(ratio)
    return places, ratio, error


def constant_of(ratio, error, expected):
    """The number c with ratio = c expected everywhere, None if there is none."""
    with np.errstate(all="ignore"):
        quotients = ratio / expected
        if not np.isfinite(quotients).all() or np.ptp(expected) <= VARIATION * np.abs(expected).max():
            return None
        c = float(np.median(quotients))
        return c if np.all(np.abs(ratio - c * expected) <= error + 1e-9 * np.abs(ratio)) else None


def chain_factor(block, evidence):
    """analytic = numeric times exp(k theta), or theta^k, of this or of another block."""
    places, ratio, error = ratios(block)
    if len(places) < LEAST:
        return None
    found = []
    for rank, name, values in _sources(block, evidence):
        for rough, words, expected in _functions(values[places], name):
            c = constant_of(ratio, error, expected)
            if c is not None:
                found.append((_telling(c) + rough + rank, len(found), c, name, words))
    if not found:
        return None
    _, _, c, name, words = min(found)
    code = "activation" if name == block.name and "exp" not in words and not _is_scale(name) else "scale"
    constant = "" if abs(c - 1) < 1e-3 else f"{c:.6g} "
    message = (
        f"each entry is {constant}{words} times what it should be: a chain factor is forgotten or doubled"
    )
    return Diagnosis(code, message, factor=c, term=None if name == block.name else name)


def _telling(c):
    """How far a constant is from one that needs no explanation."""
    return 0 if abs(c - 1) < 1e-3 else 1 if min(abs(abs(c) - k) for k in (0.5, 1, 2)) < 1e-3 else 3


def _is_scale(name):
    return any(word in name.lower() for word in SCALES)


def _sources(block, evidence):
    """(rank, name, values at the block's coordinates) of what the factor may depend on, this block first."""
    yield 0, block.name, block.theta
    for name, values in evidence.theta.items():
        if name == block.name:
            continue
        for spread in _spreads(values, block.shape):
            yield 0.5, name, spread.ravel()[block.index]


def _spreads(values, shape):
    """Another block's values, along the block's axes wherever that is possible."""
    if values.size == np.prod(shape):
        yield values.reshape(shape)
    elif values.ndim == 1:
        for axis, n in enumerate(shape):
            if n == values.size:
                wide = [1] * len(shape)
                wide[axis] = n
                yield np.broadcast_to(values.reshape(wide), shape)


def _functions(t, name):
    """(roughness, words, values) of the candidate factors."""
    with np.errstate(all="ignore"):
        for k in MULTIPLES:
            yield abs(abs(k) - 1) / 4, f"exp({_times(k)}{name})", np.exp(k * t)
            if np.all(t > 0) or (float(k).is_integer() and np.all(t != 0)):
                yield 0.1 + abs(abs(k) - 1) / 4, f"{name}^{k:g}", t**k


def _times(k):
    return "" if k == 1 else "-" if k == -1 else f"{k:g} "
