"""The backward pass of the full-rank map."""

import numpy as np

from scratchvae.course.exercise import Backward, Case, Task, Wrong
from scratchvae.course.specs.ex03_reparameterization.full_rank_forward import (
    full_rank_forward,
    full_rank_inputs,
    full_rank_sizes,
)


def full_rank_backward(mu, log_diag, below, eps, dz, dlog_det):
    """The gradients of a scalar by mu, log_diag and below."""
    dfactor = dz.T @ eps
    dlog_diag = np.diag(dfactor) * np.exp(log_diag) + dlog_det
    return dz.sum(axis=0), dlog_diag, dfactor[np.tril_indices(len(mu), -1)]


def _full_rank_backward_cases(rng):
    cases = []
    for _ in range(3):
        inputs = full_rank_inputs(rng)
        incoming = {"dz": rng.normal(0, 1, inputs["eps"].shape), "dlog_det": float(rng.normal())}
        cases.append(Case({**inputs, **incoming}))
    return cases


def _full_rank_z_part(mu, log_diag, below, eps, dz, dlog_det):
    return np.sum(full_rank_forward(mu, log_diag, below, eps)[0] * dz)


def _full_rank_log_det_part(mu, log_diag, below, eps, dz, dlog_det):
    return np.sum(log_diag) * dlog_det


def _full_rank_value(**inputs):
    return _full_rank_z_part(**inputs) + _full_rank_log_det_part(**inputs)


def _dbelow_transposed(mu, log_diag, below, eps, dz, dlog_det):
    dmu, dlog_diag, _ = full_rank_backward(mu, log_diag, below, eps, dz, dlog_det)
    return dmu, dlog_diag, (eps.T @ dz)[np.tril_indices(len(mu), -1)]


def _dlog_diag_is(change):
    def backward(mu, log_diag, below, eps, dz, dlog_det):
        dmu, _, dbelow = full_rank_backward(mu, log_diag, below, eps, dz, dlog_det)
        return dmu, change(np.diag(dz.T @ eps), log_diag, dlog_det), dbelow

    return backward


TASK = Task(
    reference=full_rank_backward,
    cases=_full_rank_backward_cases,
    outputs=("dmu", "dlog_diag", "dbelow"),
    points=4,
    sizes=full_rank_sizes,
    backward=Backward(
        _full_rank_value,
        ("mu", "log_diag", "below"),
        {"the log-determinant": _full_rank_log_det_part, "what comes through z": _full_rank_z_part},
    ),
    wrong=(
        Wrong("dbelow is taken from eps^T dz: dC_ij is dz_i eps_j, its transpose", _dbelow_transposed),
        Wrong(
            "dlog_diag lacks the chain rule's factor e^log_diag in the part that comes through z",
            _dlog_diag_is(lambda dc, d, dlog_det: dc + dlog_det),
        ),
        Wrong(
            "dlog_diag has the log-determinant's part divided by the diagonal: that is the gradient "
            "by C_ii, not by its "
            "logarithm",
            _dlog_diag_is(lambda dc, d, dlog_det: dc * np.exp(d) + dlog_det * np.exp(-d)),
        ),
    ),
    hints=(
        "z_i = mu_i + sum_(j <= i) C_ij eps_j. What is dz_i / dC_ij? Sum over the draws.",
        "dz.T @ eps is the sum over the draws of dz_i eps_j, an (L, L) matrix; take from it what is in C.",
        "log_diag acts on z through C_ii = e^log_diag_i, and on log_det directly.",
    ),
)
