"""How many mechanical mistakes in the mathematics the tests catch, by module, and which they let through.

    python tests/mutants.py                 # all groups, some hours; if stopped it goes on where it was
    python tests/mutants.py bounds nn       # these groups
    python tests/mutants.py reparam.planar  # this module
    python tests/mutants.py bounds --again  # once more those that survived, after tests were added
    python tests/mutants.py --report        # only the table of what is known

What each mutant became lies in ``tests/mutation/kept``; the shares and the survivors are written to
``tests/mutation/results.json``. A survivor that is no gap in the tests, because the changed program computes
the same, is explained in ``tests/mutation/explained.toml``. Exit status 1 if one survives unexplained.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from mutation.explanations import Explanations
from mutation.report import Report
from mutation.results import Results
from mutation.scope import GROUPS, modules_of, short


def main():
    """Run what is asked, then report on all that is known."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wanted", nargs="*", metavar="module", help="groups or modules; by default all")
    parser.add_argument("--jobs", type=int, default=2, help="mutants at a time (default 2)")
    parser.add_argument("--again", action="store_true", help="ask once more about unexplained survivors")
    parser.add_argument("--report", action="store_true", help="run nothing")
    args = parser.parse_args()
    for group, only in [] if args.report else _wanted(args.wanted, parser):
        print(f"--- {only or group}", file=sys.stderr, flush=True)
        if args.again:
            Results(group).forget_survivors(only, Explanations())
        _run(group, only, args.jobs)
    report = Report()
    report.write()
    print(report)
    return 1 if report.unexplained else 0


def _wanted(names, parser):
    """(group, text in the module's name) for each of the names."""
    if not names:
        return [(group, "") for group in GROUPS]
    modules = {short(name): group for group in GROUPS for name, _ in modules_of(group)}
    unknown = [name for name in names if name not in GROUPS and name not in modules]
    if unknown:
        parser.error(f"unknown {unknown[0]!r}. Groups: {', '.join(GROUPS)}. Modules: {', '.join(modules)}.")
    return [(name, "") if name in GROUPS else (modules[name], name) for name in names]


def _run(group, only, jobs):
    """One group in a process of its own, whose environment chooses the kernels."""
    tests = Path(__file__).parent
    environment = {**os.environ, **dict(GROUPS[group].environment), "PYTHONPATH": str(tests)}
    command = [sys.executable, "-m", "mutation.warm", group, only, str(jobs)]
    subprocess.run(command, env=environment, cwd=tests.parent, stdout=subprocess.DEVNULL, check=False)


if __name__ == "__main__":
    sys.exit(main())
