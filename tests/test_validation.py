"""The helpers that turn bad input into one sentence."""

import numpy as np
import pytest

from scratchvae import validation

KNOWN = {"tanh": 1, "relu": 2}


class Plain:
    """Takes no number."""


class Numbered:
    """Takes one number, which must not be negative."""

    def __init__(self, number=1):
        if number < 0:
            raise ValueError("the number must not be negative.")
        self.number = number


REGISTRY = {"plain": Plain, "numbered": Numbered}


def test_choose_returns_what_the_name_stands_for():
    assert validation.choose(KNOWN, "relu", "activation") == 2


def test_choose_names_the_nearest_and_all_known_names():
    with pytest.raises(ValueError) as caught:
        validation.choose(KNOWN, "tahn", "activation")
    assert str(caught.value) == "unknown activation 'tahn'; did you mean 'tanh'? Known: 'tanh', 'relu'."


@pytest.mark.parametrize("name", ["zzz", None, 3, ["a"], np.zeros(3)])
def test_choose_ends_its_sentence_when_nothing_is_near(name):
    with pytest.raises(ValueError) as caught:
        validation.choose(KNOWN, name, "activation")
    assert str(caught.value) == f"unknown activation {name!r}. Known: 'tanh', 'relu'."


@pytest.mark.parametrize(("spec", "number"), [("numbered", 1), ("numbered:16", 16), ("numbered:0.5", 0.5)])
def test_build_reads_a_number_after_the_colon(spec, number):
    assert validation.build(REGISTRY, spec, "thing").number == number


def test_build_keeps_whole_numbers_whole():
    assert isinstance(validation.build(REGISTRY, "numbered:16", "thing").number, int)


def test_build_passes_an_object_through():
    thing = Numbered(3)
    assert validation.build(REGISTRY, thing, "thing") is thing


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("numberd:3", "unknown thing 'numberd'; did you mean 'numbered'"),
        ("plain:3", "thing 'plain' takes no number, but 'plain:3' has one"),
        ("numbered:-1", "thing 'numbered:-1': the number must not be negative"),
        ("numbered:many", "thing 'numbered:many': "),
        ("numbered:", "thing 'numbered:': "),
        (Numbered, "unknown thing <class"),
        (None, "unknown thing None"),
    ],
)
def test_build_refuses_what_it_cannot_make(spec, message):
    with pytest.raises(ValueError, match=message):
        validation.build(REGISTRY, spec, "thing")


@pytest.mark.parametrize("value", [1, 7, np.int64(7), np.uint8(7)])
def test_positive_int_returns_an_int(value):
    assert type(validation.positive_int(value, "n")) is int
    assert validation.positive_int(value, "n") == value


@pytest.mark.parametrize("value", [0, -1, 2.0, "2", None, True, np.True_, [2], float("nan")])
def test_positive_int_refuses_everything_else(value):
    with pytest.raises(ValueError, match="n must be a whole number of at least 1, not"):
        validation.positive_int(value, "n")


@pytest.mark.parametrize("value", [0, 0.5, 1, "0.5", np.float32(0.5)])
def test_in_range_returns_a_float(value):
    assert validation.in_range(value, "beta", 0, 1) == float(value)


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), float("inf"), "half", None, [0.5, 0.5]])
def test_in_range_refuses_everything_else(value):
    with pytest.raises(ValueError, match=r"beta must .* \[0, 1\], not"):
        validation.in_range(value, "beta", 0, 1)


def test_in_range_says_that_a_number_is_too_large_for_a_float():
    with pytest.raises(
        ValueError, match=r"^lr must lie in \[0, inf\], but what came is too large for a float"
    ):
        validation.in_range(10**400, "lr", 0, float("inf"))


def test_in_range_leaves_out_an_open_end():
    assert validation.in_range(0, "beta", 0, 1, high_open=True) == 0
    for value, ends in ((0, {"low_open": True}), (1, {"high_open": True})):
        with pytest.raises(ValueError, match=r"beta must lie in [\[(]0, 1[\])], not"):
            validation.in_range(value, "beta", 0, 1, **ends)


