"""Table 1 of Burda et al. (2016): -log p(x) of the test images at the end of each stage.

A result is partial until all stages that its row is to run are trained and scored, and says so.
"""

import contextlib
import csv
import math
import zlib

import burda
import numpy as np
from kept import keep, kept, row, where
from one_process import BusyError, only_one
from tqdm import tqdm

import scratchvae as sv
from scratchvae.broadcasting import row_blocks
from scratchvae.evaluation.scores import NOISE_SEED
from scratchvae.storage import load_npz, save_npz
from scratchvae.training import prepare

NAMES = tuple(burda.ROWS)
N_SAMPLES = 5000
#: Images that are scored at once, with noise of their own: the most that a stop loses.
IMAGES_AT_ONCE = 100
#: The first stages, of 1, 3 and 9 passes, are not scored: that takes longer than they do.
FIRST_SCORED = 3


def run(name, load, out, seed=0, progress=True):
    """Train a row stage by stage, score it at their ends, and keep the result as it grows.

    Parameters
    ----------
    name : str
        Of NAMES.
    load : callable
        ``load("mnist", "train+valid")`` and ``load("mnist", "test")`` give gray images.
    out : Path
        Checkpoints, snapshots and scores lie in its folder `name`.

    Returns
    -------
    dict
        What is kept as JSON.

    Raises
    ------
    BusyError
        If another process trains the same row.
    """
    this, folder = burda.ROWS[name], out / name
    with only_one(folder):
        images = load("mnist", "train+valid")
        for stage in range(this.n_stages):
            if not burda.snapshot(folder, stage).exists():
                burda.train(this, images, folder, stage + 1, seed, progress)
                with contextlib.suppress(BusyError):  # who scores already will find this one too
                    score(name, load, out, progress, wait=False)
        return score(name, load, out, progress)


def score(name, load, out, progress=True, wait=True):
    """Score the snapshots that are there, the latest first, beside a run of training or after it.

    If another process scores the same row, wait for it and go on with what it has left, or raise BusyError.
    """
    folder = out / name
    with only_one(folder / "scores", wait):
        while (stage := _next(name, folder)) is not None:
            vae = sv.VAE.load(burda.snapshot(folder, stage))
            scored = _score_of(vae, folder, stage, load("mnist", "test"), progress)
            _keep(name, scored, vae.config["seed"])
    return kept(name)


def _next(name, folder):
    """The latest stage that is trained and not scored; None if there is none."""
    there = {i for i in range(FIRST_SCORED, burda.N_STAGES) if burda.snapshot(folder, i).exists()}
    return max(there - _stages(name).keys(), default=None)


def _stages(name):
    """What is kept, by stage."""
    return {stage["stage"]: stage for stage in (kept(name) or {"stages": []})["stages"]}


def _score_of(vae, folder, stage, images, progress):
    test_set = prepare(vae, images, "fixed", "test images")
    log_p = log_p_of_each(vae, test_set, folder / "scores" / f"stage-{stage}.npz", progress)
    return {
        "stage": stage,
        "learning_rate": burda.learning_rate(stage),
        **_training(folder, burda.passes_until(stage + 1)),
        "negative_log_p": float(-log_p.mean()),
        "error": float(log_p.std(ddof=1) / math.sqrt(len(log_p))),
        "n_data": len(log_p),
        "n_samples": N_SAMPLES,
    }


def _training(folder, passes):
    """What the history says of the end of so many passes."""
    with (folder / "history.csv").open(newline="") as file:
        last = next(epoch for epoch in csv.DictReader(file) if int(epoch["epoch"]) == passes)
    return {
        "passes": passes,
        "minibatches": int(last["step"]),
        "train_bound": float(last["train_elbo"]),
        "seconds_of_training": float(last["seconds"]),
    }


def log_p_of_each(vae, dataset, path, progress=True):
    """Importance-sampled log p(x) of each image, (N,), kept in `path` on the way, so that it can go on."""
    meta = {"n_samples": N_SAMPLES, "parameters": zlib.crc32(vae.parameters.value)}
    log_p = _begun(path, len(dataset), meta)
    with tqdm(total=len(dataset), unit="image", disable=None if progress else True) as shown:
        for i, rows in enumerate(row_blocks(len(dataset), IMAGES_AT_ONCE)):
            if np.isnan(log_p[rows]).any():
                rng = np.random.default_rng([NOISE_SEED, 1, i])
                log_p[rows] = vae.log_likelihood(dataset.pixels(rows, vae.dtype), N_SAMPLES, rng)
                save_npz(path, {"log_p": log_p}, meta)
            shown.update(len(log_p[rows]))
    return log_p


def _begun(path, n_images, meta):
    """What is known of log p(x), NaN where it is not; all NaN if the file is of another model."""
    if path.exists():
        arrays, its_meta = load_npz(path)
        if its_meta == meta and arrays["log_p"].shape == (n_images,):
            return arrays["log_p"]
    return np.full(n_images, np.nan)


def _keep(name, stage, seed):
    """Add a stage to the row's result."""
    this, stages = burda.ROWS[name], _stages(name) | {stage["stage"]: stage}
    last = max(stages)
    result = {
        "title": this.title,
        "source": burda.SOURCE,
        "differences": burda.DIFFERENCES,
        "published": {"negative_log_p": this.published, "stages": burda.N_STAGES},
        "bound": this.bound,
        "n_samples": this.n_samples,
        "partial": last + 1 < this.n_stages,
        "stages_done": last + 1,
        "stages_to_run": this.n_stages,
        "stages": [stages[i] for i in sorted(stages)],
        "seed": seed,
        **where(),
    }
    keep(name, result)


# --- shown --------------------------------------------------------------------------------------


def report(result):
    """The result as text for a terminal."""
    published, n_data = result["published"]["negative_log_p"], result["stages"][0]["n_data"]
    lines = [
        f"{result['title']}: -log p(x), nats a datum, {N_SAMPLES:,} samples, {n_data:,} test images",
        f"{'stage':>5} {'passes':>7} {'minibatches':>12} {'seconds':>8} {'obtained':>16}",
    ]
    lines += [
        f"{stage['stage'] + 1:>5} {stage['passes']:>7,} {stage['minibatches']:>12,} "
        f"{stage['seconds_of_training']:>8.0f} {_with_error(stage):>16}"
        for stage in result["stages"]
    ]
    if published is not None:
        lines.append(f"published, {burda.N_STAGES} stages {published:>39.2f}")
    lines.append(_done(result))
    return "\n".join([*lines, f"source: {result['source']}", f"differs: {result['differences']}"])


def _done(result):
    done = f"{result['stages_done']} of {result['published']['stages']} stages"
    return f"partial: {done}" if result["partial"] else done


def table():
    """The kept rows as a Markdown table, a column for each stage's end."""
    passes = [f"{burda.passes_until(i + 1):,} passes" for i in range(FIRST_SCORED, burda.N_STAGES)]
    rows = [row(["", f"published, {passes[-1]}", *passes, "done"]), row(["---"] * (len(passes) + 3))]
    for name in NAMES:
        result = kept(name)
        if result is not None:
            stages, published = _stages(name), result["published"]["negative_log_p"]
            cells = [
                _with_error(stages[i]) if i in stages else "" for i in range(FIRST_SCORED, burda.N_STAGES)
            ]
            rows.append(
                row([result["title"], f"{published:.2f}" if published else "", *cells, _done(result)])
            )
    return "\n".join(rows)


def _with_error(stage):
    return f"{stage['negative_log_p']:.2f} +- {stage['error']:.2f}"
