"""log p(x) of each datum: against direct computation, in any pieces, interrupted, and at bad input."""

import math
import tracemalloc

import naive
import numpy as np
import pytest

from scratchvae import importance
from scratchvae.data import as_dataset
from scratchvae.evaluation import Results, Scores, evidence, evidence_of_each, evidence_so_far
from scratchvae.vae import VAE

N = 13


def dataset_for(likelihood, rng, n=N):
    x = (rng.random((n, 6)) < 0.4).astype("float64")
    return as_dataset(x if likelihood == "bernoulli" else x + 0.1 * rng.standard_normal((n, 6)))


def direct(vae, dataset, n_samples, seed):
    """(S, N), each datum by itself with its own generator."""
    columns = []
    for i, x in enumerate(dataset.x):
        eps = np.random.default_rng([seed, 1, i]).standard_normal((n_samples, 1, vae.n_latent), vae.dtype)
        y = None if vae.n_classes is None else dataset.labels[i : i + 1]
        columns.append(vae.log_weights(x[None], eps, y)[:, 0])
    return np.stack(columns, axis=1)


MODELS = {
    "diagonal": {},
    "normal": {"likelihood": "normal_fixed:0.5"},
    "flow": {"posterior": "planar:2"},
    "networked": {"posterior": "iaf:1"},
    "prior": {"prior": "coupling:2"},
    "conditional": {"n_classes": 3},
}


@pytest.mark.parametrize("kind", MODELS)
def test_each_number_is_that_of_the_datum_by_itself(kind, rng):
    vae = VAE(6, 2, (5,), dtype="float64", seed=1, **MODELS[kind])
    dataset = dataset_for(vae.likelihood.spec, rng)
    dataset = as_dataset(dataset.x, labels=np.arange(N) % 3)
    found = evidence_of_each(vae, dataset, 60, seed=3)
    log_w = direct(vae, dataset, 60, seed=3)
    value, error = importance.log_evidence(log_w)
    np.testing.assert_allclose(found.log_p, value, rtol=1e-10)
    np.testing.assert_allclose(found.log_p_error, error, rtol=1e-7)
    np.testing.assert_allclose(found.ess, importance.effective_sample_size(log_w), rtol=1e-7)
    np.testing.assert_allclose(found.khat, importance.psis(log_w)[1], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found.elbo, log_w.mean(axis=0), rtol=1e-10)
    np.testing.assert_allclose(found.rate + found.distortion, -found.elbo, rtol=1e-12)


def test_rate_and_distortion_are_the_two_parts_of_the_elbo(rng):
    """With N(0, I) and a diagonal q the rate is the closed form of KL, but for the noise of the draws."""
    vae = VAE(6, 2, (5,), dtype="float64", seed=1)
    dataset = dataset_for("bernoulli", rng)
    found = evidence_of_each(vae, dataset, 20_000, seed=3)
    mu, sigma = vae.encode(dataset.x)
    exact = [naive.kl_to_standard_normal(*pair) for pair in zip(mu, sigma, strict=True)]
    np.testing.assert_allclose(found.rate, exact, atol=0.05)
    assert (found.distortion > 0).all()


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("at_once", [1, 5, 64, 4096])
def test_neither_blocks_nor_threads_change_anything_but_rounding(threads, at_once, rng, monkeypatch):
    vae = VAE(6, 2, (5,), dtype="float64", seed=1)
    dataset = dataset_for("bernoulli", rng)
    whole = evidence_of_each(vae, dataset, 30, threads=1)
    monkeypatch.setattr(evidence, "rows_at_once", lambda vae: at_once)
    parts = evidence_of_each(vae, dataset, 30, threads=threads)
    for name in evidence.FIELDS:
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), rtol=1e-9, atol=1e-12)


def test_float32_agrees_with_float64(rng):
    dataset = dataset_for("bernoulli", rng)
    single = evidence_of_each(VAE(6, 2, (5,), dtype="float32", seed=1), dataset, 2000)
    double = evidence_of_each(VAE(6, 2, (5,), dtype="float64", seed=1), dataset, 2000)
    spread = np.hypot(single.log_p_error, double.log_p_error)  # the noise is not the same
    assert (np.abs(single.log_p - double.log_p) < 5 * spread + 1e-5).all()


