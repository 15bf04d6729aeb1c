"""Variational inference on small models, from the start of the process to a converged fit.

What "converged" means. Ours ends by its own rule: a stage of steps that moves q by less than a fiftieth of
its standard deviation. The peers have no such rule, and are given the fewest steps, in hundreds, after which
the mean of their own ELBO over the last 500 is within `TOLERANCE` nats of that of our fit: found beforehand
in a long run that is not timed, with Adam at the better of two rates. So they neither look for convergence,
nor choose a rate, in the time that counts. All three fit the same q: independent normals, or one normal, of
the same unconstrained coordinates (log tau). Each start is that of a process: imports and compilation count,
but numba's and PyTensor's caches are warm.
"""

import importlib.util
import json
import subprocess
import sys
import time

import numpy as np

from benchmarks.speed.fit_problems import FAMILIES, PROBLEMS
from benchmarks.speed.rounds import Timing
from benchmarks.speed.tables import Table

PEERS = {"NumPyro, SVI": ("numpyro", "fit_numpyro"), "PyMC, ADVI": ("pymc", "fit_pymc")}
TOLERANCE = 0.2
RATES = (0.01, 0.03)
LONG_RUN, WINDOW = 20_000, 500
#: A peer is asked to take so many times as long.
FASTER = 5
N_DRAWS = 10


class FailedError(Exception):
    """A process that ended in an error, and the last line that it said."""


def part(plan):
    """A table for each model and family, and one of the rates of steps."""
    problems = list(PROBLEMS)[: 1 if plan.quick else None]
    families = list(FAMILIES)[: 1 if plan.quick else None]
    cases = [(problem, family) for problem in problems for family in families]
    return [converged(plan, *case) for case in cases] + [steady(plan, *case) for case in cases]


def converged(plan, problem, family):
    """Seconds from the start of the process to a converged fit."""
    ours = _answer("fit_ours", problem, family)[1]  # also warms the caches
    commands, absent = {"scratchvae": ("fit_ours", problem, family)}, {}
    notes = {"scratchvae": f"{ours['steps']:,} steps, ELBO {ours['elbo']:.2f}"}
    for name in PEERS:
        try:
            commands[name], notes[name] = peer_command(plan, name, problem, family, ours["elbo"])
        except FailedError as why:
            absent[name] = str(why)
    seconds = {name: [] for name in commands}
    for _ in range(plan.rounds(5)):
        for name, command in commands.items():
            seconds[name].append(_answer(*command)[0])
    return Table.of(
        "fits",
        f"{PROBLEMS[problem]}, {FAMILIES[family]}: from the start of the process to a converged fit",
        {name: Timing(tuple(found)) for name, found in seconds.items()},
        absent,
        unit="s",
        at_most=dict.fromkeys(PEERS, 1 / FASTER),
        notes=notes,
        note=f"Peers take the fewest steps after which their own ELBO is within {TOLERANCE} nats of ours, "
        "with the better of two rates; both were found beforehand and are not timed.",
    )


def peer_command(plan, name, problem, family, elbo):
    """What to run so that a peer's fit is as good as ours, and its steps and rate in words."""
    module, needed = module_of(name), {}
    for lr in RATES[-1:] if plan.quick else RATES:
        elbos = _answer(module, problem, family, 2 * WINDOW if plan.quick else LONG_RUN, lr)[1]["elbos"]
        if (steps := steps_needed(elbos, elbo - TOLERANCE)) is not None:
            needed[lr] = steps
    if not needed and not plan.quick:
        raise FailedError(f"not within {TOLERANCE} nats of our ELBO in {LONG_RUN:,} steps")
    lr = min(needed, key=needed.get) if needed else RATES[-1]
    steps = needed.get(lr, WINDOW)
    return (module, problem, family, steps, lr), f"{steps:,} steps of Adam at {lr}"


def module_of(name):
    """The module whose process fits, or a FailedError if its package is not there."""
    if name not in PEERS:
        return "fit_ours"
    package, module = PEERS[name]
    if importlib.util.find_spec(package) is None:
        raise FailedError(f"{package} is not installed")
    return module


def steps_needed(elbos, least):
    """The fewest steps, in hundreds, whose last 500 ELBOs have a mean of at least that; None if none are."""
    sums = np.concatenate([[0], np.cumsum(elbos)])
    ends = np.arange(WINDOW, len(elbos) + 1, 100)
    good = (sums[ends] - sums[ends - WINDOW]) / WINDOW >= least
    return int(ends[np.argmax(good)]) if good.any() else None


def steady(plan, problem, family):
    """Seconds a step once all is compiled, with ten draws of noise each."""
    seconds, absent = {name: [] for name in ("scratchvae", *PEERS)}, {}
    for _ in range(plan.rounds(3)):
        for name in [name for name in seconds if name not in absent]:
            try:
                found = _answer(module_of(name), problem, family, "steady", N_DRAWS)[1]
                seconds[name].append(found["seconds"])
            except FailedError as why:
                absent[name] = str(why)
    timings = {name: Timing(tuple(found)) for name, found in seconds.items() if name not in absent}
    title = f"{PROBLEMS[problem]}, {FAMILIES[family]}: a step of {N_DRAWS} draws, once compiled"
    return Table.of("fits", title, timings, absent)


def _answer(module, *arguments):
    """Seconds that a process took from its start to its end, and what it printed last."""
    command = [sys.executable, "-m", f"benchmarks.speed.{module}", *map(str, arguments)]
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    if done.returncode:
        raise FailedError((done.stderr.strip().splitlines() or ["it failed without a word"])[-1])
    return seconds, json.loads(done.stdout.strip().splitlines()[-1])
