"""Ctrl-C waits for the step in progress, saves, and is then passed on."""

import signal
import threading

import pytest
from training_runs import model, outcome, run

from scratchvae.storage import load_npz
from scratchvae.training.interrupt import DelayedInterrupt


def interrupting(vae, monkeypatch, number, times=1):
    """Let the step of this number be interrupted in its middle, before its update."""
    step, calls = vae.loss_and_grad_unchecked, []

    def interrupted(*arguments):
        loss = step(*arguments)
        calls.append(loss)
        if len(calls) == number:
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)
        return loss

    monkeypatch.setattr(vae, "loss_and_grad_unchecked", interrupted)
    return vae


@pytest.mark.parametrize("number", [1, 2, 3, 5, 12])
def test_the_step_is_finished_and_saved(number, tmp_path, monkeypatch, sigint):
    run(tmp_path / "whole", checkpoint_seconds=1e9)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "parts", interrupting(model(), monkeypatch, number), checkpoint_seconds=1e9)
    assert signal.getsignal(signal.SIGINT) is sigint
    assert load_npz(tmp_path / "parts" / "last.npz")[1]["progress"]["step"] == number
    run(tmp_path / "parts", checkpoint_seconds=1e9)
    assert outcome(tmp_path / "parts") == outcome(tmp_path / "whole")


def test_within_on_epoch(tmp_path, sigint):
    run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "parts", on_epoch=lambda history: signal.raise_signal(signal.SIGINT))
    run(tmp_path / "parts")
    assert outcome(tmp_path / "parts") == outcome(tmp_path / "whole")


def test_a_second_one_interrupts_at_once(tmp_path, monkeypatch, sigint):
    run(tmp_path / "whole", checkpoint_seconds=1e9)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "parts", interrupting(model(), monkeypatch, 5, times=2), checkpoint_seconds=1e9)
    assert signal.getsignal(signal.SIGINT) is sigint
    assert load_npz(tmp_path / "parts" / "last.npz")[1]["progress"]["step"] == 3  # the last whole epoch
    run(tmp_path / "parts", checkpoint_seconds=1e9)
    assert outcome(tmp_path / "parts") == outcome(tmp_path / "whole")


def test_without_a_checkpoint_it_is_an_interrupt_all_the_same(monkeypatch, sigint):
    with pytest.raises(KeyboardInterrupt):
        run(None, interrupting(model(), monkeypatch, 2))


@pytest.mark.parametrize("ending", ["well", "with an error"])
def test_the_callers_handler_is_put_back(ending, sigint):
    def mine(number, frame):
        """A handler that a notebook might have set."""

    def on_epoch(history):
        assert signal.getsignal(signal.SIGINT) is not mine
        if ending == "with an error":
            raise ZeroDivisionError

    signal.signal(signal.SIGINT, mine)
    if ending == "well":
        run(None, on_epoch=on_epoch)
    else:
        with pytest.raises(ZeroDivisionError):
            run(None, on_epoch=on_epoch)
    assert signal.getsignal(signal.SIGINT) is mine


def test_an_ignored_signal_stays_ignored(sigint):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        _, history = run(None, on_epoch=lambda history: signal.raise_signal(signal.SIGINT))
    except KeyboardInterrupt:  # would end the tests
        pytest.fail("the signal was not ignored")
    assert len(history) == 4
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_another_thread_trains_too(tmp_path, sigint):
    run(tmp_path / "main")
    thread = threading.Thread(target=run, args=[tmp_path / "other"])
    thread.start()
    thread.join()
    assert outcome(tmp_path / "other") == outcome(tmp_path / "main")
    assert signal.getsignal(signal.SIGINT) is sigint


def test_the_flag_alone(sigint):
    with DelayedInterrupt() as interrupt:
        assert not interrupt.requested
        signal.raise_signal(signal.SIGINT)
        assert interrupt.requested
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
