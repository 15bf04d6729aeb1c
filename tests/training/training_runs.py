"""Small runs of training, and what they leave behind in a form that compares bit by bit."""

import csv
import json

import numpy as np

import scratchvae as sv
from scratchvae.storage import load_npz

N_DATA, N_LATENT = 12, 2


def bits(n=50, seed=0):
    """Rows of zeros and ones (n, 12): one of three patterns, one bit in ten flipped."""
    rng = np.random.default_rng(seed)
    patterns = np.random.default_rng(99).integers(0, 2, (3, N_DATA))
    chosen = patterns[rng.integers(0, 3, n)]
    return np.where(rng.random(chosen.shape) < 0.1, 1 - chosen, chosen).astype("float32")


def gray(n=50, seed=0):
    """Rows of values in [0, 1]."""
    return np.random.default_rng(seed).random((n, N_DATA), dtype="float32")


def model(**changes):
    """A VAE small enough that an epoch takes milliseconds."""
    return sv.VAE(**{"n_data": N_DATA, "n_latent": N_LATENT, "hidden": (6,), **changes})


def run(folder=None, vae=None, **changes):
    """Train four epochs of three batches each, saving after every step; return the model and its history."""
    vae = model() if vae is None else vae
    settings = {
        "data": bits(),
        "valid": bits(20, seed=1),
        "epochs": 4,
        "batch_size": 20,
        "rng": np.random.default_rng(5),
        "checkpoint": folder,
        "checkpoint_seconds": 0,
        "progress": False,
        **changes,
    }
    return vae, sv.train(vae, settings.pop("data"), **settings)


def without_seconds(rows):
    """Rows of a history without their only column that differs from run to run."""
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def outcome(folder):
    """All that a run left in its folder, without the seconds that it took."""
    arrays, meta = load_npz(folder / "last.npz")
    meta["progress"].pop("seconds")
    meta["progress"]["history"] = without_seconds(meta["progress"]["history"])
    with (folder / "history.csv").open(newline="") as file:
        rows = without_seconds(csv.DictReader(file))
    return {
        "files": sorted(path.name for path in folder.iterdir()),
        "last": {name: array.tobytes() for name, array in arrays.items()},
        "state": json.dumps(meta, sort_keys=True),
        "best": (folder / "best.npz").read_bytes(),
        "history": rows,
    }
