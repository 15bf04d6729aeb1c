"""The gradient of the mean cross-entropy of a softmax by the logits."""

import numpy as np

from scratchvae.course.exercise import Backward, Case, Task, Wrong
from scratchvae.course.specs.random_inputs import size


def cross_entropy_backward(logits, labels):
    """The gradient of mean_i [log sum_c e^logits_ic - logits_i,labels_i] by the logits."""
    return (_softmax(logits) - _one_hot(logits, labels)) / len(logits)


def _softmax(logits):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _one_hot(logits, labels):
    return np.eye(logits.shape[1])[labels]


def _case(rng, b, c, scale, label=""):
    return Case({"logits": rng.normal(0, scale, (b, c)), "labels": rng.integers(0, c, b)}, label)


def _cases(rng):
    usual = [_case(rng, size(rng, 6, 9), size(rng, 3, 5), 2) for _ in range(3)]
    return [*usual, _case(rng, 4, 3, 3000, "logits of some hundreds, plus and minus")]


def _value(logits, labels):
    largest = logits.max(axis=1)
    log_sum = largest + np.log(np.exp(logits - largest[:, None]).sum(axis=1))
    return np.mean(log_sum - logits[np.arange(len(labels)), labels])


TASK = Task(
    reference=cross_entropy_backward,
    cases=_cases,
    points=3,
    sizes=lambda inputs: {"B": len(inputs["labels"])},
    backward=Backward(_value, ("logits",)),
    wrong=(
        Wrong(
            "the loss is a mean over the batch, this is the gradient of the sum",
            lambda logits, labels: _softmax(logits) - _one_hot(logits, labels),
        ),
        Wrong(
            "this is the softmax alone: the entry of the true class is to be one smaller",
            lambda logits, labels: _softmax(logits) / len(logits),
        ),
        Wrong(
            "the sign is wrong: this goes up the cross-entropy",
            lambda logits, labels: -cross_entropy_backward(logits, labels),
        ),
        Wrong(
            "the softmax is taken over the batch; it is over the classes of each datum, the last axis",
            lambda logits, labels: (_softmax(logits.T).T - _one_hot(logits, labels)) / len(logits),
        ),
        Wrong(
            "e^logit overflows for large logits: subtract each row's largest before the exponential",
            lambda logits, labels: (
                (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True) - _one_hot(logits, labels))
                / len(logits)
            ),
        ),
    ),
    hints=(
        "The derivative of log sum_c e^l_c by l_c is the softmax.",
        "The second part, the logit of the true class, occurs in one entry of each row.",
        "The mean over the batch divides by B.",
    ),
)
