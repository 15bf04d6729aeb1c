"""Hold every backward pass of the package against finite differences: activations, layers, likelihoods,
the reparameterization with its log-determinant, the bounds, the whole VAE. Exit status 0 if all pass,
1 if one does not."""

from scratchvae.cli.options import add_json, add_quiet, add_seed, as_json

HELP = "check every gradient of the package by finite differences"
EXAMPLES = """\
  scratchvae gradcheck
  scratchvae gradcheck --only VAE --verbose
  SCRATCHVAE_KERNELS=numpy scratchvae gradcheck --json"""


def add_arguments(parser):
    """Declare the options."""
    parser.add_argument("--only", metavar="TEXT", help="pieces whose name contains TEXT")
    parser.add_argument("--verbose", action="store_true", help="every block of every piece")
    add_seed(parser, "the points at which gradients are compared")
    add_json(parser)
    add_quiet(parser)


def run(args):
    """Print one table and return the exit status."""
    from scratchvae.selfcheck import pieces
    from scratchvae.validation import whole_number

    seed, results = whole_number(args.seed, "--seed"), []
    if not (args.json or args.quiet):
        print(f"{'piece':<30} {'blocks':>6} {'probes':>6} {'worst block':<20} {'rel.error':>9}  verdict")
    for name, report in pieces(seed, args.only or ""):
        results.append((name, report))
        if not (args.json or args.quiet):
            print(_row(name, report), flush=True)
            if args.verbose or not report.passed:
                print(_indented(str(report)))
    if not results:
        raise ValueError(f"no piece has {args.only!r} in its name.")
    _conclude(args, results)
    return 0 if all(report.passed for _, report in results) else 1


def _row(name, report):
    worst = report.worst
    probes = sum(block.n_checked for block in report.blocks)
    verdict = "ok" if report.passed else "WRONG"
    return f"{name:<30} {len(report.blocks):>6} {probes:>6} {worst.name:<20} {worst.error:>9.1e}  {verdict}"


def _indented(text):
    return "\n".join(f"    {line}" for line in text.splitlines())


def _conclude(args, results):
    from scratchvae import kernels

    wrong = [name for name, report in results if not report.passed]
    worst = max(report.worst.error for _, report in results)
    if args.json:
        rows = [{"piece": name, **report.as_dict()} for name, report in results]
        print(as_json({"passed": not wrong, "kernels": kernels.backend(), "pieces": rows}))
        return
    verdict = f"{len(wrong)} of {len(results)} pieces are WRONG: {', '.join(wrong)}"
    if not wrong:
        verdict = f"all {len(results)} pieces pass"
    print(f"{verdict}; worst relative error {worst:.1e}; kernels: {kernels.backend()}")
