"""The contract of a test density: what is known exactly beside log p(z) and its gradient."""

import numpy as np

from scratchvae.models.base import BayesianModel
from scratchvae.validation import generator, last_axis, positive_int, real


class Target(BayesianModel):
    """A density p(z) = e^(log_joint(z)) / Z without data, to hold approximations against.

    A subclass writes `log_joint`, `grad_log_joint`, `log_evidence`, `mean`, `cov` and `draw`.

    Attributes
    ----------
    mean : array (L,)
    cov : array (L, L)
        The exact moments of p(z).
    """

    def log_evidence(self):
        """Return log Z, the logarithm of the integral of e^(log_joint(z)), nats."""
        raise NotImplementedError(f"{type(self).__name__} has no log_evidence.")

    def draw(self, n, rng):
        """`sample_exact` for arguments that are known to be right."""
        raise NotImplementedError(f"{type(self).__name__} has no exact sampler.")

    def sample_exact(self, n, rng):
        """Return n independent draws from p(z), (n, L): no Markov chain, no approximation."""
        return self.draw(positive_int(n, "n"), generator(rng))

    def _checked(self, z):
        """z as an array of floats (..., L), or a ValueError."""
        return last_axis(real(z, "z"), "z", self.n_latent)


def rejection(propose, n, rng):
    """Return n draws (n, L) by rejection: keep a candidate with the probability that comes with it.

    If candidates have density g and are kept with probability p / (c g) <= 1, what is kept has density
    p, whatever the constant c (von Neumann 1951).

    Parameters
    ----------
    propose : callable
        (m, rng) -> candidates (m, L), probabilities (m,).
    """
    kept, missing = [], n
    while missing > 0:
        candidates, probability = propose(2 * missing + 10, rng)
        accepted = candidates[rng.random(len(candidates)) < probability]
        kept.append(accepted)
        missing -= len(accepted)
    return np.concatenate(kept)[:n]


def quadrature(low, high, width=0.5, n_nodes=16):
    """Nodes and weights of Gauss-Legendre quadrature on panels no wider than `width`.

    A panel of m nodes is exact for polynomials of degree 2 m - 1.
    """
    edges = np.linspace(low, high, 1 + int(np.ceil((high - low) / width)))
    unit, weight = np.polynomial.legendre.leggauss(n_nodes)  # on [-1, 1]
    half = 0.5 * np.diff(edges)[:, None]
    middle = 0.5 * (edges[1:] + edges[:-1])[:, None]
    return (middle + half * unit).ravel(), (half * weight).ravel()
