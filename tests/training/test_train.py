"""What `train` does to a model, and the history that it gives back."""

import math

import numpy as np
import pytest
from training_runs import bits, gray, model, run

import scratchvae as sv
from scratchvae import data, optim
from scratchvae.evaluation import mean_bound
from scratchvae.training import prepare


@pytest.fixture(scope="module")
def digits():
    """Rendered digits at half their size, as bits: 1,000 to train on, 200 to validate, (N, 196)."""

    def small(split, n):
        images = data.load("glyphs", split, n=n).pixels().reshape(n, 14, 2, 14, 2)
        return (images.mean(axis=(2, 4)) > 0.3).astype("float32").reshape(n, 196)

    return small("train", 1000), small("valid", 200)


def independent_pixels(train, valid):
    """log p of held-out bits, nats a datum, under the best model that knows each pixel's mean alone."""
    p = (train.sum(axis=0) + 1) / (len(train) + 2)
    return (valid * np.log(p) + (1 - valid) * np.log1p(-p)).sum(axis=1).mean()


@pytest.mark.parametrize("bound", ["elbo", "analytic_kl"])
def test_it_learns_far_more_than_the_pixels_means(bound, digits):
    train, valid = digits
    vae = sv.VAE(196, n_latent=8, hidden=(64,))
    settings = {"epochs": 20, "batch_size": 25, "optimizer": optim.Adam(0.01), "progress": False}
    history = sv.train(vae, train, valid=valid, bound=bound, **settings)
    assert history.best["valid_elbo"] > independent_pixels(train, valid) + 9
    assert history["train_elbo"] == pytest.approx(sorted(history["train_elbo"]), abs=1)  # it rises steadily
    assert history.best["valid_elbo"] < history["train_elbo"][-1] + 3  # held out: no better than in training


def poisson_counts():
    return np.random.default_rng(0).poisson(np.exp(np.linspace(-1, 2, 12)), (60, 12))


LIKELIHOODS = {
    "bernoulli": bits,
    "normal": gray,
    "normal_fixed:0.2": gray,
    "categorical:16": lambda: np.random.default_rng(0).binomial(15, np.linspace(0.1, 0.9, 12), (60, 12)),
    "poisson": poisson_counts,
}


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
@pytest.mark.parametrize("bound", ["elbo", "analytic_kl"])
def test_every_likelihood_learns(likelihood, bound, dtype):
    x = LIKELIHOODS[likelihood]()
    vae, history = run(
        None,
        model(likelihood=likelihood, dtype=dtype),
        data=x,
        valid=x[:20],
        epochs=30,
        bound=bound,
        optimizer=optim.Adam(0.01),
    )
    assert np.mean(history["train_elbo"][-5:]) > history["train_elbo"][0] + 1
    assert history.best["valid_elbo"] > history["valid_elbo"][0] + 1
    assert vae.parameters.value.dtype == dtype


def test_levels_may_come_as_bytes():
    """Gray bytes are levels to a categorical or Poisson likelihood, not values divided by 255."""
    levels = np.random.default_rng(0).integers(0, 200, (40, 12), dtype=np.uint8)
    for likelihood in ("categorical:256", "poisson"):
        vae = model(likelihood=likelihood)
        assert prepare(vae, levels).pixels(slice(None)).max() == levels.max()
        _, history = run(None, vae, data=levels, valid=None, epochs=2)
        assert len(history) == 2


# --- the history --------------------------------------------------------------------------------


def test_a_row_an_epoch(tmp_path):
    _, history = run(tmp_path)
    assert history["epoch"] == [1, 2, 3, 4]
    assert history["step"] == [3, 6, 9, 12]
    assert all(math.isfinite(elbo) for elbo in history["train_elbo"] + history["valid_elbo"])
    assert history["lr"] == [0.001] * 4
    assert history["seconds"] == sorted(history["seconds"])
    lines = (tmp_path / "history.csv").read_text().splitlines()
    assert lines[0] == "epoch,step,train_elbo,valid_elbo,lr,seconds"
    assert lines[1:] == [",".join(str(value) for value in row.values()) for row in history.rows]


def test_no_validation_is_none_and_an_empty_field(tmp_path):
    _, history = run(tmp_path, valid=None)
    assert history["valid_elbo"] == [None] * 4
    assert (tmp_path / "history.csv").read_text().splitlines()[1].split(",")[3] == ""
    assert history.best["train_elbo"] == max(history["train_elbo"])


def test_the_training_elbo_is_the_mean_over_the_rows():
    """One batch, a rate of nearly nothing: the loss before and after is that of the whole data."""
    vae = model()
    rng = np.random.default_rng(5)
    x = bits(30)
    order = np.random.default_rng(5)
    shuffled = x[order.permutation(30)]
    eps = order.standard_normal((1, 30, 2), "float32")
    expected = -vae.loss_and_grad(shuffled, eps)
    _, history = run(
        None, vae, data=x, valid=None, epochs=1, batch_size=30, rng=rng, optimizer=optim.SGD(1e-12)
    )
    assert history["train_elbo"] == [pytest.approx(expected, rel=1e-6)]


def test_a_smaller_last_batch_counts_by_its_rows():
    """All rows are alike, so that any batch's ELBO is that of the data, were it not for the noise."""
    x = np.ones((25, 12), "float32")
    vae = model(hidden=())
    for name in vae.parameters:
        vae.parameters[name] = 0
    _, history = run(None, vae, data=x, valid=None, epochs=1, batch_size=10, optimizer=optim.SGD(1e-12))
    assert history["train_elbo"][0] == pytest.approx(-12 * math.log(2), rel=1e-6)


