"""The command ``scratchvae``.

Exit status: 0 all is well; 1 the thing asked about is not so (a gradient check fails); 2 wrong use or
bad input, with one sentence on standard error; 130 interrupted by Ctrl-C.
"""

import argparse
import importlib
import os
import sys

import scratchvae

#: The commands, each a module of this package with `HELP`, `EXAMPLES`, `add_arguments` and `run`.
COMMANDS = ("demo", "train", "evaluate", "fit", "sample", "gradcheck", "grade", "doctor", "eq")


def main(argv=None):
    """Run a command line and return its exit status."""
    try:
        try:
            return _run(_parser().parse_args(argv))
        finally:
            if sys.stdout is not None:  # it is None where the shell has closed it, `>&-`
                sys.stdout.flush()  # here, where a reader that has gone is still noticed
    except BrokenPipeError:  # whoever read our output has gone, `| head` say
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(args):
    try:
        return args.run(args) or 0
    except KeyboardInterrupt:
        print(f"scratchvae {args.command}: interrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        raise
    except (ValueError, OSError, MemoryError) as error:
        if args.traceback:
            raise
        print(f"scratchvae {args.command}: {_sentence(error)}", file=sys.stderr)
        return 2


def _sentence(error):
    """What an error says, in one line, without the system's number."""
    if isinstance(error, MemoryError):
        return f"not enough memory: {str(error) or 'ask for less at once'}"
    ours = isinstance(error, OSError) and error.strerror and error.filename is None
    return " ".join(str(error.strerror if ours else error).split())


def _parser():
    parser = argparse.ArgumentParser(
        prog="scratchvae",
        description="Bayesian inference and the variational autoencoder, from scratch in NumPy.",
        epilog="`scratchvae COMMAND --help` explains a command and shows examples.",
    )
    parser.add_argument("--version", action="version", version=f"scratchvae {scratchvae.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        module = importlib.import_module(f"scratchvae.cli.{name}")
        command = commands.add_parser(
            name,
            help=module.HELP,
            description=module.__doc__,
            epilog=f"examples:\n{module.EXAMPLES}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.add_argument("--traceback", action="store_true", help="show where an error came from")
        command.set_defaults(run=module.run)
    return parser
