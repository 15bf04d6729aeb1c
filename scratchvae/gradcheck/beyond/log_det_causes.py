"""Why a log-determinant is wrong: hypotheses from the simplest on, the first that fits every point wins."""

from typing import NamedTuple

import numpy as np

from scratchvae.gradcheck.beyond.constants import name_of
from scratchvae.gradcheck.beyond.jacobians import jacobians
from scratchvae.gradcheck.diagnosis.factors import story_of
from scratchvae.gradcheck.report import Diagnosis


class Evidence(NamedTuple):
    """What is known at n points of L features.

    Attributes
    ----------
    forward : callable
        x (n, L) -> y (n, L).
    points : array (n, L)
    claimed, numeric, slack : arrays (n,)
        log|det| by the code, by the Jacobian, and the error of the latter.
    jacobian : array (n, L, L)
    rtol : float
    sizes : dict
    """

    forward: object
    points: np.ndarray
    claimed: np.ndarray
    jacobian: np.ndarray
    numeric: np.ndarray
    slack: np.ndarray
    rtol: float
    sizes: dict

    def fits(self, candidate):
        """Whether `candidate` (n,) is what the code claims, at every point."""
        with np.errstate(invalid="ignore", over="ignore"):
            allowed = 10 * self.rtol * np.maximum(1, np.abs(candidate)) + 4 * self.slack
            return bool(np.all(np.abs(candidate - self.claimed) <= allowed))

    @property
    def diagonal(self):
        """J_ii (n, L)."""
        return np.diagonal(self.jacobian, axis1=-2, axis2=-1)

    @property
    def log_slopes(self):
        """log|J_ii| (n, L), minus infinity for zero."""
        with np.errstate(divide="ignore"):
            return np.log(np.abs(self.diagonal))


def cause_of(evidence):
    """The Diagnosis of a log-determinant that is wrong somewhere."""
    for hypothesis in (
        _zero,
        _sign,
        _no_logarithm,
        _mean,
        _elsewhere,
        _off_diagonal,
        _features,
        _scale,
        _constant,
    ):
        diagnosis = hypothesis(evidence)
        if diagnosis is not None:
            return diagnosis
    return _unexplained(evidence)


def _zero(e):
    if np.any(e.claimed):
        return None
    return Diagnosis("zero", "log_det is zero, and should not be: it is forgotten", factor=0.0)


def _sign(e):
    if not e.fits(-e.numeric):
        return None
    return Diagnosis("sign", "the sign is wrong: this is log|det| of the inverse map", factor=-1.0)


def _no_logarithm(e):
    with np.errstate(over="ignore"):
        others = {
            "a logarithm is missing: this is the sum of the diagonal of the Jacobian": e.diagonal.sum(
                axis=-1
            ),
            "a logarithm is missing: this is the determinant": np.exp(e.numeric),
            "a logarithm is missing, and the sign is wrong: this is one over the determinant": np.exp(
                -e.numeric
            ),
            "the sum was taken before the logarithm: this is log of the sum of the diagonal": np.log(
                np.maximum(np.abs(e.diagonal).sum(axis=-1), 1e-300)
            ),
        }
    n_features = e.points.shape[-1]
    for message, candidate in others.items():
        sums = "sum" in message
        if e.fits(candidate) and not (sums and n_features == 1):
            return Diagnosis("activation", message)
    return None


def _mean(e):
    n_features = e.points.shape[-1]
    if n_features == 1 or not e.fits(e.numeric / n_features):
        return None
    message = f"this is the mean over the {n_features} features; log|det| is their sum"
    return Diagnosis("scale", message, factor=1 / n_features)


def _elsewhere(e):
    """The slopes taken at y, where they belong at x."""
    y = e.forward(e.points)
    if not np.isfinite(y).all():
        return None
    there = np.linalg.slogdet(np.nan_to_num(jacobians(e.forward, y).value))[1]
    for sign, words in ((1, ""), (-1, ", with the wrong sign")):
        if e.fits(sign * there):
            return Diagnosis("activation", f"the slope is taken at y = f(x) in place of x{words}")
    return None


