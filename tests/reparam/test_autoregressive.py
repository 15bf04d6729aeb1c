"""Autoregressive maps: triangular Jacobians, the formulas, one the other's inverse."""

import naive
import numpy as np
import pytest
from scipy import stats

from scratchvae.parameters import Parameters
from scratchvae.reparam import build
from scratchvae.reparam.autoregressive import InverseAutoregressive, MaskedAutoregressive

BOTH = [InverseAutoregressive, MaskedAutoregressive]


def random_map(kind, n_latent, rng, n_context=2, scale=0.7):
    """A map with random weights everywhere."""
    reparam = kind(n_latent, hidden=(7,), n_context=n_context)
    reparam.parameters.value = scale * rng.normal(size=len(reparam.parameters))
    return reparam


@pytest.mark.parametrize("kind", BOTH)
def test_the_jacobian_is_lower_triangular_with_the_slopes_on_its_diagonal(kind, rng):
    reparam = random_map(kind, 4, rng)
    lam, eps = rng.normal(size=2), rng.normal(size=4)
    _, _, cache = reparam.forward(lam, eps)
    jacobian = naive.numerical_jacobian(lambda t: reparam.forward(lam, t)[0], eps)
    np.testing.assert_allclose(np.triu(jacobian, 1), 0, atol=1e-9)
    np.testing.assert_allclose(np.diag(jacobian), np.exp(cache.log_slope), rtol=1e-8)
    assert np.all(np.abs(jacobian[np.tril_indices(4, -1)]) > 1e-8)  # and no more is cut off


def test_the_inverse_map_is_the_gate_of_the_paper(rng):
    reparam = random_map(InverseAutoregressive, 3, rng)
    lam, eps = rng.normal(size=2), rng.normal(size=3)
    m, s = np.split(reparam.network.forward(eps, lam)[0], 2)
    sigma = 1 / (1 + np.exp(-(s + 2)))
    z, log_det, _ = reparam.forward(lam, eps)
    np.testing.assert_allclose(z, sigma * eps + (1 - sigma) * m, rtol=1e-12)
    assert log_det == pytest.approx(np.log(sigma).sum(), rel=1e-12)


def test_a_gate_that_is_all_but_closed_keeps_its_logarithm():
    reparam = InverseAutoregressive(1)
    output = reparam.parameters["network.1.bias"]
    output[1] = -1000.0
    z, log_det, cache = reparam.forward(np.zeros(0), np.array([0.5]))
    assert (z[0], log_det) == (0, pytest.approx(-998))
    reparam.backward(cache, np.ones(1), np.ones(()))
    np.testing.assert_allclose(reparam.parameters.gradient("network.1.bias"), [1, 1])
    output[1] = 1000.0
    z, log_det, _ = reparam.forward(np.zeros(0), np.array([0.5]))
    assert (z[0], log_det) == (0.5, 0)


def test_the_masked_map_draws_each_coordinate_from_its_conditional(rng):
    """log q(z) is the sum of log N(z_i; m_i, sigma_i), m_i and sigma_i of z_1, ..., z_(i-1)."""
    reparam = random_map(MaskedAutoregressive, 3, rng)
    lam, eps = rng.normal(size=(4, 2)), rng.normal(size=(4, 3))
    z, _, _ = reparam.forward(lam, eps)
    m, a = np.split(reparam.network.forward(z, lam)[0], 2, axis=-1)
    sigma = np.exp(2 * np.tanh(a / 2))
    np.testing.assert_allclose(z, m + sigma * eps, rtol=1e-12)
    expected = stats.norm.logpdf(z, m, sigma).sum(axis=-1)
    np.testing.assert_allclose(reparam.log_prob(lam, z), expected, rtol=1e-12)


def test_the_masked_map_gives_the_density_in_one_pass(rng, monkeypatch):
    """Draws take a pass a coordinate, given z takes one: what the map is for."""
    reparam, passes = random_map(MaskedAutoregressive, 5, rng), []
    run = reparam.run
    monkeypatch.setattr(reparam, "run", lambda *inputs: passes.append(1) or run(*inputs))
    _, cache = reparam.density_forward(np.zeros(2), rng.normal(size=(3, 5)))
    reparam.density_backward(cache, np.ones(3))
    assert len(passes) == 1


def test_one_map_can_be_the_inverse_of_the_other(rng):
    """With constant m and sigma both are affine: z = sigma eps + t."""
    inverse, masked = InverseAutoregressive(2), MaskedAutoregressive(2)
    s, m = np.array([0.3, -0.2]), np.array([1.5, -0.5])
    sigma = 1 / (1 + np.exp(-(s + 2)))
    inverse.parameters["network.1.bias"] = np.concatenate([m, s])
    a = 2 * np.arctanh(np.log(sigma) / 2)
    masked.parameters["network.1.bias"] = np.concatenate([(1 - sigma) * m, a])
    eps = rng.normal(size=(5, 2))
    z, log_det, _ = inverse.forward(np.zeros(0), eps)
    other, other_log_det, _ = masked.forward(np.zeros(0), eps)
    np.testing.assert_allclose(z, other, rtol=1e-12)
    np.testing.assert_allclose(log_det, other_log_det, rtol=1e-12)


