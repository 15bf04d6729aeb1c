"""The full-rank map from noise to latent."""

import numpy as np

from scratchvae.course.exercise import Case, Task, Wrong
from scratchvae.course.specs.random_inputs import size


def _factor(log_diag, below):
    """C: lower triangular, e^log_diag on the diagonal, `below` row by row under it."""
    factor = np.diag(np.exp(log_diag))
    factor[np.tril_indices(len(log_diag), -1)] = below
    return factor


def full_rank_forward(mu, log_diag, below, eps):
    """z = mu + C eps and its log-determinant."""
    return mu + eps @ _factor(log_diag, below).T, np.sum(log_diag)


def full_rank_inputs(rng):
    """Random arguments."""
    n, k = size(rng, 3, 5), size(rng, 6, 8)
    mu, log_diag = rng.normal(0, 1, n), rng.uniform(-1, 1, n)
    below = rng.normal(0, 1, n * (n - 1) // 2)
    return {"mu": mu, "log_diag": log_diag, "below": below, "eps": rng.normal(0, 1, (k, n))}


def _full_rank_cases(rng):
    two = {"mu": rng.normal(0, 1, 2), "log_diag": rng.uniform(-1, 1, 2), "below": rng.normal(0, 1, 1)}
    cases = [Case(full_rank_inputs(rng)) for _ in range(3)]
    return [*cases, Case({**two, "eps": rng.normal(0, 1, (1, 2))}, "one draw of two latent dimensions")]


def full_rank_sizes(inputs):
    k, n = inputs["eps"].shape
    return {"K": k, "L": n}


def _column_by_column(log_diag, below):
    factor = np.diag(np.exp(log_diag))
    factor.T[np.triu_indices(len(log_diag), 1)] = below
    return factor


def _with_factor(make):
    """The full-rank map with another C."""
    return lambda mu, log_diag, below, eps: (mu + eps @ make(log_diag, below).T, np.sum(log_diag))


def _with_full_log_det(change):
    """The full-rank map with another log-determinant."""
    return lambda mu, log_diag, below, eps: (mu + eps @ _factor(log_diag, below).T, change(log_diag, below))


TASK = Task(
    reference=full_rank_forward,
    cases=_full_rank_cases,
    outputs=("z", "log_det"),
    points=2,
    sizes=full_rank_sizes,
    wrong=(
        Wrong(
            "z is mu + C^T eps: C is transposed; the rows of eps times C are C^T's",
            _with_factor(lambda d, b: _factor(d, b).T),
        ),
        Wrong(
            "the entries below the diagonal go row by row into C, not column by column",
            _with_factor(_column_by_column),
        ),
        Wrong(
            "the diagonal of C is log_diag itself; it is e to it",
            _with_factor(lambda d, b: _factor(d, b) - np.diag(np.exp(d)) + np.diag(d)),
        ),
        Wrong(
            "the entries below the diagonal are not used: this is the diagonal map",
            _with_factor(lambda d, b: np.diag(np.exp(d))),
        ),
        Wrong(
            "the covariance C C^T multiplies the noise; its root C does",
            _with_factor(lambda d, b: _factor(d, b) @ _factor(d, b).T),
        ),
        Wrong("log_det has the wrong sign", _with_full_log_det(lambda d, b: -np.sum(d))),
        Wrong(
            "log_det is that of the covariance, twice that of the map",
            _with_full_log_det(lambda d, b: 2 * np.sum(d)),
        ),
        Wrong(
            "log_det is the determinant: its logarithm is asked for",
            _with_full_log_det(lambda d, b: np.exp(np.sum(d))),
        ),
        Wrong("log_det is the mean of log_diag; it is the sum", _with_full_log_det(lambda d, b: np.mean(d))),
    ),
    hints=(
        "np.tril_indices(L, -1) gives the places below the diagonal, row by row.",
        "For draws as rows, eps @ C.T is C eps for each of them.",
        "A triangular matrix has the product of its diagonal for determinant.",
    ),
)
