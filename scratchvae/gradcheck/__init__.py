"""The gradient checker: it needs a function and a vector, knows no model, and says what is wrong.

A function of an array, the point, and the gradient as a function or an array; what has a name of its own is
a block of the vector:

>>> import numpy as np
>>> from scratchvae import gradcheck
>>> def loss(theta):
...     return float(np.sum(theta[:3] ** 2) + np.sin(theta[3]))
>>> def gradient(theta):
...     return np.append(theta[:3], np.cos(theta[3]))
>>> blocks = {"weight": (slice(0, 3), (3,)), "bias": (slice(3, 4), (1,))}
>>> report = gradcheck.check(loss, np.arange(1.0, 5.0), gradient, blocks)
>>> report.passed, [block.passed for block in report.blocks]
(False, [False, True])
>>> report.blocks[0].diagnosis.code, report.blocks[0].diagnosis.message[:49]
('scale', 'the gradient is 0.5 times what it should be (a lo')

``print(report)`` shows a table, a notebook one of HTML; ``to_json``, ``to_junit`` and ``to_html`` write it.

======================================  ================================================================
`check`, `assert_gradient`              a gradient of a function; the same in a test
`check_vjp`, `check_backward`           a vector-Jacobian product; a forward and its backward pass
`check_reparameterization`              a map with its log-determinant, `check_log_det`, `check_inverse`
`check_density`, `check_kl`             an integral and a sampler; a closed form beside draws
`check_estimator`                       a random gradient: that its mean is right
`check_model`, `check_vae`              a Bayesian model, a VAE
`error_curve`                           the V of the error against the step
`complex_step`, `numerical_jacobian`    derivatives for use by themselves
======================================  ================================================================

From a terminal: ``scratchvae gradcheck my_file.py:loss``. Nothing but NumPy is needed.
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
