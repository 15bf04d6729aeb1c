"""Annealed importance sampling: log p(x) by many small steps from a base to the posterior, and back."""

from dataclasses import dataclass, field

import numpy as np

from scratchvae.evaluation.annealing.hmc import transition
from scratchvae.evaluation.annealing.path import Path
from scratchvae.evaluation.annealing.tuning import tune
from scratchvae.importance import Estimate, effective_sample_size, log_evidence
from scratchvae.validation import finite, generator, has_shape, numeric_array, positive_int


@dataclass(frozen=True)
class AnnealedEvidence:
    """log p(x) by C chains.

    Attributes
    ----------
    log_w : array (C,)
        The log weight of each chain, nats.
    is_reverse : bool
        Whether the chains ran from the posterior to the base.
    acceptance : array (T - 1,)
        The mean probability with which moves were accepted, temperature by temperature.
    n_temperatures, n_leapfrog : int
        T, and steps in a move.
    z : array (C, L)
        Where the chains ended: forward, about the posterior.
    """

    log_w: np.ndarray
    is_reverse: bool
    acceptance: np.ndarray = field(repr=False)
    n_temperatures: int
    n_leapfrog: int
    z: np.ndarray = field(repr=False)

    @property
    def estimate(self):
        """log p(x) with its standard error between chains, nats.

        Forward the mean weight estimates p(x), and its logarithm lies below log p(x) on average; above log
        p(x) + b with a probability below e^-b (Markov's inequality). Reverse, 1 / w estimates 1 / p(x) and
        -log mean(1 / w) lies above. (Grosse, Ghahramani & Adams 2015.)
        """
        if self.is_reverse:
            value, error = log_evidence(-self.log_w)
            return Estimate(-value, error)
        return log_evidence(self.log_w)

    @property
    def ess(self):
        """The effective number of chains."""
        return float(effective_sample_size(-self.log_w if self.is_reverse else self.log_w))


def annealed_importance_sampling(
    model, *, n_chains=32, n_temperatures=500, n_leapfrog=5, base="prior", rng=None, stopped=None
):
    """Estimate log p(x) of a Bayesian model by annealed importance sampling, a lower bound in expectation.

    Through T + 1 densities log f_t = (1 - beta_t) log b(z) + beta_t log p(x, z), beta_0 = 0, beta_T = 1,
    each chain draws z_0 from the base b, and then moves z_(t-1) to z_t by a transition that leaves f_t
    invariant. Its weight is

        log w = sum_t [log f_t(z_(t-1)) - log f_(t-1)(z_(t-1))]
              = sum_t (beta_t - beta_(t-1)) [log p(x, z_(t-1)) - log b(z_(t-1))]

    which is an importance weight in the space of the whole chain, so E[w] = p(x) whatever the transitions
    mix (Neal 2001). They are moves of Hamiltonian Monte Carlo by the model's own gradient, whose steps, and
    the temperatures, are found by a pilot run with chains of its own.

    Parameters
    ----------
    model : BayesianModel
        A VAE's posterior of one datum is ``sv.models.DecoderPosterior(vae, x)``.
    n_chains, n_temperatures, n_leapfrog : int
        C, T, and steps of the leapfrog in each move. The error falls about as 1 / T, and as 1 / sqrt(C).
    base : "prior", (mean, sigma), or a fitted Posterior
    rng : numpy.random.Generator
    stopped : callable, optional
        Called at each temperature; what it raises ends the run.

    Returns
    -------
    AnnealedEvidence

    Raises
    ------
    ValueError
        If a number makes no sense, the base does not suit the model, or a weight is not a number.

    References
    ----------
    Neal (2001), Annealed importance sampling, Statistics and Computing 11; Wu, Burda, Salakhutdinov & Grosse
    (2017), On the quantitative analysis of decoder-based generative models, ICLR.

    Examples
    --------
    >>> from scratchvae import models
    >>> model = models.NormalMean([1.0, 2.0, 4.0], sigma=1.0, prior_mean=0.0, prior_sigma=10.0)
    >>> found = annealed_importance_sampling(model, n_temperatures=100, rng=np.random.default_rng(0))
    >>> abs(found.estimate.value - model.log_evidence()) < 0.1
    True
    """
    run = _Run(model, n_chains, n_temperatures, n_leapfrog, base, rng, stopped)
    return run.forward()


def reverse_annealed_importance_sampling(
    model, z, *, n_chains=32, n_temperatures=500, n_leapfrog=5, base="prior", rng=None, stopped=None
):
    """The same from the posterior to the base: an upper bound of log p(x) in expectation.

    `z` must be a draw of p(z|x) itself: of an exact posterior, or the z from which x was simulated. Each
    chain begins there and goes through the densities the other way round. Its 1 / w is an unbiased estimate
    of 1 / p(x) (Grosse, Ghahramani & Adams 2015). With a z that is no such draw the bound does not hold.

    Parameters
    ----------
    z : array (L,) or (C, L)
        One draw for all chains, or one for each.

    Returns
    -------
    AnnealedEvidence
    """
    run = _Run(model, n_chains, n_temperatures, n_leapfrog, base, rng, stopped)
    return run.reverse(z)


class _Run:
    """The settings, checked, and the two directions."""

    def __init__(self, model, n_chains, n_temperatures, n_leapfrog, base, rng, stopped):
        self.n_chains = positive_int(n_chains, "n_chains")
        self.n_leapfrog = positive_int(n_leapfrog, "n_leapfrog")
        self.rng, self.stopped = generator(rng), stopped
        self.path = Path(model, base)
        n_temperatures = positive_int(n_temperatures, "n_temperatures")
        self.tuning = tune(self.path, self.n_leapfrog, self.rng, stopped)
        self.betas = self.tuning.temperatures(n_temperatures)

    def forward(self):
        betas, acceptance = self.betas, []
        point = self.path.at(self.path.sample(self.n_chains, self.rng))
        log_w = np.zeros(self.n_chains)
        for t in range(1, len(betas)):
            log_w += (betas[t] - betas[t - 1]) * (point.log_joint - point.log_base)  # Eq. (60)
            if t < len(betas) - 1:  # after the last weight no move counts
                point = self._moved(point, t, acceptance)
        return self._result(log_w, False, acceptance, point)

    def reverse(self, z):
        betas, acceptance = self.betas, []
        point = self.path.at(self._beginning(z))
        log_w = np.zeros(self.n_chains)
        for t in reversed(range(1, len(betas))):
            if t < len(betas) - 1:
                point = self._moved(point, t, acceptance)
            log_w += (betas[t] - betas[t - 1]) * (point.log_joint - point.log_base)  # Eq. (60)
        return self._result(log_w, True, acceptance, point)

    def _moved(self, point, t, acceptance):
        if self.stopped is not None:
            self.stopped()
        beta = self.betas[t]
        step = self.tuning.step(beta)
        point, accepted = transition(self.path, point, beta, step, self.n_leapfrog, self.rng)
        acceptance.append(accepted.mean())
        return point

    def _beginning(self, z):
        z = np.asarray(finite(numeric_array(z, "z"), "z"), np.float64)
        n_latent = self.path.model.n_latent
        if z.ndim == 1:
            z = np.broadcast_to(z, (self.n_chains, len(z)))
        return has_shape(z, "z", (self.n_chains, n_latent), "(L,) or (C, L)").copy()

    def _result(self, log_w, is_reverse, acceptance, point):
        return AnnealedEvidence(
            log_w, is_reverse, np.array(acceptance), len(self.betas) - 1, self.n_leapfrog, point.z
        )
