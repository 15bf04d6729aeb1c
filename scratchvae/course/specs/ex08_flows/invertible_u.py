"""The correction that keeps a planar flow invertible."""

import numpy as np

from scratchvae.course.exercise import Case, Property, Task, Wrong
from scratchvae.course.specs.random_inputs import size


def invertible_u(u, w):
    """u moved along w until w.u_hat = m(w.u) = -1 + log(1 + e^(w.u))."""
    return u + (_m(w @ u) - w @ u) * w / (w @ w)


def _m(x):
    return -1 + np.logaddexp(0, x)


def _cases(rng):
    cases = []
    for scale, length in ((1, 1.0), (3, 0.3), (3, 3.0)):
        n = size(rng, 2, 4)
        w = rng.normal(0, 1, n)
        w *= length * rng.uniform(0.8, 1.2) / np.linalg.norm(w)
        cases.append(Case({"u": rng.normal(0, scale, n) - 2 * w, "w": w}))
    return cases


TASK = Task(
    reference=invertible_u,
    cases=_cases,
    points=2,
    wrong=(
        Wrong(
            "the correction is divided by |w|, not by |w|^2: w.u_hat is not m(w.u), the map may fold over",
            lambda u, w: u + (_m(w @ u) - w @ u) * w / np.linalg.norm(w),
        ),
        Wrong(
            "the correction is not divided by |w|^2: w.u_hat is not m(w.u)",
            lambda u, w: u + (_m(w @ u) - w @ u) * w,
        ),
        Wrong(
            "the -1 of m is missing: that is invertible, but w.u_hat could never be negative",
            lambda u, w: u + (_m(w @ u) + 1 - w @ u) * w / (w @ w),
        ),
        Wrong(
            "w.u is not subtracted: u's own part along w is still there",
            lambda u, w: u + _m(w @ u) * w / (w @ w),
        ),
    ),
    properties=(Property("w.u_hat is to be above -1", lambda inputs, u_hat: inputs["w"] @ u_hat > -1),),
    hints=(
        "Only the part of u along w matters for the determinant. Take away w.u, put m(w.u) in its place.",
        "A vector c w has the product c |w|^2 with w.",
        "log(1 + e^x) is np.logaddexp(0, x), which does not overflow.",
    ),
)
