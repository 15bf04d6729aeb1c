"""``scratchvae evaluate --report``: the folder, JSON, Ctrl-C, exit codes, and what is refused."""

import dataclasses
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import tqdm
from command_line import REPOSITORY, call, refused

import scratchvae as sv
from scratchvae import kernels
from scratchvae.cli import evaluate as command
from scratchvae.evaluation import ReportSettings, evidence, evidence_of_each
from scratchvae.evaluation.report import SECTIONS
from scratchvae.training import prepare

#: Everything small: half a second, most of it for the figures.
QUICK = ("--samples", "30", "--fitted", "2", "--annealed", "2", "--temperatures", "5")


@pytest.fixture(autouse=True)
def readable():
    """Kernels that need no compiler."""
    with kernels.using("numpy"):
        yield


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with two models and rows for them."""
    place = tmp_path_factory.mktemp("place")
    rng = np.random.default_rng(0)
    np.save(place / "gray.npy", rng.integers(0, 256, (200, 4, 4), dtype=np.uint8))
    np.savez(
        place / "labelled.npz", x=(rng.random((60, 16)) < 0.5).astype(np.uint8), labels=np.arange(60) % 5
    )
    sv.VAE(16, 2, (6,), seed=1).save(place / "model.npz")
    sv.VAE(16, 2, (6,), n_classes=5, seed=1).save(place / "conditional.npz")
    sv.VAE(16, 2, (6,), n_classes=3, seed=1).save(place / "three.npz")
    return place


def arguments(place, folder, *more):
    return ["evaluate", place / "model.npz", "--data", place / "gray.npy", "--report", folder, *QUICK, *more]


def test_a_report_for_people(place, tmp_path, capsys):
    folder = tmp_path / "deep" / "report"
    status, out, err = call(capsys, *arguments(place, folder, "--sections", "log_p,images"))
    assert (status, err) == (0, "")
    assert "log p(x), 30 importance samples" in out and f"report: {folder / 'report.md'}" in out
    text = (folder / "report.md").read_text()
    assert "20 data of 16 values, of the split 'test' of gray.npy" in text
    assert "1 with the probability that its gray level is, with the seed 0" in text
    assert f"from `{place / 'model.npz'}`" in text
    assert (folder / "figures" / "samples.png").stat().st_size > 1000


def test_json_is_the_reports_own_and_agrees_with_the_library(place, tmp_path, capsys):
    argv = arguments(place, tmp_path / "report", "--sections", "log_p", "--json", "--seed", "3")
    status, out, err = call(capsys, *argv)
    assert (status, err) == (0, "")
    assert out == (tmp_path / "report" / "report.json").read_text() + "\n"
    found = json.loads(out)["sections"]["log_p"]["numbers"]["log_p"]
    vae = sv.VAE.load(place / "model.npz")
    test = prepare(vae, sv.data.load(place / "gray.npy", "test", seed=3), "fixed")
    expected = evidence_of_each(vae, test, 30, seed=3).mean_log_p
    assert (found["value"], found["standard_error"]) == pytest.approx(expected)
    assert call(capsys, *argv) == (0, out, "")


def test_a_conditional_model(place, tmp_path, capsys):
    argv = ["evaluate", place / "conditional.npz", "--data", place / "labelled.npz", "--report", tmp_path]
    status, _, err = call(capsys, *argv, *QUICK, "--shape", "2x8")
    assert (status, err) == (0, "")
    text = (tmp_path / "report.md").read_text()
    assert "log p(x|y)" in text and "Each row has one label, beginning with 0." in text
    assert all(f"## {i}. " in text for i in range(1, 9))


def test_the_defaults_are_those_of_the_library(capsys):
    from argparse import ArgumentParser

    parser = ArgumentParser()
    command.add_arguments(parser)
    settings = command._settings(parser.parse_args(["model.npz", "--report", "folder"]))
    assert settings == ReportSettings()


def test_the_help_names_every_section(capsys):
    with pytest.raises(SystemExit):
        call(capsys, "evaluate", "--help")
    said = " ".join(capsys.readouterr().out.split())
    assert f"of {', '.join(SECTIONS)} (default all)" in said


REFUSED = {
    "--samples 0": "n_samples must be a whole number of at least 1, not 0",
    "--fitted 0": "n_fitted must be a whole number of at least 1, not 0",
    "--annealed -1": "n_annealed must be a whole number of at least 1, not -1",
    "--temperatures 0": "n_temperatures must be a whole number of at least 1, not 0",
    "--seed -1": "seed must be a whole number of at least 0, not -1",
    "--sections log_p,unit": "unknown section 'unit'; did you mean 'units'?",
    "--sections ,": "unknown section ''",
    "--shape 3x5": "16 values make no image of 3x5",
    "--data glyphs --rows 5": "glyphs has 784 values a row, but the model has n_data=16",
}


@pytest.mark.parametrize("options", REFUSED)
def test_bad_input(options, place, tmp_path, capsys):
    argv = arguments(place, tmp_path / "report", *options.replace("--shape ", "--shape=").split())
    assert REFUSED[options] in refused(capsys, *argv)
    assert not (tmp_path / "report").exists()


def test_options_of_a_report_without_one(place, capsys):
    for option in (["--sections", "log_p"], ["--shape", "4x4"]):
        sentence = refused(capsys, "evaluate", place / "model.npz", "--data", place / "gray.npy", *option)
        assert sentence == "--sections and --shape are of a report: give --report FOLDER too."


def test_labels_out_of_range(place, tmp_path, capsys):
    argv = ["evaluate", place / "three.npz", "--data", place / "labelled.npz"]
    for report in ([], ["--report", tmp_path / "report"]):
        assert "y must hold whole numbers from 0 to 2, for n_classes=3" in refused(capsys, *argv, *report)


def test_a_folder_with_a_report_on_something_else(place, tmp_path, capsys):
    assert call(capsys, *arguments(place, tmp_path, "--sections", "units"))[0] == 0
    sentence = refused(capsys, *arguments(place, tmp_path, "--sections", "units", "--samples", "31"))
    assert "with other settings, n_samples 30 (now 31): choose another folder, or remove it" in sentence
    sentence = refused(capsys, *arguments(place, tmp_path, "--sections", "units", "--split", "valid"))
    assert "holds a report on another model or other data" in sentence


#: The command, which waits after the first simulated datum, and says so, until it is interrupted.
WAITING = """
import sys, time
from scratchvae import cli
from scratchvae.evaluation.report.sections import bracket
measure = bracket.bidirectional_monte_carlo
def waiting(*given, progress, **options):
    def wait(n):
        print("one is done", flush=True)
        time.sleep(600)
    return measure(*given, progress=wait, **options)
