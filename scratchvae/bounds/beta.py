"""The beta-ELBO of Higgins et al. (2017): KL weighs beta times as much, from the start or after a warm-up."""

import math
from dataclasses import dataclass

import numpy as np

from scratchvae.bounds.base import Bound
from scratchvae.bounds.terms import Terms
from scratchvae.bounds.warm_up import WarmingUp
from scratchvae.optim.config import Configured
from scratchvae.optim.schedules import Schedule
from scratchvae.validation import in_range


@dataclass
class BetaElbo(Bound, Configured):
    """L = (1/K) sum_k [log p(x|z_k) + beta (log p(z_k) - log p(eps_k) + log|det dz_k/deps_k|)].

    Its mean is E_q[log p(x|z)] - beta KL(q(z|x) || p(z)) (Higgins et al. 2017, equation 4). For beta > 1 it
    lies below the ELBO, and makes z say less of x; for beta < 1 it may lie above log p(x). For a fixed model
    the best q is the one nearest to p(z) p(x|z)^(1/beta), normalised: not to the posterior, but to that of a
    weaker (beta > 1) or stronger likelihood.

    The loss is linear in its terms:

        d log p(x|z_k) = -1/(K B),    d log p(z_k) = d log|det| = -beta/(K B)

    A schedule in the place of the number is a warm-up: at the beginning, when z says nothing of x, KL would
    pull q to the prior before the decoder has learned to use z, and some z_i never come back (Bowman et al.
    2016; Sonderby et al. 2016). Outside of training, where there are no steps, beta is that of its end.

    Parameters
    ----------
    beta : float or Schedule
        At least 0. ``sv.optim.Linear(0, 1, steps)``, or ``sv.optim.Cyclic(1, total)`` (Fu et al. 2019); of
        the schedules those that come to an end.
    """

    name = "beta"
    needs_prior = True
    beta: float | Schedule = 4.0

    def __post_init__(self):
        if isinstance(self.beta, Schedule):
            self.warm_up_steps = _end_of(self.beta)
            self.last = _weight(self.beta(self.warm_up_steps + 1))
        else:
            self.beta = self.last = _weight(self.beta)

    def at(self, t):
        """Of step t: the gradient with the beta of this step, the value with the last one."""
        if t > self.warm_up_steps:
            return self
        return WarmingUp(type(self)(self.beta(t)), type(self)(self.last))

    def forward(self, terms):
        """Return the loss, nats a datum, and the cache: the shape (K, B)."""
        log_p_over_q = terms.log_prior - terms.log_noise + terms.log_det  # (K, B)
        beta = log_p_over_q.dtype.type(self.last)
        return -(terms.log_likelihood + beta * log_p_over_q).mean(), log_p_over_q  # Eq. (55)

    def backward(self, cache):
        """Return the loss's derivative with respect to each term."""
        each = np.full_like(cache, -1 / cache.size)  # Eq. (55')
        weighed = np.full_like(cache, -self.last / cache.size)
        return Terms(log_likelihood=each, log_prior=weighed, log_det=weighed)


@dataclass
class BetaAnalyticKL(BetaElbo):
    """L = (1/K) sum_k log p(x|z_k) - beta KL(q(z|x) || p(z)): the same mean, KL in closed form.

    What `AnalyticKL` is to `Elbo`: less noise, for a Gaussian q and a normal prior.
    """

    name = "beta_analytic_kl"
    uses_kl = True

    def forward(self, terms):
        """Return the loss, nats a datum, and the cache: the two terms."""
        beta = terms.kl.dtype.type(self.last)
        loss = beta * terms.kl.mean() - terms.log_likelihood.mean()  # Eq. (55)
        return loss, (terms.log_likelihood, terms.kl)

    def backward(self, cache):
        """Return the loss's derivative with respect to each term: -1/(K B) and beta/B."""
        log_likelihood, kl = cache
        return Terms(  # Eq. (55')
            log_likelihood=np.full_like(log_likelihood, -1 / log_likelihood.size),
            kl=np.full_like(kl, self.last / kl.size),
        )


def _weight(beta):
    """beta as a float of at least 0, or a ValueError."""
    return in_range(beta, "beta", 0, math.inf, high_open=True)


def _end_of(schedule):
    """How many steps a schedule goes on, or a ValueError if it has no end."""
    if math.isinf(schedule.length):
        raise ValueError(
            f"beta is {schedule!r}, a schedule that never ends, so there is no bound that it leads to: take "
            "Linear(0, 1, steps=1000) or Cyclic(1, total=4000) of scratchvae.optim."
        )
    return schedule.length
