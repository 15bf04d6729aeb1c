"""Yesterday's posterior is today's prior: Bayes' theorem again, with new data, for any model."""

from typing import Any, NamedTuple

import numpy as np

from scratchvae.models.base import BayesianModel
from scratchvae.models.checks import covariance, vector
from scratchvae.models.gaussian import Gaussian
from scratchvae.validation import last_axis, real


class Cache(NamedTuple):
    """What `Updated.backward` needs."""

    z: np.ndarray  # (..., L)
    model: Any  # the model's own cache


class Updated(BayesianModel):
    """The likelihood of one model under another prior of z, such as the posterior of earlier data.

        p(z | x_old, x_new) is proportional to p(x_new | z) p(z | x_old)

    if the new data are independent of the old ones given z. With an exact p(z | x_old) in its place
    this is exact, and the evidences multiply: p(x_old, x_new) = p(x_old) p(x_new | x_old). With an
    approximation q in its place the errors of the steps accumulate (Opper 1998, "A Bayesian approach to
    on-line learning").

    The prior is a density of *free* z and replaces the model's own one as a whole. In particular the
    log|det dtheta/dz| that a `ConstrainedModel` adds to its prior is not added again: a density of z,
    fitted to an earlier posterior of z, already contains it. A prior over theta would not do here.

    Parameters
    ----------
    model : BayesianModel
        Of the new data. Its names, constraints and rows are kept.
    prior : object
        With ``log_prob(z)`` (...) and ``grad_log_prob(z)`` (..., L) for z (..., L), and
        ``sample(n, rng)`` for `sample_prior`: what `scratchvae.fit` returns, or a `GaussianPrior`.

    Raises
    ------
    ValueError
        If the model is written as `log_joint`, so that its likelihood is not known, or the prior lacks a
        function or is of another number of variables.

    Examples
    --------
    >>> from scratchvae.models.normal_mean import NormalMean
    >>> monday = NormalMean([1.0, 3.0], sigma=1.0).exact_posterior()
    >>> prior = GaussianPrior(monday.mean, monday.cov)
    >>> tuesday = Updated(NormalMean([2.0], sigma=1.0), prior)
    >>> round(float(tuesday.grad_log_joint(np.array([2.0]))[0]), 6)  # 4 precision, mean (1 + 3 + 2 + 0) / 4
    -2.0
    """

    def __init__(self, model, prior):
        if model.is_joint:
            raise ValueError(
                f"{type(model).__name__} is written as log_joint, so its likelihood alone is not known; "
                "write log_likelihood and log_prior to update it."
            )
        self.model, self.prior = model, prior
        self.parameters, self.n_data = model.parameters, model.n_data
        self.space, self.n_latent = model.space, model.n_latent
        _check_prior(prior, model.n_latent)

    @property
    def data(self):
        """The model's data, if it has an attribute of this name."""
        return self.model.data

    def log_prior(self, z):
        """The prior's log_prob(z), (...)."""
        return self.prior.log_prob(z)

    def grad_log_prior(self, z):
        """The prior's grad_log_prob(z), (..., L)."""
        return self.prior.grad_log_prob(z)

    def log_likelihood(self, z, rows=None):
        """log p(x|z) of the model, (...)."""
        return self.model.log_likelihood(z, *_given(rows))

    def grad_log_likelihood(self, z, rows=None):
        """Its gradient, (..., L)."""
        return self.model.grad_log_likelihood(z, *_given(rows))

    def forward(self, z, rows=None):
        """Return the model's log p(x|z), the prior's log p(z), and the cache."""
        log_likelihood, _, cache = self.model.forward(z, *_given(rows))
        return log_likelihood, self.prior.log_prob(z), Cache(z, cache)

    def backward(self, cache, dlog_likelihood, dlog_prior):
        """Return dz (..., L): the model's without its prior, and the new prior's."""
        dz = self.model.backward(cache.model, dlog_likelihood, None)
        if dlog_prior is None:
            return dz
        return dz + dlog_prior[..., None] * self.prior.grad_log_prob(cache.z)

    def sample_prior(self, n, rng):
        """Draw z (n, L) from the prior."""
        return self.prior.sample(n, rng)

    def simulate(self, z, rng):
        """Draw data from the model's p(x|z)."""
        return self.model.simulate(z, rng)

    def with_data(self, x):
        """The model of other data, under the same prior."""
        return Updated(self.model.with_data(x), self.prior)


class GaussianPrior:
    """N(mean, cov) over z.

        log p(z) = -(z - mean)^T cov^-1 (z - mean) / 2 - log det cov / 2 - L log(2 pi) / 2
        grad log p(z) = -cov^-1 (z - mean)

    Both are computed from a triangular root of cov^-1; neither inverse nor determinant is formed.

    Parameters
    ----------
    mean : array (L,)
    cov : array (L, L)
        Symmetric and positive definite.
    """

    def __init__(self, mean, cov):
        self.mean = vector(mean, "mean")
        self.cov = covariance(cov, "cov", len(self.mean))
        self._density = Gaussian.from_cov(self.mean, self.cov)

    def log_prob(self, z):
        """log p(z), (...), nats, for z (..., L)."""
        return self._density.log_prob(self._points(z))

    def grad_log_prob(self, z):
        """Its gradient, (..., L)."""
        return self._density.grad_log_prob(self._points(z))

    def sample(self, n, rng):
        """Draw z (n, L)."""
        return self._density.sample(n, rng)

    def _points(self, z):
        return last_axis(real(z, "z"), "z", len(self.mean))


def _given(rows):
    """The argument to pass on: a model without rows takes none."""
    return () if rows is None else (rows,)


def _check_prior(prior, n_latent):
    """Raise a ValueError unless the prior is a differentiable density of L variables."""
    missing = [name for name in ("log_prob", "grad_log_prob") if not callable(getattr(prior, name, None))]
    if missing:
        raise ValueError(
            f"the prior must have log_prob(z) and grad_log_prob(z), but {type(prior).__name__} has no "
            f"{' and no '.join(missing)}; use a GaussianPrior(mean, cov) or what scratchvae.fit returns."
        )
    z = np.zeros((2, n_latent))
    shapes = np.shape(prior.log_prob(z)), np.shape(prior.grad_log_prob(z))
    if shapes != ((2,), (2, n_latent)):
        raise ValueError(
            f"for z of shape (2, {n_latent}) the prior's log_prob and grad_log_prob must have shapes (2,) "
            f"and (2, {n_latent}), not {shapes[0]} and {shapes[1]}: is it of the same {n_latent} variables?"
        )
