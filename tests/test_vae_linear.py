"""A linear VAE with one learned noise variance is probabilistic PCA, whose optimum has a closed form.

(Tipping & Bishop 1999; Lucas, Tucker, Grosse & Norouzi 2019, Don't blame the ELBO!, section 4.)
"""

import numpy as np
import pytest
from scipy import optimize, stats

import scratchvae as sv
from scratchvae.models.pca import fit_pca
from scratchvae.reparam.base import cubature_points

D, L, N = 6, 2, 300


@pytest.fixture(scope="module")
def x():
    """Rows (N, D) of two factors, noise of 0.4 and a mean; not rotated to any axis."""
    rng = np.random.default_rng(1)
    loadings = rng.standard_normal((L, D)) * [[1.5], [0.8]]
    return rng.standard_normal((N, L)) @ loadings + 0.4 * rng.standard_normal((N, D)) + rng.standard_normal(D)


@pytest.fixture(scope="module")
def exact(x):
    return fit_pca(x, L)


def linear_vae(dtype="float64"):
    return sv.VAE(D, L, hidden=(), likelihood="normal_shared", dtype=dtype)


def exact_noise(n_rows):
    """Points (2 L, B, L) over which the mean of any quadratic in eps is its expectation, without noise."""
    return np.broadcast_to(cubature_points(L)[:, None], (2 * L, n_rows, L))


@pytest.fixture(scope="module", params=["elbo", "analytic_kl"])
def optimum(request, x):
    """The linear VAE at the optimum of its exact ELBO, by L-BFGS on our loss and gradient."""
    vae, eps = linear_vae(), exact_noise(N)

    def loss_and_grad(theta):
        vae.parameters.value = theta
        return vae.loss_and_grad(x, eps, request.param), vae.parameters.grad.copy()

    options = {"maxiter": 2000, "maxfun": 4000, "ftol": 1e-15, "gtol": 1e-8}
    found = optimize.minimize(
        loss_and_grad, vae.parameters.value, jac=True, method="L-BFGS-B", options=options
    )
    vae.parameters.value = found.x
    return vae


def assert_is_pca(vae, exact, tolerance):
    weight = vae.parameters["decoder.0.weight"]  # (L, D)
    assert weight.T @ weight == pytest.approx(exact.loadings @ exact.loadings.T, abs=tolerance)
    assert np.exp(vae.likelihood.log_sigma) == pytest.approx(exact.noise_sigma, abs=tolerance)
    assert vae.parameters["decoder.0.bias"] == pytest.approx(exact.mean, abs=tolerance)


def test_the_optimum_is_that_of_pca(optimum, exact):
    """Loadings up to a rotation of z, that is W W^T; the noise; the mean."""
    assert_is_pca(optimum, exact, 1e-4)


def test_at_the_optimum_the_elbo_is_the_evidence(optimum, exact, x):
    """The posterior is diagonal in the rotation that the diagonal encoder finds: no gap is left."""
    elbo = optimum.elbo(x, exact_noise(N))
    np.testing.assert_allclose(elbo, exact.log_prob(x), atol=1e-3)
    assert elbo.mean() == pytest.approx(exact.log_likelihood / N, abs=1e-7)


def test_at_the_optimum_the_encoder_is_the_exact_posterior(optimum, x):
    weight, sigma = optimum.parameters["decoder.0.weight"], np.exp(optimum.likelihood.log_sigma)
    precision = np.eye(L) + weight @ weight.T / sigma**2
    assert abs(precision[0, 1]) < 1e-3  # orthogonal loadings, which PCA alone does not ask for
    mean = (x - optimum.parameters["decoder.0.bias"]) @ weight.T / sigma**2 @ np.linalg.inv(precision)
    mu, spread = optimum.encode(x)
    np.testing.assert_allclose(mu, mean, atol=1e-3)
    np.testing.assert_allclose(
        spread**2, np.broadcast_to(np.diag(np.linalg.inv(precision)), (N, L)), rtol=1e-3
    )


