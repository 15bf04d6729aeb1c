"""The command ``scratchvae`` itself: help, exit status, errors in one line."""

import importlib
import os
import re
import shlex
import subprocess
import sys

import pytest
from command_line import REPOSITORY, SMALL, call, refused, start

import scratchvae
from scratchvae import cli


def examples():
    """Each example of each command's help: (command, the line)."""
    for command in cli.COMMANDS:
        module = importlib.import_module(f"scratchvae.cli.{command}")
        for line in module.EXAMPLES.splitlines():
            yield command, re.sub(r"\s+\(.*\)$", "", line.strip())


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_has_a_help_with_examples(command, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "\nexamples:\n  " in said
    assert f"scratchvae {command}" in said
    assert max(map(len, said.splitlines())) <= 120


@pytest.mark.parametrize(("command", "line"), list(examples()))
def test_every_example_is_a_valid_command_line(command, line):
    words = [word for word in shlex.split(line) if "=" not in word]
    assert words[0] == "scratchvae"
    assert cli._parser().parse_args(words[1:]).command == command


def test_the_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert all(re.search(rf"^ +{command}\s", said, re.MULTILINE) for command in cli.COMMANDS)


def test_version(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert (ended.value.code, capsys.readouterr().out) == (0, f"scratchvae {scratchvae.__version__}\n")


@pytest.mark.parametrize(
    "argv", [[], ["trian"], ["train"], ["demo", "--epochs", "x"], ["evaluate", "m", "--nope"]]
)
def test_wrong_use_is_status_2(argv, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(argv)
    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err


LIGHT = """
import sys
from scratchvae.cli import COMMANDS, main
for argv in [["--help"], *([command, "--help"] for command in COMMANDS)]:
    try:
        main(argv)
    except SystemExit as ended:
        assert ended.code == 0
print("loaded:", sorted({"numba", "matplotlib", "scipy", "pytest", "tqdm"} & set(sys.modules)))
"""


def test_the_help_loads_nothing_heavy():
    done = subprocess.run(
        [sys.executable, "-c", LIGHT],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "loaded: []"


# --- what goes wrong ----------------------------------------------------------------------------


def failing(monkeypatch, error):
    """Let ``scratchvae doctor`` fail with an error."""

    def examine(data_dir):
        raise error

    monkeypatch.setattr("scratchvae.diagnosis.examine", examine)


ERRORS = {
    "a sentence.": ValueError("a sentence."),
    "over two lines": ValueError("over\n   two lines"),
    "cannot save to x: No space left on device.": OSError(28, "cannot save to x: No space left on device."),
    "There is no file x; check its name.": FileNotFoundError("There is no file x; check its name."),
    "not enough memory: Unable to allocate 5 TiB": MemoryError("Unable to allocate 5 TiB"),
    "not enough memory: ask for less at once": MemoryError(),
}


@pytest.mark.parametrize("sentence", ERRORS)
def test_an_error_is_one_sentence(sentence, capsys, monkeypatch):
    failing(monkeypatch, ERRORS[sentence])
    assert refused(capsys, "doctor") == sentence


def test_a_systems_own_error_names_its_file(capsys, monkeypatch):
    failing(monkeypatch, PermissionError(13, "Permission denied", "/some/file"))
    status, _, err = call(capsys, "doctor")
    assert status == 2
    assert "Permission denied: '/some/file'" in err


def test_where_an_error_came_from_is_shown_on_request(monkeypatch):
    failing(monkeypatch, ValueError("a sentence."))
    with pytest.raises(ValueError, match="a sentence"):
        cli.main(["doctor", "--traceback"])


def test_a_mistake_of_ours_is_not_hidden(monkeypatch):
    failing(monkeypatch, AttributeError("a bug"))
    with pytest.raises(AttributeError):
        cli.main(["doctor"])


def test_an_interrupt_is_status_130(capsys, monkeypatch):
    failing(monkeypatch, KeyboardInterrupt())
    assert call(capsys, "doctor") == (130, "", "scratchvae doctor: interrupted.\n")


# --- a process of its own -----------------------------------------------------------------------


def test_python_m():
    process = start("--version")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, f"scratchvae {scratchvae.__version__}\n", "")


def test_an_error_in_a_process():
    process = start("evaluate", "no-such-model.npz")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert err == "scratchvae evaluate: cannot read no-such-model.npz: No such file or directory\n"


@pytest.mark.skipif(sys.platform == "win32", reason="pipes as POSIX has them")
@pytest.mark.parametrize(
    "argv", [["--help"], ["train", "--help"], ["doctor"], ["gradcheck", "--only", "linear"]]
)
def test_a_reader_that_has_gone_is_no_error(argv):
    reading, writing = os.pipe()
    os.close(reading)
    process = start(*argv, stdout=writing)
    os.close(writing)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="pipes as POSIX has them")
def test_the_first_line_only():
    """``scratchvae gradcheck | head -1``."""
    process = start("gradcheck")
    assert process.stdout.readline().startswith("piece ")
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 0
    process.stderr.close()


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors are closed as POSIX shells do it")
def test_a_closed_standard_output_is_no_error():
    run = start("eq", "8", stdout=None, preexec_fn=lambda: os.close(1))
    assert (run.communicate(timeout=30)[1], run.returncode) == ("", 0)


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors are closed as POSIX shells do it")
def test_a_closed_standard_error_hides_the_progress_bar(tmp_path):
    run = start("train", *SMALL, "--out", tmp_path, stderr=None, preexec_fn=lambda: os.close(2))
    said = run.communicate(timeout=60)[0]
    assert run.returncode == 0
    assert said.splitlines()[-1].startswith("best validation ELBO -")
