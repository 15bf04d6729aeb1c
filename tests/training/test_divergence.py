"""A loss, gradient or parameter that is not finite stops a run with its place, and spoils no file."""

import numpy as np
import pytest
from training_runs import model, run

import scratchvae as sv
from scratchvae import optim
from scratchvae.training import NotFiniteError


def test_it_is_a_value_error():
    assert issubclass(NotFiniteError, ValueError)


@pytest.mark.parametrize(
    "block", ["encoder.0.weight", "encoder.1.bias", "decoder.0.weight", "decoder.1.bias"]
)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_planted_weight(block, bad, tmp_path):
    vae = model()
    vae.parameters[block].flat[0] = bad
    with pytest.raises(NotFiniteError, match="diverged at step 1: the loss is") as raised:
        run(tmp_path, vae)
    with np.errstate(all="ignore"):
        grads = {name: vae.parameters.gradient(name) for name in vae.parameters}
    first = next(
        (name for name, grad in grads.items() if not np.isfinite(grad).all()), "every gradient is finite"
    )
    assert first in str(raised.value)
    assert not list(tmp_path.iterdir())


def spoil(vae, monkeypatch, loss, block=None, from_step=1):
    """Let a model's loss, and one block's gradient, be wrong from a step on."""
    right, calls = vae.loss_and_grad_unchecked, []

    def step(*arguments):
        calls.append(right(*arguments))
        if len(calls) < from_step:
            return calls[-1]
        if block:
            vae.parameters.gradient(block).flat[-1] = np.nan
        return loss

    monkeypatch.setattr(vae, "loss_and_grad_unchecked", step)


@pytest.mark.parametrize("block", model().parameters.names)
def test_the_message_names_the_first_block(block, monkeypatch):
    vae = model()
    spoil(vae, monkeypatch, 1.0, block, from_step=5)
    with pytest.raises(NotFiniteError, match=f"step 5: the loss is 1.0 and the first block .* is {block}"):
        run(None, vae)


def test_an_infinite_loss_with_finite_gradients(monkeypatch):
    vae = model()
    spoil(vae, monkeypatch, float("inf"))
    with pytest.raises(NotFiniteError, match="the loss is inf and every gradient is finite"):
        run(None, vae)


def test_a_gradient_so_large_that_its_sum_overflows_is_finite(monkeypatch):
    vae = model()
    right = vae.loss_and_grad_unchecked

    def step(*arguments):
        loss = right(*arguments)
        vae.parameters.grad[:2] = 3e38  # float32 ends at 3.4e38
        return loss

    monkeypatch.setattr(vae, "loss_and_grad_unchecked", step)
    _, history = run(None, vae, clip=1.0)
    assert len(history) == 4


@pytest.mark.parametrize("last_good", [4, 5, 6, 7])
def test_a_huge_rate_leaves_the_checkpoint_as_it_was(last_good, tmp_path):
    """Steps from `last_good` + 1 on have the rate 1e30; epochs end at 3, 6, 9 and 12."""
    optimizer = optim.SGD(optim.Piecewise([last_good], [0.1, 1e30]))
    files = {}

    def remember(history):
        files.update({path.name: path.read_bytes() for path in tmp_path.iterdir()})

    with pytest.raises(NotFiniteError):
        run(tmp_path, optimizer=optimizer, checkpoint_seconds=1e9, on_epoch=remember)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files
    assert np.isfinite(sv.VAE.load(tmp_path / "last.npz").parameters.value).all()


@pytest.mark.parametrize("checkpoint", [True, False])
def test_a_model_spoilt_by_the_very_last_step_is_noticed(checkpoint, tmp_path, monkeypatch):
    """Without validation data too, and whether or not anything is saved."""
    optimizer = optim.SGD(0.1)

    def step(value, grad):
        optim.SGD.step(optimizer, value, grad)
        if optimizer.t == 12:
            value[-1] = np.inf

    monkeypatch.setattr(optimizer, "step", step)
    with pytest.raises(NotFiniteError, match="a parameter is not finite after step 12"):
        run(tmp_path / "run" if checkpoint else None, valid=None, optimizer=optimizer)


def test_validation_that_is_not_finite(tmp_path):
    with pytest.raises(NotFiniteError, match="the validation ELBO is nan after step 1"):
        run(tmp_path, optimizer=optim.SGD(1e30), batch_size=1000)
    assert not list(tmp_path.iterdir())


def test_a_diverged_run_goes_on_with_the_same_outcome(tmp_path):
    """Resumed with the same settings it fails at the same step: nothing random about it."""
    messages = []
    for _ in range(2):
        with pytest.raises(NotFiniteError) as raised:
            run(tmp_path, optimizer=optim.SGD(optim.Piecewise([4], [0.1, 1e30])))
        messages.append(str(raised.value))
    assert messages[0] == messages[1]


def test_a_gradient_whose_square_overflows_is_no_warning(monkeypatch):
    """Adagrad squares it in single precision. The step after it finds what has become of that."""
    vae = model()
    right = vae.loss_and_grad_unchecked

    def huge(*arguments):
        loss = right(*arguments)
        vae.parameters.grad *= np.float32(1e30)
        return loss

    monkeypatch.setattr(vae, "loss_and_grad_unchecked", huge)
    run(None, vae, optimizer="adagrad")
