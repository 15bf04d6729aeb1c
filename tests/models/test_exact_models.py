"""What holds for every conjugate model: Bayes' theorem, gradients, sequential updating, prediction."""

import naive
import numpy as np
import pytest
from exact_cases import CASES
from scipy import stats

from scratchvae import models
from scratchvae.models.exact import ExactModel, ExactPosterior

N_DRAWS = 20_000


@pytest.fixture(params=CASES.values(), ids=CASES.keys())
def case(request):
    return request.param


@pytest.fixture
def model(case):
    return case.whole


def near_posterior(model, rng, *lead):
    exact = model.exact_posterior()
    return exact.mean + 1.5 * rng.normal(size=(*lead, model.n_latent)) * np.sqrt(np.diag(exact.cov))


def assert_mean_is(draws, expected):
    """The draws (n, ...) average to `expected` within 4.5 standard errors, entry by entry."""
    error = draws.std(axis=0) / np.sqrt(len(draws))
    assert (np.abs(draws.mean(axis=0) - expected) <= 4.5 * error + 1e-12).all()


def assert_draws_have_score(draws, score):
    """Stein's identity: E[g] = 0 and E[z g^T] = -I for g the gradient of the draws' own log-density."""
    assert_mean_is(score, 0)
    centred = draws - draws.mean(axis=0)
    assert_mean_is(centred[:, :, None] * score[:, None, :], -np.eye(draws.shape[1]))


def test_every_exact_model_is_among_the_cases():
    kinds = [kind for kind in vars(models).values() if isinstance(kind, type)]
    exact = {kind for kind in kinds if issubclass(kind, ExactModel)} - {ExactModel}
    assert exact == {type(case.whole) for case in CASES.values()}


@pytest.mark.parametrize("lead", [(), (4,), (2, 3)])
def test_joint_over_evidence_is_the_posterior(model, lead, rng):
    z = near_posterior(model, rng, *lead)
    log_posterior = model.log_joint(z) - model.log_evidence()
    assert log_posterior.shape == lead
    np.testing.assert_allclose(model.exact_posterior().log_prob(z), log_posterior, rtol=1e-10, atol=1e-9)


@pytest.mark.parametrize("lead", [(), (4,), (2, 3)])
@pytest.mark.parametrize("part", ["prior", "likelihood"])
def test_gradients_equal_central_differences(model, part, lead, rng):
    z = near_posterior(model, rng, *lead)
    log_p, grad = getattr(model, f"log_{part}"), getattr(model, f"grad_log_{part}")
    numerical = naive.numerical_gradient(lambda t: float(log_p(t).sum()), z, step=1e-3)
    assert naive.relative_error(grad(z), numerical) < 1e-8


BY_ROWS = {name: case.whole for name, case in CASES.items() if case.whole.n_data is not None}


@pytest.mark.parametrize("model", BY_ROWS.values(), ids=BY_ROWS.keys())
def test_minibatches_add_up_to_the_whole(model, rng):
    z, rows = near_posterior(model, rng, 3), np.arange(model.n_data)
    parts = rows[::2], rows[1::2]
    for function in (model.log_likelihood, model.grad_log_likelihood):
        np.testing.assert_allclose(sum(function(z, part) for part in parts), function(z), rtol=1e-11)


def test_the_exact_posterior_is_of_the_promised_form(model):
    exact = model.exact_posterior()
    assert isinstance(exact, ExactPosterior)
    assert exact.mean.shape == (model.n_latent,)
    assert exact.cov.shape == (model.n_latent, model.n_latent)
    np.testing.assert_array_equal(exact.cov, exact.cov.T)
    assert tuple(exact.marginals) == model.space.names
    assert isinstance(model.log_evidence(), float)


def test_posterior_draws_have_the_exact_moments(model, rng):
    exact = model.exact_posterior()
    draws = exact.sample(N_DRAWS, rng)
    assert draws.shape == (N_DRAWS, model.n_latent)
    assert_mean_is(draws, exact.mean)
    centred = draws - exact.mean
    assert_mean_is(centred[:, :, None] * centred[:, None, :], exact.cov)


