"""The VAE's posteriors side by side: one encoder and decoder, one budget, binarized MNIST.

    SCRATCHVAE_DATA=path/to/data python benchmarks/flows.py
    SCRATCHVAE_DATA=path/to/data python benchmarks/flows.py --only diagonal iaf:2 --steps 2000
    python benchmarks/flows.py --table

The networks are those of reproduce.py. All are trained on the plain ELBO with the same seed, minibatches
and optimizer; the validation set chooses the epoch, and the test set is read once, after training. A run
is checkpointed under runs/ and goes on where it was if it is started again. What it measures is kept as
JSON under benchmarks/results/.
"""

import argparse
import dataclasses
import json
import sys
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

import scratchvae as sv
from scratchvae import diagnosis, optim
from scratchvae.broadcasting import row_blocks
from scratchvae.evaluation.scores import NOISE_SEED, elbo_of_each
from scratchvae.storage import atomic_write

RESULTS = Path(__file__).parent / "results"
POSTERIORS = ("diagonal", "planar:8", "householder:4", "sylvester:2", "iaf:2")
BASELINE = POSTERIORS[0]
#: log p(x) in the README of https://github.com/jaanli/variational-autoencoder, 65,000 minibatches.
PUBLISHED = {"diagonal": -97.10, "iaf:2": -95.33}
COLUMNS = (
    *("posterior", "ELBO", "log p(x)", "gap", "gain in ELBO", "gain in log p(x)"),
    *("published log p(x)", "parameters", "minibatches", "seconds", "CPU ms a step"),
)
IMPORTANCE_SAMPLES = 128
#: Images scored at once: with all their samples they fill one pass of the decoder, and what a map makes
#: of lam alone, such as an orthonormal matrix, is made once an image.
IMAGES_AT_ONCE = 32


