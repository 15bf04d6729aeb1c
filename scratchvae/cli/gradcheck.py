"""Check a gradient of your own against finite differences, or, without a file, all of the package.

`scratchvae gradcheck my_file.py:loss` imports the file, takes its function loss(theta), which returns a
number, and its gradient: a function of the name loss_gradient, loss_grad, grad_loss, gradient or grad (or
--gradient NAME), which returns an array like theta. Or loss returns both, (value, gradient). theta is --at,
a random point of --shape, or the variable theta (or loss_theta) of the file: an array, or a dict of arrays,
which then are the blocks of the report. Variables terms and sizes in the file help the diagnosis, as in
scratchvae.gradcheck.check. A class of the file that derives from sv.BayesianModel is checked as a model.

Without a file, every backward pass of the package is checked, with the readable kernels and with the jitted
ones; then what no gradient check sees: log-determinants, inverses, integrals and samplers of densities,
closed forms of KL, and estimators of gradients.

`scratchvae gradcheck --plant` shows what these checks are worth: it makes a hundred and ten classic mistakes
in the running package, one at a time, and prints which check catches each and what it says.

Exit status 0 if all is right, 1 if something is not, 2 for wrong use."""

import time

from scratchvae.cli.options import add_json, add_quiet, add_seed, as_json

HELP = "check a gradient of your own, or every one of the package"
EXAMPLES = """\
  scratchvae gradcheck my_file.py:loss --at 0.5,1,2
  scratchvae gradcheck my_file.py:loss --shape 3x4 --html report.html --plot curve.png
  scratchvae gradcheck my_model.py:MyModel
  scratchvae gradcheck
  scratchvae gradcheck --only VAE --verbose
  scratchvae gradcheck --plant --only softmax --verbose
  SCRATCHVAE_KERNELS=numpy scratchvae gradcheck --json"""


def add_arguments(parser):
    """Declare the options."""
    parser.add_argument("file", nargs="?", metavar="FILE.py:NAME", help="a function of your own, or a model")
    own = parser.add_argument_group("of a file")
    own.add_argument("--at", metavar="NUMBERS", help="the point: 1,2,3 or rows 1,2;3,4 or a .npy file")
    own.add_argument("--shape", metavar="NxM", help="check at a random point of this shape")
    own.add_argument("--gradient", metavar="NAME", help="the gradient's name in the file")
    own.add_argument("--mode", default="auto", help="auto, all, sample, directions or mixed (default auto)")
    own.add_argument("--rtol", type=float, metavar="X", help="largest relative error that passes (1e-6)")
    own.add_argument("--plot", metavar="FILE", help="draw the error against the step, a PNG")
    package = parser.add_argument_group("of the package")
    package.add_argument("--only", metavar="TEXT", help="pieces whose name contains TEXT")
    package.add_argument("--verbose", action="store_true", help="every block of every piece")
    package.add_argument("--plant", action="store_true", help="plant classic mistakes, one at a time")
    package.add_argument("--markdown", metavar="FILE", help="with --plant: write the catalogue as a page")
    package.add_argument(
        "--kernels", choices=("numpy", "numba", "both"), help="(default both, or $SCRATCHVAE_KERNELS)"
    )
    parser.add_argument("--html", metavar="FILE", help="write the report as a page")
    parser.add_argument("--junit", metavar="FILE", help="write the report as JUnit's XML")
    add_seed(parser, "the points at which gradients are compared")
    add_json(parser)
    add_quiet(parser)


#: Options that mean nothing for the other kind of check, with what they are when not given.
OF_A_FILE = {"at": None, "shape": None, "gradient": None, "plot": None, "rtol": None, "mode": "auto"}
OF_THE_PACKAGE = {"only": None, "verbose": False, "kernels": None, "plant": False, "markdown": None}
#: Options of the package's check that mean nothing where mistakes are planted.
NOT_PLANTED = {"kernels": None, "html": None, "junit": None}


def run(args):
    """Check, print, write, and return the exit status."""
    from scratchvae.validation import whole_number

    whole_number(args.seed, "--seed")
    foreign = OF_THE_PACKAGE if args.file else OF_A_FILE
    for name, default in foreign.items():
        if getattr(args, name) != default:
            needs = "the check of the package, without a file" if args.file else "a file, FILE.py:NAME"
            raise ValueError(f"--{name} goes with {needs}.")
    if args.plant:
        return _run_planted(args)
    if args.markdown:
        raise ValueError("--markdown goes with --plant.")
    return _run_own(args) if args.file else _run_package(args)


def _write(args, reports, title, seconds=None):
    """The files that were asked for, of {name: report}."""
    from scratchvae.gradcheck.formats import as_junit, as_page
    from scratchvae.storage import atomic_write

    texts = {}
    if args.html:
        texts[args.html] = as_page(reports if len(reports) > 1 else next(iter(reports.values())), title)
    if args.junit:
        texts[args.junit] = as_junit(reports, "scratchvae.gradcheck", seconds)
    for path, text in texts.items():
        with atomic_write(path) as file:
            file.write(text.encode("utf-8"))


