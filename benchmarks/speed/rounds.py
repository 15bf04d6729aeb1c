"""Fair timing: each contestant in a process of its own, all taking turns, again and again.

A process of its own, because thread pools disturb each other (a BLAS thread that waits may spin) and a peer
that is not there must not stop the rest. Taking turns, because the machine's speed drifts: a ratio is taken
within a round and its median over rounds is reported.
"""

import multiprocessing
import statistics
import time
import traceback
from dataclasses import dataclass


class Absent(Exception):
    """A contestant that cannot run here, and why."""


@dataclass(frozen=True)
class Timing:
    """Seconds of one repetition, in each round."""

    seconds: tuple

    @property
    def median(self):
        return statistics.median(self.seconds)


def take_turns(contestants, n_rounds=15, seconds=0.4):
    """Time contestants in interleaved rounds.

    Parameters
    ----------
    contestants : dict
            {name: (make, arguments)}; ``make(*arguments)`` returns a function that repeats the work n times,
        or about so often, and then returns how often.
    n_rounds : int
    seconds : float
        How long each turn takes at least; the number of repetitions is chosen so.

    Returns
    -------
    timings : dict
        {name: Timing}
    absent : dict
        {name: why} for those that could not run.
    """
    runners = {name: _Runner(*entry) for name, entry in contestants.items()}
    absent = {name: runner.failure for name, runner in runners.items() if runner.failure}
    running = {name: runner for name, runner in runners.items() if not runner.failure}
    for runner in running.values():
        runner.calibrate(seconds)
    times = {name: [] for name in running}
    for _ in range(n_rounds):
        for name, runner in running.items():
            times[name].append(runner.turn())
    for runner in runners.values():
        runner.close()
    return {name: Timing(tuple(found)) for name, found in times.items()}, absent


def ratio(timing, other):
    """The median over rounds of the one's time divided by the other's."""
    return statistics.median(a / b for a, b in zip(timing.seconds, other.seconds, strict=True))


class _Runner:
    """One contestant's process, waiting for its turns."""

    def __init__(self, make, arguments):
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, make, arguments), daemon=True)
        self.process.start()
        self.repeats = 1
        theirs.close()
        self.failure = self._ask("ready")

    def _ask(self, message):
        try:
            self.pipe.send(message)
            return self.pipe.recv()
        except (EOFError, BrokenPipeError):
            return "its process ended"

    def calibrate(self, seconds):
        """Choose how many repetitions make a turn: one turn to warm up, then until it is long enough."""
        self.turn()
        while (taken := self.turn() * self.repeats) < seconds:
            self.repeats = max(
                self.repeats + 1, int(self.repeats * min(10, 1.1 * seconds / max(taken, 1e-9)))
            )

    def turn(self):
        """Seconds of one repetition."""
        return self._ask(self.repeats)

    def close(self):
        self.pipe.close()
        self.process.join(5)
        if self.process.is_alive():
            self.process.kill()


def _serve(pipe, make, arguments):
    try:
        run, failure = make(*arguments), ""
    except Absent as why:
        run, failure = None, str(why)
    except Exception:
        run, failure = None, traceback.format_exc(limit=-2)
    try:
        while (message := pipe.recv()) is not None:
            pipe.send(failure if message == "ready" else _seconds_each(run, message))
    except (EOFError, OSError):
        return


def _seconds_each(run, n):
    start = time.perf_counter()
    done = run(n) or n
    return (time.perf_counter() - start) / done