@pytest.mark.parametrize("value", [[1, 2], [True], 1.5, np.zeros(3, "u1"), [[1.0], [2.0]]])
def test_numeric_array_takes_numbers(value):
    np.testing.assert_array_equal(validation.numeric_array(value, "x"), value)


@pytest.mark.parametrize("value", [["a"], [1j], [None], [[1], [1, 2]], [10**400], object(), b"bytes"])
def test_numeric_array_refuses_everything_else(value):
    with pytest.raises(ValueError, match="^x must "):
        validation.numeric_array(value, "x")


def test_numeric_array_refuses_a_masked_entry():
    masked = np.ma.masked_equal([[1, 2], [3, 2]], 2)
    with pytest.raises(ValueError, match="x has 2 masked entries; fill or drop them"):
        validation.numeric_array(masked, "x")
    np.testing.assert_array_equal(validation.numeric_array(np.ma.array([1, 2]), "x"), [1, 2])


@pytest.mark.parametrize("error", [RuntimeError, TypeError, ValueError])
def test_numeric_array_says_what_an_object_answers_that_will_not_be_an_array(error):
    class Tensor:
        def __array__(self, *args, **kwargs):
            raise error("call detach first")

    with pytest.raises(ValueError, match="x must be an array of numbers: call detach first"):
        validation.numeric_array(Tensor(), "x")


def test_path_like_takes_text_and_paths(tmp_path):
    assert (
        validation.path_like(str(tmp_path), "folder") == validation.path_like(tmp_path, "folder") == tmp_path
    )


@pytest.mark.parametrize("value", [5, None, True, b"bytes", ["a"], 1.5])
def test_path_like_refuses_everything_else(value):
    with pytest.raises(ValueError, match="folder must be a path, not"):
        validation.path_like(value, "folder")


@pytest.mark.parametrize("shape", [(5, 3), [5, 3], np.array([5, 3])])
def test_height_and_width_are_a_pair_of_sizes(shape):
    assert validation.height_and_width(shape, "image_shape") == (5, 3)


@pytest.mark.parametrize("shape", [None, 15, (15,), (5, 3, 1), (5.0, 3), (0, 3), "53"])
def test_height_and_width_refuse_everything_else(shape):
    with pytest.raises(ValueError, match="image_shape must be .height, width. in pixels, not"):
        validation.height_and_width(shape, "image_shape")


def test_seeded_takes_what_numpy_takes():
    expected = np.random.default_rng(3).random()
    assert validation.seeded(3).random() == validation.seeded(np.random.default_rng(3)).random() == expected


@pytest.mark.parametrize("seed", ["a", -1, 1.5, [0.5]])
def test_seeded_refuses_everything_else(seed):
    with pytest.raises(ValueError, match="seed must be a whole number of at least 0, not"):
        validation.seeded(seed)


def test_finite_names_the_first_bad_entry():
    array = np.array([[1.0, 2.0], [np.inf, np.nan]])
    with pytest.raises(
        ValueError, match=r"x has 2 NaN or infinite entries, the first at index \(1, 0\) \(inf\)"
    ):
        validation.finite(array, "x")


def test_finite_passes_integers_and_finite_numbers():
    for array in (np.array([1, 2]), np.array([True]), np.array([1e308])):
        assert validation.finite(array, "x") is array


@pytest.mark.parametrize("shape", [(3,), (3, 5), (0, 4), (2, 3, 4), ()])
def test_has_shape_says_what_came_and_what_was_expected(shape):
    with pytest.raises(ValueError) as caught:
        validation.has_shape(np.zeros(shape), "x", (None, 4), "(B, D)")
    assert str(caught.value) == (f"x must have shape (B, D) = (any, 4) with no empty axis, not {shape}.")


def test_has_shape_passes_a_fitting_array():
    array = np.zeros((3, 4))
    assert validation.has_shape(array, "x", (None, 4), "(B, D)") is array
