"""Published figures beside ours, on the same data with the same architecture.

    SCRATCHVAE_DATA=path/to/data python benchmarks/reproduce.py example
    SCRATCHVAE_DATA=path/to/data python benchmarks/reproduce.py example-best
    python benchmarks/reproduce.py --table

A run is checkpointed under runs/ and goes on where it was if it is started again. What it measures is
kept as JSON under benchmarks/results/, from which --table makes the README's table. Test data is read
once, after training; the validation set chose the model.
"""

import argparse
import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

import scratchvae as sv
from scratchvae import diagnosis, optim
from scratchvae.evaluation import evaluate
from scratchvae.storage import atomic_write

RESULTS = Path(__file__).parent / "results"
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


def reproduce(name, data_dir, out, seed, progress):
    """Train (or go on), evaluate on the whole test set, and keep the result."""
    experiment = EXPERIMENTS[name]
    train_set = sv.data.load("binarized_mnist", "train", data_dir=data_dir)
    valid_set = sv.data.load("binarized_mnist", "valid", data_dir=data_dir)
    vae = sv.VAE(784, 128, (256, 256), "relu", seed=seed, initialization=experiment.initialization)
    history = sv.train(
        vae,
        train_set,
        epochs=experiment.epochs,
        batch_size=BATCH_SIZE,
        optimizer=experiment.optimizer,
        rng=np.random.default_rng([seed, 1]),
        valid=valid_set,
        checkpoint=out / name,
        bound=experiment.bound,
        n_samples=experiment.n_samples,
        progress=progress,
    )
    best = sv.VAE.load(out / name / "best.npz")
    test_set = sv.data.load("binarized_mnist", "test", data_dir=data_dir)
    with tqdm(total=len(test_set), unit="image", disable=None if progress else True) as shown:
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
        "machine": {**diagnosis.machine(), **diagnosis.blas()},
        "versions": diagnosis.versions(),
    }
    with atomic_write(RESULTS / f"{name}.json") as file:
        file.write((json.dumps(result, indent=1) + "\n").encode())
    return result


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
    for name in EXPERIMENTS:
        path = RESULTS / f"{name}.json"
        if path.exists():
            result = json.loads(path.read_text())
            published, obtained = result["published"], result["obtained"]
            rows.append(
                f"| {result['title']} | {published['elbo']:.2f} | {_with_error(obtained, 'elbo')} "
                f"| {published['log_p']:.2f} | {_with_error(obtained, 'log_p')} "
                f"| {result['minibatches']:,} | {result['seconds_of_training']:.0f} |"
            )
    return "\n".join(rows)


def main():
    """Read the command line and run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", nargs="?", choices=EXPERIMENTS)
    parser.add_argument("--table", action="store_true", help="print the README's table of kept results")
    parser.add_argument("--data-dir", help="folder with binarized_mnist/ (default $SCRATCHVAE_DATA)")
    parser.add_argument("--out", type=Path, default=Path("runs/reproduce"), help="folder of checkpoints")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    args = parser.parse_args()
    if args.table:
        print(table())
        return 0
    if args.name is None:
        parser.error("say what to reproduce, or --table")
    try:
        print(report(reproduce(args.name, args.data_dir, args.out, args.seed, not args.quiet)))
    except (OSError, ValueError) as error:
        print(f"reproduce.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("reproduce.py: interrupted; the same command goes on from here.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
