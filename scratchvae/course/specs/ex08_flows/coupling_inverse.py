"""The inverse of the affine coupling."""

import numpy as np

from scratchvae.course.exercise import Case, Property, Task, Wrong
from scratchvae.course.specs.ex08_flows.coupling_forward import coupling_forward, coupling_inputs


def coupling_inverse(z, scale_weight, shift_weight):
    """eps_1 = z_1, eps_2 = (z_2 - t) e^-s, with s and t of z_1."""
    first, second = np.split(z, 2, axis=-1)
    s = np.tanh(first @ scale_weight)
    return np.concatenate([first, (second - first @ shift_weight) * np.exp(-s)], axis=-1)


def _cases(rng):
    cases = []
    for _ in range(3):
        inputs = coupling_inputs(rng)
        z, _ = coupling_forward(**inputs)
        cases.append(Case({"z": z, **{key: inputs[key] for key in ("scale_weight", "shift_weight")}}))
    return cases


def _goes_back(inputs, eps):
    weights = inputs["scale_weight"], inputs["shift_weight"]
    return np.allclose(coupling_forward(eps, *weights)[0], inputs["z"], rtol=1e-8, atol=1e-8)


def _with(change):
    def wrong(z, scale_weight, shift_weight):
        first, second = np.split(z, 2, axis=-1)
        moved = change(second, np.tanh(first @ scale_weight), first @ shift_weight)
        return np.concatenate([first, moved], axis=-1)

    return wrong


TASK = Task(
    reference=coupling_inverse,
    cases=_cases,
    points=2,
    wrong=(
        Wrong("this is the forward map once more", _with(lambda second, s, t: second * np.exp(s) + t)),
        Wrong(
            "undone in the wrong order: what was done last, the shift, is to be undone first",
            _with(lambda second, s, t: second * np.exp(-s) - t),
        ),
        Wrong(
            "the scale is multiplied where it is to be divided",
            _with(lambda second, s, t: (second - t) * np.exp(s)),
        ),
    ),
    properties=(Property("the forward map does not bring the result back to z", _goes_back),),
    hints=(
        "The first half passes unchanged, so s and t can be computed from z_1: no network is inverted.",
        "Undo the steps in the opposite order.",
    ),
)
