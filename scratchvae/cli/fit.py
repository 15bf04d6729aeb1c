"""Fit a model by variational inference and say whether to trust the result. MODEL is a class of yours (or
an object, or a function without arguments that returns one), path/to/file.py:NAME, or a built-in one by
name. First its gradients are held against finite differences. Values are in nats. Exit status 0 if the
fit converged and its mean can be trusted; 1 if a gradient is wrong, the fit did not converge, or the
verdict is not to trust it."""

import contextlib
import sys
import warnings

from scratchvae.cli.options import add_json, add_quiet, add_seed, as_json, note

HELP = "fit a Bayesian model of yours, and say whether to trust it"
EXAMPLES = """\
  scratchvae fit eight_schools
  scratchvae fit path/to/my_model.py:MyModel --family full_rank --out runs/mine
  scratchvae fit banana --bound iwae --restarts 3 --json
  scratchvae fit --list"""
#: Draws in draws.npz.
N_DRAWS = 4000


def add_arguments(parser):
    """Declare the options."""
    parser.add_argument("model", nargs="?", metavar="MODEL", help="path/to/file.py:NAME, or a built-in one")
    parser.add_argument(
        "--list", action="store_true", help="show the built-in models, or those in the file MODEL"
    )
    parser.add_argument(
        "--out", metavar="DIR", help="folder for summary.json, draws.npz, pairs.png and trace.png"
    )
    parser.add_argument("--no-check", action="store_true", help="fit without checking the gradients before")
    _add_fit(parser.add_argument_group("fit"))
    add_seed(parser, "noise and restarts")
    add_json(parser)
    add_quiet(parser)


def _add_fit(group):
    group.add_argument("--family", default="mean_field", help="mean_field (default), full_rank, low_rank:2")
    group.add_argument(
        "--bound", default="elbo", help="elbo (default), sticking_the_landing, analytic_kl, iwae, dreg, ..."
    )
    group.add_argument("--samples", type=int, default=10, metavar="K", help="draws of z a step (default 10)")
    group.add_argument(
        "--steps", type=int, default=10_000, metavar="N", help="the most steps of a run (default 10,000)"
    )
    group.add_argument(
        "--restarts", type=int, default=1, metavar="N", help="runs, the best counts (default 1)"
    )
    group.add_argument(
        "--start", default="auto", help="auto (default), laplace, zero, or a z such as --start=0.5,-1"
    )
    group.add_argument(
        "--batch-size", default="auto", metavar="B", help="rows a step: auto (default), all, or a number"
    )


def run(args):
    """Check, fit, report, and return the exit status."""
    from scratchvae.cli.user_model import load, on_path, speaking_for, to_standard_error

    if args.list:
        return _list(args.model)
    if args.model is None:
        raise ValueError("name a model: path/to/file.py:NAME, or one that `scratchvae fit --list` shows.")
    options = _options(args)
    model, path = load(args.model)
    if path is None:
        report, q = _check_and_fit(args, model, options)
    else:
        with on_path(path.parent), to_standard_error(), speaking_for(path, f"{args.model} fails"):
            report, q = _check_and_fit(args, model, options)
    return _report_wrong(args, report) if q is None else _report(args, report, q)


def _list(spec):
    """Print what can be named: the built-in models, or those in a file."""
    from scratchvae.cli.user_model import built_in, import_file, models_in, on_path, split

    if spec is None:
        print("\n".join(built_in()))
        return 0
    path, _ = split(spec)
    if path is None:
        raise ValueError(f"--list takes a file, not {spec!r}; alone it shows the built-in models.")
    with on_path(path.parent):
        for name in models_in(import_file(path)):
            print(f"{path}:{name}")
    return 0


# --- what comes in ------------------------------------------------------------------------------


def _options(args):
    """The keywords of `scratchvae.fit`."""
    import numpy as np

    from scratchvae.validation import positive_int, whole_number

    return {
        "family": args.family,
        "bound": args.bound,
        "n_samples": positive_int(args.samples, "--samples"),
        "steps": positive_int(args.steps, "--steps"),
        "restarts": positive_int(args.restarts, "--restarts"),
        "start": _start(args.start),
        "batch_size": _batch_size(args.batch_size),
        "rng": np.random.default_rng(whole_number(args.seed, "--seed")),
        "progress": not args.quiet,
    }


def _start(text):
    from scratchvae.vi.fit import STARTS

    if text in STARTS:
        return text
    try:
        return [float(number) for number in text.split(",")]
    except ValueError:
        raise ValueError(
            f"--start takes {', '.join(STARTS)}, or a number for each entry of z, such as --start=0.5,-1, "
            f"not {text!r}."
        ) from None


