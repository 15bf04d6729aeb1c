"""Annealing against exact evidence, from below and from above, and its parts one by one."""

import math

import naive
import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

import scratchvae as sv
from scratchvae import models
from scratchvae.evaluation.annealing import (
    annealed_importance_sampling,
    bidirectional_monte_carlo,
    hmc,
    reverse_annealed_importance_sampling,
    tuning,
)
from scratchvae.evaluation.annealing.path import Path


def linear_regression(n_slopes=2):
    """Three latent variables by default, the intercept among them."""
    rng = np.random.default_rng(1)
    design = rng.standard_normal((12, n_slopes))
    y = design @ rng.standard_normal(n_slopes) + 0.5 * rng.standard_normal(12)
    return models.LinearRegression(design, y, sigma=0.5, prior_sigma=2.0)


MODELS = {
    "normal mean": lambda: models.NormalMean([1.0, 2.0, 4.0], 1.0, 0.0, 10.0),
    "linear regression": linear_regression,
    "beta-binomial": lambda: models.BetaBinomial(7, 10, 2.0, 3.0),
    "factor analysis": lambda: models.FactorAnalysis(
        np.array([0.3, -1.2, 0.8]), np.array([[1.0, 0.2], [0.5, -1.0], [0.1, 0.9]]), 0.4
    ),
}


def mean_of_runs(run, n_runs):
    """Mean and standard error of the estimates of independent runs."""
    values = np.array([run(np.random.default_rng([7, i])).estimate.value for i in range(n_runs)])
    return values.mean(), values.std(ddof=1) / math.sqrt(n_runs)


@pytest.mark.parametrize("name", MODELS)
def test_the_exact_evidence_lies_between_the_two_directions_and_both_are_close(name):
    model = MODELS[name]()
    truth, posterior = model.log_evidence(), model.exact_posterior()
    options = {"n_chains": 40, "n_temperatures": 150}
    lower, lower_error = mean_of_runs(
        lambda rng: annealed_importance_sampling(model, rng=rng, **options), n_runs=4
    )
    upper, upper_error = mean_of_runs(
        lambda rng: reverse_annealed_importance_sampling(
            model, posterior.sample(40, rng), rng=rng, **options
        ),
        n_runs=4,
    )
    assert lower == pytest.approx(truth, abs=max(5 * lower_error, 0.02))
    assert upper == pytest.approx(truth, abs=max(5 * upper_error, 0.02))
    assert max(lower_error, upper_error) < 0.15


@pytest.mark.parametrize("temperatures", [1, 3, 10])
def test_the_mean_weight_is_the_evidence_however_few_temperatures(temperatures):
    """E[w] = p(x) exactly, and E[1/w] = 1/p(x) in reverse, even where chains do not mix at all."""
    model = models.NormalMean([0.5], 1.0, 0.0, 1.0)
    truth, posterior = model.log_evidence(), model.exact_posterior()
    options = {"n_chains": 40_000, "n_temperatures": temperatures, "n_leapfrog": 2}
    rng = np.random.default_rng(0)
    forward = annealed_importance_sampling(model, rng=rng, **options)
    value, error = forward.estimate
    assert abs(value - truth) < 4 * error
    assert error < 0.01
    back = reverse_annealed_importance_sampling(model, posterior.sample(40_000, rng), rng=rng, **options)
    value, error = back.estimate
    assert abs(value - truth) < 5 * error + 0.01
    # The mean of the logarithm is off to either side, and more so than the estimate.
    assert forward.log_w.mean() < truth < back.log_w.mean()


def test_with_one_temperature_it_is_importance_sampling_from_the_prior():
    model = models.NormalMean([0.5, 1.0], 1.0, 0.0, 1.0)
    found = annealed_importance_sampling(model, n_chains=50, n_temperatures=1, rng=np.random.default_rng(3))
    np.testing.assert_allclose(found.log_w, model.log_likelihood(found.z), rtol=1e-12)
    assert found.estimate.value == pytest.approx(logsumexp(found.log_w) - math.log(50), rel=1e-12)


