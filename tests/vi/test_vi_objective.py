"""The objective: its gradient is that of its value in any coordinates, and what is not finite stays out."""

import naive
import numpy as np
import pytest
from scipy import stats
from vi_problems import Written, small_regression, square, standard

from scratchvae import models
from scratchvae.bounds import BOUNDS, EXACT_BOUNDS, FIT_BOUNDS
from scratchvae.reparam import build
from scratchvae.vi.coordinates import Coordinates
from scratchvae.vi.objective import Objective

COORDINATES = {
    "diagonal": Coordinates(np.array([1.0, 2.0]), np.array([0.2, 0.3])),
    "triangular": Coordinates(np.array([1.0, 2.0]), np.array([[0.2, 0.0], [0.1, 0.3]])),
}
FAMILIES = ("mean_field", "full_rank", "low_rank:1")


@pytest.mark.parametrize("coordinates", COORDINATES.values(), ids=COORDINATES)
@pytest.mark.parametrize("bound", [name for name in EXACT_BOUNDS if name in FIT_BOUNDS])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_gradient_is_that_of_the_value(family, bound, coordinates, rng):
    reparam = build(family, 2)
    objective = Objective(small_regression(), reparam, BOUNDS[bound](), coordinates)
    lam, eps = 0.3 * rng.standard_normal(reparam.n_params), rng.standard_normal((5, 2))
    found = objective.loss_and_grad(lam, eps)
    assert found.n_bad == 0
    assert found.loss == pytest.approx(-objective.value(lam, eps[:, None]), rel=1e-12)
    numerical = naive.numerical_gradient(lambda lam: -objective.value(lam, eps[:, None]), lam)
    assert naive.relative_error(found.dlam, numerical) < 1e-8


@pytest.mark.parametrize("coordinates", COORDINATES.values(), ids=COORDINATES)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_weights_are_p_over_q_of_the_dense_gaussian(family, coordinates, rng):
    reparam, model = build(family, 2), small_regression()
    lam = 0.3 * rng.standard_normal(reparam.n_params)
    z, log_w = Objective(model, reparam, BOUNDS["elbo"](), coordinates).weights(lam, rng.normal(size=(6, 2)))
    mean, cov = reparam.mean_and_cov(lam)
    factor = coordinates.matrix
    q = stats.multivariate_normal(coordinates.forward(mean), factor @ cov @ factor.T)
    np.testing.assert_allclose(log_w, model.log_joint(z) - q.logpdf(z), rtol=1e-9)


def test_the_value_averages_groups_of_draws(rng):
    """The importance-weighted bound of K draws: the log of their mean weight, averaged over groups."""
    reparam, model = build("mean_field", 2), small_regression()
    objective = Objective(model, reparam, BOUNDS["iwae"](), COORDINATES["diagonal"])
    lam, eps = np.zeros(4), rng.standard_normal((3, 7, 2))
    log_w = objective.weights(lam, eps.reshape(-1, 2))[1].reshape(3, 7)
    expected = np.mean([naive.log_mean_exp(list(group)) for group in log_w.T])
    assert objective.value(lam, eps) == pytest.approx(expected)


@pytest.mark.parametrize(
    "bound", ["elbo", "iwae", "dreg", "renyi", "sticking_the_landing", "score_function_leave_one_out"]
)
def test_draws_that_are_not_finite_are_as_if_they_had_not_been_drawn(bound, rng):
    holed = Written(2, lambda z: np.where(z[..., 0] > 0.5, np.nan, square(z)), lambda z: -z)
    coordinates, reparam = Coordinates.standard(2), build("full_rank", 2)
    lam, eps = 0.1 * rng.standard_normal(reparam.n_params), rng.standard_normal((20, 2))
    objective = Objective(holed, reparam, BOUNDS[bound](), coordinates)
    good = np.isfinite(holed.log_joint(coordinates.forward(reparam.forward(lam, eps)[0])))
    assert 0 < good.sum() < 20
    found = objective.loss_and_grad(lam, eps)
    clean = Objective(standard(2), reparam, BOUNDS[bound](), coordinates).loss_and_grad(lam, eps[good])
    assert found.n_bad == 20 - good.sum()
    assert found.loss == pytest.approx(clean.loss)
    np.testing.assert_allclose(found.dlam, clean.dlam, rtol=1e-12)


def test_too_few_finite_draws_give_no_step():
    nowhere = Written(2, lambda z: np.nan * z[..., 0], lambda z: -z)
    objective = Objective(nowhere, build("mean_field", 2), BOUNDS["elbo"](), Coordinates.standard(2))
    found = objective.loss_and_grad(np.zeros(4), np.zeros((5, 2)))
    assert found.loss is None
    assert found.dlam is None
    assert found.n_bad == 5
    assert objective.value(np.zeros(4), np.zeros((5, 1, 2))) == -np.inf


def test_an_infinite_gradient_is_left_out_too(rng):
    model = Written(2, square, lambda z: np.where(z[..., :1] > 0.5, np.inf, -z))
    reparam, eps = build("mean_field", 2), rng.standard_normal((20, 2))
    objective = Objective(model, reparam, BOUNDS["elbo"](), Coordinates.standard(2))
    found = objective.loss_and_grad(np.zeros(4), eps)
    assert found.n_bad == (eps[:, 0] > 0.5).sum()
    assert np.isfinite(found.dlam).all()


def test_the_closed_form_of_kl_is_that_of_two_gaussians(rng):
    model = models.NormalMean([1.0, 2.0], 1.0, prior_mean=0.5, prior_sigma=3.0)
    objective = Objective(
        model, build("mean_field", 1), BOUNDS["analytic_kl"](), Coordinates(np.array([2.0]), np.array([0.7]))
    )
    mean, sigma = 2.0 + 0.7 * 0.3, 0.7 * np.exp(-0.2)
    kl = np.log(3.0 / sigma) + (sigma**2 + (mean - 0.5) ** 2) / 18 - 0.5
    assert objective._kl(np.array([0.3, -0.2]))[0][0] == pytest.approx(kl)
