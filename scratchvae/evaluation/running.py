"""Importance weights that come some at a time: what is said of them by sums, and by the largest few."""

import numpy as np

from scratchvae.importance import khat_of_tail, tail_size
from scratchvae.numerics import log_sum_exp
from scratchvae.validation import positive_int

#: The least number of samples for which there is a khat.
LEAST_FOR_KHAT = 25


class RunningWeights:
    """Evidence, effective sample size, khat and ELBO of B data from S weights each, added piece by piece.

    Of the weights themselves only the M + 1 largest are kept, M = ``tail_size(S)`` <= 3 sqrt(S), by which
    khat is found; all else is a sum that runs along, in double precision:

        log sum w    log sum w^2    sum log w    sum (log w - mean)^2    sum log p(x|z)

    The sums of weights are log-sum-exps, whose largest term is taken out; the sum of squares grows by the
    formula of Chan, Golub & LeVeque (1983), in which no large numbers cancel.

    Parameters
    ----------
    n_data : int
        B.
    n_samples : int
        S, known from the start.
    """

    def __init__(self, n_data, n_samples):
        self.n_samples = positive_int(n_samples, "n_samples")
        self.n = 0
        self.log_sum = np.full(n_data, -np.inf)
        self.log_sum_squares = np.full(n_data, -np.inf)
        self.sum_log, self.squares_log = np.zeros(n_data), np.zeros(n_data)
        self.sum_log_likelihood = np.zeros(n_data)
        has_khat = self.n_samples >= LEAST_FOR_KHAT
        self.n_largest = tail_size(self.n_samples) + 1 if has_khat else 0
        self.largest = np.empty((0, n_data))

    def add(self, log_w, log_likelihood=0.0):
        """Take in log weights (K, B), and the log p(x|z) that is a part of each."""
        log_w = np.asarray(log_w, np.float64)
        self.sum_log_likelihood += np.broadcast_to(log_likelihood, log_w.shape).sum(axis=0, dtype=np.float64)
        with np.errstate(invalid="ignore"):  # NaN is reported in words, with its row, by the caller
            self.log_sum = np.logaddexp(self.log_sum, log_sum_exp(log_w, axis=0))  # Eq. (17)
            self.log_sum_squares = np.logaddexp(self.log_sum_squares, log_sum_exp(2 * log_w, axis=0))
        self._add_to_moments(log_w)
        if self.n_largest:
            together = np.concatenate([self.largest, log_w])
            place = max(len(together) - self.n_largest, 0)
            self.largest = np.partition(together, place, axis=0)[place:]

    def _add_to_moments(self, log_w):
        n, total = len(log_w), log_w.sum(axis=0)
        with np.errstate(invalid="ignore"):  # a weight of zero makes the ELBO -inf and its error unknown
            squares = ((log_w - total / n) ** 2).sum(axis=0)
            if self.n:
                squares += (total / n - self.elbo()) ** 2 * n * self.n / (self.n + n)
            self.squares_log += squares
        self.sum_log += total
        self.n += n

    # --- what is known of each datum, (B,) ------------------------------------------------------

    def log_p(self):
        """log 1/S sum w, nats."""
        return self.log_sum - np.log(self.n)  # Eq. (17)

    def ess(self):
        """(sum w)^2 / sum w^2, from 1 to S."""
        return np.exp(2 * self.log_sum - self.log_sum_squares)

    def log_p_error(self):
        """The Monte Carlo standard error of `log_p`, as `importance.log_evidence` has it.

        sum_s (W_s - 1/S)^2 = sum_s W_s^2 - 1/S = 1/ESS - 1/S.
        """
        return np.sqrt(np.maximum(1 / self.ess() - 1 / self.n, 0))

    def elbo(self):
        """The mean of log w, nats."""
        return self.sum_log / self.n  # Eq. (7)

    def distortion(self):
        """Minus the mean of log p(x|z), nats."""
        return -self.sum_log_likelihood / self.n

    def elbo_error(self):
        """Its Monte Carlo standard error; NaN for a single sample."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.sqrt(self.squares_log / (self.n - 1.0) / self.n)

    def khat(self):
        """The shape of the weights' tail; NaN below 25 samples, and before all of them are there."""
        if not self.n_largest or self.n != self.n_samples:
            return np.full(len(self.log_sum), np.nan)
        return np.array([khat_of_tail(column, self.n) for column in self.largest.T])