def test_a_base_near_the_posterior_needs_few_temperatures():
    model = linear_regression()
    posterior = model.exact_posterior()
    base = posterior.mean, 1.2 * np.sqrt(np.diag(posterior.cov))
    rng = np.random.default_rng(0)
    near = annealed_importance_sampling(model, n_temperatures=20, base=base, rng=rng)
    far = annealed_importance_sampling(model, n_temperatures=20, rng=rng)
    assert near.estimate.value == pytest.approx(model.log_evidence(), abs=5 * near.estimate.standard_error)
    assert near.log_w.std() < 0.3 * far.log_w.std()
    assert near.ess > far.ess


def test_a_fitted_posterior_is_a_base():
    model = linear_regression()
    q = sv.fit(model, steps=400, rng=np.random.default_rng(0), progress=False)
    found = annealed_importance_sampling(model, n_temperatures=60, base=q, rng=np.random.default_rng(1))
    assert found.estimate.value == pytest.approx(model.log_evidence(), abs=0.1)


def test_more_temperatures_bring_the_bounds_together():
    model = linear_regression()
    rng = np.random.default_rng(0)
    spreads = [
        annealed_importance_sampling(model, n_temperatures=n, rng=rng).log_w.std() for n in (20, 100, 500)
    ]
    assert spreads[0] > spreads[1] > spreads[2]


def test_a_joint_density_needs_a_base_and_gets_its_normaliser():
    """log of the integral of e^log_joint over the plane, known for this one."""

    class Bowl(models.BayesianModel):
        n_latent = 2

        def log_joint(self, z):
            return 3.0 - 0.5 * (z[..., 0] ** 2 + z[..., 1] ** 2 / 4)

        def grad_log_joint(self, z):
            return np.stack([-z[..., 0], -z[..., 1] / 4], axis=-1)

    with pytest.raises(ValueError, match="Bowl is written as one joint density"):
        annealed_importance_sampling(Bowl(), rng=np.random.default_rng(0))
    found = annealed_importance_sampling(
        Bowl(), base=(np.ones(2), np.ones(2)), n_temperatures=100, rng=np.random.default_rng(0)
    )
    assert found.estimate.value == pytest.approx(3 + math.log(2 * math.pi * 2), abs=0.1)


# --- the parts ----------------------------------------------------------------------------------


@pytest.mark.parametrize("base", ["prior", (np.array([0.3, -0.2, 0.1]), np.array([0.5, 1.0, 2.0]))])
@pytest.mark.parametrize("beta", [0.0, 0.3, 1.0])
def test_the_gradient_of_the_annealed_density(base, beta, rng):
    path = Path(linear_regression(), base)
    z = rng.standard_normal(3)
    numerical = naive.numerical_gradient(lambda z: path.at(z[None]).log_prob(beta)[0], z)
    assert naive.relative_error(path.at(z[None]).grad(beta)[0], numerical) < 1e-8


def test_a_normal_base_is_a_normal_density(rng):
    mean, sigma = np.array([0.3, -0.2, 0.1]), np.array([0.5, 1.0, 2.0])
    path = Path(linear_regression(), (mean, sigma))
    z = rng.standard_normal((5, 3))
    expected = stats.norm(mean, sigma).logpdf(z).sum(axis=-1)
    np.testing.assert_allclose(path.at(z).log_base, expected, rtol=1e-12)
    drawn = path.sample(20_000, rng)
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=0.06)
    np.testing.assert_allclose(drawn.std(axis=0), sigma, rtol=0.03)


@pytest.fixture
def standing(rng):
    path = Path(linear_regression())
    return path, path.at(rng.standard_normal((6, 3))), rng.standard_normal((6, 3))


def test_the_leapfrog_comes_back_when_the_momentum_is_turned(standing):
    path, point, momentum = standing
    step = np.array([0.05, 0.1, 0.02])
    there, v = hmc.leapfrog(path, point, momentum, 0.7, step, 9)
    back, v = hmc.leapfrog(path, there, -v, 0.7, step, 9)
    np.testing.assert_allclose(back.z, point.z, atol=1e-11)
    np.testing.assert_allclose(v, -momentum, atol=1e-11)
    assert np.abs(there.z - point.z).max() > 0.1


