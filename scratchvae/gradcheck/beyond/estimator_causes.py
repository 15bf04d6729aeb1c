"""Why the mean of an estimator is not the gradient: hypotheses from the simplest on."""

from typing import NamedTuple

import numpy as np

from scratchvae.gradcheck.diagnosis.factors import story_of
from scratchvae.gradcheck.report import Diagnosis


class Evidence(NamedTuple):
    """One block.

    Attributes
    ----------
    mean, truth, slack : arrays (n,)
        The estimator's mean, the gradient, and how far chance may move the former.
    factor, factor_slack : float or None
        mean / truth along the true gradient, and how well it is known.
    shape : tuple
    sizes : dict
    """

    mean: np.ndarray
    truth: np.ndarray
    slack: np.ndarray
    factor: float | None
    factor_slack: float
    shape: tuple
    sizes: dict

    def fits(self, candidate):
        """Whether `candidate` is the estimator's mean, within what chance allows."""
        return bool(np.all(np.abs(candidate - self.mean) <= 1.2 * self.slack + 1e-9 * np.abs(candidate)))

    @property
    def wrong(self):
        """Where chance does not explain the difference."""
        return np.abs(self.mean - self.truth) > self.slack


def cause_of(evidence):
    """The Diagnosis of a block whose mean is not the gradient."""
    for hypothesis in (_zero, _sign, _scale, _transposed, _rows, _constant):
        diagnosis = hypothesis(evidence)
        if diagnosis is not None:
            return diagnosis
    return _unexplained(evidence)


def _zero(e):
    if not e.fits(np.zeros_like(e.mean)):
        return None
    return Diagnosis("zero", "the estimator is zero on average, and should not be", factor=0.0)


def _sign(e):
    if not e.fits(-e.truth):
        return None
    return Diagnosis("sign", "the sign is wrong: on average this is minus the gradient", factor=-1.0)


def _scale(e):
    """A factor; the simple number that it may be, within its error."""
    if e.factor is None or not e.fits(e.factor * e.truth):
        return None
    numbers = {
        abs(float(size) ** p) for size in e.sizes.values() if size > 0 for p in (1, -1, 2, -2, 0.5, -0.5)
    }
    numbers |= {2.0, 0.5} | {float(n) for n in range(3, 11)} | {1 / n for n in range(3, 11)}
    near = sorted(numbers, key=lambda number: abs(number - abs(e.factor)))
    named = near and abs(near[0] - abs(e.factor)) <= e.factor_slack and e.factor_slack < 0.2 * near[0]
    story = story_of(near[0], e.sizes, e.shape) if named else ""
    sign = ", and the sign is wrong" if e.factor < 0 else ""
    amount = f"{e.factor:.4g} (+-{e.factor_slack:.1g})"
    message = f"on average this is {amount} times the gradient{sign}" + (f" ({story})" if story else "")
    return Diagnosis("scale", message, factor=float(e.factor))


def _transposed(e):
    if len(e.shape) != 2 or 1 in e.shape:
        return None
    other = e.truth.reshape(e.shape).T.ravel()
    if e.shape[0] == e.shape[1] and e.fits(other):
        return Diagnosis("transposed", "on average this is the transpose of the gradient")
    return None


def _rows(e):
    """Only some entries are biased."""
    n_wrong = int(e.wrong.sum())
    if not n_wrong or 2 * n_wrong > e.wrong.size or e.wrong.size < 3:
        return None
    places = np.argwhere(e.wrong.reshape(e.shape))
    shown = ", ".join(str(tuple(map(int, place))) for place in places[:6]) + (", ..." if n_wrong > 6 else "")
    where = f"{n_wrong} of {e.wrong.size} entries: {shown}"
    return Diagnosis("rows", f"biased are {where}; the rest is right", where=where)


def _constant(e):
    shift = float(np.mean(e.mean - e.truth))
    if e.mean.size < 3 or not e.fits(e.truth + shift):
        return None
    message = f"the bias is {shift:+.4g} in every entry: a term is {'extra' if shift > 0 else 'missing'}"
    return Diagnosis("extra_term" if shift > 0 else "missing_term", message, term=f"{shift:+.4g}")


def _unexplained(e):
    norms = float(np.linalg.norm(e.mean)), float(np.linalg.norm(e.truth))
    clues = [f"{int(e.wrong.sum())} of {e.wrong.size} entries biased"]
    if all(norms):
        clues.append(f"cosine of the angle to the gradient {e.mean @ e.truth / (norms[0] * norms[1]):.3f}")
        clues.append(f"norm {norms[0] / norms[1]:.3g} times its own")
    message = f"biased, and no simple mistake explains it ({', '.join(clues)})"
    return Diagnosis("unexplained", message, clues=tuple(clues))
