"""A term of a sum that is missing, counted twice, or scaled."""

import numpy as np

from scratchvae.gradcheck.diagnosis.whole import factor_of
from scratchvae.gradcheck.report import Diagnosis


def explained_by_a_term(evidence):
    """{block: Diagnosis} if one term, with one factor, is the whole difference in all wrong blocks, else {}.

    A term that is all there is in a block explains nothing that a sign or a factor would not say better.
    """
    blocks = {name: block for name, block in evidence.failing.items() if block.n.size}
    if not blocks or not evidence.terms:
        return {}
    n, a, e = (np.concatenate([getattr(block, key) for block in blocks.values()]) for key in "nae")
    best = None
    for term, gradient in evidence.terms.items():
        g = np.concatenate([evidence.part_of(name, gradient) for name in blocks])
        if not np.any(g) or _is_all(g, n, e, evidence.close):
            continue
        factor = factor_of(a - n, g, e)
        if factor is None or abs(factor) < 1e-9 or not _fits(a - n, factor * g, n, e, evidence.close):
            continue
        simplicity = min(abs(factor + 1), abs(factor - 1))
        if best is None or simplicity < best[0]:
            best = simplicity, term, factor
    if best is None:
        return {}
    diagnosis = _of_term(*best[1:])
    return dict.fromkeys(blocks, diagnosis)


def a_term_here(block, evidence):
    """The same for one block by itself."""
    for term, gradient in evidence.terms.items():
        g = evidence.part_of(block.name, gradient)
        if not np.any(g) or block.n.size < 2 or _is_all(g, block.n, block.e, block.close):
            continue
        factor = factor_of(block.a - block.n, g, block.e)
        if factor and _fits(block.a - block.n, factor * g, block.n, block.e, block.close):
            return _of_term(term, factor)
    return None


def _of_term(term, factor):
    if abs(factor + 1) < 1e-3:
        return Diagnosis(
            "missing_term", f"the term {term!r} is missing: the difference is exactly its gradient", 0.0, term
        )
    if abs(factor - 1) < 1e-3:
        message = f"the term {term!r} is counted twice, or should not be there: the difference is exactly its gradient"
        return Diagnosis("extra_term", message, 2.0, term)
    times = factor + 1
    what = "has the wrong sign" if abs(times + 1) < 2e-3 else f"is taken {times:.6g} times"
    return Diagnosis("scaled_term", f"the term {term!r} {what}: all else is right", times, term)


def _is_all(g, n, e, close):
    return bool(np.all(np.abs(g - n) <= 4 * e + close * np.abs(n)))


def _fits(difference, candidate, n, e, close):
    size = np.sqrt(np.mean(difference**2))
    allowed = 4 * e + 20 * close * np.abs(difference) + close * size + 1e-7 * np.abs(n)
    return bool(np.all(np.abs(difference - candidate) <= allowed))


def of_theta(block, evidence):
    """A difference that is theta itself, its sign, or a constant: weight decay, L1, a linear term."""
    if block.n.size < 3 or np.ptp(block.theta) == 0:
        return None
    difference = block.a - block.n
    if np.count_nonzero(np.abs(difference) > 4 * block.e) < 3:
        return None
    for name, direction in (
        ("weight decay", block.theta),
        ("L1 penalty", np.sign(block.theta)),
        ("a linear term", np.ones_like(block.theta)),
    ):
        factor = factor_of(difference, direction, block.e)
        if factor and _fits(difference, factor * direction, block.n, block.e, block.close):
            missing = (
                np.linalg.norm(block.a) < np.linalg.norm(block.n) if name == "a linear term" else factor < 0
            )
            code = "missing_term" if missing else "extra_term"
            how = "is missing" if missing else "is there and should not be"
            what = f"{abs(factor):.6g} times " + {"weight decay": "theta", "L1 penalty": "its sign"}.get(
                name, "one"
            )
            return Diagnosis(code, f"the difference is {what}: {name} {how}", factor, name)
    return None