def test_training_as_everybody_does_comes_within_a_hundredth_of_a_nat(exact, x):
    """Minibatches, Monte Carlo, Adam: W W^T, sigma, the ELBO and the importance-sampled evidence."""
    vae, epochs = linear_vae(), 1000
    rate = sv.optim.Cosine(0.05, total=epochs * N // 100)
    sv.train(vae, x, epochs=epochs, batch_size=100, optimizer=sv.optim.Adam(rate), progress=False)
    assert_is_pca(vae, exact, 0.1)  # the entries of W W^T go up to 2
    assert np.exp(vae.likelihood.log_sigma) == pytest.approx(exact.noise_sigma, abs=0.003)
    truth = exact.log_likelihood / N
    assert vae.elbo(x, exact_noise(N)).mean() == pytest.approx(truth, abs=0.01)
    assert vae.log_likelihood(x, 50, np.random.default_rng(1)).mean() == pytest.approx(truth, abs=0.01)


def test_no_model_of_the_kind_is_better(optimum, exact, x):
    """The maximum of the evidence is that of the ELBO: no spurious optimum (Lucas et al. 2019, theorem 1)."""
    best = optimum.elbo(x, exact_noise(N)).mean()
    theta, rng = optimum.parameters.value.copy(), np.random.default_rng(3)
    for _ in range(20):
        optimum.parameters.value = theta + 0.05 * rng.standard_normal(len(theta))
        assert optimum.elbo(x, exact_noise(N)).mean() < best
    optimum.parameters.value = theta


def test_a_sigma_that_is_fixed_too_large_makes_a_latent_dimension_collapse(exact, x):
    """A direction whose variance lies below sigma^2 is not used (Lucas et al. 2019, section 4.2)."""
    lengths = np.linalg.norm(exact.loadings, axis=0)
    sigma = float(np.sqrt(lengths[1] ** 2 + exact.noise_sigma**2)) * 1.3  # above the second eigenvalue's root
    vae = sv.VAE(D, L, hidden=(), likelihood=f"normal_fixed:{sigma}", dtype="float64")

    def loss_and_grad(theta):
        vae.parameters.value = theta
        return vae.loss_and_grad(x, exact_noise(N)), vae.parameters.grad.copy()

    found = optimize.minimize(loss_and_grad, vae.parameters.value, jac=True, method="L-BFGS-B")
    vae.parameters.value = found.x
    weight = vae.parameters["decoder.0.weight"]
    assert np.linalg.matrix_rank(weight, tol=0.05) == 1
    assert np.linalg.norm(weight) == pytest.approx(
        np.sqrt(lengths[0] ** 2 + exact.noise_sigma**2 - sigma**2), rel=1e-2
    )


# --- the closed form itself ---------------------------------------------------------------------


def test_the_closed_form_has_the_density_of_scipy(exact, x):
    covariance = exact.loadings @ exact.loadings.T + exact.noise_sigma**2 * np.eye(D)
    expected = stats.multivariate_normal(exact.mean, covariance).logpdf(x)
    np.testing.assert_allclose(exact.log_prob(x), expected, rtol=1e-12)
    assert exact.log_prob(x).sum() == pytest.approx(exact.log_likelihood, rel=1e-12)
    assert exact.log_prob(x[0]).shape == ()


def test_its_posterior_is_that_of_factor_analysis(exact, x):
    mean, cov = exact.posterior(x)
    other = sv.models.FactorAnalysis(x[3], exact.loadings, exact.noise_sigma, exact.mean)
    np.testing.assert_allclose(mean[3], other.exact_posterior().mean, rtol=1e-10)
    np.testing.assert_allclose(cov, other.exact_posterior().cov, rtol=1e-10, atol=1e-12)
    assert exact.log_prob(x[3]) == pytest.approx(other.log_evidence(), rel=1e-12)


def test_data_of_another_width_are_refused(exact):
    with pytest.raises(ValueError, match=r"x must have shape \(..., 6\), not \(3, 5\)"):
        exact.log_prob(np.zeros((3, 5)))
