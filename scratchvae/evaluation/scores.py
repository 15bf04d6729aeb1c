"""The ELBO and the importance-sampled log p(x) of a data set, with their standard errors."""

from dataclasses import dataclass

import numpy as np

from scratchvae.broadcasting import row_blocks
from scratchvae.evaluation.evidence import evidence_of_each

#: Rows that are evaluated at once, at most.
BLOCK = 1000
#: The seed of noise that must be the same each time, so that epochs and models differ by themselves alone.
NOISE_SEED = 20131220


@dataclass(frozen=True)
class Scores:
    """Averages over a data set in nats a datum, each with its standard error.

    The standard error of a mean over N data is s / sqrt(N), s the standard deviation between data: how
    far the mean is likely to lie from that over all data of their kind; NaN for a single datum. The
    Monte Carlo noise of each datum is part of s. The bias of `log_p` is not: on average the estimate
    lies below log p(x), the less so the more samples (Burda et al. 2016).

    Attributes
    ----------
    n_data : int
        Data in the means.
    elbo, elbo_error, log_p, log_p_error : float
    n_samples : int
        Draws of z for each datum, for both.
    log_p_noise : float
        The part of `log_p_error` that is Monte Carlo noise.
    bias : float
        About how far `log_p` lies too low (`EvidenceOfEach.bias`).
    ess : float
        The mean effective sample size.
    share_untrusted : float
        The share of data whose khat is too large for so many samples; None below 25.
    n_total : int
        Data in the data set: more than `n_data` if the evaluation was interrupted.
    """

    n_data: int
    elbo: float
    elbo_error: float
    log_p: float
    log_p_error: float
    n_samples: int
    log_p_noise: float
    bias: float
    ess: float
    share_untrusted: float | None
    n_total: int

    @classmethod
    def of(cls, evidence):
        """The averages of an `EvidenceOfEach`."""
        return cls(
            len(evidence.rows),
            *evidence.mean_elbo,
            *evidence.mean_log_p,
            evidence.n_samples,
            evidence.noise,
            evidence.bias,
            float(evidence.ess.mean()),
            evidence.share_untrusted,
            evidence.n_total,
        )

    @property
    def is_complete(self):
        """Whether all data are in the means."""
        return self.n_data == self.n_total

    def __str__(self):
        lines = [
            f"ELBO      {self.elbo:10.3f} +- {self.elbo_error:.3f} nats ({self.n_samples} samples)",
            f"log p(x)  {self.log_p:10.3f} +- {self.log_p_error:.3f} nats "
            f"({self.n_samples} importance samples)",
            f"of the error of log p(x) {self.log_p_noise:.3f} is Monte Carlo noise; it is too low by about "
            f"{self.bias:.3f}",
            f"effective sample size {self.ess:.1f} on average{self._khat()}",
            f"mean and standard error over {self.n_data:,} data",
        ]
        if not self.is_complete:
            lines.append(f"PARTIAL: {self.n_data:,} of {self.n_total:,} data, a random sample of them")
        return "\n".join(lines)

    def _khat(self):
        if self.share_untrusted is None:
            return "; too few samples for a khat"
        return f"; khat is above its threshold for {self.share_untrusted:.1%} of the data"


def evaluate(vae, dataset, n_samples=128, seed=NOISE_SEED, progress=None, *, results=None, threads=None):
    """ELBO and importance-sampled log p(x), both by `n_samples` draws, of a prepared data set.

    Parameters
    ----------
    vae : VAE
    dataset : Dataset
        Whose rows suit the model's likelihood; see ``scratchvae.training.prepare``.
    n_samples : int
    seed : int
        Of the noise.
    progress : callable, optional
        Called with the number of data done since the last call.
    results, threads
        As for `evidence_of_each`, which gives the numbers of each datum.

    Returns
    -------
    Scores
    """
    return Scores.of(
        evidence_of_each(vae, dataset, n_samples, seed, results=results, threads=threads, progress=progress)
    )


def mean_bound(vae, dataset, bound="elbo", n_samples=1, seed=NOISE_SEED):
    """A bound with K = `n_samples` averaged over a prepared data set, nats a datum."""
    bound = vae.check_bound(bound)
    rng = np.random.default_rng(seed)
    total = 0.0
    for rows in row_blocks(len(dataset), min(BLOCK, vae.rows_at_once)):
        x = dataset.pixels(rows, vae.dtype)
        eps = rng.standard_normal((n_samples, len(x), vae.n_latent), vae.dtype)
        loss, _ = bound.forward(vae.forward(x, eps, bound.uses_kl, vae.labels_of(dataset, rows))[0])
        total -= len(x) * float(loss)
    return total / len(dataset)


def elbo_of_each(vae, dataset, seed=NOISE_SEED):
    """The Monte Carlo ELBO (one sample) of each datum, (N,), nats."""
    rng = np.random.default_rng(seed)
    elbos = []
    for rows in row_blocks(len(dataset), min(BLOCK, vae.rows_at_once)):
        x = dataset.pixels(rows, vae.dtype)
        eps = rng.standard_normal((1, len(x), vae.n_latent), vae.dtype)
        terms, _ = vae.forward(x, eps, y=vae.labels_of(dataset, rows))
        elbos.append(terms.log_weights().mean(axis=0, dtype=np.float64))
    return np.concatenate(elbos)
