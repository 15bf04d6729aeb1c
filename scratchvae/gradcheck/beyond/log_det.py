"""A log-determinant against that of the numerical Jacobian, and what is wrong with it."""

import numpy as np

from scratchvae.gradcheck.arguments import sizes_of
from scratchvae.gradcheck.beyond.calls import bound_to, first_of, points_of, rows_mix, same_shape
from scratchvae.gradcheck.beyond.comparison import compared, failed, nonfinite_in
from scratchvae.gradcheck.beyond.jacobians import jacobians
from scratchvae.gradcheck.beyond.log_det_causes import Evidence, cause_of
from scratchvae.gradcheck.report import Diagnosis, Report
from scratchvae.validation import in_range, numeric_array


def check_log_det(forward, points, lam=None, *, log_det=None, rtol=1e-6, sizes=None):
    """Hold log|det dy/dx| of a map against the determinant of its numerical Jacobian.

    A gradient check sees that log_det and its derivative agree, and a round trip that forward and inverse do;
    neither sees a log-determinant with the wrong sign or a factor too many. Here J = dy/dx is computed column
    by column with central differences, and log|det J| by an LU decomposition.

    Parameters
    ----------
    forward : callable
        x (..., L) -> (y, log_det) or (y, log_det, cache), with y (..., L) and log_det (...), nats; the rows
        of a batch are independent. It is called with arrays of the shape of `points` only.
    points : array (..., L)
        Where to compare; eight or more, that differ, tell one mistake from another.
    lam : array (..., P), optional
        Parameters: if given, `forward` is called as forward(lam, x), as a reparameterization is.
    log_det : callable, optional
        If the log-determinant is a function of its own: x (or lam, x) -> log_det. Then `forward` may return y
        alone.
    rtol : float
        The largest difference that passes, relative to max(1, |log det|).
    sizes : dict, optional
        Numbers that a wrong constant might be made of, by name: {"sigma": 0.3}.

    Returns
    -------
    Report
        With one block, "log_det".

    Raises
    ------
    ValueError
        If the points are not finite, or y does not have their shape.

    Examples
    --------
    >>> def squash(x):
    ...     y = np.tanh(x)
    ...     return y, (1 - y**2).sum(axis=-1)  # the logarithm is missing
    >>> report = check_log_det(squash, np.linspace(-1, 1, 12).reshape(6, 2))
    >>> report.passed, report.blocks[0].diagnosis.message
    (False, 'a logarithm is missing: this is the sum of the diagonal of the Jacobian')
    """
    rtol = in_range(rtol, "rtol", 0, 1, low_open=True, high_open=True)
    points = points_of(points)
    if lam is not None:
        lead = np.broadcast_shapes(points.shape[:-1], np.shape(lam)[:-1])
        points = np.array(np.broadcast_to(points, (*lead, points.shape[-1])))
    call = bound_to(forward, lam)
    claimed = _second_of(call) if log_det is None else bound_to(log_det, lam)
    return Report((log_det_block(call, claimed, points, rtol, sizes),), rtol)


def _second_of(call):
    """log_det of what the map returns."""

    def claimed(x):
        result = call(x)
        if not (isinstance(result, tuple) and len(result) > 1):
            raise ValueError(
                "forward must return (y, log_det), or log_det be given as a function, not "
                f"{type(result).__name__} alone."
            )
        return result[1]

    return claimed


def log_det_block(forward, log_det, points, rtol, sizes=None):
    """The block "log_det" for x -> y (or (y, ...)) and x -> log_det, of arrays of the shape of `points`."""
    lead = points.shape[:-1]

    def y_of(x):
        return same_shape(first_of(forward(x)), x, "the map")

    y_of(points)
    claimed = np.asarray(numeric_array(log_det(points), "log_det"), np.float64)
    wrong = _wrong_shape(claimed, points) or _mixed(y_of, points) or nonfinite_in(claimed, "log_det")
    if wrong is not None:
        return failed("log_det", lead, wrong)
    evidence = _evidence(y_of, points, claimed, rtol, sizes)
    wrong = nonfinite_in(evidence.numeric.reshape(lead), "the logarithm of the numerical determinant")
    if wrong is not None:
        return failed("log_det", lead, wrong)
    numeric, slack = evidence.numeric.reshape(lead), evidence.slack.reshape(lead)
    return compared("log_det", claimed, numeric, slack, rtol, lambda: cause_of(evidence))


def _evidence(y_of, points, claimed, rtol, sizes):
    """The claimed and the numerical log-determinants, flat, and the Jacobians."""
    shape, rows = points.shape, points.reshape(-1, points.shape[-1])

    def flat(x):
        return y_of(x.reshape(shape)).reshape(rows.shape)

    found = jacobians(flat, rows)
    numeric, slack = log_det_of(found)
    return Evidence(flat, rows, claimed.ravel(), found.value, numeric, slack, rtol, sizes_of(sizes))


def log_det_of(found):
    """log|det J| and its error, (n,): by d log|det J| = tr(J^-1 dJ), errors added up in size."""
    values = np.where(np.isfinite(found.value), found.value, np.nan)
    with np.errstate(all="ignore"):
        numeric = np.linalg.slogdet(values)[1]
    slack = np.full(len(numeric), np.inf)
    regular = np.isfinite(numeric)
    inverse = np.linalg.inv(values[regular])
    slack[regular] = (np.abs(np.swapaxes(inverse, -1, -2)) * found.error[regular]).sum(axis=(-1, -2))
    return numeric, slack


def _wrong_shape(claimed, points):
    lead = points.shape[:-1]
    if claimed.shape == lead:
        return None
    message = f"log_det has shape {claimed.shape}, but it is one number for each point, {lead}"
    if claimed.shape == points.shape:
        hint = ": sum over the features, .sum(axis=-1)"
    elif claimed.shape == (*lead, 1):
        hint = ": drop the last axis, .sum(axis=-1) without keepdims"
    elif claimed.shape == ():
        hint = (
            ": sum over the features only, .sum(axis=-1), not over the batch; a constant is repeated, np.full"
        )
    elif claimed.shape == points.shape[-1:]:
        hint = ": the sum was taken over the batch, not over the features; it is .sum(axis=-1)"
    else:
        hint = ""
    return Diagnosis("shape", message + hint)


def _mixed(y_of, points):
    if not rows_mix(y_of, points):
        return None
    return Diagnosis(
        "shape",
        "the points of a batch are not mapped independently: moving one changes what another is mapped to, "
        "so there is no log-determinant of one point (batch normalization, or a sum over the wrong axis?)",
    )
