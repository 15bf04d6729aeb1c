import json

import numpy as np
import pytest

from scratchvae.data import Dataset, Minibatches

N, B = 10, 4  # three batches an epoch, the last of two rows
BIT_GENERATORS = [np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox, np.random.SFC64]


def rng(seed=0, kind=np.random.PCG64):
    return np.random.Generator(kind(seed))


@pytest.fixture
def rows():
    """Row i holds i in its first pixel, so that a batch tells which rows it has."""
    x = np.random.default_rng(0).integers(0, 256, (N, 6), dtype=np.uint8)
    x[:, 0] = np.arange(N)
    return Dataset(x, 255)


def numbers(batch):
    return np.rint(255 * batch[:, 0]).astype(int).tolist()


def test_an_epoch_visits_every_row_once(rows):
    batches = Minibatches(rows, B, rng())
    for epoch in range(3):
        seen = [numbers(next(batches)) for _ in range(len(batches))]
        assert [len(batch) for batch in seen] == [4, 4, 2]
        assert sorted(sum(seen, [])) == list(range(N))
        assert (batches.epoch, batches.position) == (epoch + 1, 0)


def test_the_order_is_the_generators_permutation_drawn_at_the_first_batch(rows):
    shared, twin = rng(), rng()
    batches = Minibatches(rows, B, shared)
    for generator in (shared, twin):
        generator.random(3)  # a caller's draw before the epoch
    assert numbers(next(batches)) == twin.permutation(N)[:B].tolist()
    assert shared.bit_generator.state == twin.bit_generator.state


def test_no_permutation_is_drawn_before_it_is_needed(rows):
    shared, twin = rng(), rng()
    batches = Minibatches(rows, N, shared)
    assert shared.bit_generator.state == twin.bit_generator.state
    next(batches)  # the whole epoch: the next one's order is not drawn yet
    twin.permutation(N)
    assert shared.bit_generator.state == twin.bit_generator.state


def test_a_batch_holds_the_rows_as_floats(rows):
    for dtype in ("float32", "float64"):
        batch = next(Minibatches(rows, N, rng(), dtype=dtype))
        assert batch.dtype == dtype
        np.testing.assert_array_equal(batch, rows.pixels(rng().permutation(N), dtype))


def test_dynamic_binarization_draws_anew_each_epoch():
    gray = Dataset(np.full((2000, 5), 51, np.uint8), 255)
    batches = Minibatches(gray, 2000, rng(), binarization="dynamic")
    first, second = next(batches), next(batches)
    assert first.dtype == np.float32
    assert set(np.unique(first)) == {0, 1}
    assert first.mean() == pytest.approx(0.2, abs=0.02)
    assert np.corrcoef(first.ravel(), second.ravel())[0, 1] == pytest.approx(0, abs=0.05)


def test_a_loop_is_one_epoch_or_what_is_left_of_it(rows):
    batches = Minibatches(rows, B, rng())
    assert len(list(batches)) == len(batches) == 3
    next(batches)
    assert len(list(batches)) == 2
    assert (batches.epoch, batches.position) == (2, 0)


@pytest.mark.parametrize(("batch_size", "expected"), [(1, 10), (3, 4), (5, 2), (10, 1), (99, 1)])
def test_the_number_of_batches(rows, batch_size, expected):
    batches = Minibatches(rows, batch_size, rng())
    assert len(batches) == len(list(batches)) == expected


def test_a_bare_array_will_do():
    assert next(Minibatches(np.zeros((3, 2, 2)), 2, rng())).shape == (2, 4)


def train(batches, generator, n_steps):
    """What a trainer does: a batch, then noise from the same stream."""
    return [(next(batches), generator.standard_normal(3)) for _ in range(n_steps)]


