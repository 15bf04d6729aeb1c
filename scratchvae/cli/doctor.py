"""What this installation has (versions, BLAS and the kernels that it chose, threads, numba and its cache, the
data that was found), why it is slower than it could be, and what to set."""

from scratchvae.cli.options import add_json

HELP = "versions, BLAS, threads, numba, data found; what is slow, and what to set"
EXAMPLES = """\
  scratchvae doctor
  scratchvae doctor --measure
  scratchvae doctor --run runs/glyphs
  scratchvae doctor --json"""


def add_arguments(parser):
    """Declare the options."""
    parser.add_argument("--data-dir", metavar="DIR", help="where to look for data (default $SCRATCHVAE_DATA)")
    parser.add_argument(
        "--measure",
        action="store_true",
        help="time matrix products as things are set and as they could be, and arithmetic with tiny numbers; "
        "some seconds",
    )
    parser.add_argument(
        "--run",
        dest="folder",
        metavar="DIR",
        help="look for numbers that slow a run down in its DIR/last.npz",
    )
    add_json(parser)


def run(args):
    """Print what was found and return the exit status."""
    import json

    found, advice = examine(args)
    if args.json:
        print(json.dumps(found | {"advice": [item._asdict() for item in advice]}))
        return 0
    for section, entries in found.items():
        print(section)
        for name, value in entries.items():
            print(f"  {name:<16} {value}")
    print(in_words(advice))
    return 0


def examine(args):
    """What there is, {section: {name: value}}, and a list of `Advice`."""
    from scratchvae import diagnosis
    from scratchvae.advice import Facts, advise

    facts = Facts.of_this_machine()
    found, advice = diagnosis.examine(args.data_dir), advise(facts)
    if args.measure:
        found["measured"], more = _measured(facts)
        advice += more
    return found, advice + _of_run(args.folder)


def _measured(facts):
    """What was timed, in words, and the advice that follows from it."""
    from scratchvae.advice import faster, measure
    from scratchvae.advice.measured import denormal_slowdown

    seconds = measure(facts)
    shown = {name: f"{1e6 * taken:.0f} us for the products" for name, taken in seconds.items()}
    shown["tiny numbers"] = f"below 1.2e-38 take {denormal_slowdown():.1f} times as long as others"
    best = faster(facts, seconds)
    return shown, [] if best is None else [best]


def _of_run(folder):
    from scratchvae.advice import look_at_run
    from scratchvae.training import checkpoint

    return [] if folder is None else look_at_run(checkpoint.paths(folder)[0])


def in_words(advice):
    """The advice as a text, numbered."""
    if not advice:
        return "advice\n  nothing that costs time was found"
    lines = [f"  {i}. {item.found}\n     {item.remedy}" for i, item in enumerate(advice, start=1)]
    return "\n".join(["advice", *lines])
