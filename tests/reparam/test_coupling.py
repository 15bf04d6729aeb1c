"""Affine and additive couplings: the formula, which half moves, their limits."""

import naive
import numpy as np
import pytest

from scratchvae.reparam.coupling import AdditiveCoupling, AffineCoupling

COUPLINGS = [AffineCoupling, AdditiveCoupling]


def random_coupling(kind, n_latent, rng, scale=0.7, **options):
    """A coupling with random weights everywhere."""
    reparam = kind(n_latent, hidden=(5,), **options)
    reparam.parameters.value = scale * rng.normal(size=len(reparam.parameters))
    return reparam


@pytest.mark.parametrize("flip", [False, True])
def test_an_affine_coupling_is_the_formula_row_by_row(flip, rng):
    reparam = random_coupling(AffineCoupling, 3, rng, n_context=2, flip=flip)
    lam, eps = rng.normal(size=2), rng.normal(size=3)
    a, b = ([1, 2], [0]) if flip else ([0], [1, 2])
    out = np.array(naive.mlp(reparam.parameters, "network.", "tanh", [*eps[a], *lam]))
    log_s, t = 2 * np.tanh(out[: len(b)] / 2), out[len(b) :]
    z, log_det, _ = reparam.forward(lam, eps)
    np.testing.assert_array_equal(z[a], eps[a])
    np.testing.assert_allclose(z[b], np.exp(log_s) * eps[b] + t, rtol=1e-12)
    assert log_det == pytest.approx(log_s.sum(), rel=1e-12)


def test_an_additive_coupling_is_the_formula_row_by_row(rng):
    reparam = random_coupling(AdditiveCoupling, 5, rng)
    eps = rng.normal(size=5)
    t = naive.mlp(reparam.parameters, "network.", "tanh", eps[:2])
    z, log_det, _ = reparam.forward(np.zeros(0), eps)
    np.testing.assert_allclose(z, [*eps[:2], *(eps[2:] + t)], rtol=1e-12)
    assert log_det == 0


@pytest.mark.parametrize("kind", COUPLINGS)
@pytest.mark.parametrize("n_latent", [2, 3, 5])
def test_two_couplings_the_second_flipped_move_every_coordinate_once(kind, n_latent, rng):
    eps = rng.normal(size=n_latent)
    moved = [
        random_coupling(kind, n_latent, rng, flip=flip).forward(np.zeros(0), eps)[0] != eps
        for flip in (False, True)
    ]
    assert (moved[0] ^ moved[1]).all()


@pytest.mark.parametrize("kind", COUPLINGS)
def test_weights_of_zero_are_the_identity(kind, rng):
    eps = rng.normal(size=(4, 3))
    z, log_det, _ = kind(3).forward(np.zeros(0), eps)
    np.testing.assert_array_equal(z, eps)
    assert not log_det.any()


def test_the_scale_is_bounded_and_the_inverse_exact_however_large_the_weights(rng):
    reparam = random_coupling(AffineCoupling, 4, rng, scale=1e3)
    eps = rng.normal(size=(100, 4))
    z, log_det, _ = reparam.forward(np.zeros(0), eps)
    assert np.abs(log_det).max() == pytest.approx(4)  # two moved coordinates, log s = +-2
    shift = np.abs(z).max()
    np.testing.assert_allclose(reparam.inverse(np.zeros(0), z), eps, rtol=0, atol=1e-14 * shift)


@pytest.mark.parametrize("kind", COUPLINGS)
def test_one_dimension_is_refused(kind):
    with pytest.raises(ValueError, match="a coupling needs two dimensions at least.* n_latent is 1"):
        kind(1)


def test_couplings_say_what_they_are():
    assert repr(AffineCoupling(3, 7, n_context=2)) == "AffineCoupling(3, hidden=(7,), n_context=2)"
    assert AffineCoupling.spec == "affine_coupling"
    assert AdditiveCoupling.spec == "additive_coupling"
