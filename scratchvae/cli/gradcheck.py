"""Hold every backward pass of the package against finite differences: activations, layers, likelihoods,
the reparameterization with its log-determinant, the bounds, the whole VAE; with the readable kernels and
with the jitted ones. Exit status 0 if all pass, 1 if one does not."""

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
    parser.add_argument(
        "--kernels", choices=("numpy", "numba", "both"), help="(default both, or $SCRATCHVAE_KERNELS)"
    )
    add_seed(parser, "the points at which gradients are compared")
    add_json(parser)
    add_quiet(parser)


def run(args):
    """Print one table and return the exit status."""
    from scratchvae.validation import whole_number

    backends, seed = _backends(args.kernels), whole_number(args.seed, "--seed")
    shown = not (args.json or args.quiet)
    if shown:
        errors = " ".join(f"err.{backend}" for backend in backends)  # the worst relative error
        print(f"{'piece':<30} {'blocks':>6} {'probes':>6} {errors}  verdict")
    results = []
    for name, reports in _checked(backends, seed, args.only or ""):
        results.append((name, reports))
        if shown:
            print(_row(name, reports), flush=True)
            if args.verbose:
                print("\n".join(f"    {line}" for report in reports for line in str(report).splitlines()))
    if not results:
        raise ValueError(f"no piece has {args.only!r} in its name.")
    print(_as_json(results, backends) if args.json else _conclusion(results))
    return 0 if all(map(_passed, results)) else 1


def _backends(asked):
    import os

    from scratchvae import kernels

    if asked in kernels.BACKENDS:
        return (asked,)
    return (
        (kernels.backend(),) if asked is None and "SCRATCHVAE_KERNELS" in os.environ else ("numpy", "numba")
    )


def _checked(backends, seed, only):
    """(name, one report a backend) for each piece."""
    from scratchvae import kernels
    from scratchvae.selfcheck import pieces

    runs = [pieces(seed, only) for _ in backends]
    while True:
        found = []
        for backend, reports in zip(backends, runs, strict=True):
            with kernels.using(backend):
                found.append(next(reports, None))
        if None in found:
            return
        yield found[0][0], tuple(report for _, report in found)


def _passed(result):
    return all(report.passed for report in result[1])


def _row(name, reports):
    blocks = reports[0].blocks
    probes = sum(block.n_checked for block in blocks)
    errors = " ".join(f"{report.worst.error:>9.1e}" for report in reports)
    verdict = "ok" if _passed((name, reports)) else "WRONG: " + _wrong_blocks(reports)
    return f"{name:<30} {len(blocks):>6} {probes:>6} {errors}  {verdict}"


def _wrong_blocks(reports):
    names = dict.fromkeys(block.name for report in reports for block in report.blocks if not block.passed)
    shown, n_more = list(names)[:2], len(names) - 2
    return ", ".join(shown) + (f" and {n_more} more" if n_more > 0 else "")


def _conclusion(results):
    worst = max(report.worst.error for _, reports in results for report in reports)
    wrong = [result for result in results if not _passed(result)]
    if not wrong:
        return f"all {len(results)} pieces pass; worst relative error {worst:.1e}"
    # Pieces come from the smallest to the largest: the first that is wrong is nearest to the mistake.
    return (
        f"{len(wrong)} of {len(results)} pieces are wrong. Start with the smallest, {wrong[0][0]!r}:\n"
        f"scratchvae gradcheck --verbose --only {wrong[0][0]!r}"
    )


def _as_json(results, backends):
    rows = [
        {"piece": name, "kernels": backend, **report.as_dict()}
        for name, reports in results
        for backend, report in zip(backends, reports, strict=True)
    ]
    return as_json({"passed": all(map(_passed, results)), "pieces": rows})
