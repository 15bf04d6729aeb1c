"""Table 1 of Burda, Grosse & Salakhutdinov (2016), one stochastic layer: what is trained, and the training.

784-200-200-50 with tanh both ways, MNIST binarized anew at every pass, minibatches of 20, Adam with
epsilon 1e-4, and the rate 0.001 * 10^(-i/7) for 3^i passes, i = 0 ... 7: 3,280 passes or 9.84 million steps
in all. A snapshot is kept at the end of each stage i.
"""

import dataclasses
from itertools import accumulate

import numpy as np

import scratchvae as sv
from scratchvae import optim

SOURCE = (
    "Burda, Grosse & Salakhutdinov, Importance Weighted Autoencoders, ICLR 2016 (arXiv 1509.00519), "
    "Table 1, one stochastic layer; section 5 for the setting"
)
#: What the paper leaves open is taken from its authors' code, https://github.com/yburda/iwae, where said.
DIFFERENCES = (
    "as the paper says where its authors' code does otherwise: all 60,000 training images, in an order "
    "drawn anew at every pass (the code: 59,600 in a fixed order), beta1 = 0.9 (0.99), both averages of Adam "
    "start at zero (the second at one), and epsilon = 1e-4 stands beside the gradient of the mean over a "
    "minibatch (of the sum over it). As in the code: weights by Glorot's initialization, the output bias at "
    "the logit of each pixel's mean in [0.001, 0.999], one draw of the test images' bits. float32. The "
    "kernels were made faster while the rows were trained: the same seed gives other last digits now"
)
BATCH_SIZE = 20
N_STAGES = 8  # of the paper


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of the table: what is maximised with how many samples, and the published -log p(x)."""

    title: str
    bound: str
    n_samples: int
    published: float | None
    n_stages: int  # how many of the stages are run here


ROWS = {
    "burda-vae-1": Row("VAE, k = 1", "elbo", 1, 86.76, 8),
    "burda-vae-5": Row("VAE, k = 5", "elbo", 5, 86.47, 6),
    "burda-iwae-5": Row("IWAE, k = 5", "iwae", 5, 85.54, 6),
    "burda-dreg-5": Row("IWAE, k = 5, doubly reparameterized gradient", "dreg", 5, None, 6),
}


def learning_rate(stage):
    """The rate of stage i = 0, 1, ..."""
    return 0.001 * 10 ** (-stage / 7)


def passes_of(stage):
    """How many passes over the data stage i = 0, 1, ... makes."""
    return 3**stage


def passes_until(n_stages):
    """Passes of the first so many stages together."""
    return sum(map(passes_of, range(n_stages)))


def steps_in_a_pass(n_images):
    """Minibatches of one pass; the last may be smaller."""
    return -(-n_images // BATCH_SIZE)


def schedule(n_images):
    """The learning rate by step, all eight stages of it, whatever part of them is run."""
    ends = accumulate(passes_of(stage) * steps_in_a_pass(n_images) for stage in range(N_STAGES - 1))
    return optim.Piecewise(list(ends), [learning_rate(stage) for stage in range(N_STAGES)])


def model(images, seed=0):
    """The network, its output bias at the logit of each pixel's mean."""
    vae = sv.VAE(images.n_data, 50, (200, 200), "tanh", seed=seed, initialization="glorot_uniform")
    vae.fit_output_bias(images.pixels())
    return vae


def train(row, images, folder, n_stages, seed=0, progress=True, checkpoint_seconds=120.0):
    """Train the first stages from where they were left; keep the model at their end.

    Training stops at the end of a stage and goes on from its checkpoint, to the same bits as without a stop.
    The snapshot is written from the restored model, so that a kill between checkpoint and snapshot loses
    nothing.
    """
    vae, passes, end = model(images, seed), passes_until(n_stages), snapshot(folder, n_stages - 1)
    history = sv.train(
        vae,
        images,
        epochs=passes,
        batch_size=BATCH_SIZE,
        optimizer=optim.Adam(schedule(len(images)), epsilon=1e-4),
        rng=np.random.default_rng([seed, 1]),
        checkpoint=folder,
        checkpoint_seconds=checkpoint_seconds,
        bound=row.bound,
        n_samples=row.n_samples,
        binarization="dynamic",
        progress=progress,
    )
    if len(history) != passes:
        raise ValueError(f"{folder} is already {len(history)} passes on, but has no {end.name}: start anew.")
    vae.save(end)


def snapshot(folder, stage):
    """Where the model at the end of stage i is kept."""
    return folder / f"stage-{stage}.npz"
