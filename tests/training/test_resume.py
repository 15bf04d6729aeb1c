"""A run that was stopped anywhere goes on and ends bit-identical to one that was not."""

import itertools
import os

import numpy as np
import pytest
from training_runs import bits, gray, model, outcome, run, without_seconds

from scratchvae import optim, storage, train
from scratchvae.storage import load_npz
from scratchvae.training import saving
from scratchvae.training.run import Run

STEPS = 12  # of a whole run: four epochs of three batches


class Killed(BaseException):
    """Stands for a kill: nothing in the package catches it."""


def kill_before_step(monkeypatch, number):
    """Let the step of this number, counted from 1 over all runs from now on, kill its run."""
    counter, step = itertools.count(1), Run.step

    def deadly(self):
        if next(counter) == number:
            raise Killed
        step(self)

    monkeypatch.setattr(Run, "step", deadly)


def stopped_and_resumed(folder, monkeypatch, number, make=dict):
    """Kill a run before a step, then start it again with everything made anew."""
    with monkeypatch.context() as patch:
        kill_before_step(patch, number)
        with pytest.raises(Killed):
            run(folder, **make())
    return run(folder, **make())


OPTIMIZERS = {
    "adam": lambda: "adam",
    "adamw": lambda: "adamw",
    "sgd": lambda: optim.SGD(0.1),
    "momentum": lambda: optim.Momentum(0.05),
    "nesterov": lambda: optim.Momentum(0.05, nesterov=True),
    "adagrad": lambda: "adagrad",
    "rmsprop": lambda: "rmsprop",
    "rmsprop, centred": lambda: optim.RMSprop(1e-3, centred=True, momentum=0.5),
    "cosine": lambda: optim.Adam(optim.Cosine(0.01, total=STEPS)),
    "warm-up": lambda: optim.Momentum(optim.WarmUp(optim.Cosine(0.01, total=STEPS), steps=5)),
    "step decay": lambda: optim.RMSprop(optim.StepDecay(0.01, factor=0.5, every=4)),
    "piecewise": lambda: optim.Adagrad(optim.Piecewise([3, 8], [0.1, 0.03, 0.01])),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("number", [5, 10])
def test_every_optimizer_and_schedule(name, number, tmp_path, monkeypatch):
    def make():
        return {"optimizer": OPTIMIZERS[name]()}

    vae, history = run(tmp_path / "whole", **make())
    again, resumed = stopped_and_resumed(tmp_path / "parts", monkeypatch, number, make)
    assert again.parameters.value.tobytes() == vae.parameters.value.tobytes()
    assert without_seconds(resumed.rows) == without_seconds(history.rows)
    assert outcome(tmp_path / "parts") == outcome(tmp_path / "whole")


SETTINGS = {
    "dynamic bits": {"data": gray(), "valid": gray(20, 1), "binarization": "dynamic"},
    "fixed bits": {"data": gray(), "valid": gray(20, 1), "binarization": "fixed"},
    "closed-form KL, three samples, clipped": {"bound": "analytic_kl", "n_samples": 3, "clip": 0.5},
    "no validation": {"valid": None},
    "uneven batches": {"batch_size": 7},
    "one batch": {"batch_size": 1000},
    "patience": {"patience": 1},
}


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("number", [2, 4])
def test_every_setting(name, number, tmp_path, monkeypatch):
    run(tmp_path / "whole", **SETTINGS[name])
    stopped_and_resumed(tmp_path / "parts", monkeypatch, number, lambda: SETTINGS[name])
    assert outcome(tmp_path / "parts") == outcome(tmp_path / "whole")


@pytest.mark.parametrize("number", [10, 14, 18])
def test_what_was_best_is_not_forgotten(number, tmp_path, monkeypatch):
    """Good epochs, then a rate that only harms, until patience is lost; killed between best and end."""

    def make():
        rates = optim.Piecewise([6, 7], [0.05, 2.0, 0.01])  # one bad step, then slowly better
        return {"epochs": 30, "patience": 4, "optimizer": optim.Adam(rates)}

    _, history = run(tmp_path / "whole", **make())
    assert history.best["epoch"] == 2
    assert len(history) == 6
    stopped_and_resumed(tmp_path / "parts", monkeypatch, number, make)
    assert outcome(tmp_path / "parts") == outcome(tmp_path / "whole")


@pytest.mark.parametrize("number", range(1, STEPS + 1))
@pytest.mark.parametrize("seconds", [0, 1e9], ids=["saved each step", "saved each epoch"])
def test_every_step(number, seconds, tmp_path, monkeypatch):
    run(tmp_path / "whole")
    stopped_and_resumed(tmp_path / "parts", monkeypatch, number, lambda: {"checkpoint_seconds": seconds})
    assert outcome(tmp_path / "parts") == outcome(tmp_path / "whole")


@pytest.mark.parametrize("kind", [np.random.PCG64DXSM, np.random.MT19937, np.random.Philox, np.random.SFC64])
def test_every_kind_of_generator(kind, tmp_path, monkeypatch):
    def make():
        return {"rng": np.random.Generator(kind(3)), "data": gray(), "binarization": "dynamic", "valid": None}

    run(tmp_path / "whole", **make())
    stopped_and_resumed(tmp_path / "parts", monkeypatch, 5, make)
    assert outcome(tmp_path / "parts") == outcome(tmp_path / "whole")


def test_float64(tmp_path, monkeypatch):
    run(tmp_path / "whole", model(dtype="float64"))
    stopped_and_resumed(tmp_path / "parts", monkeypatch, 8, lambda: {"vae": model(dtype="float64")})
    assert outcome(tmp_path / "parts") == outcome(tmp_path / "whole")


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 10))
def test_a_kill_between_the_writes_is_harmless(moment, number, tmp_path, monkeypatch):
    """Each epoch replaces best.npz, history.csv and last.npz: a kill before or after any of them."""
    run(tmp_path / "whole", checkpoint_seconds=1e9)
    counter, replace = itertools.count(1), os.replace

    def deadly(source, target):
        mine = next(counter)
        if mine == number and moment == "before":
            raise Killed
        replace(source, target)
        if mine == number:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(storage.os, "replace", deadly)
        with pytest.raises(Killed):
            run(tmp_path / "parts", checkpoint_seconds=1e9)
    assert not list((tmp_path / "parts").glob(".*"))  # no temporary file
    run(tmp_path / "parts", checkpoint_seconds=1e9)
    assert outcome(tmp_path / "parts") == outcome(tmp_path / "whole")


