"""Which latent dimensions a VAE uses: active units, and a report on those that collapsed."""

from dataclasses import dataclass

import numpy as np

from scratchvae.distributions import StandardNormal, kl
from scratchvae.evaluation.encoding import has_normal_marginals, moments
from scratchvae.evaluation.statistics import means_and_errors, shown, variance_and_error
from scratchvae.importance import Estimate

#: A unit is active if its mean varies by more between data (Burda et al. 2016, section 5.2).
ACTIVE = 0.01
#: An inactive unit that costs more nats than this has not collapsed onto the prior.
COSTLY = 0.05

MEANING = {
    "active": "its mean follows x",
    "collapsed": "q(z_i|x) is the prior for every x: it costs nothing and says nothing",
    "idle": "it costs nats, but its mean hardly varies with x",
}


@dataclass(frozen=True)
class LatentUnits:
    """The L latent dimensions over n data.

    Attributes
    ----------
    variance_of_mean : Estimate
        Var_x(E[z_i|x]), arrays (L,): how much the posterior's mean follows the data.
    mean_of_variance : Estimate
        E_x Var[z_i|x]: 1 for a unit that is as the standard normal prior, whatever x; near 0 for a sure one.
    kl : Estimate or None
        E_x KL(q(z_i|x) || p(z_i)), nats; None without its formula.
    n_data : int
    """

    variance_of_mean: Estimate
    mean_of_variance: Estimate
    kl: Estimate | None
    n_data: int

    @property
    def active(self):
        """Whether each unit's mean varies by more than 0.01, (L,) of bool."""
        return self.variance_of_mean.value > ACTIVE

    @property
    def n_active(self):
        """The number of active units."""
        return int(self.active.sum())

    @property
    def uncertain(self):
        """Whether it lies within two standard errors of 0.01: other data might change the verdict, (L,)."""
        value, error = self.variance_of_mean
        return np.abs(value - ACTIVE) < 2 * error

    @property
    def states(self):
        """ "active", "collapsed" or "idle" for each unit; see `MEANING`."""
        costly = np.zeros(len(self.active), bool) if self.kl is None else self.kl.value > COSTLY
        return [
            "active" if on else "idle" if dear else "collapsed"
            for on, dear in zip(self.active, costly, strict=True)
        ]

    def advice(self, likelihood=None):
        """A sentence on what to do. `likelihood`: the spec of the model's, for what it calls for."""
        n, n_active, n_idle = len(self.active), self.n_active, self.states.count("idle")
        if n_active == n:
            return (
                f"All {n} units are active: more latent dimensions might be used as well; compare log p(x)."
            )
        cure = (
            "train with a warm-up of KL (kl_warm_up=10) or free bits (bound='free_bits:0.1'), or with a decoder "  # noqa: E501
            "that can do less by itself"
        )
        if likelihood is not None and likelihood.startswith("normal_fixed"):
            cure += (
                ", and let sigma be learned (likelihood='normal_shared'): one fixed too large has this effect"
            )
        if n_active == 0:
            return f"No unit is active: the decoder does without z, and this is no latent-variable model; {cure}."  # noqa: E501
        idle = f" {n_idle} of them cost nats all the same: train longer." if n_idle else ""
        return (
            f"{n - n_active} of {n} units are inactive, which does no harm: n_latent={n_active} would do as well.{idle} "  # noqa: E501
            f"If they were meant to be used, {cure}."
        )

    def __str__(self):
        rows = [f"{'unit':>4}  {'Var of mean':>21}  {'mean variance':>18}  {'KL, nats':>18}  state"]
        for i in np.argsort(-self.variance_of_mean.value, kind="stable"):
            cost = "-" if self.kl is None else shown(_entry(self.kl, i))
            doubt = " (uncertain)" if self.uncertain[i] else ""
            rows.append(
                f"{i:4d}  {shown(_entry(self.variance_of_mean, i), 4):>21}  "
                f"{shown(_entry(self.mean_of_variance, i)):>18}  {cost:>18}  {self.states[i]}{doubt}"
            )
        rows.append(f"{self.n_active} of {len(self.active)} units are active, by {self.n_data:,} data")
        return "\n".join(rows)


def latent_units(vae, dataset):
    """Look at each latent dimension of a VAE over a data set.

    A unit is active if Cov_x(E[z_i|x]) > 0.01 (Burda, Grosse & Salakhutdinov 2016, section 5.2). One that is
    not
    has mostly collapsed: q(z_i|x) = p(z_i), which the KL term of the ELBO rewards where the decoder makes no
    use of it (Bowman et al. 2016; Lucas et al. 2019).

    Parameters
    ----------
    vae : VAE
    dataset : Dataset
        Prepared, as for `evidence_of_each`.

    Returns
    -------
    LatentUnits
    """
    mean, sigma = (array.astype(np.float64) for array in moments(vae, dataset))  # (N, L)
    divergence = None
    if has_normal_marginals(vae) and isinstance(vae.prior, StandardNormal):
        lam = np.concatenate([mean, np.log(sigma)], axis=-1)
        divergence = means_and_errors(kl.forward(lam, by_coordinate=True)[0])
    return LatentUnits(variance_and_error(mean), means_and_errors(sigma**2), divergence, len(dataset))


def _entry(estimate, i):
    return Estimate(estimate.value[i], estimate.standard_error[i])
