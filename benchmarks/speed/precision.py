"""Whether training in single precision loses anything: the held-out ELBO of both, and their times."""

import statistics
import time
from dataclasses import dataclass

import numpy as np

from benchmarks.speed.rounds import Timing
from benchmarks.speed.tables import Table


@dataclass(frozen=True)
class Trial:
    """What is trained: a VAE n_data-hidden-n_latent on rendered digits, from so many seeds."""

    n_train: int = 5000
    n_test: int = 1000
    hidden: int = 200
    n_latent: int = 20
    epochs: int = 20
    n_samples: int = 20  # of the held-out ELBO, a datum
    n_seeds: int = 4


QUICK = Trial(n_train=200, n_test=50, hidden=8, n_latent=2, epochs=1, n_samples=2, n_seeds=2)


class SingleNoise(np.random.Generator):
    """Draws the same normal noise whatever the dtype, so that runs differ by their arithmetic alone."""

    def standard_normal(self, size=None, dtype=np.float64, out=None):
        """Draw in single precision."""
        return super().standard_normal(size, np.float32).astype(dtype)


def part(plan):
    """One `Table`: the times, and in its note both ELBOs and their difference with its standard error."""
    yield both(QUICK if plan.quick else Trial())


def both(trial):
    """Train in both precisions from each seed: with the same weights, order of the data and noise."""
    scores, seconds = {"float32": [], "float64": []}, {"float32": [], "float64": []}
    for seed in range(trial.n_seeds):
        for dtype in scores:
            start = time.perf_counter()
            scores[dtype].append(held_out_elbo(trial, dtype, seed))
            seconds[dtype].append(time.perf_counter() - start)
    timings = {dtype: Timing(tuple(found)) for dtype, found in seconds.items()}
    title = f"{trial.epochs} epochs and the held-out ELBO, {trial.hidden}-{trial.n_latent}, by precision"
    return Table.of("precision", title, timings, unit="s", note=said(scores))


def held_out_elbo(trial, dtype, seed):
    """The mean ELBO of held-out data after training, nats a datum."""
    import scratchvae as sv

    train, test = (bits(split, n) for split, n in (("train", trial.n_train), ("test", trial.n_test)))
    vae = sv.VAE(train.shape[1], trial.n_latent, (trial.hidden,), dtype=dtype, seed=seed)
    rng = SingleNoise(np.random.PCG64(seed))
    sv.train(vae, train, epochs=trial.epochs, optimizer=sv.optim.Adam(1e-3), rng=rng, progress=False)
    eps = np.random.default_rng(0).standard_normal((trial.n_samples, trial.n_test, trial.n_latent))
    return float(vae.elbo(test, eps).mean())


def bits(split, n):
    """Rendered digits as zeros and ones, (n, 784)."""
    from scratchvae import data

    return (data.load("glyphs", split, n=n).pixels() > 0.5).astype(np.float32)


def said(scores):
    """Both means, and the difference with the standard error that the seeds show."""
    single, double = (np.array(found) for found in scores.values())
    difference = single - double
    error = statistics.stdev(difference) / len(difference) ** 0.5
    return (
        f"held-out ELBO {single.mean():.2f} in float32 and {double.mean():.2f} in float64, nats a datum: "
        f"{difference.mean():+.4f}, standard error {error:.4f} over {len(difference)} seeds"
    )
