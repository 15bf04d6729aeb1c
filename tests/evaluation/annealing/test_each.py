"""Annealing of a VAE: importance sampling and the exact evidence agree with it, and it can be interrupted."""

import numpy as np
import pytest
from scipy import stats

from scratchvae.data import as_dataset
from scratchvae.evaluation import Results, evidence_of_each
from scratchvae.evaluation.annealing import annealed_evidence_of_each, bidirectional_monte_carlo
from scratchvae.evaluation.annealing.bidirectional import _simulated
from scratchvae.evaluation.statistics import mean_and_error
from scratchvae.models import DecoderPosterior
from scratchvae.vae import VAE

FEW = {"n_chains": 30, "n_temperatures": 60, "threads": 1}


def linear_vae(rng, likelihood="normal_fixed:0.6"):
    """x = W^T z + b + 0.6 e with z ~ N(0, I), and its exact density."""
    vae = VAE(4, 2, (), likelihood=likelihood, dtype="float64", seed=2)
    vae.parameters["decoder.0.weight"] = weight = rng.standard_normal((2, 4))
    vae.parameters["decoder.0.bias"] = bias = rng.standard_normal(4)
    return vae, stats.multivariate_normal(bias, weight.T @ weight + 0.6**2 * np.eye(4))


@pytest.mark.parametrize("likelihood", ["normal_fixed:0.6", "normal_shared:0.6"])
def test_a_linear_vae_has_the_evidence_of_probabilistic_pca(likelihood, rng):
    vae, exact = linear_vae(rng, likelihood)
    x = exact.rvs(5, random_state=rng)
    found = annealed_evidence_of_each(vae, as_dataset(x), **FEW)
    truth = exact.logpdf(x)
    assert (np.abs(found.log_p - truth) < 5 * found.log_p_error + 0.02).all()
    assert found.log_p_error.max() < 0.3
    assert found.mean_log_p.value == pytest.approx(truth.mean(), abs=0.15)


def test_importance_sampling_agrees_on_a_small_model_where_its_khat_is_low(rng):
    vae = VAE(6, 2, (5,), dtype="float64", seed=1)
    vae.parameters.value = 1.5 * vae.parameters.value
    dataset = as_dataset((rng.random((6, 6)) < 0.4).astype("float64"))
    sampled = evidence_of_each(vae, dataset, 20_000)
    annealed = annealed_evidence_of_each(vae, dataset, **FEW)
    spread = np.hypot(sampled.log_p_error, annealed.log_p_error)
    assert sampled.khat.max() < 0.7
    assert (np.abs(sampled.log_p - annealed.log_p) < 5 * spread).all()


def test_where_the_encoder_is_wrong_annealing_does_not_mind(rng):
    """q(z|x) far from the posterior: importance sampling is nats too low, and its khat says so."""
    vae, exact = linear_vae(rng)
    vae.parameters["encoder.0.weight"] = 0.0
    vae.parameters["encoder.0.bias"] = np.array([4.0, -4.0, -2.0, -2.0])
    x = exact.rvs(3, random_state=rng)
    sampled = evidence_of_each(vae, as_dataset(x), 1000)
    annealed = annealed_evidence_of_each(vae, as_dataset(x), **FEW)
    truth = exact.logpdf(x)
    assert (sampled.log_p < truth - 2).all()
    assert sampled.share_untrusted == 1
    assert (np.abs(annealed.log_p - truth) < 5 * annealed.log_p_error + 0.02).all()


def test_both_bounds_meet_on_simulated_data_of_a_vae(rng):
    vae, exact = linear_vae(rng)
    bracket = bidirectional_monte_carlo(DecoderPosterior(vae, np.zeros(4)), 4, **FEW)
    assert abs(bracket.gap.value) < 5 * bracket.gap.standard_error + 0.1


def simulated(model, n):
    """The data that `bidirectional_monte_carlo` simulates with the seed 0, (n, D)."""
    return np.array([_simulated(model, np.random.default_rng([0, 2, i]))[1].x for i in range(n)])


