"""The main job: check the gradient of a VAE, train it on rendered digits, look at what it learnt.

Two models are trained: one with 20 latent dimensions, which reconstructs and samples, and one with 2,
whose latent space can be drawn. The folder OUT then holds the learning curves, reconstructions,
samples, latent manifold, latent scatter, both models, and a summary with the numbers."""

from scratchvae.cli.options import add_quiet, add_seed, note

HELP = "check, train and show a VAE on rendered digits, in under two minutes"
EXAMPLES = """\
  scratchvae demo
  scratchvae demo --out another --seed 1
  scratchvae demo --quick"""


def add_arguments(parser):
    """Declare the options."""
    parser.add_argument("--out", default="demo", metavar="DIR", help="folder for the results (demo)")
    parser.add_argument("--epochs", type=int, metavar="N", help="passes over the digits (default 60)")
    parser.add_argument("--rows", type=int, metavar="N", help="digits to train on (default 10,000)")
    parser.add_argument("--quick", action="store_true", help="well under a minute: 3 epochs of 2,000 digits")
    add_seed(parser, "digits, weights and noise")
    add_quiet(parser)


def run(args):
    """Run the demonstration and return the exit status."""
    from scratchvae.demo import Demo

    usual_epochs, usual_rows = (3, 2_000) if args.quick else (60, 10_000)
    epochs = usual_epochs if args.epochs is None else args.epochs
    rows = usual_rows if args.rows is None else args.rows
    demo = Demo(args.out, epochs, rows, args.seed, say=lambda text: note(args, text), progress=not args.quiet)
    passed = demo.run()
    print(demo.summary())
    return 0 if passed else 1
