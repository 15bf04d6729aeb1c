"""The bound of a Bayesian model as a function of lam, with its gradient: the VAE's without an encoder."""

from typing import NamedTuple

import numpy as np

from scratchvae.bounds import Terms
from scratchvae.distributions import StandardNormal
from scratchvae.reparam.base import cubature_points


class Evaluation(NamedTuple):
    """What one minibatch of noise gave; loss and dlam are None if too few draws were finite."""

    loss: float | None  # nats
    dlam: np.ndarray | None  # (n_params,)
    n_bad: int  # draws at which the model is not finite, which were left out


class Objective:
    """Minus a bound of log p(x) as a function of lam, in given coordinates.

    Parameters
    ----------
    model : BayesianModel
    reparam : Reparameterization
        y = g(eps; lam).
    bound : Bound
    coordinates : Coordinates
        z = shift + factor y.
    """

    def __init__(self, model, reparam, bound, coordinates):
        self.model, self.reparam, self.bound, self.coordinates = model, reparam, bound, coordinates
        self.noise = StandardNormal()

    def loss_and_grad(self, lam, eps, rows=None):
        """Evaluate at noise eps (K, L), without the draws at which the model is not finite."""
        n = len(eps)
        with np.errstate(all="ignore"):  # what is not finite is looked for, and left out
            while len(eps) >= self.bound.least_samples:
                loss, dlam, good = self._evaluate(lam, eps, rows)
                if good.all():
                    return Evaluation(loss, dlam, n - len(eps))
                eps = eps[good]
        return Evaluation(None, None, n - len(eps))

    def value(self, lam, eps):
        """The bound at noise eps (K, G, L), nats: the mean over G groups of K draws.

        Groups in which the model is not finite are left out; minus infinity if no group is left.
        """
        n_samples, n_groups, _ = eps.shape
        with np.errstate(all="ignore"):
            y, log_det, _ = self.reparam.forward(lam, eps.reshape(-1, eps.shape[-1]))
            log_likelihood, log_prior, _ = self.model.forward(self.coordinates.forward(y))
            flat = eps.reshape(len(y), -1)
            terms = self._terms(log_likelihood, log_prior, log_det, flat)
            terms = Terms(*(term.reshape(n_samples, n_groups) for term in terms[:4]), noise_entropy=terms[-1])
            good = np.isfinite(terms.log_likelihood + terms.log_prior).all(axis=0)
            if not good.any():
                return -np.inf
            terms = Terms(*(term[:, good] for term in terms[:4]), noise_entropy=terms.noise_entropy)
            if self.bound.uses_kl:
                terms = terms._replace(kl=self._kl(lam)[0])
            return -float(self.bound.forward(terms)[0])

    def weights(self, lam, eps):
        """z (S, L) and log w = log p(x, z) - log q(z), (S,), for eps (S, L)."""
        y, log_det, _ = self.reparam.forward(lam, eps)
        z = self.coordinates.forward(y)
        log_likelihood, log_prior, _ = self.model.forward(z)
        return z, self._terms(log_likelihood, log_prior, log_det, eps).log_weights()[:, 0]

    def _evaluate(self, lam, eps, rows):
        """The loss, dlam, and which draws are finite; the first two are of no use unless all are."""
        y, log_det, posterior = self.reparam.forward(lam, eps)
        z = self.coordinates.forward(y)
        log_likelihood, log_prior, model = self.model.forward(z, rows)
        good = np.isfinite(log_likelihood + log_prior)
        if not good.all():
            return None, None, good
        terms = self._terms(log_likelihood, log_prior, log_det, eps)
        if self.bound.uses_local:
            terms = terms._replace(local=self._local(z, posterior)[:, None])  # (K, 1, L)
        kl_cache = None
        if self.bound.uses_kl:
            kl, kl_cache = self._kl(lam)
            terms = terms._replace(kl=kl)
        loss, cache = self.bound.forward(terms)
        dterms = self.bound.backward(cache)
        dlam, good = self._backward(posterior, model, dterms, y)
        if kl_cache is not None:
            dlam = dlam + self._kl_backward(kl_cache, dterms.kl)
        if good.all():
            self.bound.observe(cache)
        return float(loss), dlam, good

    def _terms(self, log_likelihood, log_prior, log_det, eps):
        """Each term as (K, 1): a batch of one datum, the model's data as a whole."""
        columns = (log_likelihood, log_prior, self.noise.log_prob(eps), log_det + self.coordinates.log_det)
        entropy = self.noise.entropy(self.reparam.n_latent)
        return Terms(*(column[:, None] for column in columns), noise_entropy=entropy)

    def _backward(self, posterior, model, dterms, y):
        """dlam, and which draws have a finite gradient: the VAE's backward, from z on."""
        dy = np.zeros_like(y)
        if self.bound.pathwise:
            dlog_prior = None if dterms.log_prior is None else dterms.log_prior[:, 0]
            dz = self.model.backward(model, dterms.log_likelihood[:, 0], dlog_prior)
            dz = dz if dterms.path is None else dterms.path * dz
            dy = self.coordinates.backward(dz)
        good = np.isfinite(dy).all(axis=-1)
        if dterms.local is not None:
            return self.reparam.score_by_coordinate(posterior, dterms.local[:, 0]), good
        dlog_det = np.zeros(len(y)) if dterms.log_det is None else dterms.log_det[:, 0]
        if dterms.score is not None:
            dy, dlog_det = self.reparam.add_score(posterior, dterms.score[:, 0], dy, dlog_det)
        return self.reparam.backward(posterior, dy, dlog_det)[0], good  # Eq. (6')

    # --- the closed form of KL(q || p(z)) for Gaussians -----------------------------------------

    def _kl(self, lam):
        """KL(q || p(z)), (1,), exact if q is Gaussian and log p(z) quadratic, and what its backward needs.

        E_q[log p(z)] is then a mean over the 2 L cubature points, and the entropy of q that of the noise
        plus log|det|.
        """
        points = cubature_points(self.reparam.n_latent)
        y, log_det, posterior = self.reparam.forward(lam, points)
        z = self.coordinates.forward(y)
        entropy = self.noise.entropy(self.reparam.n_latent) + log_det[0] + self.coordinates.log_det
        return np.atleast_1d(-self.model.log_prior(z).mean() - entropy), (z, posterior)  # Eq. (23)

    def _kl_backward(self, cache, dkl):
        z, posterior = cache
        share = np.full(len(z), float(dkl[0]) / len(z))
        dz = -share[:, None] * self.model.grad_log_prior(z)
        return self.reparam.backward(posterior, self.coordinates.backward(dz), -share)[0]  # Eq. (23')

    # --- terms by coordinate --------------------------------------------------------------------

    def _local(self, z, posterior):
        """log p_i(x, z) - log q_i(z_i), (K, L), for the Rao-Blackwellized score function."""
        diagonal = np.log(self.coordinates.factor)  # log q_i of z_i, not of y_i
        log_q = self.reparam.log_q_by_coordinate(posterior) - diagonal
        if hasattr(self.model, "local_log_joint"):
            return self.model.local_log_joint(z) - log_q
        return self.model.log_joint(z)[:, None] - log_q
