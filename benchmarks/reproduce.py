"""Published figures beside ours, on the same data with the same architecture.

    SCRATCHVAE_DATA=path/to/data python benchmarks/reproduce.py example
    SCRATCHVAE_DATA=path/to/data python benchmarks/reproduce.py burda-vae-1
    SCRATCHVAE_DATA=path/to/data python benchmarks/reproduce.py burda-vae-1 --score
    SCRATCHVAE_DATA=path/to/data python benchmarks/reproduce.py kingma-welling
    python benchmarks/reproduce.py --table
    python benchmarks/reproduce.py --readme

A run is checkpointed under runs/ and goes on where it was, to the same bits, if it is started again; a
second process that would run the same stops at once. What it measures is kept as JSON under
benchmarks/results/, from which --table makes the README's tables and --readme puts them there. Test data
chose nothing.
"""

import argparse
import sys
from pathlib import Path

import burda_scores
import example
import kingma_welling

import scratchvae as sv
from scratchvae.storage import atomic_write

PARTS = (example, burda_scores, kingma_welling)
PART_OF = {name: part for part in PARTS for name in part.NAMES}
README = Path(__file__).parent.parent / "README.md"


def main(argv=None):
    """Read the command line and run."""
    args = _arguments(argv)
    if args.table:
        print("\n\n".join(part.table() for part in PARTS))
        return 0
    if args.readme:
        update_readme()
        return 0

    def load(name, split):
        return sv.data.load(name, split, data_dir=args.data_dir)

    part = PART_OF[args.name]
    try:
        if args.score:
            result = part.score(args.name, load, args.out, progress=not args.quiet)
        else:
            result = part.run(args.name, load, args.out, args.seed, not args.quiet)
        print("nothing to show yet" if result is None else part.report(result))
    except (OSError, ValueError) as error:
        print(f"reproduce.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("reproduce.py: interrupted; the same command goes on from here.", file=sys.stderr)
        return 130
    return 0


def update_readme():
    """Put each table in place of the one with the same head, which ends at the next empty line."""
    text = README.read_text(encoding="utf-8")
    for part in PARTS:
        head = part.table().splitlines()[0]
        before, found, old = text.partition(f"\n{head}\n")
        if found:
            _, _, after = old.partition("\n\n")
            text = f"{before}\n{part.table()}\n\n{after}"
    with atomic_write(README) as file:
        file.write(text.encode())


def _arguments(argv):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", nargs="?", choices=PART_OF)
    parser.add_argument("--table", action="store_true", help="print the README's tables of kept results")
    parser.add_argument("--readme", action="store_true", help="put those tables into the README")
    parser.add_argument(
        "--score", action="store_true", help="of burda-...: score the stages that are trained"
    )
    parser.add_argument(
        "--data-dir", help="folder with mnist/ and binarized_mnist/ (default $SCRATCHVAE_DATA)"
    )
    parser.add_argument("--out", type=Path, default=Path("runs"), help="folder of checkpoints")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    args = parser.parse_args(argv)
    if args.name is None and not (args.table or args.readme):
        parser.error("say what to reproduce, or --table or --readme")
    if args.score and args.name not in burda_scores.NAMES:
        parser.error(f"--score is for one of {', '.join(burda_scores.NAMES)}")
    return args


if __name__ == "__main__":
    sys.exit(main())
