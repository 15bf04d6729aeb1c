"""KL of two normals."""

import numpy as np

from scratchvae.course.exercise import Case, Property, Task, Wrong
from scratchvae.course.specs.random_inputs import leading, size


def kl_normals(mu_q, sigma_q, mu_p, sigma_p):
    """KL(q || p) of diagonal normals, summed over the last axis."""
    ratio, u = sigma_q / sigma_p, (mu_q - mu_p) / sigma_p
    return np.sum(0.5 * (ratio**2 + u**2 - 1) - np.log(ratio), axis=-1)


def _cases(rng):
    cases = []
    for shape, label in ((leading(rng, 1), ""), (leading(rng, 1), ""), ((), "no leading axes")):
        shape = (*shape, size(rng))
        mu_q, mu_p = rng.normal(0, 1, (2, *shape))
        sigma_q, sigma_p = rng.uniform(0.4, 2, (2, *shape))
        cases.append(Case({"mu_q": mu_q, "sigma_q": sigma_q, "mu_p": mu_p, "sigma_p": sigma_p}, label))
    return cases


def _terms(square=0.5, log=1.0, one=0.5, ratio=0.5):
    """KL with other weights of its terms."""

    def kl(mu_q, sigma_q, mu_p, sigma_p):
        r, u = sigma_q / sigma_p, (mu_q - mu_p) / sigma_p
        return np.sum(ratio * r**2 + square * u**2 - one - log * np.log(r), axis=-1)

    return kl


TASK = Task(
    reference=kl_normals,
    cases=_cases,
    points=2,
    sizes=lambda inputs: {"L": inputs["mu_q"].shape[-1]},
    properties=(
        Property("it is negative somewhere; KL never is", lambda inputs, answer: np.all(answer >= -1e-12)),
    ),
    wrong=(
        Wrong(
            "this is KL(p || q), the other way round",
            lambda mu_q, sigma_q, mu_p, sigma_p: kl_normals(mu_p, sigma_p, mu_q, sigma_q),
        ),
        Wrong(
            "the sign is wrong: KL is never negative", lambda *args, **inputs: -kl_normals(*args, **inputs)
        ),
        Wrong(
            "the sign of the logarithm is wrong: KL must be zero where q = p, and positive elsewhere",
            _terms(log=-1.0),
        ),
        Wrong("-1/2 for each dimension is missing: where q = p, KL must be zero", _terms(one=0.0)),
        Wrong(
            "the logarithm of the ratio of the standard deviations counts whole, not half", _terms(log=0.5)
        ),
        Wrong(
            "the logarithm of the ratio is that of the variances here, twice what it should be",
            _terms(log=2.0),
        ),
        Wrong("(mu_q - mu_p)^2 is missing", _terms(square=0.0)),
        Wrong(
            "mu_q - mu_p is not squared",
            lambda mu_q, sigma_q, mu_p, sigma_p: (
                kl_normals(mu_q, sigma_q, mu_q, sigma_p) + np.sum(0.5 * (mu_q - mu_p) / sigma_p**2, axis=-1)
            ),
        ),
        Wrong("the 1/2 before (mu_q - mu_p)^2 is missing", _terms(square=1.0)),
        Wrong(
            "p is taken for the standard normal",
            lambda mu_q, sigma_q, mu_p, sigma_p: kl_normals(mu_q, sigma_q, 0, 1),
        ),
        Wrong(
            "sigma is taken for the variance; it is the standard deviation",
            lambda mu_q, sigma_q, mu_p, sigma_p: kl_normals(mu_q, np.sqrt(sigma_q), mu_p, np.sqrt(sigma_p)),
        ),
        Wrong(
            "(mu_q - mu_p)^2 is divided by q's variance; it is p's that says how far that is",
            lambda mu_q, sigma_q, mu_p, sigma_p: (
                kl_normals(mu_q, sigma_q, mu_q, sigma_p)
                + np.sum(0.5 * ((mu_q - mu_p) / sigma_q) ** 2, axis=-1)
            ),
        ),
    ),
    hints=(
        "KL is the expectation under q of log q - log p. The only expectations needed are of z and "
        "of (z - mu_p)^2.",
        "E_q (z - mu_p)^2 = sigma_q^2 + (mu_q - mu_p)^2.",
        "Put mu_q = mu_p and sigma_q = sigma_p into your result: it must be zero.",
    ),
)