@pytest.mark.parametrize("kind", BOTH)
def test_in_one_dimension_the_map_is_affine_in_eps(kind, rng):
    reparam = random_map(kind, 1, rng)
    lam = rng.normal(size=2)
    eps = np.linspace(-3, 3, 7)[:, None]
    z, log_det, _ = reparam.forward(lam, eps)
    np.testing.assert_allclose(np.diff(z[:, 0]), np.exp(log_det[0]), rtol=1e-12)


@pytest.mark.parametrize("kind", BOTH)
def test_weights_of_zero_are_the_identity_or_its_gate(kind, rng):
    eps = rng.normal(size=(4, 3))
    z, log_det, _ = kind(3).forward(np.zeros(0), eps)
    factor = 1 / (1 + np.exp(-2)) if kind is InverseAutoregressive else 1
    np.testing.assert_allclose(z, factor * eps, rtol=1e-14)
    np.testing.assert_allclose(log_det, 3 * np.log(factor), rtol=1e-12)


@pytest.mark.parametrize("kind", BOTH)
def test_large_weights_in_single_precision_stay_finite(kind, rng):
    reparam = kind(4, hidden=(7,))
    reparam.attach(Parameters(reparam.shapes(), "float32"))
    reparam.parameters.value = 30 * rng.normal(size=len(reparam.parameters))
    eps = rng.normal(size=(50, 4)).astype("float32")
    z, log_det, cache = reparam.forward(np.zeros(0, "float32"), eps)
    _, deps = reparam.backward(cache, np.ones_like(z), np.ones_like(log_det))
    for array in (z, log_det, deps, reparam.parameters.grad):
        assert np.isfinite(array).all()


def test_the_maps_say_what_they_are():
    assert repr(InverseAutoregressive(3, 9)) == "InverseAutoregressive(3, hidden=(9,), n_context=0)"
    assert InverseAutoregressive.spec == "inverse_autoregressive"
    assert MaskedAutoregressive.spec == "masked_autoregressive"


@pytest.mark.parametrize("kind", BOTH)
def test_a_network_without_a_hidden_layer_is_refused(kind):
    with pytest.raises(ValueError, match="hidden is empty"):
        kind(3, hidden=())


@pytest.mark.parametrize("n_latent", [2, 32, 65, 128])
def test_every_input_has_a_hidden_unit_in_a_map_made_by_name(n_latent):
    masked = [part.network for part in build("iaf:2", n_latent, n_context=3).maps if part.shapes()]
    assert len(masked) == 2
    for network in masked:
        assert set(network.degrees(1)) == set(range(n_latent))  # the last input is seen by none


# --- cost: how often the network is run back, and for what ----------------------------------------


def runs_back(reparam, monkeypatch):
    """A list to which every backward pass of the network adds whether it makes the weights' gradients."""
    passes, backward = [], reparam.network.backward

    def noted(cache, dout, need_weights):
        passes.append(need_weights)
        return backward(cache, dout, need_weights=need_weights)

    monkeypatch.setattr(reparam.network, "backward", noted)
    return passes


def test_the_transposed_system_takes_one_pass_fewer_than_it_has_coordinates(rng, monkeypatch):
    reparam = random_map(InverseAutoregressive, 5, rng)
    cache = reparam.forward(rng.normal(size=2), rng.normal(size=5))[2]
    passes = runs_back(reparam, monkeypatch)
    reparam.solve_transposed(cache, rng.normal(size=5))
    assert passes == [False] * 4


def test_a_draw_is_traced_back_in_one_pass_a_coordinate_the_last_for_the_weights(rng, monkeypatch):
    reparam = random_map(MaskedAutoregressive, 5, rng)
    cache = reparam.forward(rng.normal(size=2), rng.normal(size=5))[2]
    passes = runs_back(reparam, monkeypatch)
    reparam.backward(cache, rng.normal(size=5), np.float64(1))
    assert passes == [False] * 4 + [True]


@pytest.mark.parametrize("kind", BOTH)
def test_of_one_coordinate_the_score_is_that_of_a_normal(kind, rng):
    """With nothing before it, the only coordinate is N(m, sigma^2): d log q / dz = -eps / sigma."""
    reparam = random_map(kind, 1, rng)
    lam, eps = rng.normal(size=(3, 2)), rng.normal(size=(3, 1))
    cache = reparam.forward(lam, eps)[2]
    np.testing.assert_allclose(reparam.grad_log_q(cache), -eps / np.exp(cache.log_slope), rtol=1e-12)
