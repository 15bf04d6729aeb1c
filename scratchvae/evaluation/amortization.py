"""The amortization gap: what the encoder loses to the best q(z|x) of its own family."""

from dataclasses import dataclass

import numpy as np

from scratchvae.broadcasting import beside
from scratchvae.evaluation.by_datum import by_datum, rows_that_fit, stopping
from scratchvae.evaluation.kept import Results
from scratchvae.evaluation.running import RunningWeights
from scratchvae.evaluation.statistics import mean_and_error, shown
from scratchvae.importance import Estimate
from scratchvae.optim import Adam, Cosine
from scratchvae.validation import in_range, positive_int, whole_number

#: Data that are fitted side by side.
DATA_AT_ONCE = 20
FIELDS = ("elbo", "elbo_halfway", "elbo_best", "gap", "gap_error", "log_p", "log_p_error")


@dataclass(frozen=True)
class AmortizationGap:
    """log p(x) - ELBO of n data in its two parts, nats.

    Attributes
    ----------
    rows : array (n,) of int
    elbo : array (n,)
        With the encoder's lam.
    elbo_best, elbo_halfway : array (n,)
        With the lam that was fitted to this datum alone, and with what it was after half of the steps.
    gap, gap_error : array (n,)
        elbo_best - elbo by the same noise, and its Monte Carlo standard error: the amortization gap.
    log_p, log_p_error : array (n,)
        log p(x) by importance weights of the fitted q, with its Monte Carlo standard error.
    n_steps, n_samples, n_total : int
        Steps of the fit, draws of z by which all this was measured, and how many data were asked for.
    """

    rows: np.ndarray
    elbo: np.ndarray
    elbo_halfway: np.ndarray
    elbo_best: np.ndarray
    gap: np.ndarray
    gap_error: np.ndarray
    log_p: np.ndarray
    log_p_error: np.ndarray
    n_steps: int
    n_samples: int
    n_total: int

    @property
    def amortization(self):
        """The mean of `gap`, an `Estimate` over the data: at least this much the encoder loses."""
        return mean_and_error(self.gap)

    @property
    def approximation(self):
        """The mean of log p(x) - elbo_best: what no q of the family can do, but for the fit's shortcomings."""  # noqa: E501
        return mean_and_error(self.log_p - self.elbo_best)

    @property
    def still_rising(self):
        """The mean rise of the ELBO in the second half of the steps, in which the rate falls to zero.

        Small beside the gap if more steps would change little.
        """
        return mean_and_error(self.elbo_best - self.elbo_halfway)

    def __str__(self):
        partial = "" if len(self.rows) == self.n_total else f" (PARTIAL: of {self.n_total} asked for)"
        total = Estimate(*mean_and_error(self.log_p - self.elbo))
        return (
            f"log p(x) - ELBO       {shown(total)} nats, {len(self.rows)} data{partial}\n"
            f"  amortization gap    {shown(self.amortization)}, by {self.n_steps} steps for each datum\n"
            f"  approximation gap   {shown(self.approximation)}\n"
            f"by {self.n_samples} draws; in the second half of the steps the ELBO rose by {shown(self.still_rising)}"  # noqa: E501
        )


def amortization_gap(
    vae,
    dataset,
    *,
    n_steps=500,
    lr=0.02,
    n_draws=8,
    n_samples=1000,
    seed=0,
    results=None,
    threads=None,
    progress=None,
):
    """Fit q(z|x) to each datum by itself, decoder and prior as they are, and compare with the encoder's.

        log p(x) - L(lam_encoder) = [log p(x) - L(lam*)] + [L(lam*) - L(lam_encoder)]

    the approximation gap of the family and the amortization gap of the encoder (Cremer, Li & Duvenaud 2018).
    lam is moved up the gradient of the ELBO, Eq. (6'), by Adam with a rate that falls to zero, from the
    encoder's
    own. Both are then measured by the same noise, which is not that of the fit: so the gap is not flattered
    by
    it. It is a lower bound of the true one as far as the fit is not at its end, of which `still_rising`
    tells.
    Weights that a map has for all data (those of IAF's networks) stay as they are.

    Parameters
    ----------
    vae : VAE
    dataset : Dataset
        Prepared, as for `evidence_of_each`; not many rows.
    n_steps : int
    lr : float
        The rate of the first step.
    n_draws : int
        Draws of z a step.
    n_samples : int
        Draws of z by which the results are measured.
    seed : int
        Row i has the generators ``default_rng([seed, 5, i])``, for the fit, and ``[seed, 6, i]``.
    results, threads, progress
        As for `evidence_of_each`.

    Returns
    -------
    AmortizationGap
    """
    settings = {
        "n_steps": positive_int(n_steps, "n_steps"),
        "n_samples": positive_int(n_samples, "n_samples"),
    }
    n_draws, seed = positive_int(n_draws, "n_draws"), whole_number(seed, "seed")
    lr = in_range(lr, "lr", 0, np.inf, low_open=True, high_open=True)
    results = Results(len(dataset)) if results is None else results
    copied = vae.astype(vae.dtype)  # backward passes write to its gradients

    def fit(rows):
        rngs = [[np.random.default_rng([seed, kind, int(row)]) for row in rows] for kind in (5, 6)]
        local = _Local(copied, dataset, rows)
        halfway, best = local.fitted(n_steps, lr, n_draws, rngs[0], stopping(results))
        return local.compared(halfway, best, n_samples, rngs[1])

    by_datum(fit, results, DATA_AT_ONCE, threads=threads, progress=progress)
    arrays = {name: results[name] for name in FIELDS}
    return AmortizationGap(results.rows, **arrays, **settings, n_total=results.n_data)


