"""The log-probability of zeros and ones, from logits."""

import numpy as np

from scratchvae.course.exercise import Case, Task, Wrong
from scratchvae.course.specs.random_inputs import leading, size


def log_bernoulli(x, logits):
    """sum_d x log s + (1 - x) log(1 - s), s = sigmoid(logit), over the last axis."""
    return np.sum(x * logits - np.logaddexp(0, logits), axis=-1)


def _naive_bernoulli(x, logits):
    s = 1 / (1 + np.exp(-logits))
    return np.sum(x * np.log(s) + (1 - x) * np.log(1 - s), axis=-1)


def _bernoulli_case(rng, shape, scale, label=""):
    x = (rng.random(shape) < 0.5).astype(float)
    return Case({"x": x, "logits": scale * rng.choice([-1, 1], shape) * rng.uniform(0.2, 1, shape)}, label)


def _bernoulli_cases(rng):
    usual = [_bernoulli_case(rng, (*leading(rng, 1), size(rng)), 2) for _ in range(3)]
    return [
        *usual,
        _bernoulli_case(rng, (5,), 2, "one datum, no leading axes"),
        _bernoulli_case(rng, (3, 6), 900, "logits of some hundreds, plus and minus"),
    ]


TASK = Task(
    reference=log_bernoulli,
    cases=_bernoulli_cases,
    points=2,
    sizes=lambda inputs: {"D": inputs["x"].shape[-1]},
    wrong=(
        Wrong(
            "for large logits the sigmoid is 0 or 1 in floating point, and its logarithm infinite: "
            "use a form that "
            "works with the logits themselves",
            _naive_bernoulli,
        ),
        Wrong(
            "for large negative logits log sigmoid overflows: log(1 + e^l) is np.logaddexp(0, l)",
            lambda x, logits: np.sum(x * logits - np.log(1 + np.exp(logits)), axis=-1),
        ),
        Wrong(
            "zeros and ones are exchanged: x = 1 has the probability sigmoid(logit)",
            lambda x, logits: log_bernoulli(1 - x, logits),
        ),
        Wrong(
            "the sign is wrong: this is the cross-entropy, minus the log-probability",
            lambda x, logits: -log_bernoulli(x, logits),
        ),
        Wrong(
            "only the ones count: where x is zero, log(1 - s) is missing",
            lambda x, logits: -np.sum(x * np.logaddexp(0, -logits), axis=-1),
        ),
        Wrong(
            "x is not used: this is the log-probability of zeros everywhere",
            lambda x, logits: log_bernoulli(0 * x, logits),
        ),
        Wrong(
            "this is a mean over the pixels; the log-probability of independent pixels is their sum",
            lambda x, logits: log_bernoulli(x, logits) / x.shape[-1],
        ),
    ),
    hints=(
        "Write log s and log(1 - s) in terms of the logit l: log s = -log(1 + e^-l), log(1 - s) = "
        "-log(1 + e^l).",
        "Their difference is simple: log s - log(1 - s) = l. So the sum over x and 1 - x needs one "
        "logarithm only.",
    ),
)
