"""The backward pass of an encoder with one hidden layer."""

import numpy as np

from scratchvae.course.exercise import Case, Task, Wrong
from scratchvae.course.specs.random_inputs import size


def encoder_backward(x, h, weight2, dmu, dlog_sigma):
    """The gradients by W1, b1, W2 and b2 of h = tanh(x W1 + b1), (mu, log_sigma) = h W2 + b2."""
    dlam = np.concatenate([dmu, dlog_sigma], axis=-1)
    da = (dlam @ weight2.T) * (1 - h**2)
    return x.T @ da, da.sum(axis=0), h.T @ dlam, dlam.sum(axis=0)


def _cases(rng):
    cases = []
    for _ in range(3):
        b, d, width, n = size(rng, 4, 5), size(rng, 6, 7), size(rng, 8, 9), size(rng, 2, 3)
        cases.append(
            Case(
                {
                    "x": rng.normal(0, 1, (b, d)),
                    "h": np.tanh(rng.normal(0, 1, (b, width))),
                    "weight2": rng.normal(0, 1, (width, 2 * n)),
                    "dmu": rng.normal(0, 1, (b, n)),
                    "dlog_sigma": rng.normal(0, 1, (b, n)),
                }
            )
        )
    return cases


def _with_da(change):
    def wrong(x, h, weight2, dmu, dlog_sigma):
        dlam = np.concatenate([dmu, dlog_sigma], axis=-1)
        da = change(dlam @ weight2.T, h)
        return x.T @ da, da.sum(axis=0), h.T @ dlam, dlam.sum(axis=0)

    return wrong


TASK = Task(
    reference=encoder_backward,
    cases=_cases,
    outputs=("dweight1", "dbias1", "dweight2", "dbias2"),
    points=4,
    sizes=lambda inputs: {"B": len(inputs["x"])},
    wrong=(
        Wrong("the derivative of tanh is left out in the hidden layer", _with_da(lambda dh, h: dh)),
        Wrong(
            "the derivative of tanh is taken of tanh(h); h is the output already: 1 - h^2",
            _with_da(lambda dh, h: dh * (1 - np.tanh(h) ** 2)),
        ),
        Wrong(
            "mu and log_sigma are exchanged: mu comes first in what the encoder gives",
            lambda x, h, weight2, dmu, dlog_sigma: encoder_backward(x, h, weight2, dlog_sigma, dmu),
        ),
        Wrong(
            "dlog_sigma does not go back: the encoder gives mu and log_sigma, and both have gradients",
            lambda x, h, weight2, dmu, dlog_sigma: encoder_backward(x, h, weight2, dmu, 0 * dlog_sigma),
        ),
    ),
    hints=(
        "Put dmu and dlog_sigma side by side, as mu and log_sigma are: then it is a linear layer's backward.",
        "dh = dlam W2^T, then da = dh (1 - h^2), then the first layer as the second.",
    ),
)
