"""What a fit returns: its density, draws and moments agree with each other and with SciPy."""

import naive
import numpy as np
import pytest
from scipy import integrate, stats
from vi_problems import Written, correlated, fitted, small_regression

from scratchvae import models
from scratchvae.vi.fit import DRAWS_AT_ONCE
from scratchvae.vi.posterior import N_DRAWS


def gaussian(q):
    return stats.multivariate_normal(q.mean, q.cov)


# --- the density --------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["mean_field", "full_rank", "low_rank:1"])
@pytest.mark.parametrize("lead", [(), (4,), (2, 3)])
def test_log_prob_is_that_of_the_gaussian_of_its_moments(family, lead, rng):
    q = fitted(correlated(3, seed=4), family)
    z = q.mean + rng.standard_normal((*lead, 3))
    assert q.log_prob(z).shape == lead
    np.testing.assert_allclose(q.log_prob(z), gaussian(q).logpdf(z), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("family", ["mean_field", "full_rank", "low_rank:1"])
def test_grad_log_prob_by_differences(family, rng):
    q = fitted(correlated(3, seed=4), family)
    z = q.mean + rng.standard_normal(3)
    numerical = naive.numerical_gradient(lambda z: float(q.log_prob(z)), z)
    assert naive.relative_error(q.grad_log_prob(z), numerical) < 1e-8
    many = q.mean + rng.standard_normal((2, 5, 3))
    expected = -(many - q.mean) @ np.linalg.inv(q.cov)
    np.testing.assert_allclose(q.grad_log_prob(many), expected, rtol=1e-8, atol=1e-8)


def test_it_integrates_to_one():
    q = fitted(models.BetaBinomial(7, 10), "mean_field")
    total = integrate.quad(lambda z: np.exp(q.log_prob(np.array([z]))), *(q.mean[0] + [-40, 40] * q.sd))[0]
    assert total == pytest.approx(1, abs=1e-8)
    q = fitted(correlated(2, seed=1))
    axes = [np.linspace(m - 9 * s, m + 9 * s, 400) for m, s in zip(q.mean, q.sd, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    cell = np.prod([axis[1] - axis[0] for axis in axes])
    assert np.exp(q.log_prob(grid)).sum() * cell == pytest.approx(1, abs=1e-6)


def test_draws_have_its_moments(gaussian_fit):
    z = gaussian_fit.sample(200_000, np.random.default_rng(0))
    assert z.shape == (200_000, 3)
    scale = np.outer(gaussian_fit.sd, gaussian_fit.sd)
    np.testing.assert_allclose(z.mean(axis=0), gaussian_fit.mean, atol=0.01 * gaussian_fit.sd.max())
    np.testing.assert_allclose(np.cov(z.T) / scale, gaussian_fit.cov / scale, atol=0.015)
    np.testing.assert_allclose(gaussian_fit.sd, np.sqrt(np.diag(gaussian_fit.cov)))


@pytest.mark.parametrize("method", ["log_prob", "grad_log_prob"])
def test_z_of_another_width(gaussian_fit, method):
    with pytest.raises(ValueError, match=r"z must have shape \(..., 3\), not \(2,\)"):
        getattr(gaussian_fit, method)(np.zeros(2))


def test_draws_take_a_generator_and_a_number(gaussian_fit):
    with pytest.raises(ValueError, match="n must be a whole number of at least 1, not 0"):
        gaussian_fit.sample(0, np.random.default_rng(0))
    with pytest.raises(ValueError, match="rng must be a numpy.random.Generator"):
        gaussian_fit.sample(3, 0)


# --- the ELBO and the weights -------------------------------------------------------------------


def test_the_elbo_is_the_mean_log_weight_of_its_own_draws(gaussian_fit):
    z, log_w = gaussian_fit.weighted
    expected = gaussian_fit.model.log_joint(z) - gaussian_fit.log_prob(z)
    np.testing.assert_allclose(log_w, expected, atol=1e-8)
    assert gaussian_fit.elbo == pytest.approx(expected.mean())
    assert gaussian_fit.elbo_error == pytest.approx(expected.std(ddof=1) / np.sqrt(len(z)))


def test_the_elbo_in_closed_form():
    """For q = N(m, S) and p = N(mean, cov): log p(x) - KL(q || p)."""
    model = correlated(3, seed=4)
    q = fitted(model, "mean_field")
    d = q.mean - model.center
    kl = 0.5 * (
        np.trace(model.precision @ q.cov)
        + d @ model.precision @ d
        - 3
        + np.linalg.slogdet(model.cov)[1]
        - np.linalg.slogdet(q.cov)[1]
    )
    assert abs(q.elbo + kl) < 4 * q.elbo_error


# --- the parameters -----------------------------------------------------------------------------


def test_draws_by_name_are_in_the_parameters_own_space(schools_fit):
    draws = schools_fit.draws(500, np.random.default_rng(1))
    z = schools_fit.sample(500, np.random.default_rng(1))
    assert list(draws) == ["mu", "tau", "eta"]
    np.testing.assert_array_equal(draws["mu"], z[:, 0])
    np.testing.assert_allclose(draws["tau"], np.exp(z[:, 1]))
    np.testing.assert_array_equal(draws["eta"], z[:, 2:])
    assert schools_fit.names == ("mu", "tau", *(f"eta[{j}]" for j in range(8)))


def test_quantiles_go_through_the_monotone_map(schools_fit):
    probs = (0.05, 0.5, 0.95)
    quantiles = schools_fit.quantiles(probs)
    normal = stats.norm(schools_fit.mean[1], schools_fit.sd[1])
    np.testing.assert_allclose(quantiles["tau"], np.exp(normal.ppf(probs)), rtol=0.03)
    assert list(quantiles) == list(schools_fit.names)


def test_the_summary_by_name_is_that_of_the_parameters(schools_fit):
    table = schools_fit.summary(probs=(0.1, 0.9))
    log_normal = stats.lognorm(schools_fit.sd[1], scale=np.exp(schools_fit.mean[1]))
    assert table["tau"].mean == pytest.approx(log_normal.mean(), rel=0.03)
    assert table["tau"].sd == pytest.approx(log_normal.std(), rel=0.08)
    assert table["mu"].mean == pytest.approx(schools_fit.mean[0], abs=0.03 * schools_fit.sd[0])
    assert table["tau"].quantiles[0.9] == schools_fit.quantiles((0.9,))["tau"][0]
    assert len(table) == 10
    assert list(table) == list(schools_fit.names)
    assert table.as_dict()["eta[3]"].keys() == {"mean", "sd", "10%", "90%"}


def test_the_table_as_text(schools_fit):
    lines = str(schools_fit.summary()).splitlines()
    assert lines[0].split() == ["parameter", "mean", "sd", "5%", "50%", "95%"]
    assert [line.split()[0] for line in lines[1:]] == list(schools_fit.names)
    assert len({len(line) for line in lines}) == 1
    mean = float(lines[2].split()[1])
    assert mean == pytest.approx(schools_fit.summary()["tau"].mean, rel=1e-3)


def test_a_long_table_leaves_its_middle_out():
    with pytest.warns(UserWarning, match="not converged"):
        q = fitted(correlated(50), "mean_field", steps=1, start="zero")
    lines = str(q.summary()).splitlines()
    assert len(lines) == 41
    assert "... 11 more ..." in lines
    assert lines[-1].split()[0] == "z[49]"


def test_names_and_probabilities_that_do_not_exist(schools_fit):
    with pytest.raises(ValueError, match=r"unknown parameter 'eta'.* 'eta\[0\]'"):
        schools_fit.summary()["eta"]
    with pytest.raises(ValueError, match="a quantile's probability"):
        schools_fit.summary(probs=(5, 50, 95))


def test_what_it_prints(gaussian_fit):
    text = str(gaussian_fit)
    assert "full_rank by elbo: converged in" in text
    assert f"{gaussian_fit.n_steps:,} steps" in text
    assert "skipped" not in text
    assert f"khat {gaussian_fit.khat:.2f}" in text
    assert str(gaussian_fit.verdict) in text
    assert repr(gaussian_fit).startswith("<Posterior of Correlated: full_rank, ELBO")


# --- the path -----------------------------------------------------------------------------------


def bits(q):
    return [q.lam.tobytes(), q.coordinates.shift.tobytes(), q.coordinates.factor.tobytes(), q.trace.tobytes()]


@pytest.mark.parametrize("bound", ["elbo", "iwae", "score_function_running"])
@pytest.mark.filterwarnings("ignore:the fit has not converged")
def test_the_same_seed_gives_the_same_bits(bound):
    first, again, other = (
        fitted(small_regression(), "mean_field", bound=bound, steps=400, seed=seed) for seed in (3, 3, 4)
    )
    assert bits(first) == bits(again)
    assert first.elbo == again.elbo
    assert first.khat == again.khat
    assert bits(first) != bits(other)


def test_reporting_draws_nothing_from_the_callers_generator():
    rng = np.random.default_rng(0)
    import scratchvae as sv

    q = sv.fit(small_regression(), rng=rng, progress=False)
    state = rng.bit_generator.state
    _ = q.elbo, q.khat, q.verdict, q.summary(), q.corrected, str(q)
    assert rng.bit_generator.state == state


@pytest.mark.parametrize("steps", [1, 7, 40, 333, 2000, 10_000])
@pytest.mark.filterwarnings("ignore:the fit has not converged")
def test_trace_and_stages_tell_the_same_story(steps):
    q = fitted(small_regression(), steps=steps)
    assert q.n_steps == len(q.trace) == sum(stage.n_steps for stage in q.stages)
    assert 1 <= q.n_steps <= steps
    rates = [stage.lr for stage in q.stages]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == 0.1


def two_modes():
    """0.3 N(-4, 1) + 0.7 N(4, 1), times sqrt(2 pi)."""

    def parts(z):
        return np.stack([np.log(0.3) - 0.5 * (z + 4) ** 2, np.log(0.7) - 0.5 * (z - 4) ** 2])

    def gradient(z):
        logs = parts(z)
        share = np.exp(logs - np.logaddexp(*logs))
        return -share[0] * (z + 4) - share[1] * (z - 4)

    return Written(1, lambda z: np.logaddexp(*parts(z))[..., 0], gradient)


def test_restarts_are_recorded_and_the_best_is_taken():
    q = fitted(two_modes(), restarts=5)
    assert len(q.restarts) == 5
    heights = np.unique(np.round(np.array(q.restarts) - 0.5 * np.log(2 * np.pi), 1))
    np.testing.assert_allclose(heights, np.round(np.log([0.3, 0.7]), 1))  # both modes were found
    assert q.mean[0] == pytest.approx(4, abs=0.02)
    assert q.elbo == pytest.approx(max(q.restarts), abs=0.05)
    assert len(fitted(two_modes()).restarts) == 1


def test_the_final_draws_are_evaluated_some_at_a_time():
    seen = []

    def log_density(z):
        seen.append(len(z))
        return -0.5 * (z**2).sum(-1)

    fitted(Written(1, log_density, lambda z: -z))
    assert max(seen) <= DRAWS_AT_ONCE < N_DRAWS <= sum(seen)
