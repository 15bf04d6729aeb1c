"""Importance weights of a VAE, and log p(x) by them, in memory that does not grow with their number."""

import numpy as np

from scratchvae.broadcasting import beside, row_blocks
from scratchvae.numerics import log_sum_exp
from scratchvae.validation import generator, positive_int

#: How many rows, and values, the decoder makes at once where memory must not grow with the samples.
MAX_ROWS, MAX_VALUES = 4096, 2**22


class Evidence:
    """`log_weights`, `elbo` and `log_likelihood` for a class with the attributes of a `VAE`."""

    def log_weights(self, x, eps, y=None):
        """log p(x, z) - log q(z|x), (K, B), nats, for x (B, D) and eps (K, B, L)."""
        x = self.check_data(x)
        c = self.one_hot(self.check_labels(y, x.shape[:1]))
        return self._log_weights_given(self._lam(x, c), x, self.check_noise(eps, x), c)

    def elbo(self, x, eps, y=None):
        """The Monte Carlo ELBO of each datum, (B,), nats: the mean of its K log weights."""
        return self.log_weights(x, eps, y).mean(axis=0)  # Eq. (7)

    def log_likelihood(self, x, n_samples, rng, progress=None, y=None):
        """Importance-sampled log evidence log p(x) of each datum, nats (Rezende et al. 2014, appendix E).

        log p(x) is estimated by log (1/S) sum_s p(x, z_s) / q(z_s|x) with z_s drawn from q(z|x), a lower
        bound in expectation that tightens as S grows (Burda et al. 2016). Memory does not grow with S:
        a running log-sum-exp takes the samples some at a time. Not to be taken for log p(x|z), the
        likelihood of a decoded z.

        Parameters
        ----------
        x : array (N, D)
        n_samples : int
            S.
        rng : numpy.random.Generator
        progress : callable, optional
            Called with the number of data that are done since the last call.
        y : array (N,), optional
            Labels; what a conditional model gives is log p(x|y).

        Returns
        -------
        array (N,)
        """
        x, n_samples = self.check_data(x), positive_int(n_samples, "n_samples")
        c = self.one_hot(self.check_labels(y, x.shape[:1]))
        generator(rng)
        result = np.empty(len(x))
        for rows in row_blocks(len(x), self.rows_at_once):
            given = None if c is None else c[rows]
            result[rows] = self._log_likelihood_of_block(x[rows], n_samples, rng, given)
            if progress is not None:
                progress(len(x[rows]))
        return result

    @property
    def rows_at_once(self):
        """How many rows the decoder may be given at once; fewer if each makes many values."""
        return max(1, min(MAX_ROWS, MAX_VALUES // self.likelihood.n_params(self.n_data)))

    def _log_likelihood_of_block(self, x, n_samples, rng, c):
        lam = self._lam(x, c)
        at_once = max(1, self.rows_at_once // len(x))
        log_sum = np.full(len(x), -np.inf)
        for done in range(0, n_samples, at_once):
            n_now = min(at_once, n_samples - done)
            eps = rng.standard_normal((n_now, len(x), self.n_latent), self.dtype)
            log_w = self._log_weights_given(lam, x, eps, c)  # (n_now, B)
            log_sum = np.logaddexp(log_sum, log_sum_exp(log_w.astype(np.float64), axis=0))
        return log_sum - np.log(n_samples)  # Eq. (17)

    def _log_weights_given(self, lam, x, eps, c):
        z, log_det, _ = self.posterior.forward(lam, eps)
        log_likelihood = self.likelihood.log_prob(x, self.decoder.forward(beside(z, c))[0])
        return log_likelihood + self.prior.log_prob(z) - self.noise.log_prob(eps) + log_det  # Eq. (5)
