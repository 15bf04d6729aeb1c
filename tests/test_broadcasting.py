"""Shapes: `unbroadcast` is the transpose of broadcasting, `fold` leads to the kernels, `beside` joins."""

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as shapes

from scratchvae.broadcasting import beside, fold, row_blocks, unbroadcast

few = settings(max_examples=60, deadline=None, derandomize=True, database=None)
two_shapes = shapes.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3)


def numbers(shape, start=0.0):
    """Distinct entries 0, 1, 2, ... in that shape."""
    return start + np.arange(np.prod(shape, dtype=int), dtype=float).reshape(shape)


@given(two_shapes)
@few
def test_unbroadcast_sums_over_the_places_of_each_entry(both):
    shape, gradient = both.input_shapes[0], numbers(both.result_shape)
    summed = unbroadcast(gradient, shape)
    assert summed.shape == shape
    np.testing.assert_array_equal(summed, naive.unbroadcast(gradient, shape))


@given(two_shapes)
@few
def test_unbroadcast_is_the_transpose_of_broadcasting(both):
    """<broadcast(a), g> = <a, unbroadcast(g)>."""
    shape, gradient = both.input_shapes[0], numbers(both.result_shape, 1.0)
    a = numbers(shape, 2.0)
    assert (np.broadcast_to(a, gradient.shape) * gradient).sum() == (a * unbroadcast(gradient, shape)).sum()


@given(two_shapes)
@few
def test_fold_pairs_the_same_rows_as_broadcasting(both):
    small, large = (numbers((*shape, n)) for shape, n in zip(both.input_shapes, (2, 3), strict=True))
    rows, stack, lead, batch = fold(small, large)
    assert batch == both.result_shape
    assert lead in (both.input_shapes[0], batch)
    assert stack.shape[1] == rows.shape[0]
    assert rows.flags.c_contiguous
    assert stack.flags.c_contiguous
    paired = np.broadcast_to(rows, (*stack.shape[:2], 2)).reshape(*batch, 2)
    np.testing.assert_array_equal(paired, np.broadcast_to(small, (*batch, 2)))
    np.testing.assert_array_equal(stack.reshape(*batch, 3), np.broadcast_to(large, (*batch, 3)))


@pytest.mark.parametrize("lead", [(4,), (4, 2), (2, 2)])
def test_fold_does_not_copy_the_samples_of_a_batch(lead):
    """The hot case, a lam for each datum and K samples: the kernels read the arrays where they lie."""
    small, large = numbers((*lead, 2)), numbers((3, *lead, 5))
    rows, stack, its_lead, _ = fold(small, large)
    assert np.shares_memory(rows, small)
    assert np.shares_memory(stack, large)
    assert (stack.shape, its_lead) == ((3, np.prod(lead), 5), lead)


def test_fold_of_equal_leading_axes_repeats_nothing():
    rows, stack, lead, batch = fold(numbers((2, 2, 3)), numbers((2, 2, 4)))
    assert (rows.shape, stack.shape, lead, batch) == ((4, 3), (1, 4, 4), (2, 2), (2, 2))


def test_fold_refuses_shapes_that_do_not_broadcast():
    with pytest.raises(ValueError, match="shape mismatch"):
        fold(numbers((3, 2)), numbers((4, 2)))


def test_unbroadcast_of_the_same_shape_is_the_array_itself():
    for shape in [(2, 3), (2, 1)]:
        gradient = numbers(shape)
        assert unbroadcast(gradient, shape) is gradient


def test_beside_repeats_a_condition_along_the_axes_that_it_lacks(rng):
    x, c = rng.standard_normal((4, 3, 2)), rng.standard_normal((3, 5))
    got = beside(x, c)
    for k, b in np.ndindex(4, 3):
        np.testing.assert_array_equal(got[k, b], [*x[k, b], *c[b]])
    assert beside(x, c[0]).shape == (4, 3, 7)
    assert beside(x, None) is x


def test_rows_are_taken_four_thousand_at_a_time():
    assert [np.arange(10_000)[block].size for block in row_blocks(10_000)] == [4096, 4096, 1808]
    assert row_blocks(5, 2) == [slice(0, 2), slice(2, 4), slice(4, 5)]
