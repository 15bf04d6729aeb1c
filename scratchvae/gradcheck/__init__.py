"""The finite-difference gradient checker. It needs a function and a vector, and knows no model.

Examples
--------
>>> import numpy as np
>>> from scratchvae import gradcheck
>>> report = gradcheck.check(lambda t: float(np.sin(t).sum()), np.ones(3), np.cos)
>>> report.passed
True
"""

from scratchvae.gradcheck.assertion import assert_gradient
from scratchvae.gradcheck.beyond import (
    check_density,
    check_estimator,
    check_inverse,
    check_kl,
    check_log_det,
)
from scratchvae.gradcheck.check import check
from scratchvae.gradcheck.curve import ErrorCurve, error_curve
from scratchvae.gradcheck.model import check_model
from scratchvae.gradcheck.model_shapes import check_model_shapes
from scratchvae.gradcheck.numerical import complex_step, directional_derivative, numerical_jacobian
from scratchvae.gradcheck.pieces import check_backward, check_reparameterization, check_vjp
from scratchvae.gradcheck.report import CODES, BlockReport, Diagnosis, Report
from scratchvae.gradcheck.vae import check_vae

__all__ = [
    "CODES",
    "BlockReport",
    "Diagnosis",
    "ErrorCurve",
    "Report",
    "assert_gradient",
    "check",
    "check_backward",
    "check_density",
    "check_estimator",
    "check_inverse",
    "check_kl",
    "check_log_det",
    "check_model",
    "check_model_shapes",
    "check_reparameterization",
    "check_vae",
    "check_vjp",
    "complex_step",
    "directional_derivative",
    "error_curve",
    "numerical_jacobian",
]
