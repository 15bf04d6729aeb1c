"""Generalised linear models: the data depend on the coefficients through eta = X beta alone."""

import copy
from typing import NamedTuple

import numpy as np

from scratchvae.distributions.normal import HALF_LOG_2PI
from scratchvae.models import blocks
from scratchvae.models.base import BayesianModel
from scratchvae.models.design import check_identified, design, prior_scales, response
from scratchvae.validation import generator, last_axis, real


class Cache(NamedTuple):
    """What `GeneralizedLinearModel.backward` needs."""

    z: np.ndarray  # (..., P)
    rows: object  # the minibatch: None for all data
    scale: float  # N over the minibatch's size
    x: np.ndarray  # (M, P), the rows of X; None if they came in several blocks
    deta: np.ndarray  # (S, M), dlog p/deta; None likewise


class GeneralizedLinearModel(BayesianModel):
    """p(y | beta) = prod_n p(y_n | eta_n), eta_n = sum_p X_np beta_p, with normal priors of beta.

    z is beta itself, (..., P). A subclass writes one likelihood, `terms`: the logarithm of p(y_n | eta_n)
    and its derivative by eta_n. The rest follows from the chain rule, deta_n/dbeta_p = X_np:

        dlog p(y | beta) / dbeta = X^T (dlog p / deta)

    The work is two matrix products, eta = beta X^T on the way forward and (dlog p / deta) X on the way
    back; `forward` hands deta to `backward`, so that neither is done twice. If the table of samples
    times rows would be large (`blocks.MAX_TABLE`), all goes block by block of the rows, and the second
    way computes eta again in place of keeping it.

    (McCullagh and Nelder, Generalized Linear Models, 1989, chapter 2. Normal priors of the coefficients:
    Gelman et al., Bayesian Data Analysis, 2013, section 16.3.)

    Parameters
    ----------
    x : array (N, C) or (N,)
        Explanatory variables. Scale them, or the priors: `prior_sigma` is in units of eta per unit of x.
    y : array (N,)
    prior_sigma : float or array (P,)
        beta_p ~ N(0, prior_sigma_p^2), the intercept's first; numpy.inf is a flat prior, which adds zero
        to log p(beta).
    intercept : bool
        Whether a first column of ones is added.
    names : sequence of str, optional
        Of the columns of x.

    Raises
    ------
    ValueError
        For data that do not fit, are not finite, or are outside the likelihood's range; names that occur
        twice; columns that are linearly dependent under a flat prior.
    """

    def __init__(self, x, y, prior_sigma=1.0, intercept=True, names=None):
        self.design = design(x, intercept, names)
        self.parameters = self.design.parameters
        self.x = self.design.matrix
        self.n_data, self.n_latent = self.x.shape
        self.prior_sigma = prior_scales(prior_sigma, self.n_latent)
        check_identified(self.x, self.design.names, self.prior_sigma)
        self._set_response(y)

    def _set_response(self, y):
        self.y = self.checked(response(y, self.n_data))

    # --- what a likelihood writes ---------------------------------------------------------------

    def terms(self, eta, rows):
        """Return log p(y_n | eta_n) and its derivative by eta_n, each (S, M), for eta (S, M).

        `rows` is an index (or a slice) of the M data.
        """
        raise NotImplementedError(f"{type(self).__name__} has no terms(eta, rows): write it.")

    def checked(self, y):
        """Return y (N,) if the likelihood allows it, else raise a ValueError."""
        return y

    def draw(self, eta, rng):
        """Draw y of eta's shape (..., N)."""
        raise NotImplementedError(f"{type(self).__name__} has no draw(eta, rng): write it.")

    # --- the four functions ---------------------------------------------------------------------

    def linear_predictor(self, z, x=None):
        """eta = X beta, (..., M), for z (..., P); of the model's own rows or of new rows x (M, P)."""
        return self._checked_z(z) @ (self.x if x is None else x).T

    def log_prior(self, z):
        """sum_p log N(beta_p; 0, prior_sigma_p^2), in which a flat prior adds zero."""
        u = self._checked_z(z) / self.prior_sigma
        proper = self.prior_sigma[np.isfinite(self.prior_sigma)]
        return -0.5 * (u * u).sum(axis=-1) - np.log(proper).sum() - proper.size * HALF_LOG_2PI

    def grad_log_prior(self, z):
        """-beta_p / prior_sigma_p^2."""
        return -self._checked_z(z) / self.prior_sigma**2

    def log_likelihood(self, z, rows=None):
        """sum_n log p(y_n | eta_n), over all data or the given rows."""
        z = self._checked_z(z)
        total = sum(log_p.sum(axis=-1) for _, log_p, _ in self._pieces(z, rows))
        return total.reshape(z.shape[:-1])[()]

    def grad_log_likelihood(self, z, rows=None):
        """X^T (dlog p / deta)."""
        z = self._checked_z(z)
        return sum(deta @ x for x, _, deta in self._pieces(z, rows)).reshape(z.shape)

    def _pieces(self, z, rows):
        """Yield (rows of X, log p, deta) block by block of the rows, with the samples in one axis."""
        z = z.reshape(-1, self.n_latent)  # (S, P)
        for block in blocks.index_blocks(self.n_data, rows, len(z), blocks.MAX_TABLE):
            x = self.x[block]  # (M, P)
            yield x, *self.terms(z @ x.T, block)

    def _checked_z(self, z):
        return last_axis(real(z, "z"), "z", self.n_latent)

    # --- both at once ---------------------------------------------------------------------------

    def forward(self, z, rows=None):
        """Return log p(y|z), scaled to all N data, log p(z), and the cache with deta."""
        z = self._checked_z(z)
        rows = None if rows is None else blocks.row_index(rows)
        scale = 1.0 if rows is None else self.n_data / len(rows)
        total, count, kept = 0.0, 0, (None, None)
        for x, log_p, deta in self._pieces(z, rows):
            total, count, kept = total + log_p.sum(axis=-1), count + 1, (x, deta)
        if count > 1:
            kept = (None, None)
        log_likelihood = scale * total.reshape(z.shape[:-1])[()]
        return log_likelihood, self.log_prior(z), Cache(z, rows, scale, *kept)

    def backward(self, cache, dlog_likelihood, dlog_prior):
        """Return dz = dlog_likelihood scale X^T deta + dlog_prior dlog p(z)/dz."""
        if cache.deta is None:
            slope = self.grad_log_likelihood(cache.z, cache.rows)
        else:
            slope = (cache.deta @ cache.x).reshape(cache.z.shape)
        dz = cache.scale * np.asarray(dlog_likelihood)[..., None] * slope
        if dlog_prior is None:
            return dz
        return dz + np.asarray(dlog_prior)[..., None] * self.grad_log_prior(cache.z)

    # --- simulation -----------------------------------------------------------------------------

    def sample_prior(self, n, rng):
        """Draw beta (n, P); a flat prior has nothing to draw from."""
        if np.isinf(self.prior_sigma).any():
            raise ValueError(
                "a flat prior (prior_sigma=inf) cannot be drawn from: give a finite prior_sigma."
            )
        return self.prior_sigma * generator(rng).standard_normal((n, self.n_latent))

    def simulate(self, z, rng):
        """Draw y (..., N) at the model's own X for each z (..., P)."""
        return self.draw(self.linear_predictor(z), generator(rng))

    @property
    def data(self):
        """The data, of the form that `simulate` gives."""
        return self.y

    def with_data(self, y):
        """The same model, with the same X and priors, of other responses y (N,)."""
        other = copy.copy(self)
        other._set_response(y)
        return other
