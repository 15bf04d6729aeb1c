"""Annealed importance sampling of a VAE's log p(x), datum by datum."""

from dataclasses import dataclass

import numpy as np

from scratchvae.evaluation.annealing.ais import annealed_importance_sampling
from scratchvae.evaluation.by_datum import by_datum, stopping
from scratchvae.evaluation.kept import Results
from scratchvae.evaluation.statistics import mean_and_error
from scratchvae.models import DecoderPosterior
from scratchvae.validation import positive_int, whole_number

FIELDS = ("log_p", "log_p_error", "ess", "acceptance")


@dataclass(frozen=True)
class AnnealedEvidenceOfEach:
    """log p(x) of n data by annealed importance sampling, a lower bound in expectation.

    Attributes
    ----------
    rows : array (n,) of int
        Which of the N data these are.
    log_p, log_p_error : array (n,)
        The estimate, nats, and its standard error between chains.
    ess : array (n,)
        The effective number of chains.
    acceptance : array (n,)
        The mean probability with which moves were accepted.
    n_total, n_chains, n_temperatures, n_leapfrog : int
        N, C, T, and the most steps in a move.
    """

    rows: np.ndarray
    log_p: np.ndarray
    log_p_error: np.ndarray
    ess: np.ndarray
    acceptance: np.ndarray
    n_total: int
    n_chains: int
    n_temperatures: int
    n_leapfrog: int

    @property
    def is_complete(self):
        """Whether all data are done."""
        return len(self.rows) == self.n_total

    @property
    def mean_log_p(self):
        """Mean over the data, an `Estimate` whose error is that over data."""
        return mean_and_error(self.log_p)


def annealed_evidence_of_each(
    vae,
    dataset,
    *,
    n_chains=32,
    n_temperatures=500,
    n_leapfrog=5,
    seed=0,
    results=None,
    threads=None,
    progress=None,
):
    """Estimate log p(x) of each datum by annealing from the VAE's prior to the posterior.

    It takes a thousand times as long as importance sampling, and is right where that fails: it does not ask
    that q(z|x) covers the posterior, and what it finds lies nearer to log p(x) (Wu et al. 2017).

    Parameters
    ----------
    vae : VAE
    dataset : Dataset
        Prepared, as for `evidence_of_each`; not many rows.
    n_chains, n_temperatures, n_leapfrog : int
        As for `annealed_importance_sampling`.
    seed : int
        Row i has the generator ``default_rng([seed, 3, i])``.
    results, threads, progress
        As for `evidence_of_each`.

    Returns
    -------
    AnnealedEvidenceOfEach
    """
    settings = {
        "n_chains": positive_int(n_chains, "n_chains"),
        "n_temperatures": positive_int(n_temperatures, "n_temperatures"),
        "n_leapfrog": positive_int(n_leapfrog, "n_leapfrog"),
    }
    seed = whole_number(seed, "seed")
    results = Results(len(dataset)) if results is None else results

    def anneal(rows):
        row = int(rows[0])
        labels = vae.labels_of(dataset, rows)
        model = DecoderPosterior(vae, dataset.pixels(row, vae.dtype), None if labels is None else labels[0])
        rng = np.random.default_rng([seed, 3, row])
        found = annealed_importance_sampling(model, **settings, rng=rng, stopped=stopping(results))
        values = (*found.estimate, found.ess, found.acceptance.mean() if len(found.acceptance) else np.nan)
        return dict(zip(FIELDS, ([value] for value in values), strict=True))

    by_datum(anneal, results, 1, threads=threads, progress=progress)
    return annealed_so_far(results, settings)


def annealed_so_far(results, settings):
    """The `AnnealedEvidenceOfEach` of the data that are done; a ValueError if none is."""
    if not results.done.any():
        raise ValueError("no datum is done yet.")
    arrays = {name: results[name] for name in FIELDS}
    return AnnealedEvidenceOfEach(results.rows, **arrays, n_total=results.n_data, **settings)
