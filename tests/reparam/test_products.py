"""Products with one matrix for many vectors, held against loops; one right side for many matrices."""

import numpy as np
import pytest

from scratchvae.reparam.products import outer_sum, solve_lower, times, transposed


@pytest.mark.parametrize("lead", [(), (4,), (5, 4)])
def test_times_and_its_transpose(lead, rng):
    matrix, vectors = rng.normal(size=(*lead, 3, 2)), rng.normal(size=(6, *lead, 2))
    for place in np.ndindex(6, *lead):
        expected = matrix[place[1:]] @ vectors[place]
        np.testing.assert_allclose(times(matrix, vectors)[place], expected, rtol=1e-13)
        np.testing.assert_array_equal(transposed(matrix)[place[1:]], matrix[place[1:]].T)


@pytest.mark.parametrize("lead", [(), (4,), (1,), (5, 4), (5, 1)])
@pytest.mark.parametrize(
    ("a_lead", "b_lead"), [((6, 5, 4), (6, 5, 4)), ((5, 4), (6, 5, 4)), ((6, 5, 4), (4,))]
)
def test_outer_products_are_summed_over_what_shares_a_matrix(lead, a_lead, b_lead, rng):
    a, b = rng.normal(size=(*a_lead, 3)), rng.normal(size=(*b_lead, 2))
    expected = np.zeros((*lead, 3, 2))
    whole_a, whole_b = np.broadcast_to(a, (6, 5, 4, 3)), np.broadcast_to(b, (6, 5, 4, 2))
    for place in np.ndindex(6, 5, 4):
        own = place[3 - len(lead) :]
        matrix = tuple(0 if size == 1 else i for i, size in zip(own, lead, strict=True))
        expected[matrix] += np.outer(whole_a[place], whole_b[place])
    np.testing.assert_allclose(outer_sum(a, b, lead), expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(("matrix_lead", "b_lead"), [((), (6,)), ((4,), ()), ((4,), (6, 4)), ((5, 4), (4,))])
def test_substitution(matrix_lead, b_lead, rng):
    matrix = np.tril(rng.normal(size=(*matrix_lead, 3, 3))) + 3 * np.eye(3)
    b = rng.normal(size=(*b_lead, 3))
    x = solve_lower(matrix, b)
    assert x.shape == (*np.broadcast_shapes(matrix_lead, b_lead), 3)
    np.testing.assert_allclose(times(np.broadcast_to(matrix, (*x.shape, 3)), x), np.broadcast_to(b, x.shape))


def test_an_outer_product_of_as_many_matrices_as_there_are_vectors(rng):
    """A leading axis of one that is no axis of the vectors."""
    a, b = rng.normal(size=(6, 1, 4, 3)), rng.normal(size=(6, 1, 4, 2))
    expected = np.einsum("kabi,kabj->abij", a, b)
    np.testing.assert_allclose(outer_sum(a, b, (1, 4)), expected, rtol=1e-11)
