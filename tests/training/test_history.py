"""The history by itself."""

import pytest

from scratchvae.training import History

ROWS = [
    {"epoch": 1, "step": 10, "train_elbo": -9.0, "valid_elbo": -8.0, "lr": 0.1, "seconds": 1.0},
    {"epoch": 2, "step": 20, "train_elbo": -7.0, "valid_elbo": -6.0, "lr": 0.1, "seconds": 2.0},
    {"epoch": 3, "step": 30, "train_elbo": -5.0, "valid_elbo": -6.5, "lr": 0.1, "seconds": 3.0},
]


def test_columns_and_length():
    history = History(ROWS)
    assert history["epoch"] == [1, 2, 3]
    assert len(history) == 3


def test_the_best_epoch_is_that_of_validation():
    assert History(ROWS).best["epoch"] == 2


def test_the_best_epoch_without_validation_is_that_of_training():
    assert History([row | {"valid_elbo": None} for row in ROWS]).best["epoch"] == 3


def test_an_empty_history():
    assert History().best is None
    assert len(History()) == 0
    assert repr(History()) == "History: no epoch yet"


def test_its_text_tells_how_it_went():
    assert (
        repr(History(ROWS))
        == "History: 3 epochs, 30 steps, training ELBO -5.00; best epoch 2, validation ELBO -6.00"
    )


def test_rows_are_its_own():
    rows = [dict(row) for row in ROWS]
    history = History(rows)
    rows[0]["epoch"] = 77
    assert history["epoch"][0] == 1


def test_a_row_must_be_complete():
    with pytest.raises(KeyError):
        History().append(epoch=1)


def test_csv(tmp_path):
    History(ROWS).save_csv(tmp_path / "deep" / "history.csv")
    lines = (tmp_path / "deep" / "history.csv").read_bytes().decode().splitlines()
    assert lines == [
        "epoch,step,train_elbo,valid_elbo,lr,seconds",
        *(",".join(map(str, r.values())) for r in ROWS),
    ]
