"""The mixture prior by itself: density, gradients, draws."""

import naive
import numpy as np
import pytest
from scipy import special, stats

from scratchvae.parameters import Parameters
from scratchvae.priors import MixturePrior, mixture_of_maps

L, M = 2, 3


@pytest.fixture
def prior(rng):
    """Three components at random, one of them rare."""
    found = MixturePrior(L, M)
    found.parameters["mean"] = 1.5 * rng.standard_normal((M, L))
    found.parameters["log_sigma"] = np.log(rng.uniform(0.4, 1.2, (M, L)))
    found.parameters["logits"] = [1.0, 0.5, -1.5]
    return found


def parts(prior):
    """pi (M,), means (M, L), standard deviations (M, L)."""
    blocks = prior.parameters
    return special.softmax(blocks["logits"]), blocks["mean"], np.exp(blocks["log_sigma"])


def scipy_log_prob(prior, z):
    """log sum_k pi_k N(z; m_k, sigma_k^2), a component at a time."""
    each = [
        np.log(pi) + stats.norm.logpdf(z, m, s).sum(axis=-1) for pi, m, s in zip(*parts(prior), strict=True)
    ]
    return special.logsumexp(each, axis=0)


# --- the density --------------------------------------------------------------------------------


@pytest.mark.parametrize("lead", [(), (4,), (3, 4), (2, 1, 3)])
def test_the_density_is_that_of_scipy(prior, lead, rng):
    z = 2 * rng.standard_normal((*lead, L))
    np.testing.assert_allclose(prior.log_prob(z), scipy_log_prob(prior, z), rtol=1e-12)
    np.testing.assert_array_equal(prior.forward(z)[0], prior.log_prob(z))


def test_it_integrates_to_one(prior):
    line = np.linspace(-9, 9, 401)
    grid = np.stack(np.meshgrid(line, line), axis=-1)
    density = np.exp(prior.log_prob(grid))
    assert density.sum() * (line[1] - line[0]) ** 2 == pytest.approx(1, abs=1e-8)


def test_far_from_every_component_the_logarithm_is_still_exact(prior):
    """Where every density is zero as a float, and where one component is all there is."""
    z = np.array([[1e3, -1e3], [200.0, 0.0], [0.0, 1e5]])
    assert np.exp(scipy_log_prob(prior, z)).max() == 0
    np.testing.assert_allclose(prior.log_prob(z), scipy_log_prob(prior, z), rtol=1e-13)
    dz = prior.backward(prior.forward(z)[1], np.ones(3))
    assert np.isfinite(dz).all()
    assert (prior.responsibilities(z).sum(axis=-1) == 1).all()


def test_a_component_without_weight_changes_nothing(prior, rng):
    z = rng.standard_normal((5, L))
    prior.parameters["logits"] = [0.0, 0.0, -1e4]
    without = MixturePrior(L, 2)
    for name in ("mean", "log_sigma", "logits"):
        without.parameters[name] = prior.parameters[name][:2]
    np.testing.assert_allclose(prior.log_prob(z), without.log_prob(z), rtol=1e-14)


def test_one_component_is_a_normal(rng):
    prior = MixturePrior(L, 1)
    prior.parameters["mean"], prior.parameters["log_sigma"] = [[1.0, -2.0]], [[0.3, -0.4]]
    z = rng.standard_normal((5, L))
    expected = stats.norm.logpdf(z, [1.0, -2.0], np.exp([0.3, -0.4])).sum(axis=-1)
    np.testing.assert_allclose(prior.log_prob(z), expected, rtol=1e-13)


def test_the_responsibilities_are_bayes_theorem(prior, rng):
    z = rng.standard_normal((4, L))
    joint = [pi * stats.norm.pdf(z, m, s).prod(axis=-1) for pi, m, s in zip(*parts(prior), strict=True)]
    np.testing.assert_allclose(prior.responsibilities(z).T, joint / np.sum(joint, axis=0), rtol=1e-11)


@pytest.mark.parametrize("max_values", [1, 7, 20, 10**6])
def test_taking_some_z_at_a_time_changes_nothing(prior, max_values, monkeypatch, rng):
    z = rng.standard_normal((3, 5, L))
    whole = prior.forward(z)[0]
    monkeypatch.setattr(mixture_of_maps, "MAX_VALUES", max_values)
    np.testing.assert_allclose(prior.log_prob(z), whole, rtol=1e-14)


# --- gradients ----------------------------------------------------------------------------------


@pytest.mark.parametrize("lead", [(), (4,), (3, 4)])
def test_the_gradients_equal_central_differences(prior, lead, rng):
    z, dlog_p = rng.standard_normal((*lead, L)), rng.standard_normal(lead)
    dz = prior.backward(prior.forward(z)[1], dlog_p)
    got = prior.parameters.grad.copy()

    def of_z(z):
        return float((prior.log_prob(z) * dlog_p).sum())

    def of_blocks(theta):
        prior.parameters.value = theta
        return of_z(z)

    assert naive.relative_error(dz, naive.numerical_gradient(of_z, z)) < 1e-9
    expected = naive.numerical_gradient(of_blocks, prior.parameters.value.copy())
    for name, (where, _) in prior.parameters.blocks().items():
        assert naive.relative_error(got[where], expected[where]) < 1e-9, name


