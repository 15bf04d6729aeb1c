"""Why a closed form of KL(q || p) is wrong: hypotheses from the simplest on."""

from typing import NamedTuple

import numpy as np

from scratchvae.gradcheck.beyond.constants import name_of
from scratchvae.gradcheck.diagnosis.factors import story_of
from scratchvae.gradcheck.report import Diagnosis


class Evidence(NamedTuple):
    """What is known of each entry.

    Attributes
    ----------
    closed : array (...)
        The closed form.
    mean, slack : arrays (...)
        KL(q || p) as the mean over draws, and how far chance may move it.
    entropy : array (...)
        E_q[-log q].
    reverse : pair of arrays (...)
        KL(p || q), and how far it may be off.
    terms : dict of str to array (...)
    n_features : int
    sizes : dict
    """

    closed: np.ndarray
    mean: np.ndarray
    slack: np.ndarray
    entropy: np.ndarray
    reverse: tuple
    terms: dict
    n_features: int
    sizes: dict

    def fits(self, candidate, slack=None):
        """Whether `candidate` is what the closed form gives, entry by entry."""
        slack = self.slack if slack is None else slack
        return bool(np.all(np.abs(candidate - self.closed) <= 1.5 * slack + 1e-6 * np.abs(candidate)))


def cause_of(evidence):
    """The Diagnosis of a closed form that is wrong somewhere."""
    hypotheses = (_zero, _sign, _terms, _known_factor, _entropy, _reverse, _constant, _scale)
    for hypothesis in hypotheses:
        diagnosis = hypothesis(evidence)
        if diagnosis is not None:
            return diagnosis
    return _unexplained(evidence)


def _zero(e):
    return (
        None
        if np.any(e.closed)
        else Diagnosis("zero", "the closed form is zero, the divergence is not", factor=0.0)
    )


def _sign(e):
    if not e.fits(-e.mean):
        return None
    return Diagnosis(
        "sign", "the sign is wrong: this is minus the divergence, which is never negative", factor=-1.0
    )


def _terms(e):
    """One of the caller's terms missing, doubled, or with another factor."""
    for name, value in e.terms.items():
        if not np.any(value):
            continue
        for count, code, words in (
            (-1.0, "missing_term", f"the term {name!r} is missing"),
            (1.0, "extra_term", f"the term {name!r} is counted twice"),
            (-2.0, "scaled_term", f"the term {name!r} has the wrong sign"),
            (-0.5, "scaled_term", f"the term {name!r} has half its size"),
        ):
            if e.fits(e.mean + count * value):
                return Diagnosis(code, words, factor=1.0 + count, term=name)
    return None


def _known_factor(e):
    """A lost half, a mean over features, a logarithm of another base."""
    n = e.n_features
    factors = {2.0: "", 0.5: ""} | (
        {1 / n: f"the mean over the {n} features, where it is their sum"} if n > 1 else {}
    )
    factors |= {1 / np.log(2): "", 1 / np.log(10): ""}
    for factor, words in factors.items():
        if not e.fits(factor * e.mean, abs(factor) * e.slack):
            continue
        words = words or story_of(factor, {}) or "a lost half"
        if factor in (2.0, 0.5):
            words = "the factor 1/2 is lost" if factor == 2.0 else "a factor of 1/2 too many"
        return Diagnosis(
            "scale", f"the closed form is {factor:.4g} times the divergence: {words}", factor=float(factor)
        )
    return None


def _entropy(e):
    """E_q[-log p] alone, or E_q[log q] alone."""
    if np.any(np.abs(e.entropy) > 4 * e.slack):
        if e.fits(e.mean + e.entropy):
            return Diagnosis(
                "missing_term",
                "this is the cross-entropy E_q[-log p]: E_q[log q] is missing",
                term="E_q[log q]",
            )
        if e.fits(-e.entropy):
            return Diagnosis(
                "missing_term",
                "this is E_q[log q], minus the entropy: E_q[-log p] is missing",
                term="E_q[-log p]",
            )
    return None


def _reverse(e):
    """The direction exchanged, where the two directions can be told apart."""
    other, slack = e.reverse
    if not np.isfinite(other).all() or np.any(slack > 0.1 * np.abs(other) + 1e-12):
        return None
    if not e.fits(other, slack) or np.all(np.abs(other - e.mean) <= slack + e.slack):
        return None
    return Diagnosis("swapped", "the direction is exchanged: this is KL(p || q)", term="KL(p || q)")


def _constant(e):
    """One number of nats too much or too little, the same at all entries, or one that has a name."""
    constant = float(np.median(e.closed - e.mean))
    if not e.fits(e.mean + constant):
        return None
    name, sign = name_of(constant, e.n_features, e.sizes, close=float(np.max(e.slack)))
    if not name and e.closed.size < 3:
        return None
    how = "missing" if constant < 0 else "extra"
    message = f"the closed form is off by {constant:+.4g} nats"
    message += f": {'+' if sign > 0 else '-'}{name} too much" if name else ""
    return Diagnosis(f"{how}_term", message, term=name or f"{constant:+.4g}")


def _scale(e):
    """Any other factor, where there are entries enough to tell."""
    factor = float((e.closed * e.mean).sum() / (e.mean**2).sum()) if np.any(e.mean) else np.nan
    if not np.isfinite(factor) or not factor or not e.fits(factor * e.mean, abs(factor) * e.slack):
        return None
    story = story_of(abs(factor), e.sizes)
    if e.closed.size < 2 and not story:
        return None
    message = f"the closed form is {factor:.4g} times the divergence" + (f" ({story})" if story else "")
    return Diagnosis("scale", message, factor=factor)


def _unexplained(e):
    wrong = np.abs(e.closed - e.mean) > e.slack
    clues = [f"wrong in {int(wrong.sum())} of {wrong.size} entries" if wrong.size > 1 else ""]
    clues.append(f"off by {np.abs(e.closed - e.mean).max():.3g} nats at most")
    if np.any(e.closed < 0):
        clues.append("negative, which a divergence never is")
    clues = tuple(clue for clue in clues if clue)
    message = f"no simple mistake explains the difference ({', '.join(clues)})"
    return Diagnosis("unexplained", message, clues=clues)
