"""Draw from a trained model: z from the prior, then x from p(x|z). OUT is a .png picture of the images,
or a .npy array (n, D)."""

from scratchvae.cli.options import add_quiet, add_seed, image_shape, note

HELP = "draw new data from a trained model"
EXAMPLES = """\
  scratchvae sample runs/glyphs/best.npz --out samples.png
  scratchvae sample runs/glyphs/best.npz -n 1000 --draw --out samples.npy
  scratchvae sample runs/by_label/best.npz --label 7 --out sevens.png"""


def add_arguments(parser):
    """Declare the options."""
    parser.add_argument("model", help="best.npz or last.npz of a run")
    parser.add_argument("--out", default="samples.png", metavar="FILE", help=".png or .npy (samples.png)")
    parser.add_argument("-n", type=int, default=100, metavar="N", help="how many (default 100)")
    parser.add_argument(
        "--draw", action="store_true", help="draw each pixel from p(x|z); default: show its mean"
    )
    parser.add_argument(
        "--label", type=int, metavar="Y", help="of a conditional model's samples (default: each in turn)"
    )
    parser.add_argument("--shape", metavar="HxW", help="of an image (default: square)")
    add_seed(parser, "the draws")
    add_quiet(parser)


def run(args):
    """Write the samples and return the exit status."""
    from pathlib import Path

    import numpy as np

    from scratchvae.storage import atomic_write
    from scratchvae.vae import VAE
    from scratchvae.validation import whole_number

    path = Path(args.out)
    if path.suffix not in (".png", ".npy"):
        raise ValueError(f"--out must end in .png or .npy, not {args.out!r}.")
    vae = VAE.load(args.model)
    rng = np.random.default_rng(whole_number(args.seed, "--seed"))
    y = _labels(args, vae)
    x = vae.sample(args.n, rng, y) if args.draw else vae.sample_mean(args.n, rng, y)
    if path.suffix == ".npy":
        with atomic_write(path) as file:
            np.save(file, x)
    else:
        _save_picture(path, x, image_shape(args.shape, vae.n_data))
    note(args, f"{args.n} samples in {path}")
    return 0


def _labels(args, vae):
    """The label that was asked for, or all in turn; None for a model without labels."""
    import numpy as np

    if args.label is not None or vae.n_classes is None:
        return args.label
    return np.arange(args.n) % vae.n_classes


def _save_picture(path, x, shape):
    from scratchvae import plotting
    from scratchvae.plotting.images import to_unit_range

    drawn, ax = plotting.figure(6, 6)
    plotting.image_grid(ax, to_unit_range(x), shape)
    plotting.save(drawn, path)