def test_the_exact_evidence_of_a_linear_vae_lies_between_both_bounds(rng):
    """So few temperatures that the bounds are apart, and their order is seen beyond its error."""
    vae, exact = linear_vae(rng)
    model = DecoderPosterior(vae, np.zeros(4))
    few = bidirectional_monte_carlo(model, 60, n_chains=1, n_temperatures=4, threads=1)
    x = simulated(model, 60)
    truth = exact.logpdf(x)
    sampled = evidence_of_each(vae, as_dataset(x), 20)
    for below, above in ((few.lower, truth), (truth, few.upper), (sampled.log_p, truth)):
        gap = mean_and_error(above - below)
        assert gap.value > 2 * gap.standard_error
    many = bidirectional_monte_carlo(model, 4, **FEW)
    for bound, error in ((many.lower, many.lower_error), (many.upper, many.upper_error)):
        assert (np.abs(bound - truth[:4]) < 5 * error + 0.05).all()


def test_a_conditional_vae_simulates_data_of_the_label_that_it_is_given(rng):
    vae = VAE(6, 2, (5,), dtype="float64", seed=1, n_classes=2)
    vae.parameters["decoder.1.weight"] = 0.0
    vae.parameters["decoder.0.weight"] = 0.0
    vae.parameters["decoder.0.weight"][-1] = 3.0  # label 1 lights the hidden units
    vae.parameters["decoder.1.weight"] = 4.0
    vae.parameters["decoder.1.bias"] = -10.0
    found = bidirectional_monte_carlo(lambda i: DecoderPosterior(vae, np.zeros(6), i % 2), 4, **FEW)
    of_each = [simulated(DecoderPosterior(vae, np.zeros(6), y), 4).mean() for y in range(2)]
    assert of_each[0] < 0.01 and of_each[1] > 0.99
    np.testing.assert_allclose(found.lower, found.upper, atol=1e-3)  # x does not depend on z


def test_labels_are_taken_into_account(rng):
    vae = VAE(6, 2, (5,), dtype="float64", seed=1, n_classes=3)
    vae.parameters.value = 2 * vae.parameters.value
    vae.parameters["encoder.1.weight"] = 0.0  # q(z|x, y) is the prior, whose weights are bounded
    dataset = as_dataset((rng.random((6, 6)) < 0.4).astype("float64"), labels=np.arange(6) % 3)
    sampled = evidence_of_each(vae, dataset, 20_000)
    annealed = annealed_evidence_of_each(vae, dataset, **FEW)
    spread = np.hypot(sampled.log_p_error, annealed.log_p_error)
    assert (np.abs(sampled.log_p - annealed.log_p) < 5 * spread).all()
    other = evidence_of_each(vae, as_dataset(dataset.x, labels=(np.arange(6) + 1) % 3), 20_000)
    assert (np.abs(other.log_p - annealed.log_p) > 10 * spread).any()


def test_threads_and_interruptions_change_nothing(rng, tmp_path):
    vae, exact = linear_vae(rng)
    dataset = as_dataset(exact.rvs(5, random_state=rng))
    options = {"n_chains": 4, "n_temperatures": 10}
    whole = annealed_evidence_of_each(vae, dataset, threads=1, **options)
    results = Results(5, tmp_path / "annealed.npz")

    def interrupt(n):
        if results.done.sum() >= 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        annealed_evidence_of_each(vae, dataset, results=results, progress=interrupt, threads=2, **options)
    assert 2 <= results.done.sum() < 5
    again = Results(5, tmp_path / "annealed.npz")
    rest = annealed_evidence_of_each(vae, dataset, results=again, threads=2, **options)
    np.testing.assert_array_equal(rest.log_p, whole.log_p)
    assert rest.is_complete


def test_the_model_is_left_alone(rng):
    vae, exact = linear_vae(rng)
    before = vae.parameters.value.copy(), vae.parameters.grad.copy()
    annealed_evidence_of_each(vae, as_dataset(exact.rvs(2, random_state=rng)), n_temperatures=5, threads=1)
    np.testing.assert_array_equal(vae.parameters.value, before[0])
    np.testing.assert_array_equal(vae.parameters.grad, before[1])