def test_memory_does_not_grow_with_the_number_of_samples(rng):
    vae = VAE(6, 2, (5,), dtype="float64", seed=1)
    dataset = dataset_for("bernoulli", rng, n=1)

    def peak(n_samples):
        tracemalloc.start()
        evidence_of_each(vae, dataset, n_samples, threads=1)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(100)
    few = peak(200_000)
    assert peak(800_000) < 1.2 * few  # all weights would take 6.4 MB, four times as many as before
    assert few < 100 * 4096 * 8 * 2


def test_an_interrupted_evaluation_is_partial_says_so_and_goes_on(rng, tmp_path, monkeypatch):
    vae = VAE(6, 2, (5,), dtype="float64", seed=1)
    dataset = dataset_for("bernoulli", rng)
    monkeypatch.setattr(evidence, "rows_at_once", lambda vae: 30)  # a datum a block
    whole = evidence_of_each(vae, dataset, 30, threads=1)
    results = Results(N, tmp_path / "evidence.npz")

    def interrupt(n):
        if results.done.sum() >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evidence_of_each(vae, dataset, 30, results=results, progress=interrupt, threads=1)
    partial = evidence_so_far(results, 30)
    assert (len(partial.rows), partial.n_total, partial.is_complete) == (4, N, False)
    np.testing.assert_array_equal(partial.log_p, whole.log_p[partial.rows])
    assert "PARTIAL: 4 of 13 data, a random sample of them" in str(Scores.of(partial))
    rest = evidence_of_each(vae, dataset, 30, results=Results(N, tmp_path / "evidence.npz"), threads=1)
    for name in evidence.FIELDS:
        np.testing.assert_array_equal(getattr(rest, name), getattr(whole, name))


def test_nothing_done_is_no_result():
    with pytest.raises(ValueError, match="no datum is done yet"):
        evidence_so_far(Results(3), 10)


def test_the_noise_and_the_bias_are_what_repetitions_show(rng):
    """Over many seeds: the spread of the mean is `noise`, and it lies below a long run by `bias`."""
    vae = VAE(6, 2, (5,), dtype="float64", seed=1)
    vae.parameters.value = 1.5 * vae.parameters.value
    dataset = dataset_for("bernoulli", rng, n=5)
    truth = evidence_of_each(vae, dataset, 200_000).mean_log_p.value
    runs = [evidence_of_each(vae, dataset, 40, seed=seed, threads=1) for seed in range(300)]
    means = np.array([run.mean_log_p.value for run in runs])
    noise, bias = np.mean([run.noise for run in runs]), np.mean([run.bias for run in runs])
    assert means.std(ddof=1) == pytest.approx(noise, rel=0.25)
    assert abs(truth - means.mean() - bias) < 4 * means.std() / math.sqrt(300) + 0.3 * bias
    assert truth > means.mean()


def test_a_wide_posterior_is_trusted_and_a_narrow_one_is_not(rng):
    """q narrower than the posterior has weights with a heavy tail; wider, bounded ones."""
    vae = VAE(4, 1, (), likelihood="normal_fixed:1.0", dtype="float64", seed=2)
    vae.parameters["decoder.0.weight"] = 0.5 * np.ones((1, 4))  # the posterior has sigma 0.71
    vae.parameters["encoder.0.weight"] = 0.0
    dataset = as_dataset(0.1 * rng.standard_normal((30, 4)))
    shares = []
    for log_sigma in (0.0, -2.0):
        vae.parameters["encoder.0.bias"] = np.array([0.0, log_sigma])
        found = evidence_of_each(vae, dataset, 1000)
        shares.append(found.share_untrusted)
    assert shares[0] == 0
    assert shares[1] > 0.5


# --- what goes wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize("n_samples", [0, -1, 2.5, True, None])
def test_a_wrong_number_of_samples_is_a_clear_error(n_samples, rng):
    with pytest.raises(ValueError, match="n_samples must be a whole number of at least 1"):
        evidence_of_each(VAE(6, 2, (5,)), dataset_for("bernoulli", rng), n_samples)


def test_a_model_that_has_diverged_is_named_with_its_row(rng):
    vae = VAE(6, 2, (5,), dtype="float64")
    vae.parameters["decoder.1.bias"] = np.nan
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=r"log p\(x\) is not finite for row \d+"):
        evidence_of_each(vae, dataset_for("bernoulli", rng), 5)


def test_too_many_threads_are_no_error_and_none_are(rng):
    vae, dataset = VAE(6, 2, (5,)), dataset_for("bernoulli", rng)
    assert evidence_of_each(vae, dataset, 5, threads=64).is_complete
    with pytest.raises(ValueError, match="threads must be a whole number of at least 1"):
        evidence_of_each(vae, dataset, 5, threads=0)
