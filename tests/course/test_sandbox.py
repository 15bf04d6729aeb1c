"""What goes wrong in students' files, and what curious ones try: the grader survives and says what it was."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from scratchvae.course.sandbox import Limits, Sandbox, wire

MISBEHAVING = """
import numpy as np
count = 0

def doubled(x):
    print("hello\\x1b[31m")
    return 2 * x

def raises(x):
    y = x + 1
    return y / np.zeros(3)[:, None] @ undefined

def state(x):
    global count
    count += 1
    return float(count)

def exits(x):
    raise SystemExit(3)

def ends(x):
    import os
    os._exit(7)

def becomes_another(x):
    import os
    os.execv("/bin/sh", ["/bin/sh", "-c", "sleep 60"])

def hoards(x):
    return [np.ones(10**8) for _ in range(100)]

def recurses(x):
    return recurses(x)

def recurses_without_limit(x):
    import sys
    sys.setrecursionlimit(10**9)
    return recurses(x)

def prints_for_ever(x):
    while True:
        print("x" * 1000)

def loops(x):
    while True:
        pass

def sleeps(x):
    import time
    time.sleep(100)

def catches_all(x):
    while True:
        try:
            loops(x)
        except BaseException:
            pass

def kills_the_grader(x):
    import os
    os.kill(os.getppid(), 9)

def forks(x):
    import os
    while True:
        os.fork()

def starts_a_program(x):
    import subprocess
    return subprocess.run(["sleep", "100"])

def starts_threads(x):
    import threading
    import time
    threads = [threading.Thread(target=time.sleep, args=(100,)) for _ in range(50)]
    for thread in threads:
        thread.start()
    return x

def imports_the_answers(x):
    import scratchvae.course.specs
    return scratchvae.course.specs

def imports_them_otherwise(x):
    import importlib, sys
    sys.meta_path = [finder for finder in sys.meta_path if "Answers" not in repr(finder)]
    return importlib.import_module("scratchvae.course.specs.ex01_densities.normal").log_normal(x, 0, 1)

def reads_the_answers(x):
    return open(ANSWERS).read()

def reads_them_by_number(x):
    import os
    return os.read(os.open(ANSWERS, os.O_RDONLY), 100).decode()

def reads_a_process(x):
    import os
    return open(f"/proc/{os.getppid()}/environ").read()

def writes(x):
    open("notes.txt", "w").write("x")

def opens_the_network(x):
    import socket
    return socket.create_connection(("127.0.0.1", 9))

def writes_to_the_line(x):
    import os
    for number in range(3, 30):
        try:
            os.write(number, b"{" * 100)
        except OSError:
            pass
    return x

def closes_the_line(x):
    import os
    os.closerange(3, 30)
    return x

def reads_them_in_c(x):
    import ctypes
    return ctypes.CDLL(None).open(ANSWERS.encode(), 0)

def reads_them_by_pythons_c(x):
    import ctypes
    return ctypes.pythonapi.open(ANSWERS.encode(), 0)

def reads_them_by_other_paths(x):
    import os, posixpath
    posixpath._joinrealpath = lambda *args: (os.devnull, True)
    os.fspath = posixpath.abspath = posixpath.realpath = os.lstat = lambda *args: os.devnull
    return open(ANSWERS).read()

def reads_them_by_other_builtins(x):
    import builtins
    builtins.any = lambda *args: True
    builtins.isinstance = lambda *args: False
    return open(ANSWERS).read()

def reads_them_by_a_lie(x):
    class Path(str):
        def __str__(self):
            return os.devnull
        startswith = partition = lambda *args: True
        __fspath__ = __getitem__ = __str__
    return open(Path(ANSWERS)).read()

def opens_the_fence(x):
    import gc
    for thing in gc.get_objects():
        if type(thing).__name__ == "function" and thing.__name__ == "hook":
            for cell in thing.__closure__:
                cell.cell_contents = None
    return open(ANSWERS).read()

def leaves_its_folder(x):
    import os
    os.chdir("/")

def forks_without_an_event(x):
    import _posixsubprocess
    return _posixsubprocess.fork_exec([b"/bin/true"], [b"/bin/true"])

