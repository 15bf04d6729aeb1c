"""What the KL divergence of a VAE is made of: information, total correlation, and what each dimension
costs.
"""

import math
from dataclasses import dataclass

import numpy as np

from scratchvae.broadcasting import row_blocks
from scratchvae.distributions import StandardNormal
from scratchvae.distributions.normal import HALF_LOG_2PI
from scratchvae.evaluation.by_datum import by_datum
from scratchvae.evaluation.encoding import encoded, has_normal_marginals
from scratchvae.evaluation.kept import Results
from scratchvae.evaluation.statistics import mean_and_error, means_and_errors, shown
from scratchvae.importance import Estimate
from scratchvae.numerics import log_sum_exp
from scratchvae.validation import positive_int, whole_number

#: Draws of z, unless there are fewer data or more are asked for.
N_DRAWS = 2000
#: Draws that are compared with all data at once, and how many values that may make.
DRAWS_AT_ONCE, VALUES_AT_ONCE = 64, 2**21
#: The share of log N above which the information is about all that N data can show.
SATURATED = 0.9


@dataclass(frozen=True)
class KLDecomposition:
    """The mean of KL(q(z|x) || p(z)) over N data in parts, nats; each an `Estimate` over the draws.

    Attributes
    ----------
    information : Estimate
        I(x; z): what z tells of which of the N data x is. At most log N, so that for few data it is too
        small.
    marginal : Estimate
        KL(q(z) || p(z)), q(z) the mean of q(z|x) over the data.
    total_correlation : Estimate or None
        The part of it by which q(z) is no product over dimensions; None where q(z|x) is not normal.
    by_dimension : Estimate or None
        The rest: KL(q(z_i) || p(z_i)), arrays (L,); None where q(z|x) or the prior is no such product.
    dimensions : Estimate or None
        The sum of these.
    kl : Estimate
        Their sum, draw by draw: log q(z|x) - log p(z).
    closed_form : float or None
        The mean KL over all data without draws, where there is a formula.
    n_data, n_draws : int
        N, all of them in q(z), and the number of z that were drawn.
    """

    information: Estimate
    marginal: Estimate
    total_correlation: Estimate | None
    by_dimension: Estimate | None
    dimensions: Estimate | None
    kl: Estimate
    closed_form: float | None
    n_data: int
    n_draws: int

    @property
    def is_saturated(self):
        """Whether the information is so near log N that more data would show more."""
        return self.information.value > SATURATED * math.log(self.n_data)

    def __str__(self):
        lines = [
            f"KL(q(z|x) || p(z))        {shown(self.kl)} nats, by {self.n_draws:,} draws",
            f"  information I(x; z)     {shown(self.information)}, at most log N = {math.log(self.n_data):.3f}",  # noqa: E501
            f"  KL(q(z) || p(z))        {shown(self.marginal)}",
        ]
        if self.total_correlation is not None:
            lines.append(f"    total correlation     {shown(self.total_correlation)}")
        if self.by_dimension is not None:
            lines.append(f"    sum over dimensions   {shown(self.dimensions)}")
        lines.append(f"q(z) is the mean of q(z|x) over all {self.n_data:,} data")
        return "\n".join(lines)


def kl_decomposition(vae, dataset, n_draws=None, seed=0, *, results=None, threads=None, progress=None):
    """Take the mean KL divergence of a VAE apart, over a data set.

        E_n KL(q(z|x_n) || p(z)) = I(x; z) + TC(z) + sum_i KL(q(z_i) || p(z_i))

    with q(z) = 1/N sum_m q(z|x_m) and TC the divergence of q(z) from the product of its marginals. Of each
    draw z ~ q(z|x_n), log q(z) is exact: a log-sum-exp over all N data, and so is log q(z_i). (The estimates
    of Chen et al. 2018 from a minibatch are biased; here nothing is, but for what draws leave open.)

    The posterior must have a density that can be evaluated at a given z: any normal one, or a map with an
    inverse. N n_draws L densities are taken, which of 10,000 data with L = 50 and 2,000 draws are a billion.

    Parameters
    ----------
    vae : VAE
    dataset : Dataset
        Prepared, as for `evidence_of_each`.
    n_draws : int, optional
        How many z are drawn, each of another datum taken at random, by default 2,000 or N if that is less.
        More than N are drawn of all data in turn.
    seed : int
        Draw s has the generator ``default_rng([seed, 4, s])``.
    results : Results, optional
        Of ``n_draws`` entries.
    threads, progress
        As for `evidence_of_each`.

    Returns
    -------
    KLDecomposition

    Raises
    ------
    ValueError
        If the posterior's map has no inverse and is not normal, or a number makes no sense.

    References
    ----------
    Hoffman & Johnson (2016), ELBO surgery, NIPS workshop; Chen, Li, Grosse & Duvenaud (2018), Isolating
    sources
    of disentanglement in variational autoencoders, NeurIPS.
    """
    n_data, seed = len(dataset), whole_number(seed, "seed")
    n_draws = min(n_data, N_DRAWS) if n_draws is None else positive_int(n_draws, "n_draws")
    results = Results(n_draws) if results is None else results
    order = np.random.default_rng([seed, 4]).permutation(n_data)
    aggregate = _Aggregate(vae, encoded(vae, dataset))

    def parts_of(draws):
        rngs = [np.random.default_rng([seed, 4, int(draw)]) for draw in draws]
        return aggregate.parts(order[draws % n_data], rngs)

    by_datum(parts_of, results, aggregate.at_once, threads=threads, progress=progress)
    return _summary(results, aggregate.closed_form(), n_data)


