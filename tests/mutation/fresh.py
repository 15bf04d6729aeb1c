"""A mutant in a process of its own, for what runs only once: constants, registries, tests' own data."""

import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import pickle
import sys
from pathlib import Path

import pytest

from mutation import running

TESTS = Path(__file__).parents[1]


def start_afresh(module, index, tests, seconds, known):
    """Start it; return (process id, end of the pipe that brings the pickled answer).

    `known` are all tests that there are without the mutant: it may bring new ones, as another member of a
    registry over which a test is parametrized, and they count too.
    """
    order = {"module": module.name, "path": module.path, "key": module.mutants[index].key}
    order |= {"tests": tests, "seconds": seconds, "known": known}
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return process, reading
    _become(order | {"answer": writing})
    return None  # never reached


def _become(order):
    """Replace this process by one that carries out the order."""
    os.set_inheritable(order["answer"], True)
    running.silence()
    os.environ["PYTHONPATH"] = str(TESTS)
    os.execv(sys.executable, [sys.executable, "-m", "mutation.fresh", _kept(order)])


def _kept(order):
    """The order in a file: a list of many tests is too long for a command line."""
    path = Path(__file__).parent / "kept" / f"order_{os.getpid()}.json"
    path.write_text(json.dumps(order))
    return str(path)


class Loader(importlib.machinery.SourceFileLoader):
    """Loads one module from a code object in place of its file."""

    def __init__(self, name, path, code):
        super().__init__(name, path)
        self.code = code

    def get_code(self, fullname):
        """The mutant's."""
        return self.code


class Finder(importlib.abc.MetaPathFinder):
    """Finds the mutant before the file is found."""

    def __init__(self, name, path, code):
        self.name, self.loader = name, Loader(name, path, code)

    def find_spec(self, name, path=None, target=None):
        """The mutant's place, for the one name."""
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.loader.path, loader=self.loader)


def main(path):
    """Read the order, import the mutant in place of the module, run the tests, send the answer."""
    order = json.loads(Path(path).read_text())
    Path(path).unlink()
    from mutation.operators import Module
    from mutation.scope import is_mathematics

    running.limit(60 + 10 * order["seconds"])
    module = Module(order["module"], Path(order["path"]), is_mathematics)
    code = module.code(module.index(order["key"]))
    for name in [name for name in sys.modules if name.startswith("scratchvae")]:
        del sys.modules[name]  # what `scope` has imported
    sys.meta_path.insert(0, Finder(order["module"], order["path"], code))
    answers, known = [], set(order["known"])

    def take_over(items, listener):
        by_name = {item.nodeid: item for item in items}
        chosen = [by_name[test] for test in order["tests"] if test in by_name]
        chosen += [item for name, item in by_name.items() if name not in known]
        answers.append(running.first_failure(listener, chosen))

    options = ["-q", "--tb=no", "-p", "no:cacheprovider", "-p", "no:xdist", "-s", f"--rootdir={TESTS.parent}"]
    files = dict.fromkeys(str(TESTS.parent / test.partition("::")[0]) for test in order["tests"])
    where = ["-c", str(TESTS.parent / "setup.cfg")]
    pytest.main([*options, *where, *files], plugins=[running.Listener(take_over)])
    answer = answers[0] if answers else ("", "the tests do not load")
    with os.fdopen(order["answer"], "wb") as pipe:
        pickle.dump(answer, pipe)


if __name__ == "__main__":
    main(sys.argv[1])
