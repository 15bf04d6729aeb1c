"""Print a numbered equation of tutorials/EQUATIONS.md and the lines of code that implement it. An
apostrophe, as in (8'), marks the line that implements its derivative."""

HELP = "an equation by its number, and where the code has it"
EXAMPLES = """\
  scratchvae eq 8
  scratchvae eq          (all numbers and titles)"""


def add_arguments(parser):
    """Declare the options."""
    parser.add_argument("number", nargs="?", type=int, help="the equation's number; all if left out")


def run(args):
    """Print it and return the exit status."""
    from scratchvae import equations

    known = equations.read()
    if args.number is None:
        for number, (title, _) in sorted(known.items()):
            print(f"({number:>2})  {title}")
        return 0
    if args.number not in known:
        raise ValueError(f"there is no equation ({args.number}); known are {min(known)} to {max(known)}.")
    title, text = known[args.number]
    print(f"({args.number})  {title}\n\n{text}\n")
    for path, line, derivative, code in equations.places(args.number):
        prime = "'" if derivative else ""
        print(f"({args.number}{prime})".ljust(6), f"{path}:{line}".ljust(42), code)
    return 0
