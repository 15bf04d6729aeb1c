"""Train a VAE. The folder OUT then holds last.npz (the whole state of the run), best.npz (the model with
the best validation ELBO) and history.csv. A run that was stopped goes on with --resume and ends
bit-identical to one that was not."""

import sys
from functools import partial

from scratchvae.cli.options import add_data, add_quiet, add_seed, binarization_for, load_data, note

HELP = "train a VAE and keep its checkpoints"
EXAMPLES = """\
  scratchvae train --out runs/glyphs
  scratchvae train --conditional --out runs/by_label
  scratchvae train --data mnist --latent 20 --hidden 500 --epochs 50 --out runs/mnist
  scratchvae train --data mnist --latent 20 --hidden 500 --epochs 50 --out runs/mnist --resume
  scratchvae train --data ten_million_rows.npy --out runs/large"""
#: Rows of a mapped file that are held out to validate: each epoch ends with a pass over them.
MOST_MAPPED = 10_000


def add_arguments(parser):
    """Declare the options."""
    add_data(parser, "glyphs", None)
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of the run")
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on from OUT/last.npz if any, with the same options; --epochs may grow at a constant rate",
    )
    _add_model(parser.add_argument_group("model"))
    _add_training(parser.add_argument_group("training"))
    add_seed(parser, "weights, noise and order")
    add_quiet(parser)


def _add_model(group):
    group.add_argument("--latent", type=int, default=20, metavar="L", help="latent dimensions (default 20)")
    group.add_argument(
        "--hidden", default="500", metavar="N,N", help="encoder's hidden widths, the decoder's reversed (500)"
    )
    group.add_argument(
        "--activation",
        default="tanh",
        help="tanh (default), relu, leaky_relu, elu, softplus, sigmoid, gelu, identity",
    )
    group.add_argument(
        "--likelihood",
        default="bernoulli",
        help="bernoulli (default), normal, normal_fixed:SIGMA, normal_shared, categorical:LEVELS, poisson",
    )
    group.add_argument(
        "--posterior",
        default="diagonal",
        help="diagonal (default), full_rank, low_rank:R, planar:N, sylvester:N, iaf:N, ...",
    )
    group.add_argument(
        "--prior",
        default="standard_normal",
        help="standard_normal (default), or a learned mixture:M, vamp:M, coupling:N, ...",
    )
    group.add_argument(
        "--conditional",
        action="store_true",
        help="a model of the data given their labels, which encoder and decoder see",
    )
    group.add_argument("--dtype", default="float32", help="float32 (default) or float64")


def _add_training(group):
    group.add_argument("--epochs", type=int, default=50, metavar="N", help="passes over the data (50)")
    group.add_argument(
        "--batch-size", type=int, default=100, metavar="B", help="rows in a minibatch (default 100)"
    )
    group.add_argument(
        "--optimizer", default="adam", help="adam (default), adamw, sgd, momentum, adagrad, rmsprop"
    )
    group.add_argument("--lr", type=float, default=1e-3, help="learning rate (default 0.001)")
    group.add_argument(
        "--schedule", choices=("constant", "cosine"), default="constant", help="of the learning rate"
    )
    group.add_argument(
        "--warm-up", type=int, default=0, metavar="STEPS", help="steps of linear warm-up of the rate"
    )
    group.add_argument("--clip", type=float, metavar="NORM", help="largest norm of the gradient")
    group.add_argument(
        "--bound",
        default="elbo",
        metavar="NAME",
        help="elbo (default), analytic_kl, iwae, dreg, renyi:ALPHA, beta:B, free_bits:NATS, ...",
    )
    group.add_argument(
        "--kl-warm-up",
        metavar="EPOCHS",
        help="in which the weight of KL rises from 0: 10, or cyclic:40 for four cycles",
    )
    group.add_argument("--samples", type=int, default=1, metavar="K", help="draws of z a datum (default 1)")
    group.add_argument(
        "--binarization",
        choices=("auto", "none", "dynamic", "fixed"),
        default="auto",
        help="of gray pixels; auto: dynamic for a Bernoulli likelihood",
    )
    group.add_argument(
        "--patience", type=int, metavar="N", help="stop after N epochs without a better validation ELBO"
    )


