"""The contract of a Bayesian model: log p(x, z) of free z, its gradient, and the names of its parameters."""

import functools
from typing import NamedTuple

import numpy as np

from scratchvae.constraints import Real, Space


class Cache(NamedTuple):
    """What `BayesianModel.backward` needs."""

    z: np.ndarray  # (..., L)
    rows: object  # the minibatch: None for all data
    scale: float  # N over the minibatch's size


class BayesianModel:
    """A prior p(z), and p(x|z) of fixed data x as a function of z.

    A subclass gives the number of latent variables and four functions of unconstrained z (..., L), in
    nats; or, in their place, `log_joint` with `grad_log_joint`. Leading axes are samples: sum over the
    last one.

    Attributes
    ----------
    n_latent : int
        L.
    parameters : dict of str to Constraint, optional
        Names for z, ``{"intercept": Real(), "slope": Real(3)}``, in place of `n_latent`. See
        `ConstrainedModel` for parameters that are positive, bounded, ordered or probabilities.
    n_data : int, optional
        N, for a likelihood that is a sum over rows of data. `log_likelihood` and its gradient then take
        ``rows``, an index of some of them (by default all), and `scratchvae.fit` may use minibatches.

    Examples
    --------
    >>> class Mean(BayesianModel):  # x_i ~ N(z, 1), z ~ N(0, 10^2)
    ...     n_latent = 1
    ...     x = np.array([1.0, 2.0, 4.0])
    ...     def log_prior(self, z):
    ...         return -0.5 * (z[..., 0] / 10) ** 2
    ...     def grad_log_prior(self, z):
    ...         return -z / 100
    ...     def log_likelihood(self, z):
    ...         return -0.5 * ((self.x - z) ** 2).sum(axis=-1)
    ...     def grad_log_likelihood(self, z):
    ...         return (self.x - z).sum(axis=-1, keepdims=True)
    >>> float(Mean().log_joint(np.array([2.0])))
    -2.52
    """

    parameters = None
    n_data = None

    # cached_property lets a class or an instance replace the value by an assignment.
    @functools.cached_property
    def n_latent(self):
        if not self.parameters:
            raise ValueError(
                f"{type(self).__name__} must say how many latent variables it has: set n_latent = 3, say, "
                'or parameters = {"mu": Real(), ...}.'
            )
        return self.space.n_latent

    @functools.cached_property
    def space(self):
        """The parameters by name, and their maps from z."""
        return Space(self.parameters or {"z": Real(self.n_latent)})

    # --- what a subclass writes -----------------------------------------------------------------

    def log_prior(self, z):
        """log p(z), (...), for z (..., L)."""
        raise _not_written(self, "log_prior")

    def grad_log_prior(self, z):
        """Its gradient, (..., L)."""
        raise _not_written(self, "grad_log_prior")

    def log_likelihood(self, z):
        """log p(x|z), (...), for z (..., L)."""
        raise _not_written(self, "log_likelihood")

    def grad_log_likelihood(self, z):
        """Its gradient, (..., L)."""
        raise _not_written(self, "grad_log_likelihood")

    def log_joint(self, z):
        """log p(x, z) = log p(x|z) + log p(z), (...): the numerator of Bayes' theorem."""
        return self.log_likelihood(z) + self.log_prior(z)

    def grad_log_joint(self, z):
        """Its gradient, (..., L)."""
        return self.grad_log_likelihood(z) + self.grad_log_prior(z)

    # --- optional: what simulation needs, and `data`, of the form that `simulate` gives ----------

    def sample_prior(self, n, rng):
        """Draw z (n, L) from the prior."""
        raise _not_written(self, "sample_prior")

    def simulate(self, z, rng):
        """Draw data x from p(x|z), of the form of this model's own data, for each z (..., L)."""
        raise _not_written(self, "simulate")

    def with_data(self, x):
        """The same model with other data."""
        raise _not_written(self, "with_data")

    # --- what inference calls -------------------------------------------------------------------

    @property
    def is_joint(self):
        """Whether the model is written as `log_joint`, its parts unknown."""
        return type(self).log_joint is not BayesianModel.log_joint

    def forward(self, z, rows=None):
        """Return log p(x|z) (...), log p(z) (...) and the cache.

        With `rows`, the likelihood of this minibatch of M rows is multiplied by N / M, which makes it
        an unbiased estimate of the whole. A joint density counts as likelihood, with a prior of zero.
        """
        if self.is_joint:
            log_joint = np.asarray(self.log_joint(z))
            return log_joint, np.zeros_like(log_joint), Cache(z, None, 1.0)
        if rows is None:
            return self.log_likelihood(z), self.log_prior(z), Cache(z, None, 1.0)
        scale = self.n_data / len(rows)
        return scale * self.log_likelihood(z, rows), self.log_prior(z), Cache(z, rows, scale)

    def backward(self, cache, dlog_likelihood, dlog_prior):
        """Return dz (..., L) for the incoming derivatives of the two; None for one that is not used."""
        if self.is_joint:
            return dlog_likelihood[..., None] * self.grad_log_joint(cache.z)
        rows = () if cache.rows is None else (cache.rows,)
        dz = cache.scale * dlog_likelihood[..., None] * self.grad_log_likelihood(cache.z, *rows)
        if dlog_prior is None:
            return dz
        return dz + dlog_prior[..., None] * self.grad_log_prior(cache.z)


def _not_written(model, name):
    return NotImplementedError(
        f"{type(model).__name__} has no {name}: write log_prior, grad_log_prior, log_likelihood and "
        "grad_log_likelihood (or log_joint and grad_log_joint); simulation also needs sample_prior, "
        "simulate and with_data."
    )
