"""Results that are kept on the way: what is done stays done, and another evaluation's file is refused."""

import numpy as np
import pytest

from scratchvae.data import as_dataset
from scratchvae.evaluation import Results, fingerprint
from scratchvae.evaluation.by_datum import by_datum
from scratchvae.storage import save_npz
from scratchvae.vae import VAE


def square(rows):
    return {"square": rows**2, "pair": np.stack([rows, -rows], axis=1)}


class Interrupt:
    """A function that is interrupted after so many calls."""

    def __init__(self, calls):
        self.calls, self.seen = calls, []

    def __call__(self, rows):
        if self.calls == 0:
            raise KeyboardInterrupt
        self.calls -= 1
        self.seen.extend(rows)
        return square(rows)


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("n_at_once", [1, 4, 100])
def test_every_row_is_done_once_and_lands_in_its_place(threads, n_at_once):
    results, done = Results(23), []
    by_datum(square, results, n_at_once, threads=threads, progress=done.append)
    np.testing.assert_array_equal(results["square"], np.arange(23) ** 2)
    np.testing.assert_array_equal(results["pair"], np.outer(np.arange(23), [1, -1]))
    assert sum(done) == 23
    assert max(done) <= n_at_once
    assert results.is_complete


@pytest.mark.parametrize("threads", [1, 2])
def test_an_interruption_keeps_what_is_done_and_the_next_run_does_the_rest(threads, tmp_path):
    path, what = tmp_path / "results.npz", {"of": "this"}
    results = Results(20, path, what)
    with pytest.raises(KeyboardInterrupt):
        by_datum(Interrupt(5), results, 2, threads=threads)
    assert 0 < results.done.sum() <= 10
    assert not results.is_complete
    again = Results(20, path, what)
    np.testing.assert_array_equal(again.done, results.done)
    np.testing.assert_array_equal(again["square"], again.rows**2)
    rest = Interrupt(calls=-1)
    by_datum(rest, again, 2, threads=threads)
    np.testing.assert_array_equal(np.sort(rest.seen), np.flatnonzero(~results.done))
    np.testing.assert_array_equal(again["square"], np.arange(20) ** 2)


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_is_raised_and_what_is_done_is_kept(threads, tmp_path):
    def failing(rows):
        if 7 in rows:
            raise ValueError("row 7 is bad")
        return square(rows)

    results = Results(40, tmp_path / "results.npz")
    with pytest.raises(ValueError, match="row 7 is bad"):
        by_datum(failing, results, 1, threads=threads)
    assert not Results(40, tmp_path / "results.npz").done[7]


def test_what_is_done_is_a_random_part():
    """Not the first rows: in a test set that is sorted by class they would all be of one class."""
    results = Results(1000)
    with pytest.raises(KeyboardInterrupt):
        by_datum(Interrupt(100), results, 1, threads=1)
    assert abs(results.rows.mean() - 499.5) < 5 * 289 / 10


def test_a_complete_file_leaves_nothing_to_do(tmp_path):
    path = tmp_path / "results.npz"
    by_datum(square, Results(6, path), 3, threads=1)
    results = Results(6, path)
    by_datum(Interrupt(0), results, 3, threads=1)
    assert results.is_complete


def test_results_of_something_else_are_refused(tmp_path):
    path = tmp_path / "results.npz"
    by_datum(square, Results(6, path, {"seed": 1}), 3, threads=1)
    with pytest.raises(ValueError, match=r"results\.npz holds results of another model, other data"):
        Results(6, path, {"seed": 2})
    with pytest.raises(ValueError, match="is damaged: its arrays do not fit 7 data"):
        Results(7, path, {"seed": 1})
    save_npz(path, {"square": np.zeros(6)}, {"seed": 1})
    with pytest.raises(ValueError, match="is damaged"):
        Results(6, path, {"seed": 1})


@pytest.mark.parametrize("change", ["parameters", "data", "labels", "config"])
def test_a_fingerprint_changes_with_all_that_matters(change, rng):
    x = (rng.random((5, 6)) < 0.5).astype(np.uint8)
    options = {"n_classes": 3} if change == "labels" else {}
    vae = VAE(6, 2, (3,), **options)
    dataset = as_dataset(x, labels=np.array([0, 1, 2, 0, 1]))
    before = fingerprint(vae, dataset)
    assert before == fingerprint(vae, dataset)
    if change == "parameters":
        vae.parameters.value[3] += 1e-6
    elif change == "config":
        vae = VAE(6, 2, (3,), activation="relu")
    elif change == "data":
        dataset.x[4, 5] ^= 1
    else:
        dataset.labels[1] = 2
    assert fingerprint(vae, dataset) != before
