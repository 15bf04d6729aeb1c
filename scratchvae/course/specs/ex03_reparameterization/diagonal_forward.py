"""The diagonal map from noise to latent."""

import numpy as np

from scratchvae.course.exercise import Case, Task, Wrong
from scratchvae.course.specs.random_inputs import size


def diagonal_forward(mu, log_sigma, eps):
    """z = mu + sigma eps and its log-determinant."""
    return mu + np.exp(log_sigma) * eps, np.sum(log_sigma, axis=-1)


def diagonal_inputs(rng):
    """Random arguments, of sizes unlike one another, so that a mix-up of axes shows."""
    k, b, n = size(rng, 2, 4), size(rng, 5, 7), size(rng, 8, 9)
    mu, log_sigma = rng.normal(0, 1, (b, n)), rng.uniform(-1, 1, (b, n))
    return {"mu": mu, "log_sigma": log_sigma, "eps": rng.normal(0, 1, (k, b, n))}


def _diagonal_cases(rng):
    one = {"mu": np.array([[0.5]]), "log_sigma": np.array([[-0.7]]), "eps": rng.normal(0, 1, (1, 1, 1))}
    return [Case(diagonal_inputs(rng)) for _ in range(3)] + [Case(one, "K = B = L = 1")]


def diagonal_sizes(inputs):
    k, b, n = inputs["eps"].shape
    return {"K": k, "B": b, "L": n}


def _with_log_det(change):
    """The diagonal map whose log-determinant is another function of log_sigma."""
    return lambda mu, log_sigma, eps: (mu + np.exp(log_sigma) * eps, change(log_sigma))


def _with_z(change):
    """The diagonal map whose z is another function."""
    return lambda mu, log_sigma, eps: (change(mu, log_sigma, eps), np.sum(log_sigma, axis=-1))


TASK = Task(
    reference=diagonal_forward,
    cases=_diagonal_cases,
    outputs=("z", "log_det"),
    points=2,
    sizes=diagonal_sizes,
    wrong=(
        Wrong(
            "log_sigma is taken for the logarithm of the variance: e^(log_sigma / 2) multiplies the noise",
            _with_z(lambda mu, log_sigma, eps: mu + np.exp(0.5 * log_sigma) * eps),
        ),
        Wrong(
            "the variance multiplies the noise, not the standard deviation",
            _with_z(lambda mu, log_sigma, eps: mu + np.exp(2 * log_sigma) * eps),
        ),
        Wrong(
            "log_sigma itself multiplies the noise; sigma is e to it",
            _with_z(lambda mu, log_sigma, eps: mu + log_sigma * eps),
        ),
        Wrong("z lacks mu", _with_z(lambda mu, log_sigma, eps: np.exp(log_sigma) * eps)),
        Wrong(
            "the noise is divided by sigma: this is the inverse of the scale",
            _with_z(lambda mu, log_sigma, eps: mu + np.exp(-log_sigma) * eps),
        ),
        Wrong(
            "log_det has the wrong sign: where sigma is large, the map stretches",
            _with_log_det(lambda log_sigma: -np.sum(log_sigma, axis=-1)),
        ),
        Wrong(
            "log_det is the mean over the latent dimensions; a determinant is a product, its logarithm a sum",
            _with_log_det(lambda log_sigma: np.mean(log_sigma, axis=-1)),
        ),
        Wrong(
            "log_det is the determinant: its logarithm is asked for",
            _with_log_det(lambda log_sigma: np.exp(np.sum(log_sigma, axis=-1))),
        ),
        Wrong(
            "log_det is the sum of the sigmas, not of their logarithms",
            _with_log_det(lambda log_sigma: np.sum(np.exp(log_sigma), axis=-1)),
        ),
        Wrong(
            "log_det is that of the variances, twice what it should be",
            _with_log_det(lambda log_sigma: 2 * np.sum(log_sigma, axis=-1)),
        ),
        Wrong(
            "log_det is zero: this map stretches", _with_log_det(lambda log_sigma: np.zeros(len(log_sigma)))
        ),
    ),
    hints=(
        "sigma = e^log_sigma. mu and sigma of shape (B, L) broadcast against eps of shape (K, B, L).",
        "dz_i/deps_j is sigma_i on the diagonal and zero elsewhere. What is the determinant of a "
        "diagonal matrix?",
    ),
)
