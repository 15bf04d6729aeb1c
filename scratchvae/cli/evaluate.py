"""ELBO and importance-sampled log p(x) of a trained model on held-out data, in nats a datum, each with
its standard error over the data. Gray data is binarized once, with a fixed seed, for a Bernoulli
likelihood."""

from scratchvae.cli.options import (
    add_data,
    add_json,
    add_quiet,
    add_seed,
    as_json,
    binarization_for,
    load_data,
)

HELP = "ELBO and log p(x) of a trained model, with standard errors"
EXAMPLES = """\
  scratchvae evaluate runs/glyphs/best.npz
  scratchvae evaluate runs/mnist/best.npz --data mnist --samples 5000 --json"""


def add_arguments(parser):
    """Declare the options."""
    parser.add_argument("model", help="best.npz or last.npz of a run")
    add_data(parser, "glyphs", "test")
    parser.add_argument(
        "--samples", type=int, default=128, metavar="S", help="importance samples a datum (default 128)"
    )
    add_seed(parser, "the noise, and of glyphs and subsets")
    add_json(parser)
    add_quiet(parser)


def run(args):
    """Print the scores and return the exit status."""
    import dataclasses

    from tqdm import tqdm

    from scratchvae.evaluation import evaluate
    from scratchvae.training import prepare
    from scratchvae.vae import VAE

    vae = VAE.load(args.model)
    dataset = load_data(args, args.split)
    fixed = "fixed" if binarization_for(vae, dataset) else None
    dataset = prepare(vae, dataset, fixed)
    with tqdm(total=len(dataset), unit="row", disable=True if args.quiet else None) as shown:
        scores = evaluate(vae, dataset, args.samples, args.seed, shown.update)
    print(as_json(dataclasses.asdict(scores)) if args.json else scores)
    return 0
