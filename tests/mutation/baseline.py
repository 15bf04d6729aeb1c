"""Which lines each test reaches, and how long it takes: found once for a state of sources and tests, and
kept.
"""

import hashlib
import os
import pickle
import time
from pathlib import Path

from mutation import running
from mutation.results import FOLDER


class Baseline:
    """{test: (seconds, {path: lines})} of the tests of one group that pass."""

    def __init__(self, group, modules):
        self.modules, self.path = modules, FOLDER / f"{group}.lines"

    def of(self, items, listener, say):
        """What is kept, if neither the modules nor the tests have changed; else what a run finds."""
        mark = self._mark(items)
        if self.path.exists():
            kept = pickle.loads(self.path.read_bytes())
            if kept["mark"] == mark:
                return kept["reached"]
        began = time.time()
        process, reading = running.in_child(lambda: self._run(list(items.values()), listener))
        _, reached = running.brought(reading)
        os.waitpid(process, 0)
        if reached is None:
            raise SystemExit("the tests do not run to their end")
        say(f"{len(reached)} of {len(items)} tests pass, {time.time() - began:.0f} s with their lines noted")
        FOLDER.mkdir(exist_ok=True)
        self.path.write_bytes(pickle.dumps({"mark": mark, "reached": reached}))
        return reached

    def _mark(self, items):
        files = sorted({module.path for module in self.modules} | {str(item.path) for item in items.values()})
        mark = hashlib.sha256("\n".join(sorted(items)).encode())
        for file in files:
            mark.update(Path(file).read_bytes())
        return mark.hexdigest()

    def _run(self, items, listener):
        answer, bad = {}, set()
        listener.failed = lambda item, excinfo: bad.add(item.nodeid)
        lines, began = running.Lines({module.path for module in self.modules}), time.process_time()
        lines.start()
        for item in listener.run(items):
            answer[item.nodeid] = time.process_time() - began, lines.stop()
            began = time.process_time()
            lines.start()
        lines.stop()
        return {test: found for test, found in answer.items() if test not in bad}
