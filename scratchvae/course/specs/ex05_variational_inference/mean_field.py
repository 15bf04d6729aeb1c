"""The best mean field for a correlated normal."""

import numpy as np

from scratchvae.course.exercise import Case, Task, Wrong
from scratchvae.course.specs.random_inputs import covariance, size


def best_mean_field(cov):
    """The standard deviations of the diagonal normal q that minimises KL(q || N(0, cov))."""
    return 1 / np.sqrt(np.diag(np.linalg.inv(cov)))


def _cases(rng):
    usual = [Case({"cov": covariance(rng, size(rng, 2, 5))}) for _ in range(3)]
    return [*usual, Case({"cov": np.diag(rng.uniform(0.5, 3, 3))}, "no correlations")]


TASK = Task(
    reference=best_mean_field,
    cases=_cases,
    points=2,
    wrong=(
        Wrong(
            "these are the marginal standard deviations, which minimise KL(p || q), the other way "
            "round; q comes out "
            "narrower",
            lambda cov: np.sqrt(np.diag(cov)),
        ),
        Wrong(
            "these are variances; standard deviations are asked for",
            lambda cov: 1 / np.diag(np.linalg.inv(cov)),
        ),
        Wrong(
            "these are the roots of the precisions; a standard deviation is one over that",
            lambda cov: np.sqrt(np.diag(np.linalg.inv(cov))),
        ),
        Wrong(
            "the inverse is of the diagonal; it is of the whole matrix, and then its diagonal",
            lambda cov: 1 / np.sqrt(np.diag(cov)),
        ),
        Wrong(
            "these are the roots of the eigenvalues, along the ellipse's axes and not along the coordinates",
            lambda cov: np.sqrt(np.linalg.eigvalsh(cov)),
        ),
        Wrong(
            "this is the diagonal of the Cholesky factor, which depends on the order of the coordinates",
            lambda cov: np.diag(np.linalg.cholesky(cov)).copy(),
        ),
    ),
    hints=(
        "KL(q || p) = -sum_i log sigma_i + (sum_i P_ii sigma_i^2) / 2 + a constant, with the "
        "precision matrix P = cov^-1.",
        "Differentiate by sigma_i and solve for it.",
    ),
)
