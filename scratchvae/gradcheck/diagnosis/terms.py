"""The terms that the caller names: their gradients, by the caller and by finite differences."""

import numpy as np

from scratchvae.gradcheck.diagnosis.sums import REST, explained_by_a_term
from scratchvae.gradcheck.noise import Noise
from scratchvae.gradcheck.numerical import EPS, Line, best_estimate, quick_estimate, value_near
from scratchvae.gradcheck.probes import units_of
from scratchvae.validation import numeric_array

#: A term's gradient by finite differences is known to some digits only.
WANTED = 1e-7
#: What the terms leave of the whole gradient, relative, that is no rounding of theirs.
LEFT = 1e-5


def gradients_of(evidence):
    """{term: {failing block: array}}: the true gradient of each term at the failing blocks' coordinates.

    If a term's value can be called, by finite differences, because the gradient that the caller gives may be
    the one that is wrong; else the caller's. What the function holds beside the terms is a term too: a data
    term that is summed for averaged is named though the caller gives the penalty alone.
    """
    if not hasattr(evidence, "of_terms"):
        found = {term: _gradient(evidence, term) for term in evidence.terms}
        evidence.of_terms = {term: gradients for term, gradients in found.items() if gradients}
        if found and all(found.values()):
            evidence.of_terms[REST] = _left_by(found.values(), evidence)
    return evidence.of_terms


def _left_by(terms, evidence):
    """{failing block: array}: the whole gradient less that of all terms."""
    return {
        name: _beside(block.n, [term[name] for term in terms]) for name, block in evidence.failing.items()
    }


def _beside(whole, parts):
    left = whole - sum(parts)
    size = max(np.abs(part).max(initial=0) for part in (whole, *parts))
    return np.where(np.abs(left) > LEFT * size, left, 0.0)


def in_all_blocks(evidence):
    """{block: Diagnosis} if one term explains all."""
    return explained_by_a_term(evidence, gradients_of(evidence))


def _gradient(evidence, term):
    value, gradient = evidence.terms[term]
    given = None if gradient is None else _given(evidence, term, gradient)
    if not callable(value) or not np.isfinite(value_near(value, evidence.session.theta.copy())):
        return given
    measured = {name: _measured(evidence, value, name) for name in evidence.failing}
    if given is not None and all(_agree(given[name], measured[name]) for name in given):
        return given  # the sharper of the two
    return measured


def _given(evidence, term, gradient):
    theta = evidence.session.theta
    gradient = gradient(theta.copy()) if callable(gradient) else gradient
    gradient = np.asarray(numeric_array(gradient, f"the gradient of term {term!r}"), dtype=np.float64)
    if gradient.shape != theta.shape:
        raise ValueError(
            f"the gradient of term {term!r} must have theta's shape {theta.shape}, not {gradient.shape}."
        )
    return {name: evidence.at(name, gradient.ravel()) for name in evidence.failing}


def _measured(evidence, value, name):
    part, _ = evidence.blocks[name]
    places = part.start + evidence.failing[name].index
    how = quick_estimate if evidence.is_slow else best_estimate
    return np.array([_derivative(value, evidence.session.theta, int(i), how) for i in places])


def _derivative(function, theta, i, how):
    place = np.unravel_index(i, theta.shape)

    def along(t):
        moved = theta.copy()
        moved[place] += t
        return value_near(function, moved)

    line = Line(along, along(0.0), float(units_of(theta[place])), Noise(0.0, 2 * EPS))
    best = how(line, WANTED)
    return 0.0 if best is None else best.value


def _agree(given, measured):
    size = np.sqrt(np.mean(measured**2)) if measured.size else 0.0
    return bool(np.all(np.abs(given - measured) <= 1e-4 * np.abs(measured) + 1e-5 * size + 1e-9))
