"""An inverse against the map it undoes, and what is wrong with it."""

import numpy as np

from scratchvae.gradcheck.beyond.calls import bound_to, first_of, points_of, same_shape
from scratchvae.gradcheck.beyond.comparison import compared, failed, nonfinite_in
from scratchvae.gradcheck.beyond.inverse_causes import Evidence, cause_of
from scratchvae.gradcheck.beyond.jacobians import jacobians
from scratchvae.gradcheck.report import Diagnosis, Report
from scratchvae.validation import in_range

EPS = np.finfo(np.float64).eps
#: How many roundings of y an inverse may make.
ROUNDINGS = 1000


def check_inverse(forward, inverse, points, lam=None, *, rtol=1e-8):
    """Check that the inverse gives back every x that the map was given, and its log-determinant with it.

    A rounding of y moves x by as much as the inverse stretches, |J^-1| |y| eps; so much is allowed on top of
    `rtol`, and no more: a map that is nearly singular is not blamed on its inverse.

    A pair that agrees may still not be what it is meant to be: check the map's log-determinant with
    `check_log_det`, and its gradients with `check_backward`.

    Parameters
    ----------
    forward : callable
        x (..., L) -> y (..., L), or (y, log_det, ...).
    inverse : callable
        y -> x, or (x, log_det, ...), where log_det is that of the inverse map, minus the other.
    points : array (..., L)
    lam : array (..., P), optional
        Parameters: if given, the calls are forward(lam, x) and inverse(lam, y).
    rtol : float
        Relative to max(1, |x|).

    Returns
    -------
    Report
        The block "inverse(forward(x))", and "log_det" if both give one.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 8).reshape(4, 2)
    >>> report = check_inverse(lambda x: 3 * x + 1, lambda y: y / 3 - 1, x)
    >>> report.blocks[0].diagnosis.message
    'x comes back moved by -0.666667 in every feature: a shift at the wrong place or of the wrong size'
    """
    rtol = in_range(rtol, "rtol", 0, 1, low_open=True, high_open=True)
    points = points_of(points)
    if lam is not None:
        lead = np.broadcast_shapes(points.shape[:-1], np.shape(lam)[:-1])
        points = np.array(np.broadcast_to(points, (*lead, points.shape[-1])))
    forward, inverse = bound_to(forward, lam), bound_to(inverse, lam)
    there = forward(points)
    y = same_shape(first_of(there), points, "forward")
    back = inverse(y)
    blocks = [_round_trip(forward, inverse, points, y, first_of(back), rtol)]
    pairs = [result for result in (there, back) if isinstance(result, tuple) and len(result) > 1]
    if len(pairs) == 2:
        blocks.append(_log_dets(np.asarray(there[1]), np.asarray(back[1]), rtol))
    return Report(tuple(blocks), rtol)


def _round_trip(forward, inverse, points, y, x, rtol):
    name = "inverse(forward(x))"
    if x.shape != points.shape:
        message = f"inverse must return x of shape {points.shape}, but returns {x.shape}"
        return failed(name, points.shape, Diagnosis("shape", message))
    wrong = nonfinite_in(y, "y = forward(x)") or nonfinite_in(x, "inverse(y)")
    if wrong is not None:
        return failed(name, points.shape, wrong)
    shape, rows = points.shape, points.reshape(-1, points.shape[-1])

    def flat(function):
        return lambda z: first_of(function(z.reshape(shape))).reshape(rows.shape)

    jacobian = jacobians(flat(forward), rows).value
    slack = _allowed(jacobian, y.reshape(rows.shape)).reshape(shape)
    return compared(
        name, x, points, slack, rtol, lambda: cause_of(Evidence(flat(forward), rows, y, x, jacobian, rtol))
    )


def _allowed(jacobian, y):
    """What rounding y may do to x, (n, L): sum_j |J^-1_ij| |y_j| eps; of a singular J nothing is asked."""
    allowed = np.full(y.shape, np.inf)
    regular = np.isfinite(np.linalg.slogdet(np.nan_to_num(jacobian))[1])
    stretch = np.abs(np.linalg.inv(np.nan_to_num(jacobian)[regular]))
    allowed[regular] = ROUNDINGS * EPS * np.einsum("kij,kj->ki", stretch, np.maximum(1, np.abs(y[regular])))
    return allowed


def _log_dets(forward, inverse, rtol):
    """log|det| of the inverse at y is minus that of the map at x."""

    def cause():
        if np.allclose(inverse, forward):
            return Diagnosis(
                "sign", "the sign is wrong: the inverse's log_det is minus the map's", factor=-1.0
            )
        if not np.any(inverse):
            return Diagnosis("zero", "the inverse's log_det is zero: it is forgotten", factor=0.0)
        return Diagnosis("unexplained", "the inverse's log_det is not minus the map's")

    if forward.shape != inverse.shape:
        message = f"the inverse's log_det has shape {inverse.shape}, the map's {forward.shape}"
        return failed("log_det", forward.shape, Diagnosis("shape", message))
    return compared("log_det", inverse, -forward, 0.0, max(rtol, 1e-8), cause)