def test_many_kills_in_a_row(tmp_path, monkeypatch):
    run(tmp_path / "whole")
    kill_count = 0
    while True:
        with monkeypatch.context() as patch:
            kill_before_step(patch, 2)  # one step is made, then the run dies
            try:
                run(tmp_path / "parts")
                break
            except Killed:
                kill_count += 1
    assert kill_count == STEPS - 1
    assert outcome(tmp_path / "parts") == outcome(tmp_path / "whole")


def test_an_exception_from_on_epoch_leaves_the_epoch_saved(tmp_path):
    class Enough(Exception):
        pass

    def stop(history):
        if len(history) == 2:
            raise Enough

    run(tmp_path / "whole")
    with pytest.raises(Enough):
        run(tmp_path / "parts", on_epoch=stop)
    assert load_npz(tmp_path / "parts" / "last.npz")[1]["progress"]["batches"]["epoch"] == 2
    run(tmp_path / "parts")
    assert outcome(tmp_path / "parts") == outcome(tmp_path / "whole")


def test_resuming_a_finished_run_changes_nothing(tmp_path):
    vae, history = run(tmp_path)
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    again, same = run(tmp_path, on_epoch=lambda history: pytest.fail("no epoch is left"))
    assert same.rows == history.rows
    assert again.parameters.value.tobytes() == vae.parameters.value.tobytes()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files


