"""The affine coupling with its log-determinant."""

import numpy as np

from scratchvae.course.exercise import Case, Task, Wrong
from scratchvae.course.specs.random_inputs import size


def coupling_forward(eps, scale_weight, shift_weight):
    """z_1 = eps_1, z_2 = eps_2 e^s + t, with s = tanh(eps_1 A) and t = eps_1 C."""
    first, second = np.split(eps, 2, axis=-1)
    s = np.tanh(first @ scale_weight)
    return np.concatenate([first, second * np.exp(s) + first @ shift_weight], axis=-1), s.sum(axis=-1)


def coupling_inputs(rng):
    """eps (K, 2 M) and the two weights (M, M)."""
    k, m = size(rng, 4, 6), size(rng, 2, 3)
    return {
        "eps": rng.normal(0, 1, (k, 2 * m)),
        "scale_weight": rng.normal(0, 1, (m, m)),
        "shift_weight": rng.normal(0, 1, (m, m)),
    }


def _cases(rng):
    return [Case(coupling_inputs(rng)) for _ in range(3)]


def _with(change):
    def wrong(eps, scale_weight, shift_weight):
        first, second = np.split(eps, 2, axis=-1)
        return change(first, second, np.tanh(first @ scale_weight), first @ shift_weight)

    return wrong


def _z(first, second):
    return np.concatenate([first, second], axis=-1)


TASK = Task(
    reference=coupling_forward,
    cases=_cases,
    outputs=("z", "log_det"),
    points=2,
    sizes=lambda inputs: {"M": inputs["eps"].shape[-1] / 2},
    wrong=(
        Wrong(
            "log_det has the sign of the inverse map's",
            _with(lambda a, b, s, t: (_z(a, b * np.exp(s) + t), -s.sum(axis=-1))),
        ),
        Wrong(
            "the shift is scaled, too: z_2 = eps_2 e^s + t, and not (eps_2 + t) e^s",
            _with(lambda a, b, s, t: (_z(a, (b + t) * np.exp(s)), s.sum(axis=-1))),
        ),
        Wrong(
            "the second half is multiplied by s; the scale is e^s, which is never zero",
            _with(lambda a, b, s, t: (_z(a, b * s + t), s.sum(axis=-1))),
        ),
        Wrong(
            "log_det is a mean over the coordinates; logarithms of a product are added",
            _with(lambda a, b, s, t: (_z(a, b * np.exp(s) + t), s.mean(axis=-1))),
        ),
        Wrong(
            "log_det is the sum of the scales e^s, not of their logarithms",
            _with(lambda a, b, s, t: (_z(a, b * np.exp(s) + t), np.exp(s).sum(axis=-1))),
        ),
        Wrong(
            "the halves are exchanged: the first half passes",
            _with(lambda a, b, s, t: (_z(b * np.exp(s) + t, a), s.sum(axis=-1))),
        ),
    ),
    hints=(
        "np.split(eps, 2, axis=-1) gives the two halves, np.concatenate puts them together again.",
        "The Jacobian is triangular, with ones and e^s on its diagonal.",
    ),
)
