"""The backward pass of the diagonal map."""

import numpy as np

from scratchvae.course.exercise import Backward, Case, Task, Wrong
from scratchvae.course.specs.ex03_reparameterization.diagonal_forward import (
    diagonal_forward,
    diagonal_inputs,
    diagonal_sizes,
)


def diagonal_backward(mu, log_sigma, eps, dz, dlog_det):
    """The gradients of a scalar by mu and log_sigma."""
    return dz.sum(axis=0), (dz * np.exp(log_sigma) * eps).sum(axis=0) + dlog_det[:, None]


def _diagonal_backward_cases(rng):
    cases = []
    for _ in range(3):
        inputs = diagonal_inputs(rng)
        k, b, n = inputs["eps"].shape
        cases.append(Case({**inputs, "dz": rng.normal(0, 1, (k, b, n)), "dlog_det": rng.normal(0, 1, b)}))
    return cases


def _diagonal_z_part(mu, log_sigma, eps, dz, dlog_det):
    return np.sum(diagonal_forward(mu, log_sigma, eps)[0] * dz)


def _diagonal_log_det_part(mu, log_sigma, eps, dz, dlog_det):
    return np.sum(diagonal_forward(mu, log_sigma, eps)[1] * dlog_det)


def _diagonal_value(**inputs):
    return _diagonal_z_part(**inputs) + _diagonal_log_det_part(**inputs)


def _with_dlog_sigma(change):
    """The diagonal map's backward pass whose dlog_sigma is another function."""
    return lambda mu, log_sigma, eps, dz, dlog_det: (dz.sum(axis=0), change(log_sigma, eps, dz, dlog_det))


TASK = Task(
    reference=diagonal_backward,
    cases=_diagonal_backward_cases,
    outputs=("dmu", "dlog_sigma"),
    points=3,
    sizes=diagonal_sizes,
    backward=Backward(
        _diagonal_value,
        ("mu", "log_sigma"),
        {"the log-determinant": _diagonal_log_det_part, "what comes through z": _diagonal_z_part},
    ),
    wrong=(
        Wrong(
            "dlog_sigma is the gradient by sigma: the chain rule's factor dsigma/dlog_sigma is missing",
            _with_dlog_sigma(lambda s, eps, dz, d: (dz * eps).sum(axis=0) + d[:, None] / np.exp(s)),
        ),
        Wrong(
            "dlog_sigma lacks the chain rule's factor sigma in the part that comes through z",
            _with_dlog_sigma(lambda s, eps, dz, d: (dz * eps).sum(axis=0) + d[:, None]),
        ),
        Wrong(
            "dlog_sigma has the log-determinant's part K times: log_det does not depend on the draw, "
            "so it counts once",
            _with_dlog_sigma(lambda s, eps, dz, d: (dz * np.exp(s) * eps + d[:, None]).sum(axis=0)),
        ),
        Wrong(
            "the gradients are means over the draws: a parameter that all draws share gets their sum",
            lambda mu, log_sigma, eps, dz, dlog_det: (
                dz.mean(axis=0),
                (dz * np.exp(log_sigma) * eps).mean(axis=0) + dlog_det[:, None],
            ),
        ),
    ),
    hints=(
        "mu enters z_k for every draw k, so its gradient is a sum over the draws.",
        "log_sigma acts in two ways: on z, through sigma, and on log_det. Both gradients are added.",
        "d sigma / d log_sigma = sigma, and d log_det / d log_sigma_i = 1.",
    ),
)
