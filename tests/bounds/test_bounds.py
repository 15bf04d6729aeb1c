"""Every registered bound as a function of the terms of the one equation."""

import naive
import numpy as np
import pytest

from scratchvae.bounds import BOUNDS, EXACT_BOUNDS, Terms

SHAPES = [(1, 1), (1, 4), (3, 1), (3, 4)]  # (K, B)


@pytest.fixture(params=EXACT_BOUNDS)
def bound(request):
    return BOUNDS[request.param]()


def random_terms(bound, shape, rng, dtype="float64"):
    """Terms as a model would hand them to this bound."""
    arrays = rng.normal(size=(4, *shape)).astype(dtype)
    if bound.uses_kl:
        return Terms(arrays[0], kl=rng.normal(size=shape[1:]).astype(dtype))
    return Terms(*arrays, noise_entropy=1.3)


@pytest.mark.parametrize("shape", SHAPES)
def test_backward_equals_central_differences(bound, shape, rng):
    terms = random_terms(bound, shape, rng)
    loss, cache = bound.forward(terms)
    dterms = bound.backward(cache)
    assert np.ndim(loss) == 0
    for name in terms._fields:
        if name == "noise_entropy":
            continue
        if getattr(terms, name) is None or name == "log_noise":  # p(eps) depends on no parameter
            assert getattr(dterms, name) is None
            continue
        numerical = naive.numerical_gradient(
            lambda t, name=name: float(bound.forward(terms._replace(**{name: t}))[0]), getattr(terms, name)
        )
        assert naive.relative_error(getattr(dterms, name), numerical) < 1e-8


def test_a_higher_likelihood_lowers_the_loss(bound, rng):
    """The sign turns here: the bound is maximised, the loss minimised."""
    terms = random_terms(bound, (3, 4), rng)
    better = terms._replace(log_likelihood=terms.log_likelihood + 1)
    assert bound.forward(better)[0] == pytest.approx(bound.forward(terms)[0] - 1, rel=1e-12)


def test_doubling_the_batch_leaves_the_loss_as_it_is(bound, rng):
    """A loss is in nats a datum: the batch mean is taken, not the sum."""
    terms = random_terms(bound, (3, 4), rng)
    twice = Terms(
        *(np.concatenate([term, term], axis=-1) if isinstance(term, np.ndarray) else term for term in terms)
    )
    assert bound.forward(twice)[0] == pytest.approx(bound.forward(terms)[0], rel=1e-12)


def test_the_dtype_is_kept(bound, dtype, rng):
    loss, cache = bound.forward(random_terms(bound, (3, 4), rng, dtype))
    assert loss.dtype == dtype
    assert {term.dtype.name for term in bound.backward(cache) if isinstance(term, np.ndarray)} == {dtype}


def test_the_elbo_is_minus_the_mean_log_weight(rng):
    log_p_x, log_p_z, log_p_eps, log_det = terms = rng.normal(size=(4, 3, 4))
    expected = sum(
        log_p_x[k, b] + log_p_z[k, b] - (log_p_eps[k, b] - log_det[k, b]) for k in range(3) for b in range(4)
    )
    loss, _ = BOUNDS["elbo"]().forward(Terms(*terms))
    assert loss == pytest.approx(-expected / 12, rel=1e-13)


def test_with_one_sample_the_importance_weighted_bound_is_the_elbo(rng):
    terms = Terms(*rng.normal(size=(4, 1, 5)))
    (weighted, weighted_cache), (elbo, elbo_cache) = (
        BOUNDS[name]().forward(terms) for name in ("iwae", "elbo")
    )
    assert weighted == pytest.approx(elbo, rel=1e-14)
    gradients = BOUNDS["iwae"]().backward(weighted_cache), BOUNDS["elbo"]().backward(elbo_cache)
    np.testing.assert_allclose(gradients[0].log_det, gradients[1].log_det, rtol=1e-14)


def test_the_importance_weighted_bound_survives_weights_that_overflow(rng):
    log_w = 5000 + rng.normal(size=(3, 5))
    loss, cache = BOUNDS["iwae"]().forward(Terms(log_w, 0 * log_w, 0 * log_w, 0 * log_w))
    expected = 5000 + np.log(np.exp(log_w - 5000).mean(axis=0)).mean()
    assert -loss == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(BOUNDS["iwae"]().backward(cache).log_prior.sum(axis=0), -1 / 5, rtol=1e-11)


def test_the_analytic_kl_bound_is_the_mean_likelihood_less_the_mean_kl(rng):
    log_p_x, kl = rng.normal(size=(3, 4)), rng.normal(size=4)
    loss, _ = BOUNDS["analytic_kl"]().forward(Terms(log_p_x, kl=kl))
    assert loss == pytest.approx(sum(kl) / 4 - log_p_x.sum() / 12, rel=1e-13)


def test_the_analytic_entropy_takes_the_place_of_the_mean_log_density_of_the_noise(rng):
    log_p_x, log_p_z, log_p_eps, log_det = terms = rng.normal(size=(4, 3, 4))
    loss, _ = BOUNDS["analytic_entropy"]().forward(Terms(*terms, noise_entropy=1.3))
    assert loss == pytest.approx(-(log_p_x + log_p_z + log_det).mean() - 1.3, rel=1e-13)


@pytest.mark.parametrize("name", [name for name in BOUNDS if "score_function" in name])
def test_a_score_functions_terms_of_the_model_are_the_derivatives_of_its_loss(name, rng):
    """The parameters of p(x, z) meet no noise of their own: theirs is the Monte Carlo ELBO's gradient."""
    bound, terms = BOUNDS[name](), Terms(*rng.normal(size=(4, 3, 4)), local=rng.normal(size=(3, 4, 2)))
    dterms = bound.backward(bound.forward(terms)[1])
    np.testing.assert_allclose(dterms.log_likelihood, np.full((3, 4), -1 / 12), rtol=1e-15)


@pytest.mark.parametrize("name", ["score_function", "score_function_running"])
def test_without_a_baseline_the_whole_log_weight_meets_the_score(name, rng):
    """The running one begins without."""
    bound, terms = BOUNDS[name](), Terms(*rng.normal(size=(4, 3, 4)))
    score = bound.backward(bound.forward(terms)[1]).score
    np.testing.assert_allclose(score, -terms.log_weights() / 12, rtol=1e-14)
