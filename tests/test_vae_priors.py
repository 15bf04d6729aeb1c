"""VAEs with a learned prior, mixture and VampPrior: with every posterior and bound, from loss to file."""

import numpy as np
import pytest
from scipy import special, stats
from test_vae import data, make, noise
from test_vae_flows import POSTERIORS

import scratchvae as sv
from scratchvae.bounds import EXACT_BOUNDS, VAE_BOUNDS
from scratchvae.gradcheck import check_model, check_vae
from scratchvae.models import DecoderPosterior
from scratchvae.priors import MixturePrior, VampPrior

PRIORS = ["mixture:3", "vamp:3"]
WITHOUT_KL = [name for name in VAE_BOUNDS if not VAE_BOUNDS[name].uses_kl]
WITH_KL = [name for name in VAE_BOUNDS if VAE_BOUNDS[name].uses_kl]


def assert_checked(vae, bound, **options):
    report = check_vae(vae, data(vae), noise(2), bound, mode="directions", n_probes=3, **options)
    assert report.passed, report
    assert {block.name for block in report.blocks} == set(vae.parameters)


# --- the matrix: prior x map x bound ------------------------------------------------------------


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("posterior", POSTERIORS)
def test_the_gradient_is_right_with_every_posterior(posterior, prior):
    """By "iwae", whose gradient has the terms of "elbo" each with a weight of its own."""
    assert_checked(make(posterior=posterior, prior=prior), "iwae")


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("bound", [name for name in WITHOUT_KL if name in EXACT_BOUNDS])
def test_the_gradient_is_right_with_every_exact_bound(bound, prior):
    assert_checked(make(posterior="planar:1", prior=prior), bound)
    assert_checked(make(prior=prior), bound)


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("bound", WITHOUT_KL)
@pytest.mark.parametrize("posterior", POSTERIORS)
def test_every_cell_runs(posterior, bound, prior):
    vae = make(posterior=posterior, prior=prior)
    loss = vae.loss_and_grad(data(vae), noise(3), bound)
    assert np.isfinite(loss)
    assert np.isfinite(vae.parameters.grad).all()
    assert loss == pytest.approx(vae.loss(data(vae), noise(3), bound), rel=1e-12)
    for name in vae.parameters:
        if name.startswith("prior."):
            assert vae.parameters.gradient(name).any(), name


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("bound", WITH_KL)
def test_the_closed_form_of_kl_is_refused_by_name(bound, prior):
    with pytest.raises(ValueError, match=f"prior='{prior}': use bound='elbo'"):
        make(prior=prior).loss_and_grad(data(make()), noise(), bound)


@pytest.mark.parametrize("prior", PRIORS)
def test_estimators_that_are_right_on_average_agree_with_the_elbo(prior):
    """VampPrior's encoder is in p(z) as well: leaving out the score of q must not touch that."""
    vae = make(prior=prior)
    x, eps = data(vae), noise(4_000)

    def gradients(bound):
        found = []
        for part in np.split(eps, 20):
            vae.loss_and_grad(x, part, bound)
            found.append(vae.parameters.grad.copy())
        return np.array(found)

    difference = gradients("elbo") - gradients("sticking_the_landing")
    error = difference.std(axis=0, ddof=1) / np.sqrt(len(difference))
    assert (np.abs(difference.mean(axis=0)) < 5.5 * error + 1e-9).all()
    assert np.abs(difference).max() > 1e-6  # two estimators, not one


# --- the densities ------------------------------------------------------------------------------


@pytest.mark.parametrize("posterior", POSTERIORS)
def test_the_vamp_prior_is_the_mean_posterior_of_its_pseudo_inputs(posterior, rng):
    vae = make(posterior=posterior, prior="vamp:3")
    z = rng.standard_normal((4, 2))
    lam, _ = vae.encoder.forward(vae.parameters["prior.pseudo_inputs"])
    each = [vae.posterior.log_prob(row, z) for row in lam]
    np.testing.assert_allclose(vae.prior.log_prob(z), special.logsumexp(each, axis=0) - np.log(3), rtol=1e-8)


@pytest.mark.parametrize("posterior", ["diagonal", "full_rank", "planar:2", "iaf:1"])
def test_the_vamp_prior_integrates_to_one(posterior):
    vae = make(posterior=posterior, prior="vamp:3")
    line = np.linspace(-12, 12, 161)
    grid = np.stack(np.meshgrid(line, line), axis=-1)
    density = np.exp(vae.prior.log_prob(grid))
    assert density.sum() * (line[1] - line[0]) ** 2 == pytest.approx(1, abs=2e-3)


@pytest.mark.parametrize("posterior", ["diagonal", "low_rank:2", "planar:2", "iaf:1", "spline:1"])
@pytest.mark.parametrize("prior", PRIORS)
def test_draws_follow_the_density(posterior, prior):
    """The mean over draws of another density divided by p(z) is one."""
    vae = make(posterior=posterior, prior=prior)
    z = vae.prior.sample((20_000, 2), np.random.default_rng(0))
    middle, sigma = np.median(z, axis=0), 0.3
    ratio = np.exp(stats.norm.logpdf(z, middle, sigma).sum(axis=-1) - vae.prior.log_prob(z))
    assert ratio.mean() == pytest.approx(1, abs=5 * ratio.std() / np.sqrt(len(z)))


