"""Table 1 of Burda, Grosse & Salakhutdinov (2016), one stochastic layer: what `reproduce.py burda-...` runs.

784-200-200-50 with tanh both ways, MNIST binarized anew at every pass, minibatches of 20, Adam with
epsilon 1e-4, and the rate 0.001 * 10^(-i/7) for 3^i passes, i = 0 ... 7: 3,280 passes or 9.84 million steps
in all. A snapshot is kept at the end of each stage, so that the first six can be evaluated while the rest runs.
"""

import dataclasses
import fcntl
import json
from itertools import accumulate
from pathlib import Path

import numpy as np

import scratchvae as sv
from scratchvae import diagnosis, optim
from scratchvae.storage import atomic_write

RESULTS = Path(__file__).parent / "results"
SOURCE = "Burda, Grosse & Salakhutdinov, Importance Weighted Autoencoders, ICLR 2016, Table 1"
BATCH_SIZE, N_SAMPLES_EVALUATED, TEST_BITS_SEED = 20, 5000, 0
N_STAGES = 8


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of the table: what is maximised with how many samples, and the published -log p(x)."""

    title: str
    bound: str
    n_samples: int
    published: float | None
    n_stages: int  # how many stages are run here


ROWS = {
    "burda-vae-1": Row("VAE, k = 1", "elbo", 1, 86.76, 8),
    "burda-vae-5": Row("VAE, k = 5", "elbo", 5, 86.47, 6),
    "burda-iwae-5": Row("IWAE, k = 5", "iwae", 5, 85.54, 6),
}


def passes_of(stage):
    """How many passes over the data stage i = 0, 1, ... makes."""
    return 3**stage


def passes_until(n_stages):
    """Passes of the first so many stages together."""
    return sum(map(passes_of, range(n_stages)))


def schedule(steps_in_a_pass):
    """The learning rate of all eight stages, whatever part of them is run."""
    ends = list(accumulate(passes_of(stage) * steps_in_a_pass for stage in range(N_STAGES)))
    return optim.Piecewise(ends[:-1], [0.001 * 10 ** (-stage / 7) for stage in range(N_STAGES)])


def model(images, seed=0):
    """The network, its output bias at the logit of each pixel's mean, as in the authors' code."""
    vae = sv.VAE(images.n_data, 50, (200, 200), "tanh", seed=seed, initialization="glorot_uniform")
    mean = np.clip(images.pixels(slice(None)).mean(axis=0, dtype=np.float64), 0.001, 0.999)
    vae.parameters["decoder.2.bias"] = np.log(mean / (1 - mean))
    return vae


def train(name, images, folder, progress=True, seed=0, n_stages=None, checkpoint_seconds=120.0):
    """Train a row from where it was left, with a snapshot at each stage's end; return the history."""
    row = ROWS[name]
    n_stages = row.n_stages if n_stages is None else n_stages
    ends = {passes_until(stage + 1): stage for stage in range(n_stages)}
    vae = model(images, seed)
    steps_in_a_pass = -(-len(images) // BATCH_SIZE)

    def keep_snapshot(history):
        stage = ends.get(history.rows[-1]["epoch"])
        if stage is not None:
            vae.save(snapshot(folder, stage))

    with only_one(folder):
        return sv.train(
            vae,
            images,
            epochs=passes_until(n_stages),
            batch_size=BATCH_SIZE,
            optimizer=optim.Adam(schedule(steps_in_a_pass), epsilon=1e-4),
            rng=np.random.default_rng([seed, 1]),
            checkpoint=folder,
            checkpoint_seconds=checkpoint_seconds,
            bound=row.bound,
            n_samples=row.n_samples,
            binarization="dynamic",
            progress=progress,
            on_epoch=keep_snapshot,
        )


def snapshot(folder, stage):
    """Where the model at the end of stage i is kept."""
    return folder / f"stage-{stage}.npz"


class only_one:
    """A lock on a run's folder: a second process that trains the same row stops at once."""

    def __init__(self, folder):
        self.path = folder / "lock"
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self):
        self.file = self.path.open("w")
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.file.close()
            raise RuntimeError(f"{self.path.parent} is being trained by another process.") from None

    def __exit__(self, *exception):
        self.file.close()
