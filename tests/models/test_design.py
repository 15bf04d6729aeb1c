"""The design matrix: its names, and the columns that are refused."""

import numpy as np
import pytest

from scratchvae.constraints import Space
from scratchvae.models.blocks import index_blocks, row_blocks
from scratchvae.models.design import check_identified, design, prior_scales, response


def test_the_intercept_comes_first():
    made = design([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(made.matrix, [[1, 1, 2], [1, 3, 4]])
    assert made.names == Space(made.parameters).names == ("intercept", "beta[0]", "beta[1]")


def test_names_are_those_of_the_caller():
    made = design([[1.0, 2.0]], intercept=False, names=["age", "dose"])
    assert made.names == Space(made.parameters).names == ("age", "dose")


def test_one_variable_may_come_as_a_vector():
    assert design([1.0, 2.0]).matrix.shape == (2, 2)
    assert design([1.0, 2.0], names="age").names == ("intercept", "age")


def test_the_columns_of_a_table_give_their_names():
    class Table(list):
        columns = ("age", "dose")

    assert design(Table([[1.0, 2.0]])).names == ("intercept", "age", "dose")


def test_an_intercept_alone_is_a_design():
    assert design(np.zeros((4, 0))).names == ("intercept",)
    with pytest.raises(ValueError, match="x must have shape"):
        design(np.zeros((4, 0)), intercept=False)


@pytest.mark.parametrize("shape", [(0, 2), (), (2, 2, 2)])
def test_x_of_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match="x must have shape"):
        design(np.zeros(shape))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_missing_values_are_refused(value):
    with pytest.raises(ValueError, match="x has 1 NaN or infinite"):
        design([[1.0, value]])
    with pytest.raises(ValueError, match="y has 1 NaN or infinite"):
        response([1.0, value], 2)


@pytest.mark.parametrize(
    "names, reserved, clash",
    [
        (["a", "a"], (), "'a'"),
        (["intercept", "b"], (), "'intercept'"),
        (["a", "sigma"], ("sigma",), "'sigma'"),
    ],
)
def test_two_parameters_of_one_name_are_refused(names, reserved, clash):
    with pytest.raises(ValueError, match=f"both be called {clash}"):
        design(np.eye(2), names=names, reserved=reserved)


def test_a_name_too_few_is_refused():
    with pytest.raises(ValueError, match="one for each of the 2 columns"):
        design(np.eye(2), names=["a"])


@pytest.mark.parametrize("sigma", [0, -1.0, np.nan, [1.0, 0.0]])
def test_prior_sigma_must_be_above_zero(sigma):
    with pytest.raises(ValueError, match="prior_sigma must be above zero"):
        prior_scales(sigma, 2)


def test_prior_sigma_of_another_length_is_refused():
    with pytest.raises(ValueError, match="one for each of the 3 coefficients"):
        prior_scales([1.0, 2.0], 3)


def test_a_response_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r"y must have shape \(3,\)"):
        response([1.0, 2.0], 3)


# --- flat priors --------------------------------------------------------------------------------


def dependent(rng, n=20):
    """A column free of the others, and two of which one is thrice the other."""
    free, a = rng.normal(size=(2, n))
    return np.stack([free, a, 3 * a], axis=1), ("free", "a", "thrice")


def test_dependent_columns_under_flat_priors_are_named(rng):
    matrix, names = dependent(rng)
    with pytest.raises(ValueError, match="columns a, thrice are linearly dependent"):
        check_identified(matrix, names, np.full(3, np.inf))


def test_a_proper_prior_of_one_of_them_is_enough(rng):
    matrix, names = dependent(rng)
    check_identified(matrix, names, np.array([np.inf, np.inf, 1.0]))
    check_identified(matrix, names, np.ones(3))


def test_columns_of_very_different_scale_are_independent(rng):
    matrix, names = dependent(rng)
    matrix[:, 2] = 1e-20 * rng.normal(size=20)
    check_identified(matrix, names, np.full(3, np.inf))


def test_a_column_of_zeros_is_named(rng):
    matrix, names = dependent(rng)
    matrix[:, 1:] = np.stack([np.zeros(20), rng.normal(size=20)], axis=1)
    with pytest.raises(ValueError, match="columns a are"):
        check_identified(matrix, names, np.full(3, np.inf))


def test_fewer_rows_than_columns_are_refused():
    with pytest.raises(ValueError, match="improper"):
        check_identified(np.array([[1.0, 2.0, 3.0]]), "abc", np.full(3, np.inf))


# --- blocks of rows -----------------------------------------------------------------------------


def test_blocks_cover_the_rows_once_and_keep_to_the_limit():
    assert [block.stop for block in row_blocks(10_000_000, 1)] == [4_000_000, 8_000_000, 10_000_000]
    blocks = row_blocks(103, 7, limit=100)
    assert [row for block in blocks for row in range(103)[block]] == list(range(103))
    assert max(block.stop - block.start for block in blocks) * 7 <= 100


@pytest.mark.parametrize("n_samples", [0, 1])
def test_one_sample_and_none_take_as_many_rows_as_the_limit(n_samples):
    assert row_blocks(10, n_samples, limit=8) == [slice(0, 8), slice(8, 10)]


def test_more_samples_than_the_limit_still_make_progress():
    assert len(row_blocks(3, 1000, limit=100)) == 3


def test_blocks_of_a_minibatch_are_its_rows_in_order():
    np.testing.assert_array_equal(np.concatenate(index_blocks(9, [5, 1, 7], 1, limit=2)), [5, 1, 7])
