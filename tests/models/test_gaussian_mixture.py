"""The mixture of normals against SciPy's densities; label switching; components that would collapse."""

import itertools
import math

import numpy as np
import pytest
from scipy import integrate, stats

from scratchvae.models import GaussianMixture, blocks


@pytest.fixture
def x(rng):
    return np.concatenate([rng.normal(-2, 1, size=12), rng.normal(3, 0.5, size=8)])


def scipy_prior(theta, alpha=1.0):
    """The default prior of theta."""
    return (
        stats.norm.logpdf(theta["means"], 0, 10).sum()
        + stats.dirichlet.logpdf(theta["weights"], np.full(len(theta["weights"]), alpha))
        + stats.lognorm.logpdf(theta["sigma"], 1.0).sum()
    )


@pytest.mark.parametrize(
    "options", [{}, {"common_sigma": False}, {"alpha": 0.5}, {"alpha": 2}, {"ordered": True}]
)
def test_the_joint_density_is_scipys(x, options, rng):
    model = GaussianMixture(x, 3, **options)
    for z in rng.normal(size=(3, model.n_latent)):
        theta, log_det, _ = model.space.forward(z)
        p = theta["weights"] * stats.norm.pdf(x[:, None], theta["means"], theta["sigma"])  # (N, K)
        expected = np.log(p.sum(axis=1)).sum() + scipy_prior(theta, options.get("alpha", 1.0)) + log_det
        expected += math.log(6) * options.get("ordered", False)
        assert model.log_joint(z) == pytest.approx(expected, rel=1e-12)


def test_the_plane_too_is_scipys(rng):
    x = rng.normal(size=(9, 2))
    model = GaussianMixture(x, 2, common_sigma=False)
    z = rng.normal(size=model.n_latent)
    theta = model.space.forward(z)[0]
    parts = zip(theta["weights"], theta["means"], theta["sigma"], strict=True)
    p = sum(w * stats.multivariate_normal(m, s**2 * np.eye(2)).pdf(x) for w, m, s in parts)
    assert model.log_likelihood(z) == pytest.approx(np.log(p).sum(), rel=1e-12)


def test_renaming_the_components_changes_nothing(x, rng):
    model = GaussianMixture(x, 3, common_sigma=False)
    theta = model.space.forward(rng.normal(size=model.n_latent))[0]
    values = [
        model.log_joint(model.space.inverse({name: value[list(order)] for name, value in theta.items()}))
        for order in itertools.permutations(range(3))
    ]
    np.testing.assert_allclose(values, values[0], rtol=1e-12)
    assert abs(values[0] - GaussianMixture(x, 3, common_sigma=False).log_joint(np.zeros(8))) > 1


def test_the_ordered_prior_of_the_means_integrates_to_one(x):
    """Less the weights' and sigma's, at a fixed place."""
    model = GaussianMixture(x, 2, ordered=True)
    rest = stats.lognorm.logpdf(1.0, 1.0) + 2 * np.log(0.5)  # Dirichlet(1, 1) is 1; log|det| is log 1/4

    def density(second, first):
        return math.exp(model.log_prior(np.array([first, second, 0.0, 0.0])) - rest)

    total = integrate.dblquad(density, -70, 70, -12, 5, epsabs=1e-7)[0]
    assert total == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("lead", [(), (2,), (2, 3)])
def test_responsibilities_are_bayes_theorem(lead, x, rng):
    model = GaussianMixture(x, 3)
    z = rng.normal(size=(*lead, model.n_latent))
    r = model.responsibilities(z)
    theta = model.space.forward(z)[0]
    p = theta["weights"][..., None, :] * stats.norm.pdf(
        x[:, None], theta["means"][..., None, :], theta["sigma"][..., None, None]
    )
    np.testing.assert_allclose(r, p / p.sum(axis=-1, keepdims=True), rtol=1e-11)


def test_a_component_of_no_weight_has_a_finite_gradient(x):
    model = GaussianMixture(x, 2)
    theta = {"means": np.array([-2.0, 3.0]), "weights": np.array([0.0, 1.0]), "sigma": np.array(1.0)}
    log_p, gradient = model.likelihood(theta)
    assert log_p == pytest.approx(stats.norm.logpdf(x, 3).sum())
    ratio = stats.norm.pdf(x, -2) / stats.norm.pdf(x, 3)
    np.testing.assert_allclose(gradient["weights"], [ratio.sum(), 20], rtol=1e-12)
    z = np.array([-2.0, 3.0, -800.0, 0.5])  # w_1 = e^-800, below the least float
    assert np.isfinite(model.log_joint(z))
    assert np.isfinite(model.grad_log_joint(z)).all()