def run(args):
    """Train and return the exit status."""
    from scratchvae.training import checkpoint

    last, best, _ = checkpoint.paths(args.out)
    _check_folder(args, last)
    try:
        row = _train(args, last).best
    except KeyboardInterrupt:
        if last.exists():
            print(f"saved in {last}: the same command with --resume goes on from there", file=sys.stderr)
        raise
    print(f"best validation ELBO {row['valid_elbo']:.3f} nats in epoch {row['epoch']}: {best}")
    return 0


def _train(args, last):
    """Make data, model and optimizer as the options say, train, and return the history."""
    import numpy as np

    from scratchvae.training import train

    data, valid = load_data(args, "train"), _validation_data(args)
    vae, optimizer = _model(args, data), _optimizer(args, len(data))
    say = (lambda text: None) if args.quiet else _say
    say(f"{data.name}: {len(data):,} rows to train on, {len(valid):,} to validate\n{vae!r}")
    if args.resume and not last.exists():  # killed before the first checkpoint, say
        note(args, f"there is no {last} to resume from: the run starts anew")
    return train(
        vae,
        data,
        epochs=args.epochs,
        batch_size=args.batch_size,
        optimizer=optimizer,
        rng=np.random.default_rng([args.seed, 1]),
        valid=valid,
        checkpoint=args.out,
        bound=args.bound,
        n_samples=args.samples,
        binarization=binarization_for(vae, data, args.binarization),
        clip=args.clip,
        patience=args.patience,
        kl_warm_up=args.kl_warm_up,
        progress=not args.quiet,
        on_epoch=lambda history: say(epoch_line(history.rows[-1])),
    )


def _say(text):
    from tqdm import tqdm

    tqdm.write(text)  # above the progress bar, where a print would tear it
    sys.stdout.flush()


def _check_folder(args, last):
    if last.exists() and not args.resume:
        raise ValueError(f"{last} exists already: --resume goes on from it; or choose another --out.")


def _validation_data(args):
    """The validation split, cut to --rows, or if it lies in a mapped file to what fits into memory."""
    from scratchvae import data

    load = partial(data.load, args.data, "valid", seed=args.seed, data_dir=args.data_dir)
    whole = load()
    most = args.rows or (MOST_MAPPED if whole.is_mapped else len(whole))
    return whole if len(whole) <= most else load(n=most)


def _model(args, data):
    from scratchvae.vae import VAE

    try:
        hidden = tuple(int(width) for width in args.hidden.split(",") if width)
    except ValueError:
        raise ValueError(f"--hidden takes widths such as 500 or 256,256, not {args.hidden!r}.") from None
    return VAE(
        data.n_data,
        args.latent,
        hidden,
        args.activation,
        args.likelihood,
        args.posterior,
        prior=args.prior,
        dtype=args.dtype,
        seed=args.seed,
        n_classes=_n_classes(data) if args.conditional else None,
    )


def _n_classes(data):
    """One more than the largest label."""
    if data.labels is None:
        raise ValueError(
            f"{data.name} has no labels, which --conditional needs; an .npz file has them as 'labels'."
        )
    try:
        return int(data.labels.max()) + 1
    except (TypeError, ValueError):
        raise ValueError(f"--conditional needs labels 0, 1, 2, ..., not {data.labels[0]!r}.") from None


def _optimizer(args, n_rows):
    from scratchvae import optim
    from scratchvae.validation import positive_int

    epochs = positive_int(args.epochs, "--epochs")
    steps = epochs * -(-n_rows // positive_int(args.batch_size, "--batch-size"))
    lr = optim.Cosine(args.lr, steps) if args.schedule == "cosine" else args.lr
    return optim.build(args.optimizer, lr=optim.WarmUp(lr, args.warm_up) if args.warm_up else lr)


def epoch_line(row):
    """One epoch as a line for people."""
    valid = "" if row["valid_elbo"] is None else f"   validation {row['valid_elbo']:9.3f}"
    return (
        f"epoch {row['epoch']:4d}   training ELBO {row['train_elbo']:9.3f}{valid}   {row['seconds']:7.1f} s"
    )