def test_more_epochs_go_on(tmp_path):
    run(tmp_path / "whole", epochs=6)
    run(tmp_path / "parts", epochs=2)
    run(tmp_path / "parts", epochs=6)
    assert outcome(tmp_path / "parts") == outcome(tmp_path / "whole")


def test_fewer_epochs_than_are_done_change_nothing(tmp_path):
    run(tmp_path, epochs=4)
    _, history = run(tmp_path, epochs=2)
    assert history["epoch"] == [1, 2, 3, 4]


def test_the_callers_generator_stands_where_the_whole_runs_stood(tmp_path, monkeypatch):
    whole, parts = np.random.default_rng(5), np.random.default_rng(5)
    run(tmp_path / "whole", rng=whole)
    stopped_and_resumed(tmp_path / "parts", monkeypatch, 6, lambda: {"rng": parts})
    assert parts.random() == whole.random()


def test_resume_false_starts_anew(tmp_path):
    run(tmp_path / "whole")
    run(tmp_path / "again", epochs=1)
    run(tmp_path / "again", resume=False)
    assert outcome(tmp_path / "again") == outcome(tmp_path / "whole")


def test_resume_false_takes_the_place_of_another_run(tmp_path):
    run(tmp_path, model(hidden=(9,)))
    run(tmp_path, resume=False)
    assert load_npz(tmp_path / "last.npz")[1]["config"]["hidden"] == [6]


def test_the_best_model_is_of_the_best_epoch(tmp_path):
    models = []
    vae = model()
    _, history = run(
        tmp_path,
        vae,
        epochs=8,
        optimizer=optim.Adam(optim.Piecewise([12], [0.05, 2.0])),
        on_epoch=lambda _: models.append(vae.parameters.value.copy()),
    )
    assert 0 < history.best["epoch"] < 8  # the second rate overshoots, so that the last epoch is not the best
    best = storage.load_npz(tmp_path / "best.npz")[0]
    expected = models[history.best["epoch"] - 1]
    assert np.concatenate([best[name].ravel() for name in vae.parameters]).tobytes() == expected.tobytes()


def test_a_checkpoint_is_a_model_too(tmp_path):
    vae, _ = run(tmp_path)
    again = type(vae).load(tmp_path / "last.npz")
    assert again.parameters.value.tobytes() == vae.parameters.value.tobytes()


def test_saved_as_often_as_asked(tmp_path, monkeypatch):
    """checkpoint_seconds apart within an epoch, and after each epoch in any case."""
    clock = itertools.count(step=10)  # seconds; the clock is read more than once a step
    monkeypatch.setattr(saving.time, "monotonic", lambda: float(next(clock)))
    saves = []
    monkeypatch.setattr(saving.checkpoint, "save", lambda *args: saves.append(args))
    run(tmp_path / "often", checkpoint_seconds=0)
    often = len(saves)
    run(tmp_path / "rarely", checkpoint_seconds=1e9)
    rarely = len(saves) - often
    assert rarely == 4
    assert often >= STEPS


def test_a_bound_given_as_an_object_is_saved_by_its_name(tmp_path):
    from scratchvae.bounds import AnalyticKL

    run(tmp_path / "object", bound=AnalyticKL())
    run(tmp_path / "name", bound="analytic_kl")
    assert outcome(tmp_path / "object") == outcome(tmp_path / "name")


def test_training_without_a_checkpoint_gives_the_same_bits_and_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    alone, _ = run(None)
    assert not list(tmp_path.iterdir())
    saved, _ = run(tmp_path / "run")
    assert alone.parameters.value.tobytes() == saved.parameters.value.tobytes()


def test_the_default_generator_is_the_same_each_time():
    vaes = [model(), model()]
    for vae in vaes:
        train(vae, bits(), epochs=1, progress=False)
    assert vaes[0].parameters.value.tobytes() == vaes[1].parameters.value.tobytes()
