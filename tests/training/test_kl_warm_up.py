"""The warm-up of KL in a run: which gradient each step has, what is reported, and how a run goes on."""

import itertools

import numpy as np
import pytest
from test_resume import stopped_and_resumed
from training_runs import bits, model, outcome, run

from scratchvae import optim
from scratchvae.bounds import BetaAnalyticKL, BetaElbo, FreeBits, Iwae, Renyi
from scratchvae.data import Minibatches, as_dataset
from scratchvae.storage import load_npz
from scratchvae.training.warm_up import name_of, warmed_up

STEPS = 3  # an epoch


def by_hand(beta_of_step, kind=BetaElbo, epochs=4):
    """The parameters that the default run ends with if step t has the gradient of beta_of_step(t)."""
    vae, rng, adam = model(), np.random.default_rng(5), optim.build("adam")
    batches = Minibatches(as_dataset(bits(), "data"), 20, rng, dtype=vae.dtype)
    for t in range(1, epochs * STEPS + 1):
        x = next(batches)
        eps = rng.standard_normal((1, len(x), vae.n_latent), vae.dtype)
        vae.loss_and_grad(x, eps, kind(beta_of_step(t)))
        adam.step(vae.parameters.value, vae.parameters.grad)
    return vae.parameters.value


WARM_UPS = {
    "two epochs": ({"kl_warm_up": 2}, lambda t: min((t - 1) / 6, 1)),
    "by name": ({"kl_warm_up": "linear:2"}, lambda t: min((t - 1) / 6, 1)),
    "to another beta": ({"kl_warm_up": 2, "bound": "beta:3"}, lambda t: 3 * min((t - 1) / 6, 1)),
    "cycles": ({"kl_warm_up": "cyclic:4"}, lambda t: min(2 * ((t - 1) % 3) / 3, 1)),
    "a schedule": ({"bound": BetaElbo(optim.Linear(0.5, 1.0, 4))}, lambda t: 0.5 + min((t - 1) / 8, 0.5)),
    "none": ({}, lambda t: 1.0),
}


@pytest.mark.parametrize("name", WARM_UPS)
def test_each_step_has_the_gradient_of_its_own_beta(name):
    settings, beta_of_step = WARM_UPS[name]
    vae, _ = run(None, valid=None, **settings)
    np.testing.assert_allclose(vae.parameters.value, by_hand(beta_of_step), rtol=1e-4, atol=1e-6)
    if name != "none":
        other = run(None, valid=None)[0].parameters.value
        assert np.abs(vae.parameters.value - other).max() > 1e-4


def test_the_closed_form_of_kl_stays_the_closed_form():
    vae, _ = run(None, valid=None, bound="analytic_kl", kl_warm_up=2)
    expected = by_hand(lambda t: min((t - 1) / 6, 1), BetaAnalyticKL)
    np.testing.assert_allclose(vae.parameters.value, expected, rtol=1e-4, atol=1e-6)


def test_the_history_has_the_bound_that_it_leads_to():
    """At a rate of nearly nothing the model stays as it is, and so do training and validation ELBO."""
    still = {"optimizer": optim.SGD(1e-12), "epochs": 4}
    _, history = run(None, kl_warm_up=3, **still)
    _, plain = run(None, **still)
    np.testing.assert_allclose(history["train_elbo"], plain["train_elbo"], rtol=1e-6)
    np.testing.assert_allclose(history["valid_elbo"], plain["valid_elbo"], rtol=1e-6)


def test_the_best_model_is_the_best_by_the_whole_bound(tmp_path):
    """Without KL's weight the value of the first steps would be the highest, and the first epoch the best."""
    settings = {"optimizer": optim.Adam(0.02), "epochs": 25, "valid": None}
    _, history = run(tmp_path, kl_warm_up=10, **settings)
    assert history.best["epoch"] > 10
    assert history["train_elbo"][-1] > history["train_elbo"][0]


def test_patience_begins_after_the_warm_up():
    harmful = optim.SGD(optim.Piecewise([1], [1e-9, 5e-3]))
    _, history = run(None, epochs=12, patience=1, optimizer=harmful, kl_warm_up=8)
    assert len(history) > 8