# --- a function of the user's -------------------------------------------------------------------


def _run_own(args):
    from scratchvae.cli.own_gradient import check_file

    options = {"mode": args.mode} | ({} if args.rtol is None else {"rtol": args.rtol})
    started = time.perf_counter()
    found = check_file(
        args.file, gradient=args.gradient, at=args.at, shape=args.shape, seed=args.seed, **options
    )
    seconds = time.perf_counter() - started
    _write(args, {args.file: found.report}, found.title, {args.file: seconds})
    if args.plot:
        _draw(found, args.plot)
    if args.json:
        print(as_json({"file": args.file, "title": found.title, **found.report.as_dict()}))
    elif args.quiet:
        print(str(found.report).splitlines()[-1])
    else:
        print(f"{found.title}\n\n{found.report}")
    return 0 if found.report.passed else 1


def _draw(found, path):
    """The V of errors against steps at the worst coordinate."""
    from scratchvae import plotting

    if found.curve is None:
        raise ValueError("--plot goes with a function of one theta, not with a model.")
    curve = found.curve()
    figure, ax = plotting.figure()
    errors = {name: getattr(curve, name) for name in ("forward", "central", "extrapolated")}
    plotting.v_curve(ax, curve.steps, errors, found.report.rtol)
    ax.set_title(f"{curve.label}, where the gradient is {curve.analytic:.6g}", fontsize="medium", pad=28)
    plotting.save(figure, path)


# --- planted mistakes ---------------------------------------------------------------------------


def _run_planted(args):
    from scratchvae.planted.command import conclusion, plant

    for name, default in NOT_PLANTED.items():
        if getattr(args, name) != default:
            raise ValueError(f"--{name} does not go with --plant.")
    shown = not (args.json or args.quiet)
    results = plant(args.only or "", args.seed, shown, args.verbose, args.markdown)
    print(as_json([result.as_dict() for result in results]) if args.json else conclusion(results))
    return 0 if all(result.caught_by for result in results) else 1


# --- the package --------------------------------------------------------------------------------


def _run_package(args):
    backends = _backends(args.kernels)
    shown = not (args.json or args.quiet)
    if shown:
        errors = " ".join(f"err.{backend}" for backend in backends)  # the worst relative error
        print(f"{'piece':<38} {'blocks':>6} {'probes':>6} {errors}  verdict")
    results, seconds, started = [], {}, time.perf_counter()
    for name, reports in _checked(backends, args.seed, args.only or ""):
        results.append((name, reports))
        seconds[name], started = time.perf_counter() - started, time.perf_counter()
        if shown:
            print(_row(name, reports, backends), flush=True)
            if args.verbose:
                print("\n".join(f"    {line}" for report in reports for line in str(report).splitlines()))
    if not results:
        raise ValueError(f"no piece has {args.only!r} in its name.")
    _write(args, dict(_by_backend(results, backends)), "The gradients of scratchvae", seconds)
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
    """(name, one report a backend) for each piece; of those beyond gradients, one with the last backend."""
    from scratchvae import kernels, selfcheck, selfcheck_beyond

    runs = [selfcheck.pieces(seed, only) for _ in backends]
    while True:
        found = []
        for backend, reports in zip(backends, runs, strict=True):
            with kernels.using(backend):
                found.append(next(reports, None))
        if None in found:
            break
        yield found[0][0], tuple(report for _, report in found)
    with kernels.using(backends[-1]):
        for name, report in selfcheck_beyond.pieces(seed, only):
            yield name, (report,)


def _by_backend(results, backends):
    """(name, report), the name with its backend where there are several."""
    for name, reports in results:
        for backend, report in zip(backends[-len(reports) :], reports, strict=True):
            yield (name if len(reports) == 1 else f"{name} ({backend})"), report


def _passed(result):
    return all(report.passed for report in result[1])


def _row(name, reports, backends):
    blocks = reports[0].blocks
    probes = sum(block.n_checked for block in blocks)
    missing = [""] * (len(backends) - len(reports))
    errors = [*missing, *(f"{report.worst.error:.1e}" for report in reports)]
    errors = " ".join(f"{error:>9}" for error in errors)
    verdict = "ok" if _passed((name, reports)) else "WRONG: " + _wrong_blocks(reports)
    return f"{name:<38} {len(blocks):>6} {_count(probes):>6} {errors}  {verdict}"


def _count(n):
    return str(n) if n < 10_000 else f"{n / 1000:.0f}k"


def _wrong_blocks(reports):
    """The first two wrong blocks, each with its diagnosis."""
    wrong = {
        block.name: block.diagnosis.code for report in reports for block in report.blocks if not block.passed
    }
    shown = [f"{name} ({code})" for name, code in list(wrong.items())[:2]]
    return ", ".join(shown) + (f" and {len(wrong) - 2} more" if len(wrong) > 2 else "")


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
        for backend, report in zip(backends[-len(reports) :], reports, strict=True)
    ]
    return as_json({"passed": all(map(_passed, results)), "pieces": rows})