def test_the_gradients_are_the_documented_ones(prior, rng):
    """dz = -sum_k r_k u / sigma_k; r_k u / sigma_k, r_k (u^2 - 1) and r_k - pi_k, summed over z."""
    z = rng.standard_normal((6, L))
    r, (pi, m, s) = prior.responsibilities(z)[..., None], parts(prior)
    u = (z[:, None] - m) / s  # (N, M, L)
    dz = prior.backward(prior.forward(z)[1], np.ones(6))
    np.testing.assert_allclose(dz, -(r * u / s).sum(axis=1), rtol=1e-11)
    gradient = prior.parameters.gradient
    np.testing.assert_allclose(gradient("mean"), (r * u / s).sum(axis=0), rtol=1e-11)
    np.testing.assert_allclose(gradient("log_sigma"), (r * (u * u - 1)).sum(axis=0), rtol=1e-10)
    np.testing.assert_allclose(gradient("logits"), (r[..., 0] - pi).sum(axis=0), rtol=1e-10)


def test_a_backward_belongs_to_its_forward(prior, rng):
    """Other parameters and another forward in between change nothing."""
    z = rng.standard_normal((4, L))
    _, cache = prior.forward(z)
    dz = prior.backward(cache, np.ones(4))
    grad = prior.parameters.grad.copy()
    prior.parameters.value = prior.parameters.value + 1.0
    prior.forward(z + 1)
    np.testing.assert_array_equal(prior.backward(cache, np.ones(4)), dz)
    np.testing.assert_array_equal(prior.parameters.grad, grad)


def test_the_mean_score_of_its_own_draws_is_zero(prior):
    """E[d log p / d blocks] = 0 if, and only if, density and draws are of one distribution."""
    z, scores = prior.sample((20_000, L), np.random.default_rng(1)), []
    for part in np.split(z, 100):
        prior.backward(prior.forward(part)[1], np.full(len(part), 1 / len(part)))
        scores.append(prior.parameters.grad.copy())
    standard_error = np.std(scores, axis=0, ddof=1) / 10
    assert (np.abs(np.mean(scores, axis=0)) < 4 * standard_error).all()


# --- draws --------------------------------------------------------------------------------------


def test_draws_have_the_moments_of_the_mixture(prior, dtype):
    z = prior.sample((200, 200, L), np.random.default_rng(0), dtype).reshape(-1, L)
    pi, m, s = parts(prior)
    mean = pi @ m
    cov = (pi[:, None] * m).T @ m + np.diag(pi @ s**2) - np.outer(mean, mean)
    assert (np.abs(z.mean(axis=0) - mean) < 4 * np.sqrt(np.diag(cov) / len(z))).all()
    np.testing.assert_allclose(np.cov(z.T), cov, atol=0.05)


def test_draws_fill_cells_as_the_density_says(prior):
    """Chi-squared over cells of equal probability of the first coordinate, itself a mixture of normals."""
    z = prior.sample((20_000, L), np.random.default_rng(0))[:, 0]
    pi, m, s = parts(prior)
    u = (stats.norm.cdf(z[:, None], m[:, 0], s[:, 0]) * pi).sum(axis=1)  # uniform, if the draws are right
    counts = np.histogram(u, bins=20, range=(0, 1))[0]
    assert stats.chisquare(counts).pvalue > 1e-3


def test_the_same_generator_gives_the_same_draws(prior):
    first, again, other = (prior.sample((5, L), np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


# --- the beginning, precision, what is refused --------------------------------------------------


def test_it_begins_near_the_standard_normal():
    """Over many seeds p(z) has mean 0 and variance 1; its weights are equal."""
    priors = []
    for seed in range(200):
        prior = MixturePrior(L, 20)
        prior.initialize(np.random.default_rng(seed))
        priors.append(parts(prior))
    pi, m, s = map(np.array, zip(*priors, strict=True))
    np.testing.assert_allclose(pi, 1 / 20)
    assert m.mean() == pytest.approx(0, abs=0.05)
    assert (m**2 + s**2).mean() == pytest.approx(1, abs=0.05)
    assert m[0].std() > 0.2  # no two components are the same


def test_the_blocks_lie_where_they_are_attached():
    prior = MixturePrior(L, M)
    parameters = Parameters({f"prior.{name}": shape for name, shape in prior.shapes().items()}, "float32")
    prior.attach(parameters, "prior.")
    prior.initialize(np.random.default_rng(0))
    assert parameters["prior.mean"].any()
    z = np.zeros((4, L), np.float32)
    log_p, cache = prior.forward(z)
    dz = prior.backward(cache, np.ones(4, np.float32))
    assert {
        log_p.dtype.name,
        dz.dtype.name,
        prior.sample((3, L), np.random.default_rng(0), "float32").dtype.name,
    } == {"float32"}
    assert parameters.gradient("prior.logits").any()


@pytest.mark.parametrize("n_components", [0, -1, 2.5, "three"])
def test_a_number_of_components_that_is_none_is_refused(n_components):
    with pytest.raises(ValueError, match="the number of components must be a whole number of at least 1"):
        MixturePrior(L, n_components)


# --- memory -------------------------------------------------------------------------------------


def test_of_a_million_z_as_many_are_laid_out_at_once_as_four_million_numbers_hold(prior, monkeypatch):
    asked = []

    def forward(z):
        asked.append(M * z.size)
        return np.zeros(len(z)), None

    monkeypatch.setattr(prior, "forward", forward)
    assert prior.log_prob(np.zeros((1_000_000, L))).shape == (1_000_000,)
    assert len(asked) == 2  # of six million numbers
    assert 2**22 - M * L < asked[0] <= 2**22