bracket.bidirectional_monte_carlo = waiting
sys.exit(cli.main(sys.argv[1:]))
"""


def waiting(*argv):
    """Start it; Ctrl-C reaches it whatever the tests' own process does."""
    return subprocess.Popen(
        [sys.executable, "-c", WAITING, *map(str, argv)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "SCRATCHVAE_KERNELS": "numpy"},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
def test_ctrl_c_leaves_a_partial_report_and_the_same_command_goes_on(place, tmp_path, capsys):
    argv = arguments(place, tmp_path / "parts", "--sections", "units,bracket", "--annealed", "6")
    process = waiting(*argv)
    assert process.stdout.readline() == "one is done\n", process.stderr.read()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    report = tmp_path / "parts" / "report.md"
    assert (process.returncode, out) == (130, "")
    assert err == (
        f"what is done is in {report}: the same command goes on from there\n"
        "scratchvae evaluate: interrupted.\n"
    )
    assert "**This report is partial.**" in report.read_text()
    assert json.loads(report.with_suffix(".json").read_text())["unfinished"] == ["bracket"]
    assert call(capsys, *argv)[0] == 0
    whole = arguments(place, tmp_path / "whole", "--sections", "units,bracket", "--annealed", "6")
    assert call(capsys, *whole)[0] == 0
    for name in ("report.md", "report.json", "figures/bracket.png"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.parametrize("more", [[], ["--json"]], ids=["text", "json"])
def test_ctrl_c_without_a_report_prints_the_scores_of_what_is_done(more, place, capsys, monkeypatch):
    def interrupt(bar, n=1):
        raise KeyboardInterrupt

    monkeypatch.setattr(evidence, "rows_at_once", lambda vae: 20)  # four data at once
    monkeypatch.setattr(tqdm.tqdm, "update", interrupt)
    argv = ["evaluate", place / "model.npz", "--data", place / "gray.npy", "--samples", "5", *more]
    status, out, err = call(capsys, *argv)
    assert status == 130
    assert "give --report FOLDER" in err and err.endswith("scratchvae evaluate: interrupted.\n")
    if more:
        assert (json.loads(out)["n_data"], json.loads(out)["n_total"]) == (4, 20)
    else:
        assert "PARTIAL: 4 of 20 data, a random sample of them" in out


def test_settings_of_the_command_line_reach_the_report(place, tmp_path, capsys):
    assert call(capsys, *arguments(place, tmp_path, "--sections", "units"))[0] == 0
    found = json.loads((tmp_path / "report.json").read_text())["settings"]
    expected = ReportSettings(n_samples=30, n_fitted=2, n_annealed=2, n_temperatures=5)
    assert found == dataclasses.asdict(expected)
