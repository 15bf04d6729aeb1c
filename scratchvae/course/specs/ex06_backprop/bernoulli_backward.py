"""The gradient of the Bernoulli log-likelihood by the logits."""

import numpy as np

from scratchvae.course.exercise import Backward, Case, Task, Wrong
from scratchvae.course.specs.random_inputs import size


def bernoulli_backward(x, logits, dlog_p):
    """The gradient of a scalar by the logits (B, D), for log_p (B,) summed over D."""
    return dlog_p[:, None] * (x - _sigmoid(logits))


def _sigmoid(logits):
    return 0.5 * (1 + np.tanh(logits / 2))


def _case(rng, b, d, scale, label=""):
    x = (rng.random((b, d)) < 0.5).astype(float)
    return Case({"x": x, "logits": rng.normal(0, scale, (b, d)), "dlog_p": rng.normal(0, 1, b)}, label)


def _cases(rng):
    usual = [_case(rng, size(rng, 4, 6), size(rng, 7, 9), 2) for _ in range(3)]
    return [*usual, _case(rng, 3, 5, 800, "logits of some hundreds, plus and minus")]


def _value(x, logits, dlog_p):
    return np.sum(dlog_p[:, None] * (x * logits - np.logaddexp(0, logits)))


TASK = Task(
    reference=bernoulli_backward,
    cases=_cases,
    points=2,
    sizes=lambda inputs: {"D": inputs["x"].shape[1], "B": len(inputs["x"])},
    backward=Backward(_value, ("logits",)),
    wrong=(
        Wrong(
            "the sign is wrong: this is the gradient of the cross-entropy, minus the log-likelihood",
            lambda x, logits, dlog_p: -bernoulli_backward(x, logits, dlog_p),
        ),
        Wrong(
            "x is compared with the logits; the mean of a pixel is the sigmoid of its logit",
            lambda x, logits, dlog_p: dlog_p[:, None] * (x - logits),
        ),
        Wrong(
            "this is the gradient by the probability, x / p - (1 - x) / (1 - p), not by the logit",
            lambda x, logits, dlog_p: (
                dlog_p[:, None]
                * (x - _sigmoid(logits))
                / np.maximum(_sigmoid(logits) * (1 - _sigmoid(logits)), 1e-12)
            ),
        ),
        Wrong(
            "dlog_p, what comes in, is missing: the chain rule multiplies by it",
            lambda x, logits, dlog_p: x - _sigmoid(logits),
        ),
        Wrong(
            "log_p is a sum over the pixels, not their mean: no division by D",
            lambda x, logits, dlog_p: bernoulli_backward(x, logits, dlog_p) / x.shape[1],
        ),
    ),
    hints=(
        "log p = x l - log(1 + e^l), pixel by pixel. What is the derivative of log(1 + e^l)?",
        "What came minus what was expected.",
        "dlog_p has shape (B,): give it an axis before it meets (B, D).",
    ),
)