def test_the_leapfrog_keeps_volume(standing):
    """The Jacobian of (z, v) -> (z', v') has the determinant 1."""
    path, point, momentum = standing

    def move(both):
        end, v = hmc.leapfrog(path, path.at(both[None, :3]), both[None, 3:], 0.7, 0.2, 3)
        return np.concatenate([end.z[0], v[0]])

    jacobian = naive.numerical_jacobian(move, np.concatenate([point.z[0], momentum[0]]))
    assert abs(np.linalg.det(jacobian)) == pytest.approx(1, rel=1e-6)


def test_the_error_of_the_energy_falls_as_the_square_of_the_step(standing):
    path, point, momentum = standing

    def lost(n_steps):
        end, v = hmc.leapfrog(path, point, momentum, 0.7, 0.2 / n_steps, n_steps)
        energy = [p.log_prob(0.7) - 0.5 * (u**2).sum(axis=-1) for p, u in ((point, momentum), (end, v))]
        return np.abs(energy[1] - energy[0]).max()

    assert lost(8) / lost(16) == pytest.approx(4, rel=0.05)


@pytest.mark.parametrize("beta", [0.2, 1.0])
def test_a_transition_leaves_the_density_as_it_is(beta, rng):
    """Chains that begin in f_beta stay in it: its mean and covariance are known."""
    model = linear_regression()
    model.noise_sigma = model.noise_sigma / math.sqrt(beta)
    exact = model.exact_posterior()
    model = linear_regression()
    path = Path(model)
    point = path.at(exact.sample(20_000, rng))
    for _ in range(3):
        point, acceptance = hmc.transition(path, point, beta, 0.25, 4, rng)
    assert 0.3 < acceptance.mean() < 0.97  # neither all nor none are refused
    sd = np.sqrt(np.diag(exact.cov))
    np.testing.assert_allclose((point.z.mean(axis=0) - exact.mean) / sd, 0, atol=0.04)
    np.testing.assert_allclose(np.cov(point.z.T) / np.outer(sd, sd), exact.cov / np.outer(sd, sd), atol=0.05)


def test_a_trajectory_that_runs_off_is_refused(rng):
    path = Path(linear_regression())
    point = path.at(rng.standard_normal((6, 3)))
    moved, acceptance = hmc.transition(path, point, 1.0, 1e100, 5, rng)
    np.testing.assert_array_equal(moved.z, point.z)
    assert (acceptance == 0).all()


def test_the_pilot_finds_steps_of_the_right_acceptance_at_any_scale(rng):
    """A mean known to a thousandth of its prior's spread."""
    model = models.NormalMean(np.full(1000, 2.0), 1.0, 0.0, 30.0)
    found = annealed_importance_sampling(model, n_temperatures=300, rng=rng)
    value, error = found.estimate
    assert value == pytest.approx(model.log_evidence(), abs=4 * error)
    assert error < 0.4
    assert 0.6 < found.acceptance.mean() < 0.97


def test_temperatures_divide_the_pilots_evenly():
    found = tuning.Tuning(np.array([0, 0.01, 0.1, 1]), np.zeros((4, 1))).temperatures(6)
    np.testing.assert_allclose(found, [0, 0.005, 0.01, 0.055, 0.1, 0.55, 1], rtol=1e-12)


def test_steps_are_interpolated_in_their_logarithm():
    found = tuning.Tuning(np.array([0, 0.5, 1]), np.log([[1.0, 4.0], [1.0, 1.0], [9.0, 1.0]]))
    np.testing.assert_allclose(found.step(0.25), [1, 2], rtol=1e-12)
    np.testing.assert_allclose(found.step(1.0), [9, 1], rtol=1e-12)


def test_a_rise_of_the_temperature_leaves_so_many_chains_effective(rng):
    path = Path(linear_regression())
    point = path.at(path.sample(200, rng))
    beta = tuning._next(0.0, point)
    weights = np.exp(beta * (point.log_joint - point.log_base))
    assert weights.sum() ** 2 / (weights**2).sum() == pytest.approx(0.8 * 200, rel=1e-6)
    assert 0 < beta < 0.1
    assert tuning._next(1 - 1e-9, point) == 1