def _off_diagonal(e):
    """The product of the diagonal, of a Jacobian that is not triangular."""
    product = e.log_slopes.sum(axis=-1)
    if not np.isfinite(product).all() or np.allclose(product, e.numeric) or not e.fits(product):
        return None
    return Diagnosis(
        "missing_term",
        "this is the sum of the logarithms of the diagonal, but the Jacobian is not triangular: what is "
        "beside the diagonal is left out of the determinant",
        term="off-diagonal entries",
    )


def _features(e):
    """Whole-number weights w_i in sum_i w_i log|J_ii|, where they are not all one."""
    slopes = e.log_slopes
    if not np.isfinite(slopes).all() or not np.allclose(slopes.sum(axis=-1), e.numeric, atol=1e-6):
        return None
    counts = _whole_weights(slopes, e.claimed)
    if counts is None or not e.fits(slopes @ counts) or len(set(counts)) < 2:
        return None
    words = {0: "left out", 2: "counted twice", -1: "of the wrong sign"}
    found = [
        f"{_listed(np.flatnonzero(counts == w))} {how}" for w, how in words.items() if np.any(counts == w)
    ]
    where = "features " + " and ".join(found)
    return Diagnosis("rows", f"of the sum over the features some are wrong: {where}", where=where)


def _whole_weights(slopes, claimed):
    """Weights -1, 0, 1 or 2 of the features that move, by least squares; None if they are no such numbers."""
    moving = np.flatnonzero(np.abs(slopes).max(axis=0) > 1e-9)
    if (
        not moving.size
        or len(claimed) <= moving.size
        or np.linalg.matrix_rank(slopes[:, moving]) < moving.size
    ):
        return None
    weights = np.linalg.lstsq(slopes[:, moving], claimed, rcond=None)[0]
    whole = np.rint(weights)
    if np.abs(weights - whole).max() > 0.01 or whole.min() < -1 or whole.max() > 2:
        return None
    counts = np.ones(slopes.shape[-1])
    counts[moving] = whole
    return counts


def _listed(indices, most=6):
    shown = ", ".join(map(str, indices[:most]))
    return shown + (", ..." if len(indices) > most else "")


def _scale(e):
    """A constant factor, if log|det| differs enough between the points to tell it from an added constant."""
    n, c = e.numeric, e.claimed
    size = float(n @ n)
    if size == 0:
        return None
    factor = float(n @ c) / size
    spread = float(np.ptp(n)) > 1e-3 * max(1.0, float(np.abs(n).max()))
    story = story_of(abs(factor), e.sizes, (e.points.shape[-1],))
    if not e.fits(factor * n) or not (spread or story):
        return None
    sign = ", and the sign is wrong" if factor < 0 else ""
    message = f"log_det is {factor:.6g} times what it should be{sign}" + (f" ({story})" if story else "")
    return Diagnosis("scale", message, factor=factor)


def _constant(e):
    """One number too much at every point."""
    for sign in (1, -1):
        constant = float(np.median(e.claimed - sign * e.numeric))
        if not e.fits(sign * e.numeric + constant):
            continue
        name, of_name = name_of(constant, e.points.shape[-1], e.sizes)
        how = "missing" if (of_name or constant) < 0 else "extra"
        also = "" if sign > 0 else "the sign is wrong, and "
        message = f"{also}log_det is off by {constant:+.6g} nats at every point" + (
            f": {name} is {how}" if name else ""
        )
        return Diagnosis(
            f"{how}_term", message, factor=None if sign > 0 else -1.0, term=name or f"{constant:+.6g}"
        )
    return None


def _unexplained(e):
    clues = []
    wrong = np.abs(e.claimed - e.numeric) > e.rtol * np.maximum(1, np.abs(e.numeric)) + e.slack
    clues.append(f"wrong at {int(wrong.sum())} of {wrong.size} points")
    if len(e.numeric) > 2 and np.ptp(e.numeric) and np.ptp(e.claimed):
        clues.append(f"correlation with the right values {np.corrcoef(e.claimed, e.numeric)[0, 1]:.3f}")
    clues.append(f"off by {np.abs(e.claimed - e.numeric).max():.3g} nats at most")
    message = f"no simple mistake explains the difference ({', '.join(clues)})"
    return Diagnosis("unexplained", message, clues=tuple(clues))
