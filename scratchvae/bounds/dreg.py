"""The importance-weighted bound, its gradient doubly reparameterized (Tucker et al. 2019)."""

from scratchvae.bounds.iwae import Iwae
from scratchvae.bounds.terms import Terms


class DReG(Iwae):
    """The bound of `Iwae` with a gradient of lam whose signal outgrows its noise as K grows.

    With the shares v_k = w_k / sum_j w_j, lam enters log w_k through z_k and directly, by -log q(z_k; lam):

        dL/dlam = sum_k v_k [(dz_k/dlam)^T d log w_k/dz - d log q(z_k; lam)/dlam]

    The second part, the score, has not mean zero here, as v_k depends on z_k. But for any f with z = g(eps)

        E_q[f(z) d log q(z; lam)/dlam] = E_eps[(dz/dlam)^T df/dz],

    for both are the derivative of E_q[f] by the lam of q. So the score of draw k is reparameterized once
    more, with f = v_k and all other draws held: dv_k/dz_k = (v_k - v_k^2) d log w_k/dz. This leaves

        E[dL/dlam] = E[sum_k v_k^2 (dz_k/dlam)^T d/dz [log p(x, z) - log q(z; lam)]]

    (Tucker, Lawson, Gu & Maddison 2019, section 3). To leave out the score alone, as `StickingTheLanding`
    does, would give v_k for v_k^2, and another mean. The shares are about 1/K. The score's noise falls as
    1/sqrt(K), the gradient itself as 1/K: so the signal-to-noise ratio of `Iwae` falls as 1/sqrt(K)
    (Rainforth et al. 2018). Here both carry the factor v_k^2, and the ratio rises as sqrt(K). Where q is the
    posterior there is no noise at all; with K = 1 this is `StickingTheLanding`.

    The parameters of the model keep the shares v_k, for they do not enter q: the decoder's gradient is that
    of `Iwae`, and only what goes on through z to lam is multiplied by v_k once more.
    """

    exact = False

    def backward(self, cache):
        """Return the derivatives of `Iwae`, v_k for dz, and those that take the score out."""
        dterms = super().backward(cache)
        squared = cache * dterms.log_det  # -v^2 / B, (K, B)
        return Terms(  # Eq. (54)
            log_likelihood=dterms.log_likelihood,
            log_prior=dterms.log_prior,
            log_det=squared,
            score=squared,
            path=cache,
        )