@dataclasses.dataclass(frozen=True)
class Setting:
    """What all posteriors share."""

    steps: int = 20_000
    batch_size: int = 128
    n_latent: int = 128
    hidden: tuple = (256, 256)
    lr: float = 1e-3
    final_lr: float = 3e-5
    importance_samples: int = IMPORTANCE_SAMPLES
    seed: int = 0

    def epochs(self, n_data):
        """As many whole passes as come nearest to `steps`, at least one."""
        return max(1, round(self.steps / self.batches_an_epoch(n_data)))

    def batches_an_epoch(self, n_data):
        """The last, smaller minibatch counts."""
        return -(-n_data // self.batch_size)

    def optimizer(self, n_data):
        """Adam, its learning rate falling along a half cosine to the last step."""
        total = self.epochs(n_data) * self.batches_an_epoch(n_data)
        return optim.Adam(optim.Cosine(self.lr, total, final=self.final_lr))

    def vae(self, posterior, n_data):
        """The model with one of the posteriors; n_data is D."""
        return sv.VAE(n_data, self.n_latent, self.hidden, "relu", posterior=posterior, seed=self.seed)


SETTING = Setting()


def run(posterior, load, out, setting=SETTING, progress=False):
    """Train (or go on), score the whole test set, and keep the result.

    What is gained over the diagonal posterior is known if that has run before, with the same steps.

    Parameters
    ----------
    posterior : str
        As ``sv.VAE`` takes it.
    load : callable
        ``load("train")``, "valid" and "test" give a Dataset each.
    out : Path
        Folder of checkpoints and of the test images' scores.
    setting : Setting, optional
    progress : bool

    Returns
    -------
    dict
        What is kept as JSON.
    """
    train_set = load("train")
    epochs = setting.epochs(len(train_set))
    folder = out / f"{_file_name(posterior)}-{epochs}"
    history = _train(posterior, train_set, load("valid"), folder, setting, progress)
    best = sv.VAE.load(folder / "best.npz")
    scores = score(best, load("test"), setting.importance_samples, progress)
    with atomic_write(folder / "test.npz") as file:
        np.savez(file, **scores)
    result = {
        "posterior": posterior,
        "setting": dataclasses.asdict(setting),
        "n_parameters": len(best.parameters),
        **summary(scores, _baseline_scores(posterior, out, epochs)),
        "minibatches": history.rows[-1]["step"],
        "best_epoch": history.best["epoch"],
        "valid_elbo": history.best["valid_elbo"],
        "seconds_of_training": history.rows[-1]["seconds"],
        "cpu_ms_a_step": cpu_ms_a_step(posterior, train_set, setting),
        "machine": {**diagnosis.machine(), **diagnosis.blas()},
        "versions": diagnosis.versions(),
    }
    keep(result)
    return result


def _train(posterior, train_set, valid_set, folder, setting, progress):
    """The history; the model of the best epoch lies in `folder`."""
    return sv.train(
        setting.vae(posterior, train_set.x.shape[-1]),
        train_set,
        epochs=setting.epochs(len(train_set)),
        batch_size=setting.batch_size,
        optimizer=setting.optimizer(len(train_set)),
        rng=np.random.default_rng([setting.seed, 1]),
        valid=valid_set,
        checkpoint=folder,
        progress=progress,
    )


def score(vae, dataset, n_samples=IMPORTANCE_SAMPLES, progress=False):
    """The one-sample ELBO and the importance-sampled log p(x) of each image, {"elbo": (N,), "log_p": (N,)}.

    The noise is the same for all models, so that they differ by themselves alone.
    """
    rng, log_p = np.random.default_rng([NOISE_SEED, 1]), []
    with tqdm(total=len(dataset), unit="image", disable=None if progress else True) as shown:
        for rows in row_blocks(len(dataset), IMAGES_AT_ONCE):
            x = dataset.pixels(rows, vae.dtype)
            log_p.append(vae.log_likelihood(x, n_samples, rng, shown.update))
    return {"elbo": elbo_of_each(vae, dataset), "log_p": np.concatenate(log_p)}


def summary(scores, baseline=None):
    """Means over the images with their standard errors, and the same of what is gained over `baseline`.

    Most of the spread between images is common to all models: an image that is hard for one is hard for
    all. So the difference of two models is known far better than either, and has an error of its own.
    """
    result = {"n_data": len(scores["elbo"])}
    columns = {**scores, "gap": scores["log_p"] - scores["elbo"]}
    if baseline is not None:
        columns |= {f"{name}_gain": scores[name] - baseline[name] for name in ("elbo", "log_p")}
    for name, values in columns.items():
        result[name] = float(values.mean())
        result[f"{name}_error"] = float(values.std(ddof=1) / np.sqrt(len(values)))
    return result


def _baseline_scores(posterior, out, epochs):
    """The scores of the diagonal posterior with the same budget; None for itself, or if it has not run."""
    path = out / f"{_file_name(BASELINE)}-{epochs}" / "test.npz"
    if posterior == BASELINE or not path.exists():
        return None
    with np.load(path) as stored:
        return dict(stored)


def cpu_ms_a_step(posterior, train_set, setting, n_steps=30):
    """Median processor time of loss and gradient of one minibatch, summed over threads, in milliseconds.

    Unlike the seconds of a run, it depends little on what else the machine is doing.
    """
    vae, rng, times = setting.vae(posterior, train_set.x.shape[-1]), np.random.default_rng(0), []
    x = train_set.pixels(slice(0, setting.batch_size), vae.dtype)
    eps = rng.standard_normal((1, len(x), vae.n_latent), vae.dtype)
    for _ in range(n_steps):
        start = time.process_time()
        vae.loss_and_grad(x, eps)
        times.append(time.process_time() - start)
    return 1e3 * float(np.median(times))


def _file_name(posterior):
    return posterior.replace(":", "-")


def keep(result):
    """Write a result as JSON."""
    with atomic_write(RESULTS / f"flows-{_file_name(result['posterior'])}.json") as file:
        file.write((json.dumps(result, indent=1) + "\n").encode())


def kept():
    """The results that are kept, in the order of POSTERIORS."""
    paths = [RESULTS / f"flows-{_file_name(posterior)}.json" for posterior in POSTERIORS]
    return [json.loads(path.read_text()) for path in paths if path.exists()]


def table():
    """All kept results as a Markdown table.

    The gap is log p(x) - ELBO, an estimate of KL(q(z|x) || p(z|x)) from below; a gain is the rise over the
    diagonal posterior, its error that of the differences.
    """
    rows = [_row(COLUMNS), _row(["---"] * len(COLUMNS))]
    for result in kept():
        names = ("elbo", "log_p", "gap", "elbo_gain", "log_p_gain")
        cells = [result["posterior"], *(_with_error(result, name) for name in names)]
        published = PUBLISHED.get(result["posterior"])
        cells.append("" if published is None else f"{published:.2f}")
        cells += [f"{result[name]:,}" for name in ("n_parameters", "minibatches")]
        cells += [f"{result['seconds_of_training']:.0f}", f"{result['cpu_ms_a_step']:.1f}"]
        rows.append(_row(cells))
    return "\n".join(rows)


def _row(cells):
    return f"| {' | '.join(cells)} |"


def _with_error(result, name):
    if name not in result:
        return ""
    return f"{result[name]:.2f} +- {result[f'{name}_error']:.2f}"


def main(argv=None):
    """Read the command line and run."""
    args = _arguments(argv)
    if args.table:
        print(table())
        return 0
    setting = dataclasses.replace(SETTING, steps=args.steps, seed=args.seed)
    try:
        for posterior in [name for name in POSTERIORS if args.only is None or name in args.only]:
            run(posterior, lambda split: _load(split, args.data_dir), args.out, setting, not args.quiet)
    except (OSError, ValueError) as error:
        print(f"flows.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("flows.py: interrupted; the same command goes on from here.", file=sys.stderr)
        return 130
    print(table())
    return 0


def _load(split, data_dir):
    return sv.data.load("binarized_mnist", split, data_dir=data_dir)


def _arguments(argv):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=POSTERIORS, help="these posteriors (default: all)")
    parser.add_argument("--steps", type=_positive, default=SETTING.steps, help="minibatches of training")
    parser.add_argument("--table", action="store_true", help="print the table of kept results")
    parser.add_argument("--data-dir", help="folder with binarized_mnist/ (default $SCRATCHVAE_DATA)")
    parser.add_argument("--out", type=Path, default=Path("runs/flows"), help="folder of checkpoints")
    parser.add_argument("--seed", type=int, default=SETTING.seed)
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    return parser.parse_args(argv)


def _positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not at least 1")
    return value


if __name__ == "__main__":
    sys.exit(main())