@pytest.mark.parametrize("prior", PRIORS)
def test_the_log_weights_have_the_priors_density(prior):
    vae = make(prior=prior)
    x, eps = data(vae), noise(3)
    mu, sigma = vae.encode(x)
    z = mu + sigma * eps
    expected = vae.likelihood.log_prob(x, vae.decoder.forward(z)[0]) + vae.prior.log_prob(z)
    expected = expected - stats.norm.logpdf(z, mu, sigma).sum(axis=-1)
    np.testing.assert_allclose(vae.log_weights(x, eps), expected, rtol=1e-10)


def test_a_linear_decoder_under_a_mixture_has_an_exact_evidence(rng):
    """p(x) = sum_k pi_k N(x; m_k W + b, W^T diag(sigma_k^2) W + s^2 I)."""
    vae = make("normal_fixed:0.6", hidden=(), prior="mixture:3")
    for name in ("encoder.0.weight", "encoder.0.bias"):  # q = N(0, e^0.4^2) is wide: no weight is large
        vae.parameters[name] = 0
    vae.parameters["encoder.0.bias"][2:] = 0.4
    w, b = vae.parameters["decoder.0.weight"], vae.parameters["decoder.0.bias"]
    pi = special.softmax(vae.parameters["prior.logits"])
    m, s = vae.parameters["prior.mean"], np.exp(vae.parameters["prior.log_sigma"])
    x = vae.sample(5, rng)
    each = [
        np.log(pi[k])
        + stats.multivariate_normal(m[k] @ w + b, w.T @ np.diag(s[k] ** 2) @ w + 0.36 * np.eye(4)).logpdf(x)
        for k in range(3)
    ]
    got = vae.log_likelihood(x, 20_000, rng)
    np.testing.assert_allclose(got, special.logsumexp(each, axis=0), atol=0.05)


# --- VampPrior and the encoder ------------------------------------------------------------------


def test_the_encoders_gradient_is_the_sum_of_two_ways():
    """From the data with p(z) held, and from the pseudo-inputs through p(z)."""
    vae = make(prior="vamp:3")
    x, eps = data(vae), noise(2)
    vae.loss_and_grad(x, eps)
    whole = vae.parameters.gradient("encoder.0.weight").copy()
    terms, cache = vae.forward(vae.check_data(x), eps)
    vae.prior.backward(cache.prior, np.full_like(terms.log_prior, -1 / terms.log_prior.size))
    through_prior = vae.parameters.gradient("encoder.0.weight").copy()
    frozen = make(prior="vamp:3")
    lam, _ = vae.encoder.forward(vae.parameters["prior.pseudo_inputs"])
    frozen.prior = MixturePrior(2, 3)  # the same density, no longer through the encoder
    frozen.prior.parameters["mean"], frozen.prior.parameters["log_sigma"] = np.split(lam, 2, axis=-1)
    assert frozen.loss_and_grad(x, eps) == pytest.approx(vae.loss(x, eps), rel=1e-12)
    through_data = frozen.parameters.gradient("encoder.0.weight")
    np.testing.assert_allclose(whole, through_prior + through_data, rtol=1e-9, atol=1e-12)
    assert np.abs(through_prior).max() > 1e-6


def test_with_the_data_as_pseudo_inputs_it_is_the_aggregate_posterior():
    vae = make(prior="vamp:3")
    x = data(vae)
    vae.prior.begin_at(x)
    mu, sigma = vae.encode(x)
    z = noise(4)[:, 0]
    each = stats.norm.logpdf(z[:, None], mu, sigma).sum(axis=-1)
    np.testing.assert_allclose(vae.prior.log_prob(z), special.logsumexp(each, axis=1) - np.log(3), rtol=1e-11)


def test_in_a_conditional_model_a_pseudo_input_has_a_pseudo_label():
    vae = make(prior="vamp:3", n_classes=2)
    assert vae.parameters["prior.pseudo_inputs"].shape == (3, 4 + 2)
    assert_checked(vae, "iwae", y=[0, 1, 1])


# --- models, files, copies ----------------------------------------------------------------------


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("posterior", ["diagonal", "iaf:1"])
def test_a_file_makes_the_same_model_again(posterior, prior, tmp_path):
    vae = make(posterior=posterior, prior=prior)
    vae.save(tmp_path / "vae.npz")
    again = sv.VAE.load(tmp_path / "vae.npz")
    assert again.config == vae.config
    assert again.config["prior"] == prior
    x, eps = data(vae), noise(2)
    assert again.loss_and_grad(x, eps) == vae.loss_and_grad(x, eps)
    np.testing.assert_array_equal(again.parameters.grad, vae.parameters.grad)
    np.testing.assert_array_equal(
        again.sample(3, np.random.default_rng(0)), vae.sample(3, np.random.default_rng(0))
    )