def _summary(results, closed_form, n_data):
    """The `KLDecomposition` of the draws that are done."""
    names = ("information", "marginal", "kl")
    estimates = {name: mean_and_error(results[name]) for name in names}
    has = results.arrays.keys()
    return KLDecomposition(
        **estimates,
        total_correlation=mean_and_error(results["correlation"]) if "correlation" in has else None,
        by_dimension=means_and_errors(results["dimensions"]) if "dimensions" in has else None,
        dimensions=mean_and_error(results["dimensions"].sum(axis=1)) if "dimensions" in has else None,
        closed_form=closed_form,
        n_data=n_data,
        n_draws=int(results.done.sum()),
    )


class _Aggregate:
    """q(z) = 1/N sum_m q(z|x_m), evaluated by all its components."""

    def __init__(self, vae, lam):
        self.vae, self.lam = vae, lam  # (N, n_params)
        self.is_normal, self.factorises = has_normal_marginals(vae), vae.posterior.factorises
        self.prior_factorises = isinstance(vae.prior, StandardNormal)
        if self.is_normal:
            mean, sigma = vae.posterior.mean_and_sigma(lam)
            self.mean, self.inverse = (
                np.ascontiguousarray(mean.T),
                np.ascontiguousarray(1 / sigma.T),
            )  # (L, N)
            self.constant = np.log(self.inverse) - HALF_LOG_2PI

    @property
    def at_once(self):
        """How many draws are compared with all components at once."""
        width = 1 if self.factorises else self.vae.n_latent
        return max(1, min(DRAWS_AT_ONCE, VALUES_AT_ONCE // (len(self.lam) * width)))

    def parts(self, rows, rngs):
        """Of a draw of q(z|x_n) for each of these rows: log ratios by name, (b,) or (b, L)."""
        shape = (self.vae.n_latent,)
        eps = np.stack([rng.standard_normal(shape, self.vae.dtype) for rng in rngs])  # (b, L)
        z, log_det, _ = self.vae.posterior.forward(self.lam[rows], eps)
        log_q_given_x = (self.vae.noise.log_prob(eps) - log_det).astype(np.float64)
        log_prior = self.vae.prior.log_prob(z).astype(np.float64)
        log_q, log_q_each = self._log_q(z)
        found = {
            "information": log_q_given_x - log_q,
            "marginal": log_q - log_prior,
            "kl": log_q_given_x - log_prior,  # Eq. (62)
        }
        if log_q_each is not None:
            found["correlation"] = log_q - log_q_each.sum(axis=-1)
            if self.prior_factorises:
                found["dimensions"] = log_q_each + 0.5 * z.astype(np.float64) ** 2 + HALF_LOG_2PI
        return found

    def _log_q(self, z):
        """log q(z), (b,), and log q(z_i), (b, L), or None where that is not known."""
        n = len(self.lam)
        each = np.empty(z.shape) if self.is_normal else None
        joint = np.zeros((len(z), n), z.dtype) if self.factorises else self._joint(z)  # (b, N)
        if self.is_normal:
            for i in range(z.shape[1]):
                u = (z[:, i, None] - self.mean[i]) * self.inverse[i]
                log_density = self.constant[i] - 0.5 * u * u  # (b, N)
                each[:, i] = log_sum_exp(log_density, axis=1)
                if self.factorises:
                    joint += log_density
            each -= math.log(n)
        return log_sum_exp(joint.astype(np.float64), axis=1) - math.log(n), each

    def _joint(self, z):
        """log q(z_s|x_m) of every draw and datum, (b, N), for a q that is no product."""
        blocks = row_blocks(len(self.lam), max(1, VALUES_AT_ONCE // (len(z) * z.shape[1])))
        log_prob = self.vae.posterior.log_prob
        return np.concatenate([log_prob(self.lam[rows], z[:, None, :]) for rows in blocks], axis=1)

    def closed_form(self):
        """The mean KL over all data by its formula, or None if there is none."""
        if not (hasattr(self.vae.posterior, "kl_forward") and self.prior_factorises):
            return None
        kl, _ = self.vae.posterior.kl_forward(self.lam)
        return float(kl.mean(dtype=np.float64))
