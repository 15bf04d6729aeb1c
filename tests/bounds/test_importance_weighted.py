"""The importance-weighted bound against the exact evidence, and its doubly reparameterized gradient."""

import math

import naive
import numpy as np
import pytest
from gradient_draws import (
    MOST_ERRORS,
    errors_off,
    expected_loss,
    gradient_draws,
    gradient_of,
    near,
    objective,
    terms_of,
)
from test_estimators import (
    CLEARLY_WRONG,
    COORDINATES,
    N_DRAWS,
    X,
    at_the_posterior,
    case,
    linear_regression,
    poisson_regression,
    vae_draws,
)
from test_vae import ALL_LIKELIHOODS, data, make, noise

import scratchvae as sv
from scratchvae.bounds import BOUNDS, DReG, Iwae, StickingTheLanding
from scratchvae.models import NormalMean

SAMPLES = (1, 2, 5, 20, 100)


# --- the bound ----------------------------------------------------------------------------------


def normal_mean():
    """One mean of a normal, its prior wide."""
    return NormalMean([0.5, 1.5, 1.0], sigma=1.0, prior_sigma=3.0)


@pytest.mark.parametrize("model", [normal_mean(), linear_regression()], ids=["mean", "regression"])
@pytest.mark.parametrize("family", ["mean_field", "full_rank"])
def test_it_rises_with_the_draws_and_stays_below_the_evidence(model, family, rng):
    """E[L_1] < E[L_2] < ... <= log p(x) (Burda et al. 2016, theorem 1), beyond doubt by standard errors."""
    made = objective(model, family, Iwae(), COORDINATES[model.n_latent])
    lam = near(made.reparam, rng)
    means, errors = [], []
    for n_samples in SAMPLES:
        eps = rng.standard_normal((200, n_samples, 100, model.n_latent))
        values = [
            -Iwae().forward(terms_of(made, lam, part)[0])[0] for part in eps
        ]  # of 100 replications each
        means.append(np.mean(values))
        errors.append(np.std(values) / math.sqrt(len(values)))
    errors = np.array(errors)
    assert (np.diff(means) > 4 * np.hypot(errors[1:], errors[:-1])).all()
    assert means[-1] < model.log_evidence() + 4 * errors[-1]
    assert means[0] < model.log_evidence() - 0.05


def test_with_one_draw_it_is_the_elbo_and_the_other_gradient_that_of_sticking_the_landing(dtype):
    vae = make(dtype=dtype)
    x, eps = data(vae), noise(1)
    for name, same in {"iwae": "elbo", "dreg": "sticking_the_landing"}.items():
        loss = vae.loss_and_grad(x, eps, name)
        gradient = vae.parameters.grad.copy()
        assert loss == pytest.approx(vae.loss_and_grad(x, eps, same), rel=4 * float(np.finfo(dtype).eps))
        np.testing.assert_allclose(gradient, vae.parameters.grad, rtol=1e-5 if dtype == "float32" else 1e-13)


# --- its doubly reparameterized gradient --------------------------------------------------------


def of_encoder(vae):
    """Which entries of the parameter vector are the encoder's."""
    sizes = {name: vae.parameters[name].size for name in vae.parameters}
    return np.repeat([name.startswith("encoder.") for name in sizes], list(sizes.values()))


@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
def test_it_is_the_gradient_along_the_path_by_the_squared_shares(likelihood, backend):
    """At fixed noise: central differences of sum_k v_k^2 [log p(x, z_k) - log q(z_k)], v and q held fixed."""
    vae = make(likelihood)
    x, eps = vae.check_data(data(vae)), noise(4)
    vae.loss_and_grad(x, eps, "dreg")
    found, theta = vae.parameters.grad.copy(), vae.parameters.value.copy()
    mu, sigma = vae.encode(x)
    log_w = vae.log_weights(x, eps)
    share = np.exp(log_w - log_w.max(axis=0))
    share /= share.sum(axis=0)

    def along_the_path(vector):
        vae.parameters.value = np.where(of_encoder(vae), vector, theta)
        mean, spread = vae.encode(x)
        z = mean + spread * eps
        log_q = (-0.5 * ((z - mu) / sigma) ** 2 - np.log(sigma)).sum(axis=-1)
        log_p = vae.likelihood.log_prob(x, vae.decoder.forward(z)[0]) - 0.5 * (z * z).sum(axis=-1)
        return -(share**2 * (log_p - log_q)).sum(axis=0).mean()

    numerical = naive.numerical_gradient(along_the_path, theta)
    encoder = of_encoder(vae)
    assert naive.relative_error(found[encoder], numerical[encoder]) < 1e-8


