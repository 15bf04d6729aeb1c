"""From a base that can be drawn from to p(x, z): the densities that are annealed through."""

from typing import NamedTuple

import numpy as np

from scratchvae.distributions.normal import HALF_LOG_2PI
from scratchvae.validation import finite, numeric_array


class Point(NamedTuple):
    """Where chains stand: z, and the two log densities there with their gradients."""

    z: np.ndarray  # (C, L)
    log_base: np.ndarray  # log b(z), (C,)
    log_joint: np.ndarray  # log p(x, z), (C,)
    grad_base: np.ndarray  # (C, L)
    grad_joint: np.ndarray  # (C, L)

    def log_prob(self, beta):
        """log f_beta(z) = (1 - beta) log b(z) + beta log p(x, z), (C,)."""
        return (1 - beta) * self.log_base + beta * self.log_joint

    def grad(self, beta):
        """Its gradient by z, (C, L)."""
        return (1 - beta) * self.grad_base + beta * self.grad_joint  # Eq. (60')

    def or_else(self, other, chosen):
        """This point where `chosen` (C,), the other one elsewhere."""
        pairs = zip(self, other, strict=True)
        return Point(*(np.where(chosen[:, None] if a.ndim > 1 else chosen, a, b) for a, b in pairs))


class NormalBase:
    """b(z) = N(z; mean, diag(sigma^2)).

    Parameters
    ----------
    mean, sigma : array (L,)
    """

    def __init__(self, mean, sigma):
        self.mean = np.asarray(finite(numeric_array(mean, "the base's mean"), "the base's mean"), np.float64)
        self.sigma = np.asarray(finite(numeric_array(sigma, "its sigma"), "its sigma"), np.float64)
        if self.mean.ndim != 1 or self.sigma.shape != self.mean.shape or (self.sigma <= 0).any():
            raise ValueError(
                "the base needs a mean (L,) and a sigma (L,) above zero, not arrays of shape "
                f"{self.mean.shape} and {self.sigma.shape} with a least sigma of {self.sigma.min():g}."
            )

    def sample(self, n, rng):
        """Draw z (n, L)."""
        return self.mean + self.sigma * rng.standard_normal((n, len(self.mean)))

    def log_prob_and_grad(self, z):
        """log b(z) (...) and its gradient -(z - mean) / sigma^2, (..., L)."""
        u = (z - self.mean) / self.sigma
        constant = np.log(self.sigma).sum() + HALF_LOG_2PI * len(self.sigma)
        return -0.5 * (u * u).sum(axis=-1) - constant, -u / self.sigma


class Path:
    """log f_beta(z) = (1 - beta) log b(z) + beta log p(x, z) for beta from 0 to 1.

    With the prior as base, f_beta = p(z) p(x|z)^beta.

    Parameters
    ----------
    model : BayesianModel
    base : "prior", pair of arrays (L,), or a fitted Posterior
        What is drawn from at beta = 0; a pair is the mean and the standard deviations of a normal, and so is
        what is taken of an object with `mean` and `cov`.

    Raises
    ------
    ValueError
        If the base does not fit, or the model's prior cannot be drawn from.
    """

    def __init__(self, model, base="prior"):
        self.model = model
        self.base = None if isinstance(base, str) and base == "prior" else _normal(base)
        if self.base is None and model.is_joint:
            raise ValueError(
                f"{type(model).__name__} is written as one joint density, without a prior to begin at: give "
                "base=(mean, sigma), those of a fit for example."
            )
        if self.base is not None and len(self.base.mean) != model.n_latent:
            raise ValueError(f"the base has {len(self.base.mean)} dimensions, the model {model.n_latent}.")

    def sample(self, n, rng):
        """Draw z (n, L) from the base."""
        if self.base is not None:
            return self.base.sample(n, rng)
        try:
            return np.asarray(self.model.sample_prior(n, rng), np.float64)
        except NotImplementedError:
            raise ValueError(
                f"{type(self.model).__name__} cannot draw from its prior: write sample_prior(n, rng), or "
                "give base=(mean, sigma)."
            ) from None

    def at(self, z):
        """The `Point` of chains at z (C, L)."""
        log_likelihood, log_prior, cache = self.model.forward(z)
        ones = np.ones(z.shape[:-1])
        grad_joint = self.model.backward(cache, ones, ones)
        if self.base is None:
            log_base, grad_base = log_prior, self.model.grad_log_prior(z)
        else:
            log_base, grad_base = self.base.log_prob_and_grad(z)
        return Point(z, log_base, log_likelihood + log_prior, grad_base, grad_joint)


def _normal(base):
    if hasattr(base, "mean") and hasattr(base, "cov"):
        return NormalBase(base.mean, np.sqrt(np.diag(base.cov)))
    try:
        mean, sigma = base
    except (TypeError, ValueError):
        raise ValueError(f"base must be 'prior' or a pair (mean, sigma) of arrays, not {base!r}.") from None
    return NormalBase(mean, sigma)