class _Local:
    """The ELBO of some data as a function of their lam (B, n_params)."""

    def __init__(self, vae, dataset, rows):
        self.vae = vae
        self.x = dataset.pixels(rows, vae.dtype)
        self.c = vae.one_hot(vae.labels_of(dataset, rows))
        self.lam, _ = vae.encoder.forward(beside(vae.likelihood.encoder_input(self.x), self.c))

    def noise(self, n, rngs):
        """Draw eps (n, B, L), each datum's from its own generator."""
        shape = (n, self.vae.n_latent)
        return np.stack([rng.standard_normal(shape, self.vae.dtype) for rng in rngs], axis=1)

    def log_weights(self, lam, eps):
        """log p(x, z) - log q(z|x), (K, B)."""
        return self._forward(lam, eps)[0]

    def _forward(self, lam, eps):
        vae = self.vae
        z, log_det, posterior = vae.posterior.forward(lam, eps)  # (K, B, L)
        decoded, decoder = vae.decoder.forward(beside(z, self.c))
        log_likelihood, likelihood = vae.likelihood.forward(self.x, decoded)
        log_prior, prior = vae.prior.forward(z)
        log_w = log_likelihood + log_prior - vae.noise.log_prob(eps) + log_det  # Eq. (5)
        return log_w, (posterior, decoder, likelihood, prior)

    def gradient(self, lam, eps):
        """The derivative by lam of each datum's ELBO, the mean of log w over the draws, (B, n_params)."""
        vae = self.vae
        log_w, (posterior, decoder, likelihood, prior) = self._forward(lam, eps)
        share = np.full(log_w.shape, 1 / len(eps), vae.dtype)
        _, ddecoded = vae.likelihood.backward(likelihood, share, need_dx=False)
        dz = vae.decoder.backward(decoder, ddecoded, need_weights=False)[..., : vae.n_latent]
        dz = dz + vae.prior.backward(prior, share)
        return vae.posterior.backward(posterior, dz, share)[0]  # Eq. (6')

    def fitted(self, n_steps, lr, n_draws, rngs, stopped):
        """lam after half of the steps, and after all."""
        lam = np.array(self.lam, order="C")
        adam = Adam(lr=Cosine(lr, n_steps))
        halfway = lam.copy()
        for step in range(n_steps):
            stopped()
            dlam = self.gradient(lam, self.noise(n_draws, rngs))
            adam.step(lam.reshape(-1), -np.ascontiguousarray(dlam).reshape(-1))
            if step + 1 == n_steps // 2:
                halfway = lam.copy()
        return halfway, lam

    def compared(self, halfway, best, n_samples, rngs):
        """All three lam by the same fresh noise, a dict of arrays (B,)."""
        n_data = len(self.x)
        most = max(1, rows_that_fit(max(self.vae.decoder.sizes)) // n_data)
        runs = {name: RunningWeights(n_data, n_samples) for name in ("encoder", "halfway", "best", "gap")}
        for first in range(0, n_samples, most):
            eps = self.noise(min(most, n_samples - first), rngs)
            lams = {"encoder": self.lam, "halfway": halfway, "best": best}
            log_w = {name: self.log_weights(lam, eps).astype(np.float64) for name, lam in lams.items()}
            log_w["gap"] = log_w["best"] - log_w["encoder"]  # Eq. (63)
            for name, run in runs.items():
                run.add(log_w[name])
        return {
            "elbo": runs["encoder"].elbo(),
            "elbo_halfway": runs["halfway"].elbo(),
            "elbo_best": runs["best"].elbo(),
            "gap": runs["gap"].elbo(),
            "gap_error": runs["gap"].elbo_error(),
            "log_p": runs["best"].log_p(),
            "log_p_error": runs["best"].log_p_error(),
        }
