"""The planar flow with its log-determinant."""

import numpy as np

from scratchvae.course.exercise import Case, Task, Wrong
from scratchvae.course.specs.random_inputs import size


def planar_forward(eps, u, w, b):
    """z = eps + u tanh(w.eps + b) and log |1 + h' w.u|."""
    t = np.tanh(eps @ w + b)
    return eps + t[:, None] * u, np.log(np.abs(1 + (1 - t**2) * (w @ u)))


def _cases(rng):
    cases = []
    for _ in range(3):
        k, n = size(rng, 4, 6), size(rng, 2, 3)
        u, w = rng.normal(0, 1, n), rng.normal(0, 1, n)
        u = u + (0.5 + rng.random() - w @ u) * w / (w @ w)  # w.u between 0.5 and 1.5: invertible
        inputs = {"eps": rng.normal(0, 1, (k, n)), "u": u, "w": w, "b": float(rng.normal(0, 1))}
        cases.append(Case(inputs))
    return cases


def _with_log_det(change):
    def wrong(eps, u, w, b):
        t = np.tanh(eps @ w + b)
        return eps + t[:, None] * u, change(t, eps, u, w, b)

    return wrong


TASK = Task(
    reference=planar_forward,
    cases=_cases,
    outputs=("z", "log_det"),
    points=2,
    wrong=(
        Wrong(
            "log_det has the sign of the inverse map's",
            _with_log_det(lambda t, eps, u, w, b: -np.log(np.abs(1 + (1 - t**2) * (w @ u)))),
        ),
        Wrong(
            "log_det lacks h', the derivative of tanh: this is the determinant where tanh is steepest",
            _with_log_det(lambda t, eps, u, w, b: np.full(len(t), np.log(np.abs(1 + w @ u)))),
        ),
        Wrong(
            "the logarithm is missing: this is the determinant itself",
            _with_log_det(lambda t, eps, u, w, b: np.abs(1 + (1 - t**2) * (w @ u))),
        ),
        Wrong(
            "h' is taken of tanh's input, 1 - a^2, not of its output",
            _with_log_det(lambda t, eps, u, w, b: np.log(np.abs(1 + (1 - np.arctanh(t) ** 2) * (w @ u)))),
        ),
    ),
    hints=(
        "The Jacobian is the identity plus u times h' w^T, a matrix of rank one.",
        "det(I + u v^T) = 1 + v^T u: the matrix determinant lemma.",
        "h' = 1 - tanh^2, one number for each draw.",
    ),
)