# --- checkpoints --------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [2, 5, 8])
@pytest.mark.parametrize("name", ["two epochs", "cycles", "a schedule"])
def test_a_run_that_was_stopped_ends_with_the_same_bits(name, number, tmp_path, monkeypatch):
    settings, _ = WARM_UPS[name]
    run(tmp_path / "straight", **settings)
    stopped_and_resumed(tmp_path / "stopped", monkeypatch, number, lambda: settings)
    assert outcome(tmp_path / "straight") == outcome(tmp_path / "stopped")


def test_a_checkpoint_says_which_bound():
    """By name, with numbers and schedule; what is without them stays a plain name."""
    assert name_of(Iwae()) == "iwae"
    assert name_of(Renyi(0.25)) == {"name": "renyi", "alpha": 0.25}
    assert name_of(FreeBits(0.5)) == {"name": "free_bits", "free": 0.5}

    class Mine(Iwae):
        pass

    assert name_of(Mine()) == "Mine"


def test_it_is_in_the_file(tmp_path):
    run(tmp_path, kl_warm_up=2)
    settings = load_npz(tmp_path / "last.npz")[1]["settings"]
    schedule = {"name": "linear", "first": 0.0, "last": 1.0, "steps": 6}
    assert settings["bound"] == {"name": "beta", "beta": schedule}


OTHERS = [
    {"bound": "renyi:0.5"},
    {"bound": "renyi:0.2"},
    {"bound": "beta:2"},
    {"kl_warm_up": 2},
    {"kl_warm_up": 3},
    {"kl_warm_up": "cyclic:3"},
    {},
]


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(OTHERS, 2)))
def test_a_run_by_another_bound_does_not_go_on(first, second, tmp_path):
    run(tmp_path, epochs=3, **first)
    with pytest.raises(ValueError, match="checkpoint of another run: bound is"):
        run(tmp_path, epochs=4, **second)


def test_more_epochs_may_follow(tmp_path):
    run(tmp_path / "once", epochs=4, kl_warm_up=2)
    run(tmp_path / "twice", epochs=2, kl_warm_up=2)
    run(tmp_path / "twice", epochs=4, kl_warm_up=2)
    assert outcome(tmp_path / "once")["last"] == outcome(tmp_path / "twice")["last"]


# --- what is refused ----------------------------------------------------------------------------

WRONG = {
    "would never end: shorten the one": {"kl_warm_up": 5},
    "takes 13 steps, but the run of 4 epochs has 12": {"bound": BetaElbo(optim.Linear(0, 1, 13))},
    "a whole number of epochs of at least 1, as in 10, 'linear:10' or 'cyclic:40', not 0": {"kl_warm_up": 0},
    "of at least 1, .* not -3": {"kl_warm_up": -3},
    "of at least 1, .* not 2.5": {"kl_warm_up": 2.5},
    "of at least 1, .* not True": {"kl_warm_up": True},
    "of at least 1, .* not 'long'": {"kl_warm_up": "long"},
    "of at least 1, .* not 'cyclic:'": {"kl_warm_up": "cyclic:"},
    "of at least 1, .* not 'linear:1e2'": {"kl_warm_up": "linear:1e2"},
    "unknown kl_warm_up 'cylic'; did you mean 'cyclic'": {"kl_warm_up": "cylic:2"},
    "a bound in which KL stands by itself: .*, not Iwae": {"kl_warm_up": 2, "bound": "iwae"},
    "a bound in which KL stands by itself: .*, not FreeBits": {"kl_warm_up": 2, "bound": "free_bits:1"},
    "beside a bound that has its own": {"kl_warm_up": 2, "bound": BetaElbo(optim.Linear(0, 1, 5))},
    r"beta must lie in \(0, inf\)|high must lie in \(0, inf\)": {"kl_warm_up": "cyclic:2", "bound": "beta:0"},
}


@pytest.mark.parametrize("message", WRONG)
def test_what_makes_no_sense(message, tmp_path):
    vae = model()
    before = vae.parameters.value.tobytes()
    with pytest.raises(ValueError, match=message):
        run(tmp_path / "run", vae, **WRONG[message])
    assert vae.parameters.value.tobytes() == before
    assert not list(tmp_path.iterdir())


def test_a_warm_up_as_long_as_the_run_is_allowed():
    assert warmed_up(BetaElbo(1), 4, STEPS, 4).warm_up_steps == 12
