"""Burda's table, end to end on a few images with three stages: schedule, resume, lock, results."""

import json
import subprocess
import sys

import burda
import burda_scores
import kept
import numpy as np
import pytest
import reproduce
from one_process import BusyError, only_one

import scratchvae as sv
from scratchvae.data import Dataset
from scratchvae.evaluation import evaluate
from scratchvae.storage import load_npz, save_npz
from scratchvae.training import prepare

NAME = "burda-iwae-5"
SIZES = {"train+valid": 50, "test": 30}


@pytest.fixture(autouse=True)
def small(tmp_path, monkeypatch):
    """A folder of results that is not the repository's, few samples, three stages of which two are scored."""
    results = tmp_path / "results"
    results.mkdir()
    monkeypatch.setattr(kept, "RESULTS", results)
    monkeypatch.setattr(burda_scores, "N_SAMPLES", 40)
    monkeypatch.setattr(burda_scores, "IMAGES_AT_ONCE", 7)
    monkeypatch.setattr(burda_scores, "FIRST_SCORED", 1)
    rows = {name: burda.dataclasses.replace(row, n_stages=3) for name, row in burda.ROWS.items()}
    monkeypatch.setattr(burda, "ROWS", rows)
    return results


def load(name, split):
    assert name == "mnist"
    rng = np.random.default_rng(SIZES[split])
    return Dataset(rng.integers(0, 256, (SIZES[split], 9)).astype(np.uint8), scale=255)


def parameters(folder, stage):
    return sv.VAE.load(burda.snapshot(folder, stage)).parameters.value


def test_the_schedule_is_the_papers():
    schedule = burda.schedule(60_000)
    ends = 3000 * np.cumsum(3 ** np.arange(8))
    assert ends[-1] == 9_840_000 == 3000 * burda.passes_until(8)
    for i, end in enumerate(ends):
        rate = 0.001 * 10 ** (-i / 7)
        assert schedule(int(end)) == pytest.approx(rate, rel=1e-12)
        assert schedule(int(end) - 3000 * 3**i + 1) == pytest.approx(rate, rel=1e-12)
    assert schedule(20_000_000) == pytest.approx(1e-4)


def test_a_run_follows_the_schedule(tmp_path):
    burda_scores.run(NAME, load, tmp_path, progress=False)
    lines = (tmp_path / NAME / "history.csv").read_text().splitlines()[1:]
    rates = [float(line.split(",")[4]) for line in lines]
    expected = [burda.learning_rate(0)] + 3 * [burda.learning_rate(1)] + 9 * [burda.learning_rate(2)]
    assert rates == pytest.approx(expected, rel=1e-12)
    assert [int(line.split(",")[1]) for line in lines] == [3 * i for i in range(1, 14)]  # 20 + 20 + 10 images


def test_the_output_bias_starts_at_the_mean():
    images = load("mnist", "train+valid")
    vae = burda.model(images)
    mean = images.x.mean(axis=0) / 255
    assert 1 / (1 + np.exp(-vae.parameters["decoder.2.bias"])) == pytest.approx(mean, abs=1e-6)
    assert vae.hidden == (200, 200) and vae.n_latent == 50
    black = burda.model(Dataset(np.zeros((4, 3), np.uint8), scale=255))
    assert 1 / (1 + np.exp(-black.parameters["decoder.2.bias"])) == pytest.approx(0.001, rel=1e-5)


def test_a_run_that_was_stopped_ends_with_the_same_bits(tmp_path, monkeypatch):
    """It is stopped within a stage, and between a stage's last checkpoint and its snapshot."""
    burda_scores.run(NAME, load, tmp_path / "whole", progress=False)
    whole = kept.kept(NAME)
    (kept.RESULTS / f"{NAME}.json").unlink()
    folder, train, save = tmp_path / "parts" / NAME, sv.train, sv.VAE.save

    def stop_after_two_passes(*arguments, **options):
        def stop(history):
            if len(history) == 2:
                raise KeyboardInterrupt

        return train(*arguments, **options, on_epoch=stop)

    def stop_at_a_snapshot(vae, path):
        if path == burda.snapshot(folder, 2):
            raise KeyboardInterrupt
        save(vae, path)

    for place, name, stop in ((sv, "train", stop_after_two_passes), (sv.VAE, "save", stop_at_a_snapshot)):
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(place, name, stop)
            burda_scores.run(NAME, load, tmp_path / "parts", progress=False)
    assert not burda.snapshot(folder, 2).exists()
    parts = burda_scores.run(NAME, load, tmp_path / "parts", progress=False)
    for stage in range(3):
        assert (parameters(folder, stage) == parameters(tmp_path / "whole" / NAME, stage)).all()
    for a, b in zip(whole["stages"], parts["stages"], strict=True):
        assert a["negative_log_p"] == b["negative_log_p"] and a["train_bound"] == b["train_bound"]


def test_one_run_for_all_stages_gives_the_snapshots_of_runs_by_stage(tmp_path):
    images, row = load("mnist", "train+valid"), burda.ROWS[NAME]
    for n_stages in (1, 2):
        burda.train(row, images, tmp_path / "by stage", n_stages, progress=False)
    burda.train(row, images, tmp_path / "at once", 2, progress=False)
    assert (parameters(tmp_path / "by stage", 1) == parameters(tmp_path / "at once", 1)).all()


