"""One contiguous vector, named views."""

import copy
import pickle

import numpy as np
import pytest

from scratchvae.parameters import Parameters, real_dtype

SHAPES = {"weight": (2, 3), "bias": (3,), "scale": ()}


@pytest.fixture
def parameters():
    return Parameters(SHAPES)


def test_the_blocks_fill_the_vector_in_order_without_gaps(parameters):
    parameters.value = np.arange(10.0)
    np.testing.assert_array_equal(parameters["weight"], [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(parameters["bias"], [6, 7, 8])
    assert parameters["scale"] == 9
    assert len(parameters) == 10


def test_a_block_is_a_view_of_the_vector_in_both_directions(parameters):
    block, vector = parameters["weight"], parameters.value
    block[1, 2] = 7
    assert vector[5] == 7
    vector[0] = -1
    assert block[0, 0] == -1
    parameters.gradient("bias")[...] = 2
    np.testing.assert_array_equal(parameters.grad, [0] * 6 + [2] * 3 + [0])


def test_assigning_copies_into_the_memory_that_views_share(parameters):
    block, before = parameters["bias"], parameters.value
    new = np.arange(10.0)
    parameters.value = new
    new[:] = -1
    assert parameters.value is before
    np.testing.assert_array_equal(block, [6, 7, 8])
    parameters.grad = np.ones(10)
    np.testing.assert_array_equal(parameters.gradient("weight"), np.ones((2, 3)))


def test_a_block_can_be_assigned(parameters):
    parameters["weight"] = [[1, 2, 3], [4, 5, 6]]
    parameters["scale"] = 9
    np.testing.assert_array_equal(parameters.value, [1, 2, 3, 4, 5, 6, 0, 0, 0, 9])


@pytest.mark.parametrize("shape", [(9,), (11,), (1, 10), (10, 1), ()])
def test_a_vector_of_another_shape_is_refused(parameters, shape):
    for attribute in ("value", "grad"):
        with pytest.raises(ValueError, match=r"a vector of shape \(10,\), not"):
            setattr(parameters, attribute, np.zeros(shape))


def test_an_unknown_block_is_refused_and_the_nearest_named(parameters):
    for access in (parameters.__getitem__, parameters.gradient):
        with pytest.raises(ValueError, match="unknown parameter block 'wieght'; did you mean 'weight'"):
            access("wieght")


def test_names_iteration_and_containment_speak_of_blocks(parameters):
    assert parameters.names == tuple(parameters) == tuple(SHAPES)
    assert "bias" in parameters
    assert "encoder" not in parameters


def test_blocks_cover_each_place_of_the_vector_once(parameters):
    places = np.concatenate([np.arange(10)[where] for where, _ in parameters.blocks().values()])
    np.testing.assert_array_equal(places, np.arange(10))
    assert {name: shape for name, (_, shape) in parameters.blocks().items()} == SHAPES


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))])
def test_a_copy_has_memory_of_its_own_and_living_views(parameters, twin):
    parameters.value = np.arange(10.0)
    other = twin(parameters)
    other["bias"] = 0
    np.testing.assert_array_equal(other.value, [0, 1, 2, 3, 4, 5, 0, 0, 0, 9])
    np.testing.assert_array_equal(parameters["bias"], [6, 7, 8])


def test_values_start_at_zero_in_the_chosen_dtype(dtype):
    parameters = Parameters(SHAPES, dtype)
    assert parameters.value.dtype == parameters.grad.dtype == parameters.dtype == dtype
    assert not parameters.value.any()
    assert parameters.value.flags.c_contiguous


def test_the_text_form_lists_the_blocks(parameters):
    text = repr(parameters)
    assert "10 float64 values" in text
    assert "(2, 3)" in text


@pytest.mark.parametrize("name", ["float32", np.float32, np.dtype("float32"), "f4"])
def test_a_dtype_may_be_named_in_any_of_numpys_ways(name):
    assert real_dtype(name) == np.float32


@pytest.mark.parametrize("name", ["float16", "int32", complex, "O", 3, [1]])
def test_another_dtype_is_refused(name):
    with pytest.raises(ValueError, match="unknown dtype .* Known: 'float32', 'float64'"):
        real_dtype(name)


def test_a_misspelt_dtype_is_refused_and_the_nearest_named():
    with pytest.raises(ValueError, match="unknown dtype 'flaot32'; did you mean 'float32'"):
        real_dtype("flaot32")


def test_a_block_takes_an_array_of_its_shape_or_one_number():
    parameters = Parameters({"weight": (2, 3)})
    parameters["weight"] = 1
    parameters["weight"] = np.ones((2, 3))
    with pytest.raises(ValueError, match=r"weight has shape \(2, 3\), not \(3,\)"):
        parameters["weight"] = np.ones(3)


def test_within_adding_what_is_written_is_added_to_the_blocks_that_are_named(parameters):
    parameters.grad = np.arange(10.0)
    with parameters.adding(["bias"]):
        parameters.gradient("bias")[...] = 100
        parameters.gradient("weight")[...] = 100
    assert parameters.gradient("bias").tolist() == [106, 107, 108]
    assert (parameters.gradient("weight") == 100).all()
    assert parameters.gradient("scale") == 9
