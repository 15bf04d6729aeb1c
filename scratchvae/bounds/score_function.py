"""The score-function estimator of the ELBO's gradient: no gradient of the model is needed."""

import numpy as np

from scratchvae.bounds.base import Bound
from scratchvae.bounds.terms import Terms
from scratchvae.validation import in_range


class ScoreFunction(Bound):
    """d/dlam E_q[log w] = E_q[log w  d log q(z; lam) / dlam], log w = log p(x, z) - log q(z; lam).

    From dq/dlam = q d log q/dlam; the derivative of log q inside the expectation has mean zero. Only the
    *value* of log p(x, z) enters, so it may be discrete or unknown inside; the price is variance. For
    any b that does not depend on z_k, log w may be replaced by log w - b, since E_q[b d log q/dlam] = 0;
    a b near log w lowers the variance. Here b = 0.

    (Williams 1992, REINFORCE; Paisley, Blei & Jordan 2012; Ranganath, Gerrish & Blei 2014.)
    """

    exact = False
    pathwise = False
    needs_independence = True

    def forward(self, terms):
        """Return minus the Monte Carlo ELBO, nats a datum, and the cache: log w, (K, B)."""
        log_w = terms.log_weights()  # (K, B)
        return -log_w.mean(), log_w  # Eq. (7)

    def backward(self, cache):
        """Return -(log w - b) / (K B) as the coefficient of each draw's score."""
        centred = cache - self.baseline(cache)
        score = -centred / cache.size  # Eq. (30)
        each = np.full_like(cache, -1 / cache.size)  # for the parameters of the model
        return Terms(log_likelihood=each, log_prior=each, score=score)

    def baseline(self, log_w):
        """b, which broadcasts to (K, B)."""
        return 0.0


class RunningBaseline(ScoreFunction):
    """b is the exponential moving average of the ELBO over past steps (Mnih & Gregor 2014).

    Past draws are independent of the present ones, so the estimator stays unbiased.

    Parameters
    ----------
    decay : float
        What the average keeps of its past at each step, in [0, 1).
    """

    keeps_state = True

    def __init__(self, decay=0.9):
        self.decay = in_range(decay, "decay", 0, 1, high_open=True)
        self.mean = None

    def baseline(self, log_w):
        """The average so far; zero before the first step."""
        return 0.0 if self.mean is None else self.mean

    def observe(self, cache):
        """Move the average towards the step's mean log w."""
        now = float(cache.mean())
        self.mean = now if self.mean is None else self.decay * self.mean + (1 - self.decay) * now


class LeaveOneOut(ScoreFunction):
    """b_k is the mean log w of the other K - 1 draws, which are independent of z_k.

    log w_k - b_k = (log w_k - mean) K / (K - 1). (Salimans & Knowles 2014; Mnih & Rezende 2016.)
    """

    least_samples = 2

    def baseline(self, log_w):
        """The mean of the others, (K, B)."""
        return leave_one_out(log_w)


class RaoBlackwell(ScoreFunction):
    """For a factorised q: each coordinate's score meets only those terms that involve its z_i.

    If q = prod_i q_i(z_i), the terms of log w that do not involve z_i are independent of q_i's score,
    whose mean is zero: given the rest, their product has mean zero and can be left out.

        dlam_i = E_q[(log p_i(x, z) - log q_i(z_i)) d log q_i(z_i) / dlam_i]

    log p_i is the sum of the terms of log p(x, z) in which z_i occurs, which a model gives as
    `local_log_joint`; without it the whole log p(x, z) stands there, and only log q is thinned. The
    leave-one-out baseline is taken coordinate by coordinate. (Ranganath, Gerrish & Blei 2014, section
    3.1.)

    It varies less where most of log w does not involve z_i. It may vary more near the posterior, where log w
    as a whole is nearly constant and its parts are not; the more so if log q is thinned alone.
    """

    uses_local = True
    least_samples = 2

    def forward(self, terms):
        """Return minus the Monte Carlo ELBO and the cache: the local log weights, (K, B, L)."""
        return -terms.log_weights().mean(), terms.local  # Eq. (7)

    def backward(self, cache):
        """Return the coefficient of each coordinate's score, (K, B, L)."""
        shape = cache.shape[:-1]
        local = -(cache - leave_one_out(cache)) / (shape[0] * shape[1])  # Eq. (31)
        return Terms(log_likelihood=np.full(shape, -1 / (shape[0] * shape[1])), local=local)


def leave_one_out(values):
    """For each draw k the mean of the others, along the first axis."""
    n = len(values)
    return (values.sum(axis=0) - values) / (n - 1)