def forks_by_a_new_module(x):
    import importlib.util, sys
    del sys.modules["_posixsubprocess"]
    sys.meta_path = [finder for finder in sys.meta_path if "Answers" not in repr(finder)]
    spec = importlib.util.find_spec("_posixsubprocess")
    return importlib.util.module_from_spec(spec).fork_exec

def spoils_numpy(x):
    np.asarray = np.array = np.lib.format.write_array = None
    return x

def changes_it(x):
    x += 1
    return x - 1

def uses_scipy(x):
    from scipy.special import ndtr
    return ndtr(x)

def odd_message(x):
    class Odd(Exception):
        def __str__(self):
            raise ValueError
    raise Odd

def nothing(x):
    pass

def odd_kinds(x):
    return (1, 2.5, True, None, "text", [x, (x, 1j)], {1: 2}, lambda: 0, np.float32(1), np.array([None]),
            np.ma.masked_array([1.0], [True]), 10**400)

def reads_the_standard_input(x):
    return input()

def environment(x):
    import os
    return " ".join(sorted(os.environ)), os.getcwd()
"""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    """One sandbox with the misbehaving file: the process starts anew only where one was ended."""
    path = tmp_path_factory.mktemp("student") / "ex01.py"
    answers = Path(wire.__file__).parents[1] / "specs" / "ex01_densities" / "normal.py"
    path.write_text(MISBEHAVING + f"\nANSWERS = {str(answers)!r}\n")
    with Sandbox(path, Limits(seconds=10.0, megabytes=300)) as box:
        yield box


def call(box, function, seconds=None):
    """Call a function, with a time limit of its own."""
    usual, box.limits = box.limits, Limits(seconds or box.limits.seconds, box.limits.megabytes)
    try:
        return box.call(function, {"x": np.arange(3.0)})
    finally:
        box.limits = usual


def failed(box, function, code, seconds=None):
    """The failure of a call, which must be of that code; the file still works afterwards."""
    failure = call(box, function, seconds).failure
    assert failure is not None
    assert failure.code == code, failure
    assert np.array_equal(call(box, "doubled").value, [0, 2, 4])
    return failure


def test_a_right_function_gives_its_value_and_what_it_prints(sandbox):
    outcome = call(sandbox, "doubled")
    assert np.array_equal(outcome.value, [0, 2, 4])
    assert outcome.printed == "hello?[31m\n"


def test_an_error_comes_with_the_students_own_line(sandbox):
    failure = failed(sandbox, "raises", "exception")
    assert failure.kinds[0] == "NameError"
    assert failure.source == "return y / np.zeros(3)[:, None] @ undefined"
    assert MISBEHAVING.splitlines()[failure.line - 1].strip() == failure.source


@pytest.mark.parametrize(
    ("function", "code", "words"),
    [
        ("exits", "exit", "3"),
        ("ends", "exit", "status 7"),
        ("hoards", "memory", ""),
        ("recurses", "exception", "recursion"),
        ("odd_message", "exception", ""),
        ("becomes_another", "exception", "may not become another program"),
        ("kills_the_grader", "exception", "may not end other processes"),
        ("forks", "exception", "may not start other processes"),
        ("starts_a_program", "exception", "may not start other processes"),
        ("imports_the_answers", "exception", "scratchvae is not there"),
        ("imports_them_otherwise", "exception", ""),
        ("reads_the_answers", "exception", "may not read or write files"),
        ("reads_them_by_number", "exception", "may not read or write files"),
        ("reads_a_process", "exception", "may not read or write files"),
        ("reads_them_in_c", "exception", "may not call C"),
        ("reads_them_by_pythons_c", "exception", "may not call C"),
        ("reads_them_by_a_lie", "exception", ""),
        ("opens_the_fence", "exception", "may not go through the memory of Python"),
        ("leaves_its_folder", "exception", "may not leave its folder"),
        ("forks_without_an_event", "exception", "may not start other processes"),
        ("writes", "exception", "may not read or write files"),
        ("opens_the_network", "exception", "may not use the network"),
        ("writes_to_the_line", "protocol", "file descriptors"),
        ("closes_the_line", "exit", "status 1"),
        ("reads_the_standard_input", "exception", ""),
    ],
)
def test_what_a_call_must_not_do(sandbox, function, code, words):
    assert words in failed(sandbox, function, code).message


@pytest.mark.parametrize(
    "function", ["reads_them_by_other_paths", "reads_them_by_other_builtins", "forks_by_a_new_module"]
)
def test_who_spoils_python_gains_nothing(sandbox, function):
    with Sandbox(sandbox.path) as another:  # for it is spoiled from then on
        assert call(another, function).failure.code == "exception"


@pytest.mark.parametrize("function", ["prints_for_ever", "loops", "sleeps", "catches_all"])
def test_what_never_ends_is_ended(sandbox, function):
    assert "not done after 0.5 seconds" in failed(sandbox, function, "timeout", 0.5).message


@pytest.mark.parametrize("function", ["recurses_without_limit", "starts_threads"])
def test_what_may_end_in_several_ways_is_survived(sandbox, function):
    call(sandbox, function, 2.0)
    assert np.array_equal(call(sandbox, "doubled").value, [0, 2, 4])


def test_a_spoiled_numpy_spoils_the_students_process_only(sandbox):
    call(sandbox, "spoils_numpy")
    sandbox.load()
    assert np.array_equal(call(sandbox, "doubled").value, [0, 2, 4])


def test_a_changed_argument_is_reported(sandbox):
    outcome = call(sandbox, "changes_it")
    assert outcome.changed == ("x",)
    assert call(sandbox, "doubled").changed == ()


def test_scipy_is_there(sandbox):
    assert np.allclose(call(sandbox, "uses_scipy").value, [0.5, 0.841345, 0.977250])


def test_every_kind_of_answer_comes_back_or_is_described(sandbox):
    value = call(sandbox, "odd_kinds").value
    assert value[:5] == (1, 2.5, True, None, "text")
    assert isinstance(value[5], list)
    assert [repr(value[i]) for i in (6, 7)] == ["dict", "function"]
    assert value[8] == 1
    assert "dtype object" in repr(value[9])
    assert "MaskedArray" in repr(value[10])
    assert repr(value[11]) == "int"
    assert call(sandbox, "nothing").value is None


def test_the_environment_is_empty_and_the_folder_too(sandbox, monkeypatch):
    names, folder = call(sandbox, "environment").value
    assert (
        not set(names.split())
        - {"HOME", "LANG", "LC_CTYPE", "TMPDIR", "LD_LIBRARY_PATH"}
        - {f"{name}_NUM_THREADS" for name in ("OPENBLAS", "OMP", "MKL")}
        - {"VECLIB_MAXIMUM_THREADS"}
    )
    assert os.path.basename(folder).startswith("scratchvae-grade-")


@pytest.mark.parametrize(
    ("source", "code", "words"),
    [
        ("def f(:\n    pass\n", "exception", "invalid syntax"),
        ("import nonsense_that_is_nowhere\n", "exception", "nonsense_that_is_nowhere"),
        ("while True:\n    pass\n", "timeout", "not done"),
        ("import sys\nsys.exit()\n", "exit", ""),
        ("import os\nos._exit(0)\n", "exit", "status 0"),
        (b"\xff\xfe\x00", "exception", ""),
        ("(" * 5000, "exception", ""),
        ("\ufeffx = 1\n", None, ""),
    ],
)
def test_files_that_do_not_load(source, code, words, tmp_path):
    path = tmp_path / "ex01.py"
    path.write_bytes(source if isinstance(source, bytes) else source.encode())
    with Sandbox(path, Limits(seconds=0.3)) as box:
        outcome = box.load()
    assert (outcome.failure and outcome.failure.code) == code
    if code:
        assert words in outcome.failure.message


def test_nothing_is_left_behind(tmp_path):
    path = tmp_path / "ex01.py"
    path.write_text("def f():\n    return 1\n")
    with Sandbox(path) as box:
        assert box.load().value == ["f"]
        process, folder = box._process, box._folder.name
    assert process.poll() is not None
    assert not os.path.exists(folder)
    assert sorted(os.listdir(tmp_path)) == ["ex01.py"]  # no __pycache__


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS is refused elsewhere")
def test_the_limits_are_set(sandbox):
    sandbox.load()
    assert {"memory", "processor time", "processes"} <= set(sandbox.held)


def test_an_answer_is_read_without_running_anything_of_it():
    tree = {"source": "__import__('os').abort()"}
    assert isinstance(wire.decode(tree, []), wire.Other)
