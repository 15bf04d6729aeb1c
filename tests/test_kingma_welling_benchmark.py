"""Kingma & Welling's Figure 2, end to end on a few images: step size, curve, resume, figure."""

import json

import kept
import kingma_welling
import numpy as np
import pytest
import reproduce
from one_process import BusyError, only_one

import scratchvae as sv
from scratchvae.data import Dataset
from scratchvae.evaluation.scores import NOISE_SEED, mean_bound
from scratchvae.storage import load_npz

NAME = "kingma-welling"
SIZES = {"train": 50, "test": 20}


@pytest.fixture(autouse=True)
def small(tmp_path, monkeypatch):
    """Results and figure elsewhere, two models, 200 samples or four passes."""
    (tmp_path / "results").mkdir()
    monkeypatch.setattr(kept, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(kingma_welling, "FIGURE", tmp_path / "figure.png")
    monkeypatch.setattr(kingma_welling, "LATENTS", (2, 3))
    monkeypatch.setattr(kingma_welling, "N_SAMPLES_SEEN", 200)
    monkeypatch.setattr(kingma_welling, "BATCH_SIZE", 8)
    monkeypatch.setattr(kingma_welling, "N_MEASURED", 30)


def load(name, split):
    """Rows of two kinds, which a model can learn to tell from noise."""
    assert name == "binarized_mnist"
    rng = np.random.default_rng(SIZES[split])
    kind = rng.integers(2, size=(SIZES[split], 1))
    return Dataset((rng.random((SIZES[split], 9)) < 0.1 + 0.8 * kind).astype(np.uint8))


def without_times(result):
    points = [
        {k: v for k, v in point.items() if k != "seconds_of_training"}
        for curve in result["curves"]
        for point in curve["points"]
    ]
    return points, [curve["step_size"] for curve in result["curves"]]


def test_the_passes_are_even_on_a_logarithmic_axis(monkeypatch):
    monkeypatch.setattr(kingma_welling, "N_SAMPLES_SEEN", 10_000_000)
    passes = kingma_welling.passes_measured(50_000)
    assert passes[0] == 1 and passes[-1] == 200 and passes == sorted(set(passes))
    later = np.diff(np.log10(passes[10:]))
    assert later == pytest.approx(1 / kingma_welling.POINTS_A_DECADE, abs=0.03)


def test_two_models_end_to_end(tmp_path):
    result = kingma_welling.run(NAME, load, tmp_path, progress=False)
    assert result == json.loads((kept.RESULTS / f"{NAME}.json").read_text())
    assert not result["partial"] and [curve["n_latent"] for curve in result["curves"]] == [2, 3]
    for curve in result["curves"]:
        assert [point["passes"] for point in curve["points"]] == kingma_welling.passes_measured(50)
        assert [point["minibatches"] for point in curve["points"]][-1] == 4 * 7  # 6 of 8 and one of 2
        assert curve["points"][-1]["samples"] == 200
        assert curve["points"][-1]["train"] > curve["points"][0]["train"]
    assert (tmp_path / "figure.png").read_bytes()[1:4] == b"PNG"


def test_a_point_is_the_bound_of_the_model_there(tmp_path):
    result = kingma_welling.run(NAME, load, tmp_path, progress=False)
    vae = kingma_welling.model(3, load("binarized_mnist", "train"), 0)
    arrays, _ = load_npz(tmp_path / NAME / "latent-3" / "last.npz")
    vae.restore(arrays, "last.npz")
    point = result["curves"][1]["points"][-1]
    test_set = load("binarized_mnist", "test")
    assert point["test"] == pytest.approx(mean_bound(vae, test_set, "analytic_kl"), rel=1e-6)
    first = Dataset(load("binarized_mnist", "train").x[:30])
    assert point["train"] == pytest.approx(mean_bound(vae, first, "analytic_kl"), rel=1e-6)
    x = first.x.astype("float32")
    eps = np.random.default_rng(NOISE_SEED).standard_normal((1, 30, 3), "float32")
    each = [-vae.loss(x[[i]], eps[:, [i]], "analytic_kl") for i in range(30)]
    assert point["train_error"] == pytest.approx(np.std(each, ddof=1) / np.sqrt(30), rel=1e-5)


def test_the_step_size_is_the_best_of_the_first_passes(tmp_path):
    train_set = load("binarized_mnist", "train")
    tried = kingma_welling.try_step_sizes(2, train_set, tmp_path, 0, False)
    assert list(tried) == ["0.01", "0.02", "0.1"] and tried["0.1"] is None  # which diverges here
    for step_size in (0.01, 0.02):
        vae = kingma_welling.model(2, train_set, 0)
        history = kingma_welling.train(vae, train_set, 2, step_size, tmp_path / f"{step_size}", 0, False)
        assert tried[f"{step_size}"] == history["train_elbo"][1]
    assert kingma_welling.best(tried) == max((0.01, 0.02), key=lambda size: tried[f"{size}"])
    assert kingma_welling.best({"0.01": -2.0, "0.02": -1.0, "0.1": None}) == 0.02
    with pytest.raises(ValueError, match="diverges with each of the step sizes 0.1"):
        kingma_welling.best({"0.1": None})


def test_a_run_that_was_stopped_ends_with_the_same_curves(tmp_path, monkeypatch):
    whole = without_times(kingma_welling.run(NAME, load, tmp_path / "whole", progress=False))
    train, calls = sv.train, []

    def stop_in_the_middle(*arguments, **options):
        calls.append(options["epochs"])
        if len(calls) == 5:  # the second point of the first curve, after three trials of step sizes
            options["on_epoch"] = stop
        return train(*arguments, **options)

    def stop(history):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(sv, "train", stop_in_the_middle)
        kingma_welling.run(NAME, load, tmp_path / "parts", progress=False)
    assert len(calls) == 5
    assert without_times(kingma_welling.run(NAME, load, tmp_path / "parts", progress=False)) == whole


def test_the_result_is_partial_until_all_models_are_trained(tmp_path, monkeypatch):
    def stop(n_latent, *arguments):
        if n_latent == 3:
            raise KeyboardInterrupt
        return curve(n_latent, *arguments)

    curve = kingma_welling.curve
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(kingma_welling, "curve", stop)
        kingma_welling.run(NAME, load, tmp_path, progress=False)
    partial = kept.kept(NAME)
    assert partial["partial"] and len(partial["curves"]) == 1
    assert "partial: 1 of 2 models" in kingma_welling.report(partial)
    assert len(kingma_welling.table().splitlines()) == 3


def test_a_point_that_was_passed_by_is_not_made_up(tmp_path):
    train_set = load("binarized_mnist", "train")
    vae = kingma_welling.model(2, train_set, 0)
    kingma_welling.train(vae, train_set, 3, 0.01, tmp_path, 0, False)
    with pytest.raises(ValueError, match="already 3 passes on"):
        kingma_welling.train(vae, train_set, 2, 0.01, tmp_path, 0, False)


def test_the_command_line_and_the_table(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sv.data, "load", lambda name, split, data_dir: load(name, split))
    assert reproduce.main([NAME, "--out", str(tmp_path), "--quiet"]) == 0
    assert kingma_welling.table() in capsys.readouterr().out
    last = kept.kept(NAME)["curves"][1]["points"][-1]
    bounds = [f"{last[split]:.2f} +- {last[f'{split}_error']:.2f}" for split in ("train", "test")]
    assert f"| 200 | {bounds[0]} | {bounds[1]} |" in kingma_welling.table()
    with only_one(tmp_path / NAME), pytest.raises(BusyError):
        kingma_welling.run(NAME, load, tmp_path, progress=False)