KINDS = {
    "diagonal": {},
    "full rank": {"posterior": "full_rank"},
    "flows": {"posterior": "planar:2", "prior": "coupling:2"},
    "mixture": {"prior": "mixture:3"},
    "vamp": {"prior": "vamp:3"},  # whose gradient goes through the encoder too
}


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
def test_what_is_not_q_keeps_the_gradient_of_the_bound(options):
    """Decoder, learned prior and likelihood: at every draw, those of "iwae" to the last digits."""
    vae = make("normal_shared:0.7", **options)
    x, eps = data(vae), noise(4)
    losses, gradients = [], []
    for name in ("iwae", "dreg"):
        losses.append(vae.loss_and_grad(x, eps, name))
        gradients.append({block: vae.parameters.gradient(block).copy() for block in vae.parameters})
    assert losses[0] == losses[1]
    for block in vae.parameters:
        if block.startswith(("decoder.", "prior.", "likelihood.")):
            np.testing.assert_allclose(gradients[0][block], gradients[1][block], rtol=1e-12, atol=1e-15)
        else:
            assert naive.relative_error(gradients[0][block], gradients[1][block]) > 1e-3, block


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize(("name", "same"), [("dreg", "iwae"), ("sticking_the_landing", "elbo")])
def test_in_a_vae_its_mean_is_that_of_the_plain_gradient(name, same, options, rng):
    """Paired draws: what differs between the two has mean zero."""
    vae = make(**options)
    drawn = rng.standard_normal((400, 8, 2, 2))
    difference = vae_draws(vae, X, name, drawn) - vae_draws(vae, X, same, drawn)
    assert errors_off(difference, 0.0) < MOST_ERRORS
    assert np.abs(difference).max() > 1e-3


class ScoreLeftOut(Iwae):
    """Sticking the landing with the shares of the bound: the paper's example of a biased gradient."""

    exact = False

    def backward(self, cache):
        dterms = super().backward(cache)
        return dterms._replace(score=dterms.log_det)


class SquaredDecoder(DReG):
    """The squares for all of log p too, as a single coefficient: right for lam, wrong for the decoder."""

    def backward(self, cache):
        dterms = super().backward(cache)
        return dterms._replace(log_likelihood=dterms.score, log_prior=dterms.score, path=None)


def test_to_leave_out_the_score_alone_is_biased_and_found_out(rng):
    made, lam = case(poisson_regression(), "mean_field", ScoreLeftOut(), rng)
    exact = gradient_of(lambda t: expected_loss(made, t), lam)
    drawn = rng.standard_normal((2, N_DRAWS, 1))
    assert errors_off(gradient_draws(made, lam, drawn), exact) > CLEARLY_WRONG
    made.bound = DReG()
    assert errors_off(gradient_draws(made, lam, drawn), exact) < MOST_ERRORS


def test_the_squares_are_wrong_for_the_decoder(rng):
    vae = make()
    drawn = rng.standard_normal((300, 4, 2, 2))
    difference = vae_draws(vae, X, SquaredDecoder(), drawn) - vae_draws(vae, X, "iwae", drawn)
    encoder = of_encoder(vae)
    assert errors_off(difference[:, encoder], 0.0) < MOST_ERRORS
    assert errors_off(difference[:, ~encoder], 0.0) > CLEARLY_WRONG


@pytest.mark.parametrize("family", ["mean_field", "full_rank"])
def test_it_has_no_noise_where_q_is_the_posterior(family, rng):
    made, lam = at_the_posterior(family, DReG())
    drawn = rng.standard_normal((5, 1000, made.model.n_latent))
    assert np.abs(gradient_draws(made, lam, drawn)).max() < 1e-10
    made.bound = Iwae()
    assert gradient_draws(made, lam, drawn).std(axis=0).min() > 0.1


@pytest.mark.parametrize("family", ["mean_field", "full_rank"])
def test_near_the_posterior_it_varies_far_less_than_the_plain_gradient(family, rng):
    made, lam = at_the_posterior(family, Iwae())
    n = made.model.n_latent
    lam[n : 2 * n] += 0.1
    drawn = rng.standard_normal((50, 1000, n))
    plain = gradient_draws(made, lam, drawn).var(axis=0).sum()
    made.bound = DReG()
    assert gradient_draws(made, lam, drawn).var(axis=0).sum() < 0.01 * plain


def test_sticking_the_landing_with_one_draw_is_its_special_case(rng):
    made, lam = case(linear_regression(), "full_rank", DReG(), rng)
    drawn = rng.standard_normal((1, 100, 3))
    one = gradient_draws(made, lam, drawn)
    made.bound = StickingTheLanding()
    np.testing.assert_allclose(one, gradient_draws(made, lam, drawn), rtol=1e-12)


@pytest.mark.filterwarnings("ignore:the fit has not converged")
def test_a_fit_by_it_lands_as_sticking_the_landing_does():
    """Where q comes near the posterior the noise goes away, and Adam needs no average to get there."""
    model = linear_regression()
    options = {"steps": 2000, "rng": np.random.default_rng(0), "progress": False}
    exact = model.exact_posterior()
    q = sv.fit(model, "full_rank", bound="dreg", **options)
    np.testing.assert_allclose(q.mean, exact.mean, atol=1e-4 * np.sqrt(exact.cov.max()))
    np.testing.assert_allclose(q.cov, exact.cov, atol=1e-4 * exact.cov.max())
    np.testing.assert_allclose(q.trace[-100:], model.log_evidence(), atol=1e-4)


def test_no_draws_are_refused():
    with pytest.raises(ValueError, match=r"eps must have shape \(K, B, L\).*no empty axis"):
        make().loss_and_grad(data(make()), np.zeros((0, 3, 2)), "iwae")
    for name in ("iwae", "dreg", "renyi:0.5", "vr_max"):
        with pytest.raises(ValueError, match="n_samples must be a whole number of at least 1, not 0"):
            sv.fit(linear_regression(), bound=name, n_samples=0, progress=False)
        with pytest.raises(ValueError, match="needs independent draws"):
            sv.fit(linear_regression(), bound=name, noise="even", progress=False)
        assert BOUNDS[name.partition(":")[0]].needs_independence
