"""The run of one group: a warm process forks a child for each mutant, or starts a fresh one where it must.

``python -m mutation.warm GROUP`` is started by ``tests/mutants.py``, with the group's environment.
"""

import gc
import os
import selectors
import signal
import sys
import time
import warnings
from collections import Counter

import pytest

from mutation import running
from mutation.baseline import Baseline
from mutation.explanations import Explanations
from mutation.fresh import start_afresh
from mutation.operators import Module
from mutation.results import Results
from mutation.scope import DEFAULTS, GROUPS, TESTS, is_mathematics, modules_of
from mutation.swapping import swap

#: Seconds of tests that a mutant is given at first, and if it survives them.
FEW_SECONDS, MANY_SECONDS = 1.0, 8.0


def main(group, only="", jobs=2):
    """Run all mutants of a group that have no result yet."""
    modules = [Module(name, path, is_mathematics) for name, path in modules_of(group) if only in name]
    results = Results(group)
    if all(results.has(mutant) for module in modules for mutant in module.mutants):
        return
    early = running.Lines({module.path for module in modules}, in_functions_only=True)
    tests = [str(TESTS / name) for name in (*GROUPS[group].tests, DEFAULTS)]

    def take_over(items, listener):
        early.stop()
        Run(group, modules, results, early, items, listener, int(jobs)).run()

    early.start()
    options = ["-q", "--tb=no", "-p", "no:cacheprovider", "-p", "no:xdist", "-s"]
    pytest.main([*options, *tests], plugins=[running.Listener(take_over)])


class Run:
    """All mutants of one group against its collected tests."""

    def __init__(self, group, modules, results, early, items, listener, jobs):
        self.modules, self.results, self.listener, self.jobs = modules, results, listener, jobs
        self.early = early.seen
        self.items = {item.nodeid: item for item in items if is_asked(item, group)}
        self.killers, self.survived, self.explanations = Counter(), {}, Explanations()
        self.functions = running.live_functions({module.path for module in modules})
        gc.freeze()  # a child need not copy the pages on which these objects' marks are
        self.reached = Baseline(group).of(self.items, listener, say)

    def run(self):
        """Every mutant without a result: with few tests, with many, and in a process of its own.

        Of one that is explained few tests are enough: it is said to compute the same.
        """
        self._round_in_children("quick", self._without_result(), FEW_SECONDS)
        self._round_in_children("thorough", self._unexplained(), MANY_SECONDS)
        self.survived = {}  # what was computed before any test was not changed so far
        self._round("afresh", [place for place in self._unexplained() if self._is_early(*place)], None)
        for module, index in self._without_result():
            self._put(module, index, "survived", "", "")
        self.results.write()

    def _without_result(self):
        return [
            (module, index)
            for module in self.modules
            for index, mutant in enumerate(module.mutants)
            if not self.results.has(mutant)
        ]

    def _unexplained(self):
        return [
            (module, index)
            for module, index in self._without_result()
            if module.mutants[index].key not in self.explanations
        ]

    def _put(self, module, index, *fate):
        self.results.put(module.mutants[index], *fate)

    def _is_early(self, module, index):
        """Whether the changed line was executed before any test: only a new process sees the change."""
        mutant = module.mutants[index]
        here = set(mutant.lines)
        return not mutant.in_body or bool(here & self.early.get(module.path, set()))

    def tests_for(self, module, index, seconds):
        """The tests that reach the changed line and have not let it through yet: those that have caught most
        in its function first, then the fastest; of a time in all.
        """
        mutant, survived = module.mutants[index], self.survived.get((module, index), ())
        found = self._reaching(module, set(mutant.lines))
        if not found and not mutant.in_body:
            found = self._reaching(module, set(range(len(module.source) + 1)))
        if not mutant.in_body:
            found += [(took, test) for test, (took, _) in self.reached.items() if DEFAULTS in test]
        found = [
            (-self.killers[module.name, mutant.function, test], took, test)
            for took, test in found
            if test not in survived
        ]
        chosen, total = [], 0.0
        for _, took, test in sorted(found):
            total += took
            if chosen and total > seconds:
                break
            chosen.append(test)
        return chosen, total

    def _reaching(self, module, lines):
        """(seconds, test) of the tests that execute one of these lines."""
        return [
            (took, test)
            for test, (took, seen) in self.reached.items()
            if lines & seen.get(module.path, set())
        ]

    # --- children --------------------------------------------------------------------------------

    def _round_in_children(self, title, places, seconds):
        """A round of those that have tests left."""
        self._round(title, [place for place in places if self.tests_for(*place, seconds)[0]], seconds)

    def _round(self, title, places, seconds):
        """One child for each of these mutants, `jobs` at a time."""
        selector, children, queue, began = (
            selectors.DefaultSelector(),
            {},
            list(reversed(places)),
            time.time(),
        )
        say(f"{title}: {len(places)} mutants")
        while queue or children:
            while queue and len(children) < self.jobs:
                self._start(queue.pop(), seconds, selector, children)
            for key, _ in selector.select():
                selector.unregister(key.fd)
                self._finish(*children.pop(key.fd), key.fd)
            n_done = len(places) - len(queue) - len(children)
            if n_done % 100 == 0 and n_done:
                say(f"    {n_done}, {(time.time() - began) / n_done:.2f} s each")
        self.results.write()

    def _start(self, place, seconds, selector, children):
        tests, expected = self.tests_for(*place, seconds or MANY_SECONDS)
        if seconds is None:
            process, reading = start_afresh(*place, tests, expected, list(self.items))
        else:
            process, reading = running.in_child(lambda: self._child(*place, tests, expected))
        selector.register(reading, selectors.EVENT_READ)
        children[reading] = *place, tests, process

    def _child(self, module, index, tests, seconds):
        running.silence()
        running.limit(10 + 10 * seconds)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code = module.code(index)
        running.put_in_place(code, self.functions)
        if not module.mutants[index].in_body:
            swap(module.name, code)
        return running.first_failure(self.listener, [self.items[test] for test in tests])

    def _finish(self, module, index, tests, process, reading):
        came, failure = running.brought(reading)
        _, status = os.waitpid(process, 0)
        if not came:
            failure = ("", self._death(status))
        if failure is not None:
            self.killers[module.name, module.mutants[index].function, failure[0]] += 1
            self._put(module, index, "caught", *failure)
        else:
            self.survived.setdefault((module, index), set()).update(tests)

    def _death(self, status):
        """Of what a child died, if by its own doing; else the run ends, and can be started again."""
        if os.WTERMSIG(status) in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
            self.results.write()
            raise SystemExit("a child was killed from outside")
        return "endless" if os.WTERMSIG(status) == signal.SIGPROF else "crash"


def is_asked(item, group):
    """Whether a test can catch a mutant of the group: not if it fails by intention, or waits for numba."""
    backend = getattr(item, "callspec", None) and item.callspec.params.get("backend")
    return item.get_closest_marker("xfail") is None and (backend != "numba" or group == "kernels")


def say(text):
    """Progress."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