def test_a_flat_prior_of_the_weights_has_no_slope_even_at_the_edge(x):
    """Where 0 log 0 and 0 / 0 would stand."""
    model = GaussianMixture(x, 2, alpha=1)
    theta = {"means": np.zeros(2), "weights": np.array([0.0, 1.0]), "sigma": np.array(1.0)}
    log_p, gradient = model.prior(theta)
    assert np.isfinite(log_p)
    np.testing.assert_array_equal(gradient["weights"], 0)


def test_a_component_on_one_datum_gains_nothing_by_collapsing(x):
    model = GaussianMixture(x, 2, common_sigma=False)
    theta = {"means": np.array([x[0], 1.0]), "weights": np.array([0.5, 0.5])}
    at = [model.space.inverse(theta | {"sigma": np.array([s, 2.0])}) for s in (1e-3, 1e-6, 1e-12)]
    likelihood, joint = model.log_likelihood(np.array(at)), model.log_joint(np.array(at))
    assert likelihood[0] < likelihood[1] < likelihood[2]  # unbounded
    assert joint[0] > joint[1] > joint[2]


def test_blocks_of_rows_give_the_same(x, rng, monkeypatch):
    model = GaussianMixture(x, 3)
    z = rng.normal(size=(2, 3, model.n_latent))
    whole = model.log_likelihood(z), model.grad_log_likelihood(z)
    monkeypatch.setattr(blocks, "MAX_TABLE", 100)
    np.testing.assert_allclose(model.log_likelihood(z), whole[0], rtol=1e-12)
    np.testing.assert_allclose(model.grad_log_likelihood(z), whole[1], rtol=1e-10)


def test_simulated_data_are_of_the_mixture(rng):
    model = GaussianMixture(np.zeros(20_000), 2, common_sigma=False)
    theta = {"means": np.array([-2.0, 1.0]), "weights": np.array([0.3, 0.7]), "sigma": np.array([0.5, 2.0])}
    z = model.space.inverse(theta)

    def cdf(t):
        return 0.3 * stats.norm.cdf(t, -2, 0.5) + 0.7 * stats.norm.cdf(t, 1, 2)

    assert stats.kstest(model.simulate(z, rng), cdf).pvalue > 1e-3
    plane = GaussianMixture(np.zeros((7, 2)), 2)
    assert plane.simulate(np.zeros((3, plane.n_latent)), rng).shape == (3, 7, 2)


def test_draws_of_the_prior_have_its_quantiles(x, rng):
    model = GaussianMixture(x, 2, ordered=True, alpha=2.0, sigma_median=3.0, sigma_spread=0.5)
    theta = model.space.forward(model.sample_prior(5_000, rng))[0]
    assert (np.diff(theta["means"]) > 0).all()
    assert stats.kstest(theta["means"].ravel(), stats.norm(scale=10).cdf).pvalue > 1e-3
    assert stats.kstest(theta["weights"][:, 0], stats.beta(2, 2).cdf).pvalue > 1e-3
    assert stats.kstest(theta["sigma"], stats.lognorm(0.5, scale=3).cdf).pvalue > 1e-3


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"n_components": 1}, "n_components must be a whole number of at least 2"),
        ({"x": [1.0, np.nan]}, "x has 1 NaN"),
        ({"x": []}, "x must have shape"),
        ({"x": np.zeros((2, 2, 2))}, "x must have shape"),
        ({"x": np.zeros((4, 2)), "ordered": True}, "one dimension"),
        ({"alpha": 0}, "alpha must lie"),
        ({"mean_sigma": -1}, "mean_sigma must lie"),
        ({"sigma_median": np.inf}, "sigma_median must lie"),
        ({"sigma_spread": 0}, "sigma_spread must lie"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        GaussianMixture(**({"x": [1.0, 2.0], "n_components": 2} | arguments))


def test_other_data_must_be_of_the_same_dimension(x):
    model = GaussianMixture(x, 2)
    assert model.with_data(x[:3]).n_data == 3
    with pytest.raises(ValueError, match="rows of shape"):
        model.with_data(np.zeros((4, 2)))
