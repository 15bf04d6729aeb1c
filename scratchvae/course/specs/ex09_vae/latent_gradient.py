"""From the gradient by z to that by what the encoder gives."""

import numpy as np

from scratchvae.course.exercise import Backward, Case, Task, Wrong
from scratchvae.course.specs.random_inputs import size


def latent_gradient(dz, mu, log_sigma, eps):
    """The gradient by mu and log_sigma of sum(dz z) + KL summed over the batch, z = mu + sigma eps."""
    sigma = np.exp(log_sigma)
    return dz + mu, dz * sigma * eps + sigma**2 - 1


def _cases(rng):
    cases = []
    for _ in range(3):
        shape = size(rng, 4, 6), size(rng, 2, 3)
        cases.append(
            Case(
                {
                    "dz": rng.normal(0, 1, shape),
                    "mu": rng.normal(0, 1, shape),
                    "log_sigma": rng.normal(-0.3, 0.4, shape),
                    "eps": rng.normal(0, 1, shape),
                }
            )
        )
    return cases


def _through_z(dz, mu, log_sigma, eps):
    return np.sum(dz * (mu + np.exp(log_sigma) * eps))


def _divergence(dz, mu, log_sigma, eps):
    return 0.5 * np.sum(mu**2 + np.exp(2 * log_sigma) - 1 - 2 * log_sigma)


def _value(**inputs):
    return _through_z(**inputs) + _divergence(**inputs)


TASK = Task(
    reference=latent_gradient,
    cases=_cases,
    outputs=("dmu", "dlog_sigma"),
    points=3,
    backward=Backward(
        _value, ("mu", "log_sigma"), {"the divergence": _divergence, "what comes through z": _through_z}
    ),
    wrong=(
        Wrong(
            "dlog_sigma lacks the factor sigma in what comes through z",
            lambda dz, mu, log_sigma, eps: (dz + mu, dz * eps + np.exp(2 * log_sigma) - 1),
        ),
        Wrong(
            "the divergence is missing: only what comes through z is there",
            lambda dz, mu, log_sigma, eps: (dz, dz * np.exp(log_sigma) * eps),
        ),
        Wrong(
            "the divergence is subtracted; the loss has it with a plus",
            lambda dz, mu, log_sigma, eps: (
                dz - mu,
                dz * np.exp(log_sigma) * eps - np.exp(2 * log_sigma) + 1,
            ),
        ),
        Wrong(
            "the divergence's part of dlog_sigma lacks its -1, the gradient of -log sigma",
            lambda dz, mu, log_sigma, eps: (dz + mu, dz * np.exp(log_sigma) * eps + np.exp(2 * log_sigma)),
        ),
    ),
    hints=(
        "mu and log_sigma reach the loss by two ways, z and the divergence. Add what comes from both.",
        "z = mu + e^log_sigma eps; KL = (mu^2 + e^(2 log_sigma) - 1) / 2 - log_sigma, for each.",
    ),
)
