"""The ELBO and the importance-sampled log p(x) of a data set, with their standard errors."""

import math
from dataclasses import dataclass

import numpy as np

from scratchvae.broadcasting import row_blocks
from scratchvae.validation import positive_int, whole_number

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
    """

    n_data: int
    elbo: float
    elbo_error: float
    log_p: float
    log_p_error: float
    n_samples: int

    def __str__(self):
        return (
            f"ELBO      {self.elbo:10.3f} +- {self.elbo_error:.3f} nats\n"
            f"log p(x)  {self.log_p:10.3f} +- {self.log_p_error:.3f} nats "
            f"({self.n_samples} importance samples)\n"
            f"mean and standard error over {self.n_data:,} data"
        )


def evaluate(vae, dataset, n_samples=128, seed=NOISE_SEED, progress=None):
    """ELBO (one sample) and importance-sampled log p(x) (`n_samples`) of a prepared data set.

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

    Returns
    -------
    Scores
    """
    n_samples, seed = positive_int(n_samples, "n_samples"), whole_number(seed, "seed")
    elbos = elbo_of_each(vae, dataset, seed)
    rng = np.random.default_rng([seed, 1])
    log_p = [
        vae.log_likelihood(
            dataset.pixels(rows, vae.dtype), n_samples, rng, progress, y=vae.labels_of(dataset, rows)
        )
        for rows in row_blocks(len(dataset), min(BLOCK, vae.rows_at_once))
    ]
    elbo, log_p = _mean_and_error(elbos), _mean_and_error(np.concatenate(log_p))
    return Scores(len(dataset), *elbo, *log_p, n_samples)


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


def _mean_and_error(values):
    error = values.std(ddof=1) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return float(values.mean()), float(error)