@pytest.mark.parametrize("kind", BIT_GENERATORS)
@pytest.mark.parametrize("binarization", [None, "dynamic"])
@pytest.mark.parametrize("stop", range(8))
def test_a_stopped_run_goes_on_bit_by_bit(rows, kind, binarization, stop):
    """Stopped before the first batch, within an epoch and at its boundary; the state goes through JSON."""
    whole = rng(1, kind)
    expected = train(Minibatches(rows, B, whole, binarization=binarization), whole, 8)

    first = rng(1, kind)
    batches = Minibatches(rows, B, first, binarization=binarization)
    train(batches, first, stop)
    state, now = json.loads(json.dumps(batches.state())), first.bit_generator.state

    second = rng(99, kind)
    resumed = Minibatches(rows, B, second, binarization=binarization)
    resumed.restore(state)
    second.bit_generator.state = now
    assert (resumed.epoch, resumed.position) == (batches.epoch, batches.position)
    got = train(resumed, second, 8 - stop)
    for (x, noise), (x0, noise0) in zip(got, expected[stop:], strict=True):
        assert x.tobytes() == x0.tobytes()
        assert noise.tobytes() == noise0.tobytes()
    assert str(second.bit_generator.state) == str(whole.bit_generator.state)


def test_a_resumed_run_can_be_stopped_and_resumed_again(rows):
    whole = rng(1)
    expected = train(Minibatches(rows, B, whole), whole, 8)
    generator = rng(1)
    batches = Minibatches(rows, B, generator)
    for x0, _ in expected:
        state, now = json.loads(json.dumps(batches.state())), generator.bit_generator.state
        generator = rng(5)
        batches = Minibatches(rows, B, generator)
        batches.restore(state)
        generator.bit_generator.state = now
        assert train(batches, generator, 1)[0][0].tobytes() == x0.tobytes()


def test_restoring_leaves_the_shared_generator_alone(rows):
    batches = Minibatches(rows, B, rng())
    next(batches)
    other = rng(7)
    Minibatches(rows, B, other).restore(batches.state())
    assert other.bit_generator.state == rng(7).bit_generator.state


def test_going_back_in_the_same_source(rows):
    shared = rng()
    batches = Minibatches(rows, B, shared)
    next(batches)
    state, now = batches.state(), shared.bit_generator.state
    expected = [numbers(next(batches)) for _ in range(4)]
    batches.restore(state)
    shared.bit_generator.state = now
    assert [numbers(next(batches)) for _ in range(4)] == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_rows": 11}, "of 11 rows, but the data has 10"),
        ({"position": 10}, "damaged: position 10"),
        ({"position": -1}, "damaged"),
        ({"position": 0}, "damaged"),
        ({"order": None}, "damaged"),
        ({"order": {"bit_generator": "MT19937"}}, "not one of a PCG64 generator"),
        ({"order": "x"}, "not one of a PCG64 generator"),
    ],
)
def test_a_state_that_does_not_fit_is_an_error(rows, change, message):
    batches = Minibatches(rows, B, rng())
    next(batches)
    with pytest.raises(ValueError, match=message):
        batches.restore({**batches.state(), **change})


@pytest.mark.parametrize("state", [{}, None, [], {"epoch": 1}])
def test_what_is_no_state_is_an_error(rows, state):
    with pytest.raises(ValueError, match="no state of Minibatches"):
        Minibatches(rows, B, rng()).restore(state)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": 2.0}, "batch_size"),
        ({"rng": 0}, "rng must be a numpy.random.Generator"),
        ({"rng": np.random.RandomState(0)}, "rng must be"),
        ({"binarization": "dinamic"}, "did you mean 'dynamic'"),
        ({"dtype": "float16"}, "dtype"),
        ({"dataset": np.zeros(3)}, "must have shape"),
        ({"dataset": np.full((2, 2), 1.5), "binarization": "dynamic"}, "gray levels run from 0 to 1"),
    ],
)
def test_bad_arguments_are_errors(rows, arguments, message):
    with pytest.raises(ValueError, match=message):
        Minibatches(**{"dataset": rows, "batch_size": B, "rng": rng(), **arguments})


def test_rows_says_which_rows_the_last_batch_has(rows):
    batches = Minibatches(rows, B, rng())
    assert batches.rows is None
    for _ in range(7):
        assert numbers(next(batches)) == batches.rows.tolist()
