"""Models of named, constrained parameters: log|det dtheta/dz| enters the density."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from scratchvae.models.base import BayesianModel


class Cache(NamedTuple):
    """What `ConstrainedModel.backward` needs."""

    space: tuple
    dlikelihood: dict  # gradient of log p(x|theta) by name
    dprior: dict  # gradient of log p(theta) by name
    scale: float  # N over the minibatch's size


class ConstrainedModel(BayesianModel):
    """A model written in its own parameters theta, which inference sees as a density of free z.

    A subclass declares `parameters` and writes two functions of theta, a dict by name whose arrays have
    the samples' leading axes: ``prior(theta)`` and ``likelihood(theta)``. Each returns the logarithm
    of the density, (...), and its gradient, a dict by name; a parameter that it does not depend on is
    left out. With theta = c(z), the density of z is by the change of variables

        log p(z) = log p(theta) + log|det dtheta/dz|

    and log p(x|z) = log p(x|theta). If `n_data` is set, ``likelihood(theta, rows=None)`` is of these
    rows alone.

    Examples
    --------
    Eight measurements of known standard errors, an unknown mean, an unknown spread:

    >>> from scratchvae.constraints import Positive, Real
    >>> from scratchvae.distributions import densities
    >>> class Measurements(ConstrainedModel):
    ...     parameters = {"mu": Real(), "tau": Positive()}
    ...     y = np.array([28.0, 8, -3, 7, -1, 1, 18, 12])
    ...     def prior(self, theta):
    ...         log_mu, dmu, *_ = densities.normal(theta["mu"], 0, 5)  # log p(mu) and its derivative
    ...         log_tau, dtau, _ = densities.half_cauchy(theta["tau"], 5)
    ...         return log_mu + log_tau, {"mu": dmu, "tau": dtau}
    ...     def likelihood(self, theta):
    ...         mu, tau = theta["mu"][..., None], theta["tau"][..., None]  # (..., 1)
    ...         log_p, _, dmu, dtau = densities.normal(self.y, mu, tau)
    ...         return log_p.sum(-1), {"mu": dmu.sum(-1), "tau": dtau.sum(-1)}
    >>> model = Measurements()
    >>> model.n_latent, model.space.names
    (2, ('mu', 'tau'))
    >>> model.log_joint(np.zeros((10, 2))).shape
    (10,)
    """

    def prior(self, theta):
        """log p(theta) (...) and its gradient, a dict by name."""
        raise NotImplementedError(f"{type(self).__name__} has no prior(theta): write it.")

    def likelihood(self, theta):
        """log p(x|theta) (...) and its gradient, a dict by name."""
        raise NotImplementedError(f"{type(self).__name__} has no likelihood(theta): write it.")

    def log_prior(self, z):
        """log p(theta) + log|det dtheta/dz|."""
        theta, log_det, _ = self.space.forward(z)
        return self._prior(theta)[0] + log_det  # Eq. (34)

    def grad_log_prior(self, z):
        """Its gradient by z."""
        theta, log_det, cache = self.space.forward(z)
        return self.space.backward(cache, self._prior(theta)[1], np.ones_like(log_det))

    def log_likelihood(self, z, rows=None):
        """log p(x|theta)."""
        return self._likelihood(self.space.forward(z)[0], rows)[0]

    def grad_log_likelihood(self, z, rows=None):
        """Its gradient by z."""
        theta, log_det, cache = self.space.forward(z)
        return self.space.backward(cache, self._likelihood(theta, rows)[1], np.zeros_like(log_det))

    def _likelihood(self, theta, rows):
        found = self.likelihood(theta) if rows is None else self.likelihood(theta, rows)
        return self._checked_pair("likelihood", found)

    def _prior(self, theta):
        return self._checked_pair("prior", self.prior(theta))

    def _checked_pair(self, name, found):
        """(log_p, gradients) as they must be, or a ValueError that says what came in their place."""
        if not isinstance(found, tuple) or len(found) != 2:
            came = f"a tuple of {len(found)}" if isinstance(found, tuple) else f"a {type(found).__name__}"
            raise ValueError(f"{name}(theta) must return (log_p, {{name: gradient}}), not {came}.")
        log_p, gradients = found
        if not isinstance(gradients, Mapping):
            raise ValueError(
                f"{name}(theta) must return its gradient as a dict by parameter name, not as a "
                f"{type(gradients).__name__}."
            )
        unknown = sorted(set(gradients) - set(self.space.parameters))
        if unknown:
            known = ", ".join(self.space.parameters)
            raise ValueError(
                f"{name}(theta) returned a gradient by {unknown[0]!r}; the parameters are {known}."
            )
        return np.asarray(log_p), gradients

    def forward(self, z, rows=None):
        """Return log p(x|z), log p(z) and the cache; each function of theta is called once."""
        theta, log_det, space = self.space.forward(z)
        scale = 1.0 if rows is None else self.n_data / len(rows)
        log_likelihood, dlikelihood = self._likelihood(theta, rows)
        log_prior, dprior = self._prior(theta)
        return scale * log_likelihood, log_prior + log_det, Cache(space, dlikelihood, dprior, scale)

    def backward(self, cache, dlog_likelihood, dlog_prior):
        """Return dz: dtheta from both densities, dlog_det from the prior's."""
        dlog_det = np.zeros_like(dlog_likelihood) if dlog_prior is None else dlog_prior
        dtheta = {}
        for name, constraint in self.space.parameters.items():
            axes = (...,) + (None,) * len(constraint.shape)
            dtheta[name] = (cache.scale * dlog_likelihood)[axes] * cache.dlikelihood.get(name, 0.0)
            dtheta[name] = dtheta[name] + dlog_det[axes] * cache.dprior.get(name, 0.0)
        return self.space.backward(cache.space, dtheta, dlog_det)  # Eq. (34')
