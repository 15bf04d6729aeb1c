"""The comparison of posteriors, end to end on a few rows, and its table."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

import scratchvae as sv
from scratchvae.data import Dataset
from scratchvae.evaluation import evaluate

PATH = Path(__file__).parent.parent / "benchmarks" / "flows.py"
spec = importlib.util.spec_from_file_location("flows_benchmark", PATH)
flows = importlib.util.module_from_spec(spec)
spec.loader.exec_module(flows)

ROWS = {"train": 50, "valid": 20, "test": 40}
SETTING = flows.Setting(steps=12, batch_size=8, n_latent=3, hidden=(5,), importance_samples=4)


@pytest.fixture(autouse=True)
def results(tmp_path, monkeypatch):
    """A folder of results that is not the repository's."""
    folder = tmp_path / "results"
    folder.mkdir()
    monkeypatch.setattr(flows, "RESULTS", folder)
    return folder


def load(split):
    """Rows of two kinds, which a model can learn to tell from noise."""
    rng = np.random.default_rng(ROWS[split])
    kind = rng.integers(2, size=(ROWS[split], 1))
    return Dataset((rng.random((ROWS[split], 9)) < 0.1 + 0.8 * kind).astype(np.uint8))


def refuse(split):
    raise AssertionError(f"{split} was read")


def made_up(posterior, **changed):
    names = ("elbo", "log_p", "gap", "elbo_gain", "log_p_gain")
    scores = {name: -100 - i for i, name in enumerate(names)}
    errors = {f"{name}_error": 0.25 for name in names}
    rest = {
        "n_parameters": 1234567,
        "minibatches": 19941,
        "seconds_of_training": 261.4,
        "cpu_ms_a_step": 7.25,
    }
    return {"posterior": posterior, **scores, **errors, **rest, **changed}


def test_two_posteriors_end_to_end(tmp_path, results):
    first, second = (flows.run(name, load, tmp_path, SETTING) for name in ("diagonal", "planar:8"))
    assert sorted(path.name for path in results.iterdir()) == ["flows-diagonal.json", "flows-planar-8.json"]
    assert json.loads((results / "flows-planar-8.json").read_text()) == json.loads(json.dumps(second))
    assert first["n_data"] == second["n_data"] == ROWS["test"]
    assert first["minibatches"] == 14  # two epochs of seven
    assert second["n_parameters"] - first["n_parameters"] == (5 + 1) * 8 * (2 * 3 + 1)
    assert "elbo_gain" not in first
    assert second["elbo_gain"] == pytest.approx(second["elbo"] - first["elbo"], abs=1e-9)
    rows = flows.table().splitlines()
    assert [row.split(" | ")[0] for row in rows[2:]] == ["| diagonal", "| planar:8"]


def test_a_run_goes_on_and_ends_as_one_that_never_stopped(tmp_path):
    whole = flows.run("iaf:2", load, tmp_path / "whole", SETTING)
    epochs, n_rows = SETTING.epochs(ROWS["train"]), ROWS["train"]

    def stop(history):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        sv.train(
            SETTING.vae("iaf:2", 9),
            load("train"),
            epochs=epochs,
            batch_size=SETTING.batch_size,
            optimizer=SETTING.optimizer(n_rows),
            rng=np.random.default_rng([SETTING.seed, 1]),
            valid=load("valid"),
            checkpoint=tmp_path / "parts" / f"iaf-2-{epochs}",
            progress=False,
            on_epoch=stop,
        )
    parts = flows.run("iaf:2", load, tmp_path / "parts", SETTING)
    assert parts["minibatches"] == whole["minibatches"]
    assert [parts[name] for name in ("elbo", "log_p")] == [whole[name] for name in ("elbo", "log_p")]


def test_the_scores_are_those_of_evaluate():
    vae, test_set = SETTING.vae("sylvester:2", 9), load("test")
    scores, reference = flows.score(vae, test_set, 2000), evaluate(vae, test_set, 2000)
    assert scores["elbo"].mean() == pytest.approx(reference.elbo, abs=0.05)  # of one draw an image, not 2000
    assert scores["log_p"].mean() == pytest.approx(reference.log_p, abs=0.02)
    assert scores["log_p"].std() > 0.1  # far above the tolerance


def test_the_error_of_a_gain_is_that_of_the_differences(rng):
    hard = 20 * rng.normal(size=400)  # what images are worth to every model
    baseline = {"elbo": hard - 5, "log_p": hard - 3}
    noise = 0.1 * rng.normal(size=400)
    summary = flows.summary({"elbo": hard - 4 + noise, "log_p": hard - 2.5}, baseline)
    assert summary["elbo_gain"] == pytest.approx(1, abs=0.03)
    assert summary["elbo_gain_error"] == pytest.approx(0.1 / 20, rel=0.15)
    assert summary["log_p_gain"] == pytest.approx(0.5) and summary["log_p_gain_error"] < 1e-9
    assert summary["elbo_error"] == pytest.approx(1, rel=0.15)
    assert summary["gap"] == pytest.approx(1.5, abs=0.03)


def test_the_table_of_kept_results():
    flows.keep(made_up("iaf:2"))
    baseline = made_up("diagonal")
    for name in ("elbo_gain", "log_p_gain"):
        del baseline[name], baseline[f"{name}_error"]
    flows.keep(baseline)
    head, line, *rows = flows.table().splitlines()
    scores = "| -100.00 +- 0.25 | -101.00 +- 0.25 | -102.00 +- 0.25 |"
    rest = "| 1,234,567 | 19,941 | 261 | 7.2 |"
    assert rows == [
        f"| diagonal {scores}  |  | -97.10 {rest}",
        f"| iaf:2 {scores} -103.00 +- 0.25 | -104.00 +- 0.25 | -95.33 {rest}",
    ]
    assert {text.count("|") for text in (head, line, *rows)} == {12}


def test_the_test_set_is_read_after_training_only(tmp_path):
    order = []

    def noting(split):
        order.append(split)
        if split == "test":
            assert list(tmp_path.rglob("best.npz"))
        return load(split)

    flows.run("diagonal", noting, tmp_path, SETTING)
    assert order == ["train", "valid", "test"]


def test_only_steps_and_table_on_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(flows, "_load", lambda split, data_dir: load(split))
    monkeypatch.setattr(flows, "SETTING", SETTING)
    arguments = ["--only", "householder:4", "--steps", "1", "--out", str(tmp_path), "--quiet"]
    assert flows.main(arguments) == 0
    shown = capsys.readouterr().out
    assert "| householder:4 |" in shown and "diagonal" not in shown
    assert flows.main(["--table"]) == 0
    assert capsys.readouterr().out == shown


def test_wrong_use_says_so(tmp_path, capsys):
    assert flows.main(["--data-dir", str(tmp_path / "none"), "--out", str(tmp_path), "--quiet"]) == 2
    assert "flows.py: " in capsys.readouterr().err
    for wrong in (["--steps", "0"], ["--only", "planar:3"]):
        with pytest.raises(SystemExit):
            flows.main(wrong)
        assert wrong[0] in capsys.readouterr().err
    assert list(flows.RESULTS.iterdir()) == []


def test_the_steps_become_whole_epochs():
    assert flows.Setting(steps=20_000).epochs(50_000) == 51
    assert flows.Setting(steps=1).epochs(50_000) == 1
    assert flows.Setting(batch_size=7).batches_an_epoch(50) == 8
    schedule = flows.Setting(steps=20_000).optimizer(50_000).lr
    assert schedule(1) == pytest.approx(1e-3) and schedule(51 * 391) == pytest.approx(3e-5)
