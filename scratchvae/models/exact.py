"""What a conjugate model knows exactly: its posterior, its evidence, its predictions."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from scratchvae.models.base import BayesianModel


@dataclass(frozen=True)
class ExactPosterior:
    """p(z|x) in closed form.

    Attributes
    ----------
    mean : array (L,)
    cov : array (L, L)
        Of the unconstrained z.
    log_prob : callable
        z (..., L) -> log p(z|x), (...), nats.
    sample : callable
        (n, rng) -> z (n, L).
    marginals : dict of str to frozen SciPy distribution
        Of each parameter in its own space, by the names of ``model.space.names``.
    """

    mean: np.ndarray
    cov: np.ndarray
    log_prob: Any
    sample: Any
    marginals: dict


class ExactModel(BayesianModel):
    """A model whose posterior is of a known family: conjugate.

    Beside the density of a `BayesianModel` it has `exact_posterior`, `log_evidence`, `updated` and
    `predictive`, so that every approximation can be held against the truth.
    """

    def exact_posterior(self):
        """Return p(z|x) as an `ExactPosterior`."""
        raise NotImplementedError

    def log_evidence(self):
        """Return log p(x), nats."""
        raise NotImplementedError

    def updated(self, x):
        """Return the model of the new data x whose prior is this model's posterior.

        Bayes' theorem again and again: log p(x_old) + log p(x | x_old) = log p(x_old, x).
        """
        raise NotImplementedError

    def predictive(self):
        """Return p(x_new | x) of one new datum, a frozen SciPy distribution or a function that makes one."""
        raise NotImplementedError
