"""``scratchvae train``, ``evaluate`` and ``sample``, one after the other."""

import json
import math
import struct

import numpy as np
import pytest
from command_line import SMALL, call, refused

import scratchvae as sv
from scratchvae import data, kernels, storage
from scratchvae.evaluation import evaluate
from scratchvae.training import prepare


@pytest.fixture(autouse=True, scope="module")
def numpy_kernels():
    with kernels.using("numpy"):
        yield


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a small run."""
    from scratchvae import cli

    folder = tmp_path_factory.mktemp("runs") / "glyphs"
    assert cli.main(["train", *SMALL, "--out", str(folder), "--quiet"]) == 0
    return folder


def parameters(path):
    return sv.VAE.load(path).parameters.value.tobytes()


# --- train --------------------------------------------------------------------------------------


def test_train_says_what_it_does(tmp_path, capsys):
    status, out, err = call(capsys, "train", *SMALL, "--out", tmp_path / "run")
    lines = out.splitlines()
    assert (status, err) == (0, "")
    assert lines[0] == "glyphs: 60 rows to train on, 60 to validate"
    assert lines[1].startswith("VAE(n_data=784, n_latent=2, hidden=[8]")
    assert [line.split("training")[0].split() for line in lines[2:4]] == [["epoch", "1"], ["epoch", "2"]]
    assert lines[-1].startswith("best validation ELBO -")
    assert lines[-1].endswith("best.npz")
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"last.npz", "best.npz", "history.csv"}


def test_quiet_leaves_the_result(tmp_path, capsys):
    status, out, err = call(capsys, "train", *SMALL, "--out", tmp_path, "--quiet")
    assert (status, err) == (0, "")
    assert out.count("\n") == 1
    best = max(float(row.split(",")[3]) for row in (tmp_path / "history.csv").read_text().splitlines()[1:])
    assert f"{best:.3f} nats" in out


def test_the_same_seed_gives_the_same_bits_and_another_does_not(tmp_path, trained, capsys):
    call(capsys, "train", *SMALL, "--out", tmp_path / "same")
    call(capsys, "train", *SMALL, "--out", tmp_path / "other", "--seed", 1)
    assert parameters(tmp_path / "same" / "last.npz") == parameters(trained / "last.npz")
    assert parameters(tmp_path / "other" / "last.npz") != parameters(trained / "last.npz")


def test_options_reach_the_run(tmp_path, capsys):
    options = (
        "--activation relu --likelihood normal_fixed:0.5 --dtype float64 --bound analytic_kl --samples 2"
    )
    options += " --optimizer adamw --lr 0.01 --schedule cosine --warm-up 3 --clip 5 --patience 4 --hidden 9,5"
    status, _, err = call(capsys, "train", *SMALL, *options.split(), "--out", tmp_path)
    assert (status, err) == (0, "")
    _, meta = storage.load_npz(tmp_path / "last.npz")
    config, settings = meta["config"], meta["settings"]
    assert (config["activation"], config["likelihood"]) == ("relu", "normal_fixed:0.5")
    assert (config["dtype"], config["hidden"]) == ("float64", [9, 5])
    assert (settings["bound"], settings["n_samples"], settings["clip"]) == ("analytic_kl", 2, 5.0)
    assert settings["optimizer"]["name"] == "adamw"
    assert settings["optimizer"]["lr"]["steps"] == 3
    assert settings["optimizer"]["lr"]["schedule"] == {"name": "cosine", "lr": 0.01, "total": 6, "final": 0.0}


BOUNDS = {
    "--bound renyi:0.25 --samples 3": {"name": "renyi", "alpha": 0.25},
    "--bound dreg --samples 3": "dreg",
    "--bound free_bits:0.5": {"name": "free_bits", "free": 0.5},
    "--kl-warm-up 1": {"name": "beta", "beta": {"name": "linear", "first": 0.0, "last": 1.0, "steps": 3}},
    "--bound beta_analytic_kl:2 --kl-warm-up cyclic:2": {
        "name": "beta_analytic_kl",
        "beta": {"name": "cyclic", "high": 2.0, "total": 6, "cycles": 4, "rising": 0.5},
    },
}


@pytest.mark.parametrize("options", BOUNDS)
def test_bounds_with_numbers_and_warm_ups_reach_the_run(options, tmp_path, capsys):
    status, out, err = call(capsys, "train", *SMALL, *options.split(), "--out", tmp_path, "--quiet")
    assert (status, err) == (0, "")
    assert out.startswith("best validation ")
    assert storage.load_npz(tmp_path / "last.npz")[1]["settings"]["bound"] == BOUNDS[options]


BINARIZATIONS = {
    ("bernoulli", "auto"): "dynamic",
    ("bernoulli", "fixed"): "fixed",
    ("normal", "auto"): None,
    ("categorical:256", "auto"): None,
}


@pytest.mark.parametrize(("likelihood", "asked"), BINARIZATIONS)
def test_gray_data_becomes_bits_where_the_likelihood_needs_them(likelihood, asked, tmp_path, capsys):
    call(capsys, "train", *SMALL, "--likelihood", likelihood, "--binarization", asked, "--out", tmp_path)
    _, meta = storage.load_npz(tmp_path / "last.npz")
    assert meta["settings"]["binarization"] == BINARIZATIONS[likelihood, asked]


def test_no_hidden_layer(tmp_path, capsys):
    assert call(capsys, "train", *SMALL, "--hidden", "", "--out", tmp_path)[0] == 0
    assert storage.load_npz(tmp_path / "last.npz")[1]["config"]["hidden"] == []


def test_resume_goes_on_to_the_same_bits(tmp_path, capsys):
    longer = [*SMALL, "--epochs", "5"]
    call(capsys, "train", *longer, "--out", tmp_path / "whole")
    call(capsys, "train", *SMALL, "--out", tmp_path / "parts")
    status, out, _ = call(capsys, "train", *longer, "--out", tmp_path / "parts", "--resume")
    assert status == 0
    assert "epoch    3" in out
    assert "epoch    2" not in out
    for name in ("last.npz", "best.npz"):
        assert parameters(tmp_path / "parts" / name) == parameters(tmp_path / "whole" / name)


def test_resume_before_the_first_checkpoint_starts_anew_and_says_so(tmp_path, trained, capsys):
    """A script that was killed at any moment may be run again with --resume."""
    status, out, err = call(capsys, "train", *SMALL, "--out", tmp_path / "run", "--resume")
    assert status == 0
    assert "epoch    1" in out
    assert err == f"there is no {tmp_path / 'run' / 'last.npz'} to resume from: the run starts anew\n"
    assert parameters(tmp_path / "run" / "last.npz") == parameters(trained / "last.npz")


def test_a_quiet_resume_starts_anew_in_silence(tmp_path, capsys):
    status, out, err = call(capsys, "train", *SMALL, "--out", tmp_path, "--resume", "--quiet")
    assert (status, out.count("\n"), err) == (0, 1, "")


def test_a_run_is_not_overwritten(trained, capsys):
    before = (trained / "last.npz").read_bytes()
    assert "--resume goes on from it" in refused(capsys, "train", *SMALL, "--out", trained)
    assert (trained / "last.npz").read_bytes() == before


def test_resuming_another_model_is_refused(trained, capsys):
    sentence = refused(capsys, "train", *SMALL, "--latent", 3, "--out", trained, "--resume")
    assert "another model: n_latent is 2 there and 3 here" in sentence


def test_a_users_own_file(tmp_path, capsys):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "mine.npy", (rng.random((100, 6)) < 0.5).astype(np.uint8))
    options = [*SMALL[2:], "--data", tmp_path / "mine.npy"]
    status, out, _ = call(capsys, "train", *options, "--out", tmp_path / "run")
    assert status == 0
    assert "mine.npy: 80 rows to train on, 10 to validate" in out
    status, out, _ = call(capsys, "evaluate", tmp_path / "run" / "best.npz", "--data", tmp_path / "mine.npy")
    assert status == 0
    assert "over 10 data" in out


def test_rows_may_exceed_the_validation_split(tmp_path, capsys):
    """60 rows of the 80, and all 10 for validation."""
    np.savetxt(tmp_path / "mine.csv", np.eye(100, 6), delimiter=",")
    options = [*SMALL, "--data", tmp_path / "mine.csv", "--out", tmp_path / "run"]
    status, out, err = call(capsys, "train", *options)
    assert (status, err) == (0, "")
    assert "60 rows to train on, 10 to validate" in out


# --- evaluate -----------------------------------------------------------------------------------


def test_evaluate_agrees_with_the_library(trained, capsys):
    argv = ["evaluate", trained / "best.npz", "--rows", 50, "--samples", 30, "--seed", 3, "--json"]
    status, out, err = call(capsys, *argv)
    assert (status, err) == (0, "")
    found = json.loads(out)
    vae = sv.VAE.load(trained / "best.npz")
    test = prepare(vae, data.load("glyphs", "test", n=50, seed=3), "fixed")
    expected = evaluate(vae, test, 30, seed=3)
    assert found == {name: getattr(expected, name) for name in found}
    assert found["n_data"] == 50
    assert all(math.isfinite(value) for value in found.values())
    assert found["log_p"] >= found["elbo"] - 3 * found["elbo_error"]
    assert call(capsys, *argv)[1] == out


def test_evaluate_for_people(trained, capsys):
    status, out, err = call(capsys, "evaluate", trained / "last.npz", "--rows", 30, "--samples", 7)
    assert (status, err) == (0, "")
    assert "ELBO" in out
    assert "(7 importance samples)" in out
    assert "over 30 data" in out
    assert "30 data of 784 values, of the split 'test' of glyphs." in out
    assert "Binarization: Each pixel drawn once" in out and "with the seed 0" in out


def test_one_row_has_no_standard_error(trained, capsys):
    """JSON knows no NaN."""

    def forbidden(constant):
        raise AssertionError(constant)

    _, out, _ = call(capsys, "evaluate", trained / "best.npz", "--rows", 1, "--samples", 2, "--json")
    found = json.loads(out, parse_constant=forbidden)
    assert found["elbo_error"] is None
    assert found["log_p_error"] is None


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_every_split(split, trained, capsys):
    argv = ["evaluate", trained / "best.npz", "--rows", 20, "--samples", 2, "--split", split, "--json"]
    status, out, _ = call(capsys, *argv)
    assert status == 0
    assert json.loads(out)["n_data"] == 20


# --- sample -------------------------------------------------------------------------------------


def test_a_picture(trained, tmp_path, capsys):
    from matplotlib.image import imread

    path = tmp_path / "deep" / "samples.png"
    status, out, err = call(capsys, "sample", trained / "best.npz", "-n", 9, "--out", path)
    assert (status, out, err) == (0, "", f"9 samples in {path}\n")
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", content[16:24]) == (900, 900)
    assert imread(path).std() > 0.05  # not blank
    call(capsys, "sample", trained / "best.npz", "-n", 9, "--out", tmp_path / "again.png")
    assert (tmp_path / "again.png").read_bytes() == content


def test_an_array(trained, tmp_path, capsys):
    vae = sv.VAE.load(trained / "best.npz")
    for options, draw in [([], vae.sample_mean), (["--draw"], vae.sample)]:
        path = tmp_path / "samples.npy"
        argv = ["sample", trained / "best.npz", "-n", 5, "--seed", 2, "--out", path, "--quiet", *options]
        assert call(capsys, *argv) == (0, "", "")
        assert np.array_equal(np.load(path), draw(5, np.random.default_rng(2)))


def test_draws_are_bits(trained, tmp_path, capsys):
    call(capsys, "sample", trained / "best.npz", "-n", 3, "--draw", "--out", tmp_path / "x.npy")
    assert set(np.unique(np.load(tmp_path / "x.npy"))) == {0, 1}


def test_images_of_another_shape(trained, tmp_path, capsys):
    argv = ["sample", trained / "best.npz", "-n", 2, "--shape", "14x56", "--out", tmp_path / "wide.png"]
    assert call(capsys, *argv)[0] == 0
    assert (tmp_path / "wide.png").stat().st_size > 1000


@pytest.mark.parametrize("likelihood", ["normal", "categorical:256", "poisson"])
def test_pictures_of_every_likelihood(likelihood, tmp_path, capsys):
    sv.VAE(16, 2, hidden=(4,), likelihood=likelihood).save(tmp_path / "model.npz")
    for options in ([], ["--draw"]):
        argv = ["sample", tmp_path / "model.npz", "-n", 4, "--out", tmp_path / "x.png", *options]
        assert call(capsys, *argv)[0] == 0


def test_a_flow_as_posterior_and_another_as_prior(tmp_path, capsys):
    flows = ("--posterior", "iaf:2", "--prior", "coupling:2")
    status, _, _ = call(capsys, "train", *SMALL, *flows, "--out", tmp_path, "--quiet")
    assert status == 0
    config = storage.load_npz(tmp_path / "best.npz")[1]["config"]
    assert (config["posterior"], config["prior"]) == ("iaf:2", "coupling:2")
    assert call(capsys, "evaluate", tmp_path / "best.npz", "--rows", 20, "--samples", 3, "--quiet")[0] == 0


def test_a_posterior_that_is_not_known_is_refused(tmp_path, capsys):
    sentence = refused(capsys, "train", *SMALL, "--posterior", "planr:8", "--out", tmp_path)
    assert sentence.startswith("unknown posterior 'planr'; did you mean 'planar'?")
