"""The ELBO's gradient without the score of q (Roeder, Wu & Duvenaud 2017)."""

import numpy as np

from scratchvae.bounds.elbo import Elbo
from scratchvae.bounds.terms import Terms


class StickingTheLanding(Elbo):
    """The ELBO, its gradient along the path of z alone.

    lam enters log q(z; lam) twice, through z and directly. The direct part is the score, whose mean is
    zero, E_q[d log q(z; lam) / dlam] = d/dlam of the integral of q = 0; left out, it takes its noise
    with it and leaves the gradient unbiased:

        dlam = -(1 / K B) sum_k (dz/dlam)^T d/dz [log p(x, z) - log q(z; lam)]

    Where q is the posterior, log p(x, z) - log q(z) is the constant log p(x), and this is zero for
    every eps: it sticks the landing. The total derivative keeps the noise of the score there.

    At fixed noise this is not the derivative of the loss: finite differences see the score too.
    """

    exact = False

    def backward(self, cache):
        """Return the derivatives of `Elbo`, and -1 / (K B) of the score, which takes it out of them."""
        each = np.full_like(cache, -1 / cache.size)  # Eq. (29)
        return Terms(log_likelihood=each, log_prior=each, log_det=each, score=each)
