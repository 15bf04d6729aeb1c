"""A well-known example, jaanli's on binarized MNIST, beside ours: what is trained, the result, the table."""

import dataclasses

import numpy as np
from kept import keep, kept, where
from one_process import only_one
from tqdm import tqdm

import scratchvae as sv
from scratchvae import optim
from scratchvae.evaluation import evaluate

BATCH_SIZE, BATCHES_AN_EPOCH = 128, 391  # 50,000 images
IMPORTANCE_SAMPLES = 128


@dataclasses.dataclass(frozen=True)
class Experiment:
    """What is trained and what it is compared with."""

    title: str
    source: str
    published: dict
    epochs: int
    optimizer: optim.Optimizer
    differences: str
    n_samples: int = 1
    bound: str = "elbo"
    initialization: str = "auto"


BEST_EPOCHS = 250
EXAMPLE = {
    "source": "README of https://github.com/jaanli/variational-autoencoder (mean-field)",
    "published": {"elbo": -103.31, "log_p": -97.10},
}
EXPERIMENTS = {
    "example": Experiment(
        title="784-256-256-128 ReLU, binarized MNIST, 65,000 minibatches",
        epochs=65_000 // BATCHES_AN_EPOCH,
        optimizer=optim.Adam(3e-4),
        differences="Adam at 3e-4 (there: centred RMSprop at 1e-3); sigma is the exponential of the "
        "encoder's output (there: its softplus)",
        **EXAMPLE,
    ),
    "example-best": Experiment(
        title="the same architecture, trained well",
        epochs=BEST_EPOCHS,
        optimizer=optim.Adam(optim.Cosine(1e-3, BEST_EPOCHS * BATCHES_AN_EPOCH, final=3e-5), epsilon=1e-4),
        bound="iwae",
        n_samples=5,
        initialization="glorot_uniform",
        differences=f"importance-weighted bound with K = 5, {BEST_EPOCHS} epochs, Adam (epsilon 1e-4) with a "
        "cosine schedule from 1e-3, Glorot's initialization",
        **EXAMPLE,
    ),
}
NAMES = tuple(EXPERIMENTS)


def run(name, load, out, seed=0, progress=True):
    """Train (or go on), evaluate on the whole test set, and keep the result."""
    experiment, folder = EXPERIMENTS[name], out / name
    with only_one(folder):
        history = _train(experiment, load, folder, seed, progress)
    test_set = load("binarized_mnist", "test")
    with tqdm(total=len(test_set), unit="image", disable=None if progress else True) as shown:
        best = sv.VAE.load(folder / "best.npz")
        scores = evaluate(best, test_set, IMPORTANCE_SAMPLES, progress=shown.update)
    result = {
        "title": experiment.title,
        "source": experiment.source,
        "differences": experiment.differences,
        "published": experiment.published,
        "obtained": dataclasses.asdict(scores),
        "seed": seed,
        "minibatches": history.rows[-1]["step"],
        "best_epoch": history.best["epoch"],
        "valid_bound": history.best["valid_elbo"],
        "seconds_of_training": history.rows[-1]["seconds"],
        **where(),
    }
    keep(name, result)
    return result


def _train(experiment, load, folder, seed, progress):
    """The history; the model of the best epoch lies in `folder`."""
    return sv.train(
        sv.VAE(784, 128, (256, 256), "relu", seed=seed, initialization=experiment.initialization),
        load("binarized_mnist", "train"),
        epochs=experiment.epochs,
        batch_size=BATCH_SIZE,
        optimizer=experiment.optimizer,
        rng=np.random.default_rng([seed, 1]),
        valid=load("binarized_mnist", "valid"),
        checkpoint=folder,
        bound=experiment.bound,
        n_samples=experiment.n_samples,
        progress=progress,
    )


def report(result):
    """The result as text for a terminal."""
    published, obtained = result["published"], result["obtained"]
    log_p_name = f"log p(x), {obtained['n_samples']} samples"
    lines = [
        result["title"],
        f"{'test set, nats a datum':<28} {'published':>10} {'obtained':>20}",
        f"{'ELBO':<28} {published['elbo']:>10.2f} {_with_error(obtained, 'elbo'):>20}",
        f"{log_p_name:<28} {published['log_p']:>10.2f} {_with_error(obtained, 'log_p'):>20}",
        f"source: {result['source']}",
        f"differs: {result['differences']}",
        f"seed {result['seed']}, {result['minibatches']:,} minibatches of {BATCH_SIZE} in "
        f"{result['seconds_of_training']:.0f} s, best epoch {result['best_epoch']}, all "
        f"{obtained['n_data']:,} test images",
    ]
    return "\n".join(lines)


def _with_error(obtained, name):
    return f"{obtained[name]:.2f} +- {obtained[f'{name}_error']:.2f}"


def table():
    """All kept results as the README's Markdown table."""
    rows = [
        "| | published ELBO | ours | published log p(x) | ours | minibatches | seconds |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in NAMES:
        result = kept(name)
        if result is not None:
            published, obtained = result["published"], result["obtained"]
            rows.append(
                f"| {result['title']} | {published['elbo']:.2f} | {_with_error(obtained, 'elbo')} "
                f"| {published['log_p']:.2f} | {_with_error(obtained, 'log_p')} "
                f"| {result['minibatches']:,} | {result['seconds_of_training']:.0f} |"
            )
    return "\n".join(rows)