@pytest.mark.parametrize("prior", PRIORS)
def test_a_copy_in_another_precision_is_close_and_shares_nothing(prior, rng):
    double = make(prior=prior)
    single = double.astype("float32")
    x, eps = data(double), noise(3)
    for bound in ("elbo", "iwae"):
        assert single.loss_and_grad(x, eps, bound) == pytest.approx(
            double.loss_and_grad(x, eps, bound), rel=1e-5
        )
        np.testing.assert_allclose(single.parameters.grad, double.parameters.grad, rtol=2e-3, atol=1e-4)
    assert single.sample(3, rng).dtype == np.float32
    before = double.loss(x, eps)
    single.parameters.value = single.parameters.value + 1
    assert double.loss(x, eps) == before


@pytest.mark.parametrize("prior", PRIORS)
def test_the_posterior_of_one_datum_is_under_this_prior(prior, rng):
    vae = make(prior=prior)
    exact = DecoderPosterior(vae, data(vae)[0])
    z = rng.standard_normal((4, 2))
    np.testing.assert_allclose(exact.log_prior(z), vae.prior.log_prob(z), rtol=1e-12)
    assert check_model(exact).passed
    assert exact.sample_prior(6, rng).shape == (6, 2)


def test_a_mixture_may_be_given_as_an_object():
    vae = make(prior=MixturePrior(2, 4))
    assert vae.config["prior"] == "mixture:4"
    assert vae.parameters["prior.mean"].shape == (4, 2)
    assert_checked(vae, "elbo")


def test_without_a_number_a_prior_has_its_usual_size():
    assert make(prior="mixture").config["prior"] == "mixture:10"
    assert make(prior="vamp").config["prior"] == "vamp:50"
    assert isinstance(make(prior="vamp").prior, VampPrior)


# --- training -----------------------------------------------------------------------------------


def clusters(n, seed):
    """Rows (n, 3) around two opposite corners: one latent number with two modes explains them."""
    rng = np.random.default_rng(seed)
    side = np.where(rng.random(n) < 0.3, -1.0, 1.0)[:, None]
    z = 2 * side + 0.3 * rng.standard_normal((n, 1))
    return z @ [[1.0, -0.5, 0.5]] + 0.2 * rng.standard_normal((n, 3))


def test_a_prior_of_two_modes_explains_two_clusters_better():
    """Where encoder and decoder are linear, a normal prior makes one long normal of the two."""
    scores, rate = {}, sv.optim.Cosine(0.03, total=900)
    for prior in ("standard_normal", "mixture:2", "vamp:2"):
        vae = sv.VAE(3, 1, (), likelihood="normal_shared:0.5", prior=prior, dtype="float64")
        sv.train(vae, clusters(300, 0), epochs=300, optimizer=sv.optim.Adam(rate), progress=False)
        scores[prior] = vae.log_likelihood(clusters(500, 1), 50, np.random.default_rng(0)).mean()
    assert scores["mixture:2"] > scores["standard_normal"] + 0.9
    assert scores["vamp:2"] > scores["standard_normal"] + 0.4


@pytest.mark.parametrize("prior", PRIORS)
def test_every_block_learns_and_a_stopped_run_goes_on_bit_by_bit(prior, tmp_path):
    x = np.repeat(np.eye(6)[:3] + np.eye(6)[3:], 20, axis=0)

    def run(folder, epochs):
        vae = sv.VAE(6, 2, (8,), prior=prior)
        start = vae.parameters.value.copy()
        history = sv.train(vae, x, epochs=epochs, batch_size=20, checkpoint=folder, progress=False)
        return vae, start, history

    vae, start, history = run(tmp_path / "whole", 20)
    assert history["train_elbo"][-1] > history["train_elbo"][0] + 0.2
    assert (vae.parameters.value != start).mean() > 0.95
    run(tmp_path / "parts", 7)
    parts, _, _ = run(tmp_path / "parts", 20)
    np.testing.assert_array_equal(parts.parameters.value, vae.parameters.value)


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        (
            "mixture:0",
            "prior 'mixture:0': the number of components must be a whole number of at least 1, not 0",
        ),
        ("vamp:-3", "prior 'vamp:-3': the number of components must be"),
        ("mixture:2.5", "prior 'mixture:2.5': the number of components must be a whole number"),
        ("vamp:x", "prior 'vamp:x'"),
        ("standard_normal:2", "prior 'standard_normal' takes no number"),
        (
            "mixtrue:3",
            r"unknown prior 'mixtrue'; did you mean 'mixture'\? Known: 'standard_normal', 'mixture'",
        ),
        (MixturePrior(3, 2), "the prior is of 3 dimensions, but 2 are needed"),
        (3, "unknown prior 3"),
        (None, "unknown prior None"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, MixturePrior) else str(value),
)
def test_a_wrong_prior_is_refused_in_words(prior, message):
    with pytest.raises(ValueError, match=message):
        make(prior=prior)
