"""What this installation has, and what may be amiss: versions, BLAS and the kernels that it chose,
threads, numba and its cache, the data that was found."""

from scratchvae.cli.options import add_json

HELP = "versions, BLAS, threads, numba, data found"
EXAMPLES = """\
  scratchvae doctor
  scratchvae doctor --json"""


def add_arguments(parser):
    """Declare the options."""
    parser.add_argument("--data-dir", metavar="DIR", help="where to look for data (default $SCRATCHVAE_DATA)")
    add_json(parser)


def run(args):
    """Print what was found and return the exit status."""
    import json

    from scratchvae.diagnosis import examine

    found = examine(args.data_dir)
    if args.json:
        print(json.dumps(found))
        return 0
    for section, entries in found.items():
        print(section)
        for name, value in entries.items():
            print(f"  {name:<16} {value}")
    return 0
