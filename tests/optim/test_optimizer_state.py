"""A restored optimizer continues bit by bit; a state that does not fit is refused."""

import copy
import io
import json

import numpy as np
import pytest

from scratchvae import kernels, optim

OPTIMIZERS = {
    **{name: {"name": name} for name in optim.OPTIMIZERS},
    "nesterov": {"name": "momentum", "nesterov": True},
    "graves": {"name": "rmsprop", "centred": True, "momentum": 0.9},
}
# Each has its break or end within seven steps, at least once after the third.
SCHEDULES = {
    "constant": optim.Constant(0.1),
    "step_decay": optim.StepDecay(0.1, factor=0.5, every=2),
    "cosine": optim.Cosine(0.1, total=5, final=0.01),
    "piecewise": optim.Piecewise([2, 5], [0.1, 0.05, 0.01]),
    "warm_up": optim.WarmUp(optim.Cosine(0.1, total=6), steps=4),
    "linear": optim.Linear(0.0, 0.1, steps=4),
    "cyclic": optim.Cyclic(0.1, total=6, cycles=2),
}


def through_files(arrays, meta):
    """What a checkpoint does to a state: npz for the arrays, JSON for the rest."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    file.seek(0)
    with np.load(file, allow_pickle=False) as npz:
        return dict(npz), json.loads(json.dumps(meta))


def walk(optimizer, value, gradients):
    for grad in gradients:
        optimizer.step(value, grad)


def test_every_registered_schedule_is_tried():
    assert set(SCHEDULES) == set(optim.SCHEDULES)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("case", OPTIMIZERS)
def test_three_steps_a_checkpoint_and_four_more_are_seven_steps(case, schedule, dtype, backend):
    rng = np.random.default_rng(0)
    start = rng.standard_normal(11).astype(dtype)
    gradients = rng.standard_normal((7, 11)).astype(dtype)
    straight, stopped = start.copy(), start.copy()
    first = optim.build(OPTIMIZERS[case], lr=SCHEDULES[schedule])
    with kernels.using(backend):
        walk(optim.build(first.config), straight, gradients)
        walk(first, stopped, gradients[:3])
        arrays, meta = through_files(*first.state())
        second = optim.build(json.loads(json.dumps(first.config)))
        second.restore(arrays, meta)
        walk(second, stopped, gradients[3:])
    np.testing.assert_array_equal(stopped, straight)
    assert (second.t, stopped.dtype) == (7, dtype)


@pytest.mark.parametrize("case", OPTIMIZERS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_config_makes_the_same_optimizer_again_after_json(case, schedule):
    optimizer = optim.build(OPTIMIZERS[case], lr=SCHEDULES[schedule])
    again = optim.build(json.loads(json.dumps(optimizer.config)))
    assert type(again) is type(optimizer)
    assert again.lr == SCHEDULES[schedule]
    assert again.config == optimizer.config == json.loads(json.dumps(optimizer.config))


def test_rmsprop_keeps_what_its_form_needs():
    assert optim.RMSprop().slots == ("mean_square",)
    assert optim.RMSprop(momentum=0.9).slots == ("mean_square", "velocity")
    assert optim.RMSprop(centred=True).slots == ("mean_square", "mean")


def test_numpy_numbers_are_made_plain_in_the_config():
    config = optim.Momentum(np.float32(0.5), np.float64(0.5), nesterov=np.True_).config
    assert json.loads(json.dumps(config)) == {
        "name": "momentum",
        "lr": {"name": "constant", "lr": 0.5},
        "momentum": 0.5,
        "nesterov": True,
    }


def test_the_state_before_the_first_step_restores_to_the_beginning():
    optimizer = optim.Adam()
    arrays, meta = optimizer.state()
    assert (arrays, meta["t"]) == ({}, 0)
    fresh, again = np.ones(3), np.ones(3)
    optimizer.step(fresh, np.ones(3))
    optimizer.restore(arrays, meta)
    optimizer.step(again, np.ones(3))
    np.testing.assert_array_equal(again, fresh)


def test_the_state_shares_no_memory_with_the_optimizer():
    optimizer = optim.Momentum(0.1)
    optimizer.step(np.ones(3), np.ones(3))
    arrays, meta = optimizer.state()
    kept = copy.deepcopy(arrays)
    other = optim.Momentum(0.1)
    other.restore(arrays, meta)
    for stepping in (optimizer, other):
        stepping.step(np.ones(3), np.ones(3))
        np.testing.assert_array_equal(arrays["velocity"], kept["velocity"])


def adam_state(n=3, dtype="float64"):
    optimizer = optim.Adam()
    optimizer.step(np.ones(n, dtype), np.ones(n, dtype))
    return optimizer.state()


@pytest.mark.parametrize(
    ("change_arrays", "change_meta", "message"),
    [
        ({}, {"name": "sgd"}, "state is of the optimizer 'sgd', not 'adam'"),
        ({}, {"t": -1}, "step count must be a whole number, not -1"),
        ({}, {"t": 1.0}, "step count must be a whole number, not 1.0"),
        ({}, {"t": True}, "step count must be a whole number, not True"),
        ({}, {"t": 0}, r"has the arrays \['m', 'v'\], but .* has \[\]"),
        ({"extra": np.ones(3)}, {}, r"\['extra', 'm', 'v'\]"),
        ({"v": np.ones(4)}, {}, r"does not fit .*\(3,\).*\(4,\)"),
        ({"v": np.ones(3, "float32")}, {}, "does not fit .*float32.*float64"),
        ({"v": np.ones((3, 1))}, {}, "v in the state must be a vector"),
        ({"v": np.ones(3, int)}, {}, "v in the state must be float32 or float64"),
        ({"m": np.ones(4), "v": np.ones(4)}, {}, r"does not fit .*\(3,\).*\(4,\)"),
        (
            {"m": np.ones(3, "float32"), "v": np.ones(3, "float32")},
            {},
            "does not fit .*float32.*float64",
        ),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(change_arrays, change_meta, message):
    optimizer = optim.Adam()
    optimizer.step(np.ones(3), np.full(3, 2.0))
    before = optimizer.state()
    arrays, meta = adam_state()
    with pytest.raises(ValueError, match=message):
        optimizer.restore(arrays | change_arrays, meta | change_meta)
    after = optimizer.state()
    assert after[1] == before[1]
    for slot, array in before[0].items():
        np.testing.assert_array_equal(after[0][slot], array)


def test_an_array_that_is_missing_is_named():
    arrays, meta = adam_state()
    del arrays["v"]
    with pytest.raises(ValueError, match=r"has the arrays \['m'\], but 'adam' .* has \['m', 'v'\]"):
        optim.Adam().restore(arrays, meta)


def test_a_plain_rmsprop_refuses_the_state_of_a_centred_one():
    centred = optim.RMSprop(centred=True)
    centred.step(np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match="build the optimizer from the saved config"):
        optim.RMSprop().restore(*centred.state())


def test_a_restored_state_must_fit_the_parameters_at_the_next_step():
    optimizer = optim.Adam()
    optimizer.restore(*adam_state(n=3))
    with pytest.raises(ValueError, match=r"state is of shape \(3,\).*value is of shape \(5,\)"):
        optimizer.step(np.ones(5), np.ones(5))
    assert optimizer.t == 1


@pytest.mark.parametrize("meta", [None, {}, {"name": "adam"}, [1, 2], "adam"])
def test_what_is_no_state_is_refused(meta):
    with pytest.raises(ValueError, match="pass what its state"):
        optim.Adam().restore({}, meta)


@pytest.mark.parametrize("arrays", [None, [np.ones(3)], 1.0])
def test_arrays_must_come_by_name(arrays):
    with pytest.raises(ValueError, match="arrays of a state must be a dict"):
        optim.Adam().restore(arrays, {"name": "adam", "t": 1})
