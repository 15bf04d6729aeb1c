"""The logarithm of the normal density in several dimensions."""

import numpy as np

from scratchvae.course.exercise import Case, Task, Wrong
from scratchvae.course.specs.ex01_densities.normal import LOG_2PI, log_normal
from scratchvae.course.specs.random_inputs import covariance, leading, size


def log_multivariate_normal(x, mu, cov):
    """log N(x; mu, cov) for x (..., D)."""
    factor = np.linalg.cholesky(cov)
    u = np.linalg.solve(factor, (x - mu)[..., None])[..., 0]
    log_det = 2 * np.sum(np.log(np.diag(factor)))
    return -0.5 * np.sum(u**2, axis=-1) - 0.5 * log_det - 0.5 * mu.size * LOG_2PI


def _of_diagonal(x, mu, cov):
    return np.sum(log_normal(x, mu, np.sqrt(np.diag(cov))), axis=-1)


def _multivariate_cases(rng):
    cases = []
    for shape, label in ((leading(rng), ""), (leading(rng), ""), ((), "one x, no leading axes")):
        d = size(rng, 2, 4)
        x = rng.normal(0, 2, (*shape, d))
        cases.append(Case({"x": x, "mu": rng.normal(0, 1, d), "cov": covariance(rng, d)}, label))
    return cases


def _log_det_of(cov):
    return np.linalg.slogdet(cov)[1]


TASK = Task(
    reference=log_multivariate_normal,
    cases=_multivariate_cases,
    points=3,
    sizes=lambda inputs: {"D": inputs["mu"].size},
    wrong=(
        Wrong(
            "log(2 pi) / 2 counts once for every dimension, D times",
            lambda x, mu, cov: log_multivariate_normal(x, mu, cov) + 0.5 * (mu.size - 1) * LOG_2PI,
        ),
        Wrong(
            "the log-determinant of the covariance counts half",
            lambda x, mu, cov: log_multivariate_normal(x, mu, cov) - 0.5 * _log_det_of(cov),
        ),
        Wrong(
            "the log-determinant of the covariance is missing",
            lambda x, mu, cov: log_multivariate_normal(x, mu, cov) + 0.5 * _log_det_of(cov),
        ),
        Wrong(
            "the sign of the log-determinant is wrong: a wider density is lower",
            lambda x, mu, cov: log_multivariate_normal(x, mu, cov) + _log_det_of(cov),
        ),
        Wrong(
            "the log-determinant is a fourth of what it should be: the determinant of cov is the "
            "square of that of its "
            "Cholesky factor",
            lambda x, mu, cov: log_multivariate_normal(x, mu, cov) + 0.25 * _log_det_of(cov),
        ),
        Wrong("only the diagonal of cov is used: the correlations are lost", _of_diagonal),
        Wrong(
            "the distance uses cov itself; it needs its inverse",
            lambda x, mu, cov: log_multivariate_normal(x, mu, np.linalg.inv(cov)) - _log_det_of(cov),
        ),
        Wrong(
            "the length is that of cov^-1 (x - mu); with it the quadratic form is its product with x "
            "- mu, not with "
            "itself",
            lambda x, mu, cov: (
                log_multivariate_normal(mu, mu, cov)
                - 0.5 * np.sum(np.linalg.solve(cov, (x - mu)[..., None])[..., 0] ** 2, axis=-1)
            ),
        ),
        Wrong(
            "this is the density; its logarithm is asked for",
            lambda x, mu, cov: np.exp(log_multivariate_normal(x, mu, cov)),
        ),
    ),
    hints=(
        "With cov = C C^T, C lower triangular, (x - mu)^T cov^-1 (x - mu) is the squared length of u "
        "= C^-1 (x - mu).",
        "The determinant of a triangular matrix is the product of its diagonal; det cov = (det C)^2.",
        "np.linalg.solve(C, ...) wants the vectors as columns: for x of shape (N, D), its transpose.",
    ),
)