def test_posterior_draws_follow_the_marginals_in_the_parameters_own_space(model, rng):
    exact = model.exact_posterior()
    theta = model.space.flatten(model.space.forward(exact.sample(N_DRAWS, rng))[0])
    for column, marginal in zip(theta.T, exact.marginals.values(), strict=True):
        assert stats.kstest(column, marginal.cdf).pvalue > 1e-3


def test_posterior_draws_are_of_the_joint_density(model, rng):
    draws = model.exact_posterior().sample(N_DRAWS, rng)
    assert_draws_have_score(draws, model.grad_log_joint(draws))


def test_prior_draws_are_of_the_prior(model, rng):
    draws = model.sample_prior(N_DRAWS, rng)
    assert draws.shape == (N_DRAWS, model.n_latent)
    assert_draws_have_score(draws, model.grad_log_prior(draws))


def test_simulated_data_are_of_the_likelihood(model, rng):
    """E[p(x|z') / p(x|z)] = 1 for x ~ p(x|z) and any z'; and the gradient by z averages to zero."""
    z = near_posterior(model, rng)
    other = z + 0.1 * np.sqrt(np.diag(model.exact_posterior().cov))
    data = model.simulate(np.broadcast_to(z, (600, model.n_latent)), rng)
    refitted = [model.with_data(x) for x in data]
    assert_mean_is(np.array([m.grad_log_likelihood(z) for m in refitted]), 0)
    assert_mean_is(np.array([np.exp(m.log_likelihood(other) - m.log_likelihood(z)) for m in refitted]), 1)


@pytest.mark.parametrize("lead", [(), (2, 3)])
def test_simulated_data_have_the_shape_of_the_models_own(case, lead, rng):
    model = case.first
    data = model.simulate(near_posterior(model, rng, *lead), rng)
    assert np.shape(data) == (*lead, *np.shape(model.simulate(near_posterior(model, rng), rng)))
    own = model.with_data(model.simulate(near_posterior(model, rng), rng))
    assert np.isfinite(own.log_evidence())


def test_two_batches_one_after_the_other_equal_all_at_once(case, rng):
    second = case.first.updated(*case.rest, **case.rest_options)
    exact, expected = second.exact_posterior(), case.whole.exact_posterior()
    np.testing.assert_allclose(exact.mean, expected.mean, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(exact.cov, expected.cov, rtol=1e-9, atol=1e-12)
    z = near_posterior(case.whole, rng, 5)
    np.testing.assert_allclose(exact.log_prob(z), expected.log_prob(z), rtol=1e-9)
    in_turn = case.first.log_evidence() + second.log_evidence()
    assert in_turn == pytest.approx(case.whole.log_evidence(), rel=1e-11, abs=1e-10)


def test_the_prior_of_an_updated_model_is_the_posterior(case, rng):
    second = case.first.updated(*case.rest, **case.rest_options)
    z = near_posterior(case.whole, rng, 5)
    np.testing.assert_allclose(second.log_prior(z), case.first.exact_posterior().log_prob(z), rtol=1e-9)


def test_the_predictive_density_is_a_ratio_of_evidences(case):
    predictive = case.predictive(case.whole)
    log_p = getattr(predictive, "logpdf", None) or predictive.logpmf
    log_ratio = case.appended(case.new).log_evidence() - case.whole.log_evidence()
    assert np.squeeze(log_p(case.new)) == pytest.approx(log_ratio, rel=1e-10)


def test_forward_and_backward_agree_with_the_four_functions(model, rng):
    z = near_posterior(model, rng, 3)
    log_likelihood, log_prior, cache = model.forward(z)
    np.testing.assert_array_equal(log_likelihood + log_prior, model.log_joint(z))
    ones = np.ones(3)
    np.testing.assert_allclose(model.backward(cache, ones, ones), model.grad_log_joint(z), rtol=1e-13)


def test_missing_values_are_refused(model):
    data = np.array(model.simulate(model.exact_posterior().mean, np.random.default_rng(0)), float)
    data[-1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        model.with_data(data)