def test_the_validation_elbo_can_be_had_again():
    vae, history = run(None)
    valid = prepare(vae, bits(20, seed=1))
    assert mean_bound(vae, valid) == mean_bound(vae, valid) == history["valid_elbo"][-1]


def test_validation_disturbs_no_random_number():
    with_valid, _ = run(None)
    without, _ = run(None, valid=None)
    assert with_valid.parameters.value.tobytes() == without.parameters.value.tobytes()


def test_the_rate_in_the_history_is_that_of_the_epochs_last_step():
    schedule = optim.Cosine(0.01, total=12)
    _, history = run(None, optimizer=optim.Adam(schedule))
    assert history["lr"] == [schedule(t) for t in (3, 6, 9, 12)]


def test_on_epoch_sees_every_epoch():
    seen = []
    run(None, on_epoch=lambda history: seen.append((len(history), history["epoch"][-1])))
    assert seen == [(1, 1), (2, 2), (3, 3), (4, 4)]


# --- settings -----------------------------------------------------------------------------------


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_patience_is_lost_after_so_many_epochs_without_progress(patience):
    """Two good epochs, then a rate that only harms."""
    harmful = optim.Adam(optim.Piecewise([6], [0.05, 2.0]))
    _, history = run(None, epochs=30, optimizer=harmful, patience=patience)
    best = history.best["epoch"]
    assert len(history) == best + patience
    assert len(history) < 30


def test_patience_waits_for_a_run_that_gets_better():
    _, history = run(None, epochs=6, patience=2, optimizer=optim.Adam(0.01))
    assert len(history) == 6


def test_a_clipped_gradient_makes_a_short_step():
    before = model().parameters.value
    vae, _ = run(None, data=bits(20), epochs=1, clip=1e-3, optimizer=optim.SGD(1.0))
    moved = np.linalg.norm(vae.parameters.value - before)
    assert moved == pytest.approx(1e-3, rel=1e-3)
    free, _ = run(None, data=bits(20), epochs=1, optimizer=optim.SGD(1.0))
    assert np.linalg.norm(free.parameters.value - before) > 0.1


def test_more_samples_make_the_bounds_noise_smaller():
    spread = {}
    for k in (1, 50):
        elbos = [
            run(
                None,
                epochs=1,
                valid=None,
                n_samples=k,
                optimizer=optim.SGD(1e-12),
                rng=np.random.default_rng(seed),
            )[1]
            for seed in range(12)
        ]
        spread[k] = np.std([history["train_elbo"][0] for history in elbos])
    assert spread[50] < 0.5 * spread[1]


class Watched(sv.VAE):
    """Keeps every batch that it is trained on."""

    def loss_and_grad_unchecked(self, x, eps, bound, y=None):
        self.__dict__.setdefault("seen", []).append(x.copy())
        return super().loss_and_grad_unchecked(x, eps, bound, y)


def test_dynamic_bits_are_drawn_at_every_visit_and_fixed_ones_once():
    seen = {}
    for kind in ("dynamic", "fixed"):
        vae = Watched(12, 2, hidden=(6,))
        run(None, vae, data=gray(30), valid=gray(10, 1), binarization=kind, epochs=2, batch_size=30)
        assert all(set(np.unique(x)) == {0, 1} for x in vae.seen)
        seen[kind] = [x[np.lexsort(x.T)] for x in vae.seen]  # the same rows in the same order
    assert np.array_equal(*seen["fixed"])
    assert not np.array_equal(*seen["dynamic"])


def test_dynamic_bits_have_the_pixels_mean():
    vae = Watched(12, 2, hidden=(6,))
    x = np.tile(np.linspace(0, 1, 12, dtype="float32"), (200, 1))
    run(None, vae, data=x, valid=None, binarization="dynamic", epochs=5, batch_size=200)
    drawn = np.concatenate(vae.seen).mean(axis=0)
    assert np.abs(drawn - x[0]).max() < 5 * math.sqrt(0.25 / 1000)


def test_bytes_are_divided_by_255():
    levels = np.random.default_rng(0).integers(0, 256, (20, 12), dtype=np.uint8)
    vae = Watched(12, 2, hidden=(6,), likelihood="normal")
    run(None, vae, data=levels, valid=None, epochs=1, batch_size=20)
    assert vae.seen[0].max() == pytest.approx(levels.max() / 255)


def test_images_are_flattened():
    _, history = run(None, data=bits().reshape(50, 3, 4), valid=bits(20).reshape(20, 4, 3), epochs=1)
    assert len(history) == 1


def test_every_row_is_seen_once_an_epoch():
    vae = Watched(12, 2, hidden=(6,), likelihood="normal")
    x = gray(37)
    run(None, vae, data=x, valid=None, epochs=1, batch_size=10)
    assert [len(batch) for batch in vae.seen] == [10, 10, 10, 7]
    rows = np.concatenate(vae.seen)
    assert np.array_equal(rows[np.lexsort(rows.T)], x[np.lexsort(x.T)])
    assert not np.array_equal(rows, x)


def test_the_data_is_left_as_it_was():
    x, valid = gray(), gray(20, 1)
    x.flags.writeable = valid.flags.writeable = False
    run(None, data=x, valid=valid, binarization="dynamic")
    assert np.array_equal(x, gray())


def test_the_progress_bar_is_silent_without_a_terminal(capsys):
    run(None, progress=True)
    assert capsys.readouterr() == ("", "")


def test_the_progress_bar_on_a_terminal(monkeypatch, capsys):
    """It counts all steps and shows the running ELBO."""
    import sys

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    run(None, progress=True, epochs=2)
    shown = capsys.readouterr().err
    assert "6/6" in shown
    run(None, progress=False)
    assert capsys.readouterr().err == ""