def test_a_snapshot_that_was_passed_by_is_not_made_up(tmp_path):
    images, row = load("mnist", "train+valid"), burda.ROWS[NAME]
    burda.train(row, images, tmp_path, 2, progress=False)
    with pytest.raises(ValueError, match="already 4 passes on, but has no stage-0.npz"):
        burda.train(row, images, tmp_path, 1, progress=False)


def test_a_second_process_is_refused(tmp_path):
    holder = "import sys, pathlib, one_process\nwith one_process.only_one(pathlib.Path(sys.argv[1])):\n"
    holder += "    print('held', flush=True)\n    sys.stdin.read()"
    command = [sys.executable, "-c", holder, str(tmp_path / NAME)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "cwd": burda.__file__.rpartition("/")[0]}
    with subprocess.Popen(command, **pipes) as process:
        assert process.stdout.readline().strip() == b"held"
        with pytest.raises(BusyError, match="another process"):
            burda_scores.run(NAME, load, tmp_path, progress=False)
        assert not burda.snapshot(tmp_path / NAME, 0).exists()
        process.kill()
    with only_one(tmp_path / NAME):  # let go of, though it was killed
        pass


def test_the_result_is_partial_until_all_is_done(tmp_path):
    images, row, folder = load("mnist", "train+valid"), burda.ROWS[NAME], tmp_path / NAME
    assert burda_scores.score(NAME, load, tmp_path, progress=False) is None
    for n_stages in (1, 2):
        burda.train(row, images, folder, n_stages, progress=False)
    partial = burda_scores.score(NAME, load, tmp_path, progress=False)
    assert partial["partial"] and partial["stages_done"] == 2 and partial["stages_to_run"] == 3
    assert [stage["passes"] for stage in partial["stages"]] == [4]
    assert "partial: 2 of 8 stages" in burda_scores.report(partial)
    whole = burda_scores.run(NAME, load, tmp_path, progress=False)
    assert not whole["partial"] and [stage["passes"] for stage in whole["stages"]] == [4, 13]
    assert whole["stages"][0] == partial["stages"][0]
    assert whole == json.loads((kept.RESULTS / f"{NAME}.json").read_text())
    assert {"source", "seed", "differences", "machine", "versions", "published"} <= whole.keys()


def test_the_scores_are_those_of_evaluate_and_go_on_where_they_were(tmp_path, monkeypatch):
    monkeypatch.setattr(burda_scores, "N_SAMPLES", 300)
    vae = burda.model(load("mnist", "train+valid"))
    vae.parameters.value *= 0.3  # q(z|x) is then near p(z|x), and few samples are enough
    test_set, path = prepare(vae, load("mnist", "test"), "fixed"), tmp_path / "scores.npz"
    log_p = burda_scores.log_p_of_each(vae, test_set, path, progress=False)
    assert log_p.mean() == pytest.approx(evaluate(vae, test_set, 300).log_p, abs=0.01)
    half = log_p.copy()
    half[14:] = np.nan
    save_npz(path, {"log_p": half}, load_npz(path)[1])
    assert (burda_scores.log_p_of_each(vae, test_set, path, progress=False) == log_p).all()
    vae.parameters.value += 0.1
    assert (burda_scores.log_p_of_each(vae, test_set, path, progress=False) != log_p).all()


def test_the_table_has_a_column_for_each_stage(tmp_path):
    burda_scores.run(NAME, load, tmp_path, progress=False)
    head, line, row = burda_scores.table().splitlines()
    result = kept.kept(NAME)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    shown = [f"{stage['negative_log_p']:.2f} +- {stage['error']:.2f}" for stage in result["stages"]]
    assert cells == ["IWAE, k = 5", "85.54", *shown, *5 * [""], "3 of 8 stages"]
    assert head.count("|") == line.count("|") == row.count("|")
    assert "4 passes | 13 passes | 40 passes | 121 passes | 364 passes | 1,093 passes | 3,280 passes" in head


def test_the_tables_of_the_readme_follow_the_results(tmp_path, monkeypatch):
    readme, head = tmp_path / "README.md", burda_scores.table()
    readme.write_text(f"before\n\n{head}\n\nafter\n\n| a | b |\n")
    monkeypatch.setattr(reproduce, "README", readme)
    burda_scores.run(NAME, load, tmp_path, progress=False)
    assert reproduce.main(["--readme"]) == 0
    assert burda_scores.table().startswith(head) and burda_scores.table() != head
    assert readme.read_text() == f"before\n\n{burda_scores.table()}\n\nafter\n\n| a | b |\n"


def test_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sv.data, "load", lambda name, split, data_dir: load(name, split))
    arguments = [NAME, "--out", str(tmp_path), "--quiet"]
    assert reproduce.main([*arguments, "--score"]) == 0
    assert "nothing to show yet" in capsys.readouterr().out
    assert reproduce.main(arguments) == 0
    assert "published, 8 stages" in capsys.readouterr().out
    with only_one(tmp_path / NAME):
        assert reproduce.main(arguments) == 2
    assert "another process is at work" in capsys.readouterr().err
    assert reproduce.main(["--table"]) == 0
    assert burda_scores.table() in capsys.readouterr().out
    for wrong in ([], ["example", "--score"], ["burda"]):
        with pytest.raises(SystemExit):
            reproduce.main(wrong)
