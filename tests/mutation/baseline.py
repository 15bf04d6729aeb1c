"""Which lines each test reaches, and how long it takes: found once for a state of sources and tests, and
kept.
"""

import functools
import hashlib
import os
import pickle
import time
from pathlib import Path

from mutation import running
from mutation.results import FOLDER
from mutation.scope import modules_of


class Baseline:
    """{test: (seconds, {path: lines})} of the tests of one group that pass."""

    def __init__(self, group):
        self.path = FOLDER / f"{group}.lines"
        self.sources = {str(path) for _, path in modules_of(group)}

    def of(self, items, listener, say):
        """What is kept of tests whose file and all sources that they reach are as they were; else a run's."""
        found = self._kept(items)
        missing = [item for name, item in items.items() if name not in found]
        if missing:
            found |= self._run_in_child(missing, listener, say)
            FOLDER.mkdir(exist_ok=True)
            self.path.write_bytes(
                pickle.dumps({name: self._marked(items[name], found[name]) for name in found})
            )
        return {name: reached for name, reached in found.items() if reached is not None}

    def _kept(self, items):
        """{test: reached, or None for one that did not pass}."""
        kept = pickle.loads(self.path.read_bytes()) if self.path.exists() else {}
        return {
            name: kept[name][1]
            for name in items.keys() & kept.keys()
            if kept[name] == self._marked(items[name], kept[name][1])
        }

    def _marked(self, item, reached):
        """({file: its hash}, reached), of the test's file and those that it reaches; or of all."""
        files = self.sources if reached is None else reached[1]
        return {str(file): hash_of(file) for file in (*files, item.path)}, reached

    def _run_in_child(self, items, listener, say):
        began = time.time()
        process, reading = running.in_child(lambda: self._run(items, listener))
        _, reached = running.brought(reading)
        os.waitpid(process, 0)
        if reached is None:
            raise SystemExit("the tests do not run to their end")
        passed = sum(found is not None for found in reached.values())
        say(f"{passed} of {len(items)} tests pass, {time.time() - began:.0f} s with their lines noted")
        return reached

    def _run(self, items, listener):
        answer, bad = {}, set()
        listener.failed = lambda item, excinfo: bad.add(item.nodeid)
        lines, began = running.Lines(self.sources), time.process_time()
        lines.start()
        for item in listener.run(items):
            answer[item.nodeid] = time.process_time() - began, lines.stop()
            began = time.process_time()
            lines.start()
        lines.stop()
        return {test: None if test in bad else found for test, found in answer.items()}


@functools.cache
def hash_of(path):
    """Of a file's bytes."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