def test_a_likelihood_that_is_zero_somewhere_gives_weights_of_zero(rng):
    """Uniform data on (0, z): z below the largest datum is impossible."""

    class Uniform(models.BayesianModel):
        n_latent = 1

        def log_prior(self, z):
            return -0.5 * z[..., 0] ** 2 - 0.5 * math.log(2 * math.pi)

        def grad_log_prior(self, z):
            return -z

        def log_likelihood(self, z):
            return np.where(z[..., 0] > 0.5, -np.log(np.maximum(z[..., 0], 0.5)), -np.inf)

        def grad_log_likelihood(self, z):
            return np.where(z > 0.5, -1 / np.maximum(z, 0.5), 0)

        def sample_prior(self, n, rng):
            return rng.standard_normal((n, 1))

    from scipy.integrate import quad

    truth = math.log(quad(lambda z: stats.norm.pdf(z) / z, 0.5, np.inf)[0])
    found = annealed_importance_sampling(Uniform(), n_chains=4000, n_temperatures=20, rng=rng)
    assert (found.log_w == -np.inf).any()
    assert abs(found.estimate.value - truth) < 4 * found.estimate.standard_error


# --- bidirectional ------------------------------------------------------------------------------


def test_simulated_data_are_caught_between_their_bounds():
    model = linear_regression()
    bracket = bidirectional_monte_carlo(model, 6, n_temperatures=100, threads=1)
    assert abs(bracket.gap.value) < 5 * bracket.gap.standard_error + 0.1
    truth = [_simulated_again(model, i).log_evidence() for i in range(6)]
    spread = np.hypot(bracket.lower_error, bracket.upper_error)
    assert (bracket.lower < truth + 5 * spread).all()
    assert (bracket.upper > truth - 5 * spread).all()
    assert "6 simulated data lies between" in str(bracket)


def _simulated_again(model, i):
    rng = np.random.default_rng([0, 2, i])
    z = model.sample_prior(1, rng)[0]
    return model.with_data(model.simulate(z, rng))


def test_too_few_temperatures_show_as_a_gap():
    model = models.NormalMean(np.zeros(20), 0.3, 0.0, 10.0)
    few = bidirectional_monte_carlo(model, 4, n_temperatures=2, n_chains=4, threads=1)
    many = bidirectional_monte_carlo(model, 4, n_temperatures=200, n_chains=4, threads=1)
    assert few.gap.value > 10 * abs(many.gap.value)


# --- what goes wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["n_chains", "n_temperatures", "n_leapfrog"])
@pytest.mark.parametrize("value", [0, -1, 1.5, None])
def test_a_wrong_number_is_a_clear_error(name, value):
    with pytest.raises(ValueError, match=f"{name} must be a whole number of at least 1"):
        annealed_importance_sampling(linear_regression(), rng=np.random.default_rng(0), **{name: value})


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ("posterior", "base must be 'prior' or a pair"),
        (3, "base must be 'prior' or a pair"),
        ((np.zeros(3), np.zeros(3)), "sigma .* above zero"),
        ((np.zeros(3), np.ones(2)), "sigma .* above zero"),
        ((np.zeros(2), np.ones(2)), "the base has 2 dimensions, the model 3"),
        ((np.full(3, np.nan), np.ones(3)), "the base's mean has 3 NaN"),
    ],
)
def test_a_wrong_base_is_a_clear_error(base, message):
    with pytest.raises(ValueError, match=message):
        annealed_importance_sampling(linear_regression(), base=base, rng=np.random.default_rng(0))


def test_a_generator_is_asked_for():
    with pytest.raises(ValueError, match=r"rng must be a numpy\.random\.Generator"):
        annealed_importance_sampling(linear_regression())


@pytest.mark.parametrize("z", [np.zeros(2), np.zeros((7, 3)), np.full(3, np.inf)])
def test_a_wrong_beginning_is_a_clear_error(z):
    with pytest.raises(ValueError, match="z "):
        reverse_annealed_importance_sampling(linear_regression(), z, rng=np.random.default_rng(0))


def test_a_prior_that_cannot_be_drawn_from_is_a_clear_error():
    class Mean(models.BayesianModel):
        n_latent = 1

        def log_prior(self, z):
            return -0.5 * z[..., 0] ** 2

        def log_likelihood(self, z):
            return -0.5 * (1 - z[..., 0]) ** 2

    with pytest.raises(ValueError, match=r"Mean cannot draw from its prior: write sample_prior"):
        annealed_importance_sampling(Mean(), rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="data cannot be simulated"):
        bidirectional_monte_carlo(Mean(), threads=1)
