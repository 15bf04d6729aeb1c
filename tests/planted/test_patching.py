"""A planted mistake reaches all who hold the function, and leaves nothing behind."""

import numpy as np
import pytest

from scratchvae.distributions import kl
from scratchvae.models import LinearRegression
from scratchvae.numerics import sigmoid
from scratchvae.planted import Mistake, PlantError, planted
from scratchvae.reparam import Diagonal


def mistake(module, *changes):
    return Mistake("test", "", "", module, changes, ("gradient: linear",), "scale")


def test_it_is_there_in_the_block_and_gone_after_it():
    wrong = mistake(
        "numerics", ("np.where(a >= 0, 1, small) / (1 + small)", "np.where(a >= 0, 2, small) / (1 + small)")
    )
    with planted(wrong):
        assert sigmoid(0.0) == 1.0
    assert sigmoid(0.0) == 0.5


def test_it_is_taken_back_after_an_exception():
    wrong = mistake("numerics", ("1, small) / (1 + small)", "2, small) / (1 + small)"))
    with pytest.raises(RuntimeError), planted(wrong):
        raise RuntimeError
    assert sigmoid(0.0) == 0.5


def test_it_reaches_other_names_of_the_same_function():
    """`Diagonal` keeps `kl.forward` under a name of its own."""
    lam = np.zeros((1, 2))
    with planted(mistake("distributions.kl", ("(mu * mu + sigma * sigma - 1)", "(mu * mu + sigma * sigma)"))):
        assert kl.forward(lam)[0] == Diagonal(1).kl_forward(lam)[0] == [0.5]
    assert Diagonal(1).kl_forward(lam)[0] == [0.0]


def test_it_reaches_properties_and_cached_properties():
    changes = (
        ("return float(np.log(proper).sum() - HALF_LOG_2PI * len(proper))", "return 7.0"),
        ("return solve_triangular(self.root, np.eye(len(self.mean)))", "return np.zeros((1, 1))"),
    )
    prior = LinearRegression([1.0], [1.0], sigma=1.0, intercept=False).prior
    with planted(mistake("models.gaussian", *changes)):
        assert prior.log_normaliser == 7.0 and prior.inverse_root == [[0.0]]


def test_a_method_with_super_keeps_its_class():
    with planted(
        mistake("nn.masked", ("return both[..., : self.n], both[..., self.n :]", "return both, None"))
    ):
        from scratchvae.nn.masked import MADE

        made = MADE(3, hidden=(5,))
        _, cache = made.forward(np.ones(3))
        assert made.backward(cache, np.ones(3))[1] is None


@pytest.mark.parametrize("text", ["no such text", "return"])
def test_a_text_that_does_not_stand_there_once_is_an_error(text):
    with (
        pytest.raises(PlantError, match=r"stands \d+ times in scratchvae.numerics, not once"),
        planted(mistake("numerics", (text, ""))),
    ):
        pass


def test_a_change_outside_of_functions_is_an_error():
    """A constant has been read already: the change would do nothing."""
    with (
        pytest.raises(PlantError, match="reaches no function"),
        planted(mistake("distributions.normal", ("HALF_LOG_2PI = 0.5 *", "HALF_LOG_2PI = 0.6 *"))),
    ):
        pass
