"""The variational Renyi bound of Li & Turner (2016): from the ELBO to the importance-weighted one."""

from dataclasses import dataclass

import numpy as np

from scratchvae.bounds.base import Bound
from scratchvae.bounds.terms import Terms
from scratchvae.optim.config import Configured
from scratchvae.validation import in_range


@dataclass
class Renyi(Bound, Configured):
    """L_alpha = 1/(1 - alpha) log (1/K) sum_k w_k^(1 - alpha): log of a power mean of the weights.

    The order of the mean is s = 1 - alpha. alpha = 0 is the arithmetic mean, `Iwae`; alpha -> 1 the
    geometric one, `Elbo`; alpha -> -inf the largest weight, `VRMax`. A power mean rises with its order, so
    L_alpha falls as alpha grows, draw by draw. As K grows it tends to

        log p(x) - D_alpha(q || p(z|x)),    D_alpha = 1/(alpha - 1) log E_q[(q / p(z|x))^(alpha - 1)],

    Renyi's divergence, which near alpha = 1 is KL. The larger alpha, the more q keeps to one mode; the
    smaller, the more of the posterior it covers. For alpha >= 0 the mean of L_alpha is at most log p(x). For
    alpha < 0 it may lie above: it is no lower bound then.

    Like that of alpha = 0, the gradient counts a draw by its share:

        d L_alpha / d log w_k = w_k^s / sum_j w_j^s

    (Li & Turner 2016, sections 3 and 4.)

    Parameters
    ----------
    alpha : float
        Finite; 1 means its limit, the ELBO.
    """

    name = "renyi"
    needs_independence = True
    alpha: float = 0.5

    def __post_init__(self):
        try:
            self.alpha = in_range(self.alpha, "alpha", -np.inf, np.inf, low_open=True, high_open=True)
        except ValueError as error:
            raise ValueError(f"{error} The limit alpha -> -inf is the bound 'vr_max'.") from None

    def forward(self, terms):
        """Return the loss, nats a datum, and the cache: each draw's share, (K, B)."""
        log_w = terms.log_weights()  # (K, B)
        log_mean, share = log_power_mean(log_w, 1 - self.alpha)
        return -log_mean.mean(), share  # Eq. (53)

    def backward(self, cache):
        """Return the loss's derivative with respect to each term: minus the share, over B."""
        each = -cache / cache.shape[1]  # Eq. (53')
        return Terms(log_likelihood=each, log_prior=each, log_det=each)


def log_power_mean(log_w, order):
    """log (mean_k w_k^s)^(1/s), s = `order`, and the shares w_k^s / sum_j w_j^s, along the first axis.

    The weight that counts most is taken out, w_k = w_top e^(u_k / s) with u_k <= 0. For a small s all u_k
    are near zero, and what is left of their mean after a division by s would be rounding: so the mean is
    taken of e^u - 1, which `expm1` gives to all digits.
    """
    if order == 0:
        return log_w.mean(axis=0), np.full_like(log_w, 1 / len(log_w))
    top = log_w.max(axis=0) if order > 0 else log_w.min(axis=0)
    u = log_w.dtype.type(order) * (log_w - top)
    powers, excess = np.exp(u), np.expm1(u).mean(axis=0)
    log_mean = np.where(excess > -0.5, np.log1p(excess), np.log(powers.mean(axis=0)))
    return top + log_mean / log_w.dtype.type(order), powers / powers.sum(axis=0)
