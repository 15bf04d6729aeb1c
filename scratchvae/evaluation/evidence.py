"""Importance-sampled log p(x) of a data set: by datum, with what tells how far each is to be trusted."""

from dataclasses import dataclass

import numpy as np

from scratchvae.broadcasting import beside, row_blocks
from scratchvae.evaluation.by_datum import by_datum, rows_that_fit
from scratchvae.evaluation.kept import Results
from scratchvae.evaluation.running import RunningWeights
from scratchvae.evaluation.statistics import mean_and_error
from scratchvae.importance import khat_threshold
from scratchvae.validation import positive_int, whole_number

#: Data that are taken at once, at most, where there are few samples of each.
MOST_DATA = 1000
#: For how many of the decoder's calls noise is drawn, and weights are summed up, at once.
NOISE_FOR = 16


@dataclass(frozen=True)
class EvidenceOfEach:
    """What S importance weights w = p(x, z) / q(z|x) say of each of n data, z drawn from q(z|x).

    Attributes
    ----------
    rows : array (n,) of int
        Which of the N data these are; a random sample of them as long as not all are done.
    log_p : array (n,)
        log 1/S sum w, nats: below log p(x) on average, by about half its variance.
    log_p_error : array (n,)
        Its Monte Carlo standard error.
    ess : array (n,)
        The effective sample size (sum w)^2 / sum w^2, from 1 to S.
    khat : array (n,)
        The shape of the weights' tail; above ``importance.khat_threshold`` neither the estimate nor its
        error is to be relied on. NaN for fewer than 25 samples.
    elbo, elbo_error : array (n,)
        The mean of log w over the same samples, and its Monte Carlo standard error.
    distortion : array (n,)
        Minus the mean of log p(x|z), nats: what the decoder leaves unsaid.
    n_samples, n_total : int
        S and N.
    """

    rows: np.ndarray
    log_p: np.ndarray
    log_p_error: np.ndarray
    ess: np.ndarray
    khat: np.ndarray
    elbo: np.ndarray
    elbo_error: np.ndarray
    distortion: np.ndarray
    n_samples: int
    n_total: int

    @property
    def is_complete(self):
        """Whether all data are done."""
        return len(self.rows) == self.n_total

    @property
    def mean_log_p(self):
        """Mean over the data, an `Estimate` whose error is that over data, Monte Carlo noise included."""
        return mean_and_error(self.log_p)

    @property
    def mean_elbo(self):
        """The same of the ELBO."""
        return mean_and_error(self.elbo)

    @property
    def rate(self):
        """The mean of log q(z|x) - log p(z), (n,), nats: what z says of x. ELBO = -(distortion + rate)."""
        return -self.elbo - self.distortion

    @property
    def noise(self):
        """The part of the error of `mean_log_p` that more samples would take away, nats."""
        return float(np.sqrt((self.log_p_error**2).sum()) / len(self.rows))

    @property
    def bias(self):
        """About how far `mean_log_p` lies below log p(x): half the mean of the Monte Carlo variances.

        E[log p^] = log E[p^] - Var[p^] / (2 p^2) + ..., the delta method to second order (Burda et al. 2016;
        Nowozin 2018): good for small errors only, and too small where khat is large.
        """
        return float(0.5 * (self.log_p_error**2).mean())

    @property
    def share_untrusted(self):
        """The share of data whose khat is above the threshold for S samples; None without a khat."""
        if np.isnan(self.khat).all():
            return None
        return float((self.khat > khat_threshold(self.n_samples)).mean())


FIELDS = ("log_p", "log_p_error", "ess", "khat", "elbo", "elbo_error", "distortion")