def _batch_size(text):
    from scratchvae.validation import positive_int

    if text in ("auto", "all"):
        return None if text == "all" else text
    try:
        return positive_int(int(text), "--batch-size")
    except ValueError:
        raise ValueError(
            f"--batch-size takes auto, all, or a whole number of at least 1, not {text!r}."
        ) from None


# --- what is done -------------------------------------------------------------------------------


def _check_and_fit(args, model, options):
    """The report of the check, None if there was none, and q, None if a gradient is wrong."""
    from scratchvae.bounds import BOUNDS
    from scratchvae.gradcheck import check_model
    from scratchvae.storage import writable_folder
    from scratchvae.validation import build
    from scratchvae.vi import fit

    report, needs_gradient = None, build(BOUNDS, args.bound, "bound").pathwise
    with _warnings_in_one_line():
        if needs_gradient and not args.no_check:
            report = check_model(model, seed=args.seed)
            if not report.passed:
                return report, None
            note(args, f"gradients: {str(report).splitlines()[-1]}")
        if args.out is not None:
            writable_folder(args.out)  # before any time is spent
        return report, fit(model, **options)


@contextlib.contextmanager
def _warnings_in_one_line():
    """Say each warning once, without the line of code that gave it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        for category in (UserWarning, RuntimeWarning):
            warnings.simplefilter("default", category)
        yield
    for text in dict.fromkeys(" ".join(str(warning.message).split()) for warning in caught):
        _say(text)


def _say(text):
    """A line on standard error, which even --quiet does not leave out."""
    if sys.stderr is not None:  # which it is where the shell has closed it, `2>&-`
        print(f"scratchvae fit: {text}", file=sys.stderr)


# --- what is said -------------------------------------------------------------------------------


def _report_wrong(args, report):
    """Show which gradient is wrong; the exit status."""
    print(as_json({"model": args.model, "check": report.as_dict()}) if args.json else report)
    wrong = ", ".join(block.name for block in report.blocks if not block.passed)
    _say(f"{args.model} has a wrong gradient ({wrong}): mend it, or fit without this check by --no-check.")
    return 1


def _report(args, report, q):
    """Print and save what was found; the exit status."""
    with _warnings_in_one_line():
        found = _as_dict(args, report, q)
    if args.out is not None:
        _save(args, found, q)
    print(as_json(found) if args.json else _text(q))
    if q.verdict.code == "distrust":
        _say(f"the verdict is not to trust it (khat {q.khat:.2f}); another --family, or --restarts, may do.")
    return 0 if q.converged and q.verdict.code != "distrust" else 1


def _text(q):
    """The summary; of several restarts also what each reached, for far apart they tell of several modes."""
    if len(q.restarts) < 2:
        return str(q)
    return f"{q}\nrestarts reached a bound of {', '.join(f'{bound:.3f}' for bound in q.restarts)} nats"


def _as_dict(args, report, q):
    """The result as JSON can hold it."""
    evidence = q.corrected.log_evidence
    return {
        "model": args.model,
        "family": args.family,
        "bound": args.bound,
        "seed": args.seed,
        "check": None if report is None else report.as_dict(),
        "converged": q.converged,
        "n_steps": q.n_steps,
        "n_skipped": q.n_skipped,
        "elbo": q.elbo,
        "elbo_error": q.elbo_error,
        "log_evidence": float(evidence.value),
        "log_evidence_error": float(evidence.standard_error),
        "khat": q.khat,
        "restarts": list(map(float, q.restarts)),
        "parameters": q.summary().as_dict(),
        "verdict": q.verdict.as_dict(),
    }


def _save(args, found, q):
    """summary.json, draws.npz, pairs.png and trace.png, each written whole or not at all."""
    from pathlib import Path

    import numpy as np

    from scratchvae import plotting
    from scratchvae.storage import atomic_write

    folder = Path(args.out)
    with atomic_write(folder / "summary.json") as file:
        file.write(f"{as_json(found)}\n".encode())
    with atomic_write(folder / "draws.npz") as file:
        _write_arrays(file, q.draws(N_DRAWS, np.random.default_rng([args.seed, 1])))
    for name, drawn in q.plot().items():
        plotting.save(drawn, folder / f"{name}.png")
    note(args, f"summary.json, draws.npz, pairs.png and trace.png are in {folder}")


def _write_arrays(file, arrays):
    """What numpy.savez would write; but that takes no array called "file"."""
    import zipfile

    import numpy as np

    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            undated = zipfile.ZipInfo(f"{name}.npy")  # so that the same draws give the same bytes
            with archive.open(undated, "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, np.ascontiguousarray(array), allow_pickle=False)
