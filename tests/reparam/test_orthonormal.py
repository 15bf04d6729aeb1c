"""Matrices of orthonormal columns, and the triangular pair of the Sylvester flow."""

import naive
import numpy as np
import pytest
from scipy import linalg

from scratchvae.reparam.orthonormal import ByBjorck, ByReflections
from scratchvae.reparam.triangles import TrianglePair, one_plus_product_of_tanh

BASES = [ByBjorck(1, 1), ByBjorck(4, 2), ByBjorck(5, 5), ByReflections(1), ByReflections(2), ByReflections(5)]


@pytest.fixture(params=BASES, ids=lambda basis: f"{type(basis).__name__}-{basis.rank}")
def basis(request):
    return request.param


@pytest.mark.parametrize("scale", [1e-6, 0.7, 100])
@pytest.mark.parametrize("lead", [(), (3,), (2, 3)])
def test_columns_are_orthonormal(basis, lead, scale, rng):
    q, _ = basis.forward(scale * rng.normal(size=(*lead, basis.n_params)))
    assert q.shape[:-2] == lead
    np.testing.assert_allclose(
        np.swapaxes(q, -1, -2) @ q,
        np.broadcast_to(np.eye(basis.rank), (*lead, *q.shape[-1:] * 2)),
        atol=1e-13,
    )


def test_zero_gives_the_identity(basis):
    q, _ = basis.forward(np.zeros(basis.n_params))
    np.testing.assert_allclose(q, np.eye(*q.shape), atol=1e-15)


def test_backward_equals_central_differences(basis, rng):
    lam = 0.7 * rng.normal(size=(2, basis.n_params))
    q, cache = basis.forward(lam)
    dq = rng.normal(size=q.shape)
    numerical = naive.numerical_gradient(lambda t: float((basis.forward(t)[0] * dq).sum()), lam)
    np.testing.assert_allclose(
        basis.backward(cache, dq), numerical, atol=1e-7 * max(1, np.abs(numerical).max())
    )


@pytest.mark.parametrize("scale", [0.1, 1, 1e4])
def test_bjorck_gives_the_polar_factor(scale, rng):
    lam = scale * rng.normal(size=(20, 12))
    q, _ = ByBjorck(4, 3).forward(lam)
    for one, got in zip(lam.reshape(-1, 4, 3) + np.eye(4, 3), q, strict=True):
        np.testing.assert_allclose(got, linalg.polar(one)[0], atol=1e-10)


@pytest.mark.parametrize("s", [0.3, 0.516, 0.53, 0.7])
def test_no_round_ends_too_early(s):
    """S_1 = s_1^2 is beyond the threshold, from which the last round begins, where S_0 = s^2 is not yet."""
    q, _ = ByBjorck(2, 2).forward(np.array([0.0, 0.0, 0.0, s - 1]))
    np.testing.assert_allclose(q, np.eye(2), rtol=0, atol=1e-15)


@pytest.mark.parametrize("scale", [0.1, 1, 100])
def test_single_precision_agrees_with_double_over_several_rounds(scale, rng):
    basis = ByBjorck(8, 8)
    lam, dq = scale * rng.normal(size=(200, 64)), rng.normal(size=(200, 8, 8))
    q, cache = basis.forward(lam)
    q_single, cache_single = basis.forward(lam.astype("float32"))
    assert len(cache.rounds) > (1 if scale == 0.1 else 3)  # some matrices are nearly singular
    np.testing.assert_allclose(np.swapaxes(q_single, -1, -2) @ q_single - np.eye(8), 0, atol=2e-6)
    np.testing.assert_allclose(q_single, q, atol=1e-5)
    dlam, dlam_single = basis.backward(cache, dq), basis.backward(cache_single, dq.astype("float32"))
    assert dlam_single.dtype == "float32"
    np.testing.assert_allclose(dlam_single, dlam, atol=2e-3 * np.abs(dlam).max())


def test_nearly_dependent_columns_are_made_orthonormal_and_dependent_ones_are_an_error(rng):
    nearly = np.array([0, 1, 0, 0.0])  # (1, 1), (0, 1): then e_2 is brought to 1e-9 from e_1
    q, _ = ByBjorck(2, 2).forward(nearly + [0, 0, 1, 1e-9])
    np.testing.assert_allclose(q.T @ q, np.eye(2), atol=1e-13)
    with pytest.raises(ValueError, match="the columns of a 3 x 2 matrix in lam, .* linearly dependent"):
        ByBjorck(3, 2).forward(-np.eye(3, 2).ravel())


def test_nan_passes_through():
    assert np.isnan(ByBjorck(3, 2).forward(np.full(6, np.nan))[0]).all()


def test_triangles_are_upper_with_diagonals_within_one(rng):
    pair = TrianglePair(3)
    lam = 2 * rng.normal(size=(4, pair.n_params))
    r, r_tilde, gap, _ = pair.forward(lam)
    for matrix in (r, r_tilde):
        np.testing.assert_array_equal(np.tril(matrix, -1), 0)
        assert (np.abs(np.diagonal(matrix, axis1=-2, axis2=-1)) < 1).all()
    np.testing.assert_array_equal(r[:, 0, 1:], lam[:, :2])
    np.testing.assert_array_equal(r_tilde[:, 1, 2], lam[:, 5])
    product = np.diagonal(r @ r_tilde, axis1=-2, axis2=-1)
    np.testing.assert_allclose(gap, 1 + product, atol=1e-14)


def test_one_plus_the_product_is_exact_at_the_edge():
    d = np.array([20.0, -15, 0, 3, 300])
    d_tilde = np.array([-20.0, 17, 5, 2, -300])
    expected = [
        4 * np.exp(-40.0),
        2 * np.exp(-30.0) * (1 + np.exp(-4.0)),
        1,
        1 + np.tanh(3) * np.tanh(2),
        4 * np.exp(-600.0),
    ]
    np.testing.assert_allclose(one_plus_product_of_tanh(d, d_tilde), expected, rtol=1e-12)
