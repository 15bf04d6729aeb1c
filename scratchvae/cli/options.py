"""Options that several commands share, and what they mean."""

import sys

from scratchvae.storage import json_text
from scratchvae.validation import positive_int

#: A result as JSON, for commands with `add_json`.
as_json = json_text


def add_seed(parser, what):
    """``--seed``."""
    parser.add_argument("--seed", type=int, default=0, metavar="N", help=f"seed of {what} (default 0)")


def add_quiet(parser):
    """``--quiet``."""
    parser.add_argument("--quiet", action="store_true", help="print nothing but the result and errors")


def add_json(parser):
    """``--json``."""
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def add_data(parser, default, split):
    """``--data``, ``--split`` (where a default is given), ``--rows`` and ``--data-dir``."""
    parser.add_argument(
        "--data",
        default=default,
        metavar="NAME",
        help="glyphs, mnist, fashion_mnist, binarized_mnist, or a .npy, .npz, .csv or -ubyte file "
        f"(default {default})",
    )
    if split is not None:
        parser.add_argument("--split", default=split, help=f"train, valid or test (default {split})")
    parser.add_argument(
        "--rows", type=int, metavar="N", help="use at most N rows of a split: glyphs, or a random subset"
    )
    parser.add_argument(
        "--data-dir",
        metavar="DIR",
        help="folder with mnist/, binarized_mnist/, ... ($SCRATCHVAE_DATA)",
    )


def load_data(args, split):
    """The data set that the options name."""
    from scratchvae import data

    if args.rows is not None:
        positive_int(args.rows, "--rows")
    return data.load(args.data, split, n=args.rows, seed=args.seed, data_dir=args.data_dir)


def binarization_for(vae, dataset, asked="auto"):
    """What "auto" means: bits for a Bernoulli likelihood if the data is gray, else the values as they are."""
    if asked != "auto":
        return None if asked == "none" else asked
    return "dynamic" if vae.likelihood.spec == "bernoulli" and not dataset.is_binary else None


def image_shape(text, n_data):
    """Height and width from "HxW", those of a square from None; a ValueError if they do not make n_data."""
    side = round(n_data**0.5)
    try:
        height, width = (side, side) if text is None else map(int, text.split("x"))
    except ValueError:
        raise ValueError(f"--shape takes height x width, such as 28x28, not {text!r}.") from None
    if height * width != n_data or height < 1:
        raise ValueError(f"{n_data} values make no image of {height}x{width}; give --shape HxW, or a .npy.")
    return height, width


def note(args, text):
    """Say something about the progress, on standard error, unless ``--quiet``."""
    if not args.quiet:
        print(text, file=sys.stderr)