def evidence_of_each(vae, dataset, n_samples, seed=0, *, results=None, threads=None, progress=None):
    """Estimate log p(x) of each datum by importance sampling from the encoder's q(z|x).

        log p(x) ~ log 1/S sum_s p(x, z_s) / q(z_s|x)        z_s ~ q(z|x)

    a lower bound in expectation that tightens as S grows (Burda et al. 2016; Rezende et al. 2014, app. E).
    Samples and data are taken some at a time, so many that what the decoder makes of them stays in the
    processor's cache; memory does not grow with their number, but for the 3 sqrt(S) largest weights of the
    data at hand, by which khat is found. Noise is drawn from a generator of its own for each datum: the
    result is the same for any number of threads, any blocks, and a subset of the data.

    Parameters
    ----------
    vae : VAE
    dataset : Dataset
        Whose rows suit the model's likelihood; see ``scratchvae.training.prepare``.
    n_samples : int
        S.
    seed : int
        Of the noise; that of row i comes from ``default_rng([seed, 1, i])``.
    results : Results, optional
        Where the numbers are entered; what it has already is not done again. After an interruption
        `evidence_so_far` reads what there is.
    threads : int, optional
        By default as many as BLAS would use.
    progress : callable, optional
        Called with the number of data done since the last call.

    Returns
    -------
    EvidenceOfEach

    Raises
    ------
    ValueError
        If `n_samples` or `seed` makes no sense, or a weight is not a number: the model has diverged.
    KeyboardInterrupt
        At Ctrl-C; what is done is in `results`.

    Examples
    --------
    >>> from scratchvae import VAE, data
    >>> x = (np.random.default_rng(0).random((5, 6)) < 0.5).astype("float32")
    >>> found = evidence_of_each(VAE(6, 2, (4,)), data.as_dataset(x), n_samples=100)
    >>> found.log_p.shape, found.is_complete
    ((5,), True)
    """
    n_samples, seed = positive_int(n_samples, "n_samples"), whole_number(seed, "seed")
    results = Results(len(dataset)) if results is None else results
    at_once = rows_at_once(vae)

    def block(rows):
        rngs = [np.random.default_rng([seed, 1, int(row)]) for row in rows]
        return _block(vae, dataset, rows, n_samples, rngs, at_once)

    n_data = max(1, min(MOST_DATA, at_once // n_samples))
    by_datum(block, results, n_data, threads=threads, progress=progress)
    return evidence_so_far(results, n_samples)


def evidence_so_far(results, n_samples):
    """The `EvidenceOfEach` of the data that are done; a ValueError if none is."""
    if not results.done.any():
        raise ValueError("no datum is done yet.")
    arrays = {name: results[name] for name in FIELDS}
    return EvidenceOfEach(results.rows, **arrays, n_samples=n_samples, n_total=results.n_data)


def rows_at_once(vae):
    """How many rows the decoder is given at once."""
    return rows_that_fit(max(vae.decoder.sizes))


def _block(vae, dataset, rows, n_samples, rngs, at_once):
    """What `EvidenceOfEach` says of these rows, a dict of arrays."""
    x = dataset.pixels(rows, vae.dtype)  # (B, D)
    c = vae.one_hot(vae.labels_of(dataset, rows))  # (B, C)
    lam, _ = vae.encoder.forward(beside(vae.likelihood.encoder_input(x), c))  # (B, n_params)
    running = RunningWeights(len(x), n_samples)
    most = max(1, NOISE_FOR * at_once // len(x))
    for first in range(0, n_samples, most):
        shape = (min(most, n_samples - first), vae.n_latent)
        eps = np.stack([rng.standard_normal(shape, vae.dtype) for rng in rngs], axis=1)  # (K, B, L)
        running.add(*_log_weights(vae, x, c, lam, eps, at_once))
    _check(running, rows)
    return {name: getattr(running, name)() for name in FIELDS}


def _log_weights(vae, x, c, lam, eps, at_once):
    """log p(x, z) - log q(z|x) and log p(x|z), (K, B) each, of which the decoder makes `at_once` at once."""
    z, log_det, _ = vae.posterior.forward(lam, eps)  # (K, B, L)
    parts = [
        vae.likelihood.log_prob(x, vae.decoder.forward(beside(z[draws], c))[0])
        for draws in row_blocks(len(z), max(1, at_once // len(x)))
    ]
    log_likelihood = np.concatenate(parts)
    log_w = log_likelihood + vae.prior.log_prob(z) - vae.noise.log_prob(eps) + log_det  # Eq. (5)
    return log_w, log_likelihood


def _check(running, rows):
    """Raise a ValueError that names the data whose weights are not finite."""
    bad = rows[~np.isfinite(running.log_sum)]
    if len(bad):
        raise ValueError(
            f"log p(x) is not finite for row {bad[0]}: its importance weights are all zero, or not numbers. "
            "Look at the data, and whether the model's training has diverged."
        )
