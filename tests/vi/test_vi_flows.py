"""What flows find that a product of normals, or any normal, does not."""

import numpy as np
import pytest
from vi_problems import Correlated, cov_error, fitted

import scratchvae as sv

pytestmark = pytest.mark.filterwarnings("ignore:the fit has not converged")
CORRELATION = 0.9
MODEL = Correlated([1.0, -2.0], [[1.0, CORRELATION * 2], [CORRELATION * 2, 4.0]])


@pytest.mark.parametrize("family", ["full_rank", "householder:2", "sylvester:1", "coupling:2", "iaf:2"])
def test_a_correlation_is_found(family):
    q = fitted(MODEL, family, steps=3000, lr=0.1 if family == "full_rank" else 0.01)
    assert cov_error(q, MODEL.cov) < 0.05
    assert q.cov[0, 1] / np.prod(q.sd) == pytest.approx(CORRELATION, abs=0.02)
    np.testing.assert_allclose(q.mean, MODEL.center, atol=0.05)
    assert -0.01 < q.elbo < 4 * q.elbo_error
    draws = q.sample(20_000, np.random.default_rng(1))
    np.testing.assert_allclose(np.cov(draws.T), MODEL.cov, atol=0.2)


def test_a_product_of_normals_misses_it():
    q = fitted(MODEL, "mean_field")
    assert q.cov[0, 1] == 0
    np.testing.assert_allclose(q.sd**2, np.diag(MODEL.cov) * (1 - CORRELATION**2), rtol=0.05)
    assert q.elbo == pytest.approx(0.5 * np.log(1 - CORRELATION**2), abs=0.02)  # -KL


def test_the_banana_bends_a_flow_and_no_normal():
    banana = sv.models.Banana(b=1.0, sigma=2.0)
    normal = fitted(banana, "full_rank")
    flow = fitted(banana, "coupling:4", steps=2500, lr=0.005, start="zero")
    assert flow.khat < 0.7 < normal.khat
    assert flow.elbo > normal.elbo + 0.5


def test_two_modes_are_held_by_a_flow():
    """Annealing shows both crescents of U_1 before they part; a normal covers one, or spans both."""
    model = sv.models.EnergyU1()
    normal, flow = fitted(model, "full_rank"), fitted(model, "planar:8", steps=1500, lr=0.01, start="zero")
    right = np.mean(flow.sample(4000, np.random.default_rng(1))[:, 0] > 0)
    assert 0.4 < right < 0.6
    assert model.log_evidence() - flow.elbo < 0.1 < model.log_evidence() - normal.elbo


def test_the_density_of_a_fitted_flow_integrates_to_one_and_gives_the_kl():
    """By a grid, which needs the inverse, and by draws, which do not."""
    model = sv.models.EnergyU2()
    q = fitted(model, "coupling:4", steps=1500, lr=0.005, start="zero")
    side = np.linspace(-9, 9, 301)
    z = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    log_q = q.log_prob(z)
    mass = np.exp(log_q) * (side[1] - side[0]) ** 2
    assert mass.sum() == pytest.approx(1, abs=2e-3)
    on_grid = mass @ (log_q - model.log_joint(z) + model.log_evidence())
    assert on_grid == pytest.approx(model.log_evidence() - q.elbo, abs=0.02)
    mean = mass @ z
    np.testing.assert_allclose(q.mean, mean, atol=0.05)
    np.testing.assert_allclose(q.cov, (z - mean).T @ (mass[:, None] * (z - mean)), atol=0.15)
