"""Grade solutions of the course's exercises: each function is called in a process of its own, with limits on
time and memory, on random inputs, and what is wrong is said in words. No answer is ever shown. Exit status 0
if all functions pass, 1 if one does not, 2 for wrong use."""

from scratchvae.cli.options import note

HELP = "grade solutions of the exercises, and say what is wrong"
EXAMPLES = """\
  scratchvae grade tutorials/exercises/ex03_reparameterization.py
  scratchvae grade ex03_reparameterization.py --hints --watch
  scratchvae grade submissions/*/ex03*.py --format csv"""


def add_arguments(parser):
    """Declare the options."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="solutions, their exercise in their name")
    parser.add_argument(
        "--exercise",
        metavar="NAME",
        help="the exercise, if the file's name does not say: ex03; or your own, a .py file with EXERCISE",
    )
    parser.add_argument("--only", metavar="TEXT", help="functions whose name contains TEXT")
    parser.add_argument(
        "--format",
        default="text",
        metavar="NAME",
        help="text, json, junit, gradescope, csv (a line a function) or totals (a line a file)",
    )
    parser.add_argument(
        "--hints",
        nargs="?",
        type=int,
        const=1,
        default=0,
        metavar="N",
        help="show N hints for what has not passed (default 1)",
    )
    parser.add_argument("--watch", action="store_true", help="grade again when the file is saved")
    parser.add_argument("--seed", type=int, metavar="N", help="seed of the inputs (default: a secret one)")
    parser.add_argument(
        "--timeout", type=float, default=5.0, metavar="S", help="seconds for each call (default 5)"
    )
    parser.add_argument(
        "--memory", type=int, default=1024, metavar="MB", help="megabytes beyond NumPy's own (default 1024)"
    )
    parser.add_argument("--jobs", type=int, metavar="N", help="files at the same time (default: the cores)")
    parser.add_argument("--quiet", action="store_true", help="print nothing but the result and errors")


def run(args):
    """Print what was found and return the exit status."""
    from scratchvae.course.formats import FORMATS
    from scratchvae.validation import choose, whole_number

    choose(FORMATS, args.format, "format")
    whole_number(args.hints, "--hints")
    if args.seed is not None:
        whole_number(args.seed, "--seed")
    return _watched(args, _limits(args)) if args.watch else _graded(args, _limits(args))


def _limits(args):
    from scratchvae.course import Limits
    from scratchvae.validation import in_range, positive_int

    seconds = in_range(args.timeout, "--timeout", 0, 3600, low_open=True)
    return Limits(seconds, positive_int(args.memory, "--memory"))


def _options(args, limits):
    return {"seed": args.seed, "exercise": args.exercise, "only": args.only, "limits": limits}


def _graded(args, limits):
    """Grade every file and print the results in the format asked for."""
    from scratchvae.course import grade, grade_all

    options = _options(args, limits)
    if len(args.files) == 1 and args.format == "text":
        results = [grade(args.files[0], **options)]
    else:  # a program wants a result of a bad file, too
        results = list(grade_all(args.files, **options, n_jobs=args.jobs))
    print(_shown(args, results))
    _warn(args, results)
    return 0 if all(result.passed for result in results) else 1


def _shown(args, results):
    import os
    import sys

    from scratchvae.course.formats import FORMATS

    if args.format != "text":
        return FORMATS[args.format](results, args.hints)
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return FORMATS["text"](results, args.hints, colour)


def _warn(args, results):
    if any(not result.error and "memory" not in result.limits for result in results):
        note(args, "scratchvae grade: this system sets no limit on memory; only the time is limited.")


def _watched(args, limits):
    """Grade one file whenever it is saved, until all of it passes or Ctrl-C is pressed."""
    import time

    from scratchvae.course import grade
    from scratchvae.course.watch import changes

    if len(args.files) != 1 or args.format != "text":
        raise ValueError("--watch is for one file, as text.")
    for _ in changes(args.files[0]):
        result = grade(args.files[0], **_options(args, limits))
        print(f"{time.strftime('%H:%M:%S')}  {_shown(args, [result])}\n", flush=True)
        if result.passed:
            return 0
        note(args, "waiting for the file to be saved; Ctrl-C ends")
    return 1
