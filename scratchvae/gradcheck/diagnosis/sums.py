"""A term of a sum that is missing, counted twice, or scaled."""

import numpy as np

from scratchvae.gradcheck.diagnosis.factors import factor_of, story_of
from scratchvae.gradcheck.report import Diagnosis

#: How near the factor of a term must be to -1 or 1 to be it.
NEAR = 1e-3
#: The name of what the function holds beside the terms that the caller names.
REST = "everything else"


def explained_by_a_term(evidence, terms):
    """{block: Diagnosis} if one term, with one factor, is the whole difference in all wrong blocks, else {}.

    A term that is all there is in a block explains nothing that a sign or a factor would not say better.

    Parameters
    ----------
    evidence : Evidence
    terms : dict of str to dict of str to array
        The gradient of each term at the failing blocks' coordinates.
    """
    blocks = {name: block for name, block in evidence.failing.items() if block.n.size}
    if not blocks:
        return {}
    n, a, e = (np.concatenate([getattr(block, key) for block in blocks.values()]) for key in "nae")
    close = next(iter(blocks.values())).close
    found = []
    for term, gradients in terms.items():
        g = np.concatenate([gradients[name] for name in blocks])
        factor = _factor(a, n, e, g, close)
        if factor is not None:
            found.append((term == REST, min(abs(factor + 1), abs(factor - 1)), term, factor))
    if not found:
        return {}
    return dict.fromkeys(blocks, _of_term(*min(found)[2:], evidence))


def a_term_here(block, evidence, terms):
    """The same for one block by itself."""
    for term, gradients in terms.items():
        factor = _factor(block.a, block.n, block.e, gradients[block.name], block.close)
        if factor is not None:
            return _of_term(term, factor, evidence)
    return None


def _factor(a, n, e, g, close):
    """How many times g the difference is; None if it is not, or if g is all of the gradient."""
    if not np.any(g) or _proportional(g, n, e, close):
        return None
    factor = factor_of(a - n, g, e)
    if factor is None or abs(factor) < 1e-9 or not _fits(a - n, factor * g, n, e, close):
        return None
    # A single number is any number's multiple: only a telling one counts.
    if np.count_nonzero(np.abs(g) > 10 * e) < 2 and min(abs(abs(factor) - 1), abs(factor + 2)) > NEAR:
        return None
    return factor


def _of_term(term, factor, evidence):
    times = factor + 1
    if term == REST:
        return _of_the_rest(times, evidence)
    if abs(times) < NEAR:
        message = f"the term {term!r} is missing: the difference is exactly its gradient"
        return Diagnosis("missing_term", message, 0.0, term)
    if abs(factor - 1) < NEAR:
        message = (
            f"the term {term!r} is counted twice, or should not be there: the difference is its gradient"
        )
        return Diagnosis("extra_term", message, 2.0, term)
    return Diagnosis(
        "scaled_term", f"the term {term!r} {_taken(times, evidence)}: all else is right", *_as(times, term)
    )


def _of_the_rest(times, evidence):
    """The diagnosis of what the caller has not named, where the terms that are named are right."""
    named = " and ".join(map(repr, evidence.terms))
    if abs(times) < NEAR:
        message = f"all but {named} is missing: this is the gradient of {named} alone"
        return Diagnosis("missing_term", message, 0.0, REST)
    return Diagnosis("scaled_term", f"all but {named} {_taken(times, evidence)}", *_as(times, REST))


def _as(times, term):
    return -1.0 if abs(times + 1) < NEAR else times, term


def _taken(times, evidence):
    if abs(times + 1) < NEAR:
        return "has the wrong sign"
    story = story_of(abs(times), evidence.sizes)
    return f"is taken {times:.6g} times{f' ({story})' if story else ''}"


def _proportional(g, n, e, close):
    """Whether a term is all of the gradient, up to a factor."""
    if np.count_nonzero(np.abs(n) > 10 * e) < 2:
        return False
    factor = factor_of(g, n, e)
    return factor is not None and bool(np.all(np.abs(g - factor * n) <= 4 * e + close * np.abs(factor * n)))


def _fits(difference, candidate, n, e, close):
    """Whether a candidate is the difference, which is known less well than its two parts."""
    size = np.sqrt(np.mean(difference**2))
    allowed = 4 * e + 20 * close * np.abs(difference) + close * size + 1e-7 * np.abs(n)
    return bool(np.all(np.abs(difference - candidate) <= allowed))


def of_another_block(block, evidence):
    """Another block's gradient is added to this one's, as where two share an array."""
    for name, other in evidence.failing.items():
        same = other.shape == block.shape and np.array_equal(other.index, block.index)
        if name != block.name and same and _is_added(block, other.n):
            return Diagnosis(
                "extra_term", f"the gradient of block {name!r} is added to this one's", 2.0, name
            )
    for name in evidence.passing:
        other = evidence.analytic[name]
        if other.shape == block.shape and _is_added(block, other.ravel()[block.index]):
            return Diagnosis(
                "extra_term", f"the gradient of block {name!r} is added to this one's", 2.0, name
            )
    return None


def _is_added(block, g):
    if np.count_nonzero(np.abs(g) > 10 * block.e) < 2 or _proportional(g, block.n, block.e, block.close):
        return False
    return _fits(block.a - block.n, g, block.n, block.e, block.close)


def fits_difference(difference, candidate, block):
    """Whether a candidate is the difference of a block's two gradients."""
    return _fits(difference, candidate, block.n, block.e, block.close)
