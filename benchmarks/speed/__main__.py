"""What takes how long, beside compiled frameworks, in interleaved rounds.

    python -m benchmarks.speed                       # all; keeps what it finds, and writes it into the README
    python -m benchmarks.speed step maps --rounds 25 # some parts, printed only
    python -m benchmarks.speed --report              # page, figures and README again from what is kept

Parts: step, lines, samples, precision, maps, start, evaluation, fits, memory, scale. Peers (jax, torch,
numpyro, pymc; pip install -e '.[peers]') are left out with a word if they are not installed. Ratios are
taken within a round, and the median over rounds is given: on a shared machine only they mean something. Run
it on a machine that does nothing else. A whole run takes about half an hour, 8 GB of the disk for a while
($TMPDIR), and MNIST from $SCRATCHVAE_DATA.
"""

import argparse
import os
import sys
from pathlib import Path

from benchmarks.speed.parts import PARTS
from benchmarks.speed.report import FIGURES, RESULTS, Report, into_readme
from benchmarks.speed.tables import Plan
from scratchvae import diagnosis

PEERS = ("jax", "torch", "numpyro", "pymc")


def place():
    """Machine, BLAS and versions, the peers' included; and how busy the machine was before."""
    machine = diagnosis.machine()
    if hasattr(os, "getloadavg"):
        machine["load before"] = f"{os.getloadavg()[0]:.1f}"
    versions = diagnosis.versions() | diagnosis.versions_of(PEERS)
    return {"machine": machine, "linear algebra": diagnosis.blas(), "versions": versions}


def measure(names, plan):
    """Measure parts, print what each finds as soon as it is there, and return a `Report`."""
    where, found = place(), []
    for entries in where.values():
        print(", ".join(f"{key} {value}" for key, value in entries.items()))
    for name in names:
        for item in PARTS[name](plan):
            print(f"\n{item}", flush=True)
            found.append(item)
    return Report(where, tuple(found))


def arguments(argv=None):
    """Read the command line."""
    described = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("benchmarks.speed", description=__doc__, formatter_class=described)
    parser.add_argument(
        "parts", nargs="*", choices=[[], *PARTS], metavar="PART", help=f"of {', '.join(PARTS)}"
    )
    parser.add_argument("--rounds", type=int, default=15, help="of each, at most (default 15)")
    parser.add_argument("--quick", action="store_true", help="a trial run: its numbers mean nothing")
    parser.add_argument("--report", action="store_true", help="measure nothing, write all from what is kept")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="keep everything in this folder and leave the README as it is"
    )
    args = parser.parse_args(argv)
    if args.rounds < 1:
        parser.error("--rounds must be at least 1")
    return args


def main(argv=None):
    """Measure, and keep what was found if it is the whole."""
    args = arguments(argv)
    if args.report:
        report = Report.load(args.out or RESULTS)
    else:
        report = measure(args.parts or PARTS, Plan(args.rounds, args.quick))
    if args.out:
        report.save(args.out, args.out)
    elif args.report or not (args.parts or args.quick):
        report.save(RESULTS, FIGURES)
        into_readme(report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
