"""The parts of KL against loops over single densities, against quadrature, and against their own sum."""

import math

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import logsumexp

from scratchvae import reparam
from scratchvae.data import as_dataset
from scratchvae.evaluation import Results
from scratchvae.evaluation.decomposition import kl_decomposition
from scratchvae.vae import VAE


def trained_like(rng, n_latent=2, spread=3.0, **options):
    """A VAE whose encoder tells data apart, and data."""
    vae = VAE(6, n_latent, (5,), dtype="float64", seed=1, **options)
    vae.parameters["encoder.1.weight"] = spread * vae.parameters["encoder.1.weight"]
    return vae, as_dataset((rng.random((17, 6)) < 0.5).astype("float64"))


def direct(vae, dataset, n_draws, seed=0):
    """The parts of each draw, one density after the other."""
    mu, sigma = vae.encode(dataset.x)
    n = len(mu)
    order = np.random.default_rng([seed, 4]).permutation(n)
    rows = []
    for draw in range(n_draws):
        i = order[draw % n]
        eps = np.random.default_rng([seed, 4, draw]).standard_normal(vae.n_latent)
        z = mu[i] + sigma[i] * eps
        log_q = stats.norm(mu, sigma).logpdf(z)  # (N, L)
        joint = logsumexp(log_q.sum(axis=1)) - math.log(n)
        each = logsumexp(log_q, axis=0) - math.log(n)
        log_p = stats.norm.logpdf(z)
        rows.append(
            [
                log_q[i].sum() - joint,
                joint - log_p.sum(),
                joint - each.sum(),
                log_q[i].sum() - log_p.sum(),
                *(each - log_p),
            ]
        )
    return np.array(rows)


def test_every_part_is_that_of_loops_over_single_densities(rng):
    vae, dataset = trained_like(rng)
    found = kl_decomposition(vae, dataset, n_draws=40)
    expected = direct(vae, dataset, 40)
    names = ("information", "marginal", "total_correlation", "kl")
    for i, name in enumerate(names):
        value, error = getattr(found, name)
        assert value == pytest.approx(expected[:, i].mean(), rel=1e-9)
        assert error == pytest.approx(stats.sem(expected[:, i]), rel=1e-9)
    np.testing.assert_allclose(found.by_dimension.value, expected[:, 4:].mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(found.by_dimension.standard_error, stats.sem(expected[:, 4:]), rtol=1e-9)
    assert (found.n_data, found.n_draws) == (17, 40)


@pytest.mark.parametrize("posterior", ["diagonal", "full_rank", "low_rank:1", "householder:2"])
def test_the_parts_add_up_to_kl(posterior, rng):
    vae, dataset = trained_like(rng, posterior=posterior)
    found = kl_decomposition(vae, dataset, n_draws=51)
    whole = found.kl.value
    assert found.information.value + found.marginal.value == pytest.approx(whole, rel=1e-10)
    if found.total_correlation is not None:
        parts = found.total_correlation.value + found.by_dimension.value.sum()
        assert parts == pytest.approx(found.marginal.value, rel=1e-10)


@pytest.mark.parametrize("posterior", ["diagonal", "full_rank", "low_rank:1"])
def test_kl_by_draws_is_its_closed_form(posterior, rng):
    vae, dataset = trained_like(rng, posterior=posterior)
    found = kl_decomposition(vae, dataset, n_draws=17 * 300)
    assert found.closed_form == pytest.approx(found.kl.value, abs=5 * found.kl.standard_error)


def test_in_one_dimension_every_part_is_an_integral(rng):
    vae, dataset = trained_like(rng, n_latent=1)
    mu, sigma = (array[:, 0] for array in vae.encode(dataset.x))

    z = np.linspace(mu.min() - 12 * sigma.max(), mu.max() + 12 * sigma.max(), 400_001)
    density = stats.norm(mu[:, None], sigma[:, None]).pdf(z).mean(axis=0)
    ratio = np.log(np.maximum(density, 1e-300)) - stats.norm.logpdf(z)
    marginal = integrate.trapezoid(density * ratio, z)
    kl = ((mu**2 + sigma**2 - 1) / 2 - np.log(sigma)).mean()
    found = kl_decomposition(vae, dataset, n_draws=17 * 300)
    assert found.marginal.value == pytest.approx(marginal, abs=5 * found.marginal.standard_error)
    assert found.information.value == pytest.approx(kl - marginal, abs=5 * found.information.standard_error)
    assert found.total_correlation.value == pytest.approx(0, abs=1e-12)
    assert found.by_dimension.value[0] == pytest.approx(found.marginal.value, rel=1e-12)


def test_posteriors_that_do_not_overlap_tell_all_that_n_data_can(rng):
    vae, dataset = trained_like(rng, spread=1.0)
    x = np.arange(12)[:, None] * np.ones((1, 6))
    vae = VAE(6, 1, (), likelihood="normal_fixed:1", dtype="float64")
    vae.parameters["encoder.0.weight"] = np.array([[10.0, 0.0]] * 6)
    vae.parameters["encoder.0.bias"] = np.array([0.0, -3.0])
    found = kl_decomposition(vae, as_dataset(x))
    assert found.information.value == pytest.approx(math.log(12), rel=1e-9)
    assert found.is_saturated


def test_a_posterior_that_does_not_look_at_x_tells_nothing(rng):
    vae, dataset = trained_like(rng, spread=0.0)
    vae.parameters["encoder.1.bias"] = np.array([0.5, 0.0, 0.2, 0.0])
    found = kl_decomposition(vae, dataset, n_draws=3000)
    assert found.information.value == pytest.approx(0, abs=1e-9)
    assert found.total_correlation.value == pytest.approx(0, abs=1e-9)
    exact = [0.5 * (0.25 + math.exp(0.4) - 1) - 0.2, 0.0]
    np.testing.assert_allclose(
        found.by_dimension.value, exact, atol=5 * found.by_dimension.standard_error.max()
    )
    assert not found.is_saturated


def test_equal_coordinates_have_a_total_correlation(rng):
    """z_2 = z_1 but for a little noise: the marginals know nothing of it."""
    vae, dataset = trained_like(rng, spread=0.0)
    weight = 2 * rng.standard_normal(5)
    vae.parameters["encoder.1.weight"] = np.stack([weight, weight, 0 * weight, 0 * weight], axis=1)
    vae.parameters["encoder.1.bias"] = np.array([0.0, 0.0, -3.0, -3.0])
    found = kl_decomposition(vae, dataset, n_draws=400)
    assert found.total_correlation.value > 1
    np.testing.assert_allclose(*found.by_dimension.value, rtol=0.15)


@pytest.mark.parametrize("prior", ["coupling:2", "mixture:3"])
def test_a_learned_prior_is_no_product_and_the_rest_stands(prior, rng):
    vae, dataset = trained_like(rng, prior=prior)
    found = kl_decomposition(vae, dataset, n_draws=200)
    assert found.by_dimension is None
    assert found.closed_form is None
    assert found.information.value + found.marginal.value == pytest.approx(found.kl.value, rel=1e-10)
    assert found.total_correlation is not None
    assert "sum over dimensions" not in str(found)


def test_a_map_with_an_inverse_has_information_and_no_marginals(rng):
    vae, dataset = trained_like(rng, posterior="coupling:2")
    found = kl_decomposition(vae, dataset, n_draws=34)
    assert found.total_correlation is None
    assert found.information.value + found.marginal.value == pytest.approx(found.kl.value, rel=1e-10)
    assert 0 < found.information.value <= math.log(17)


def test_a_map_without_an_inverse_is_a_clear_error(rng):
    class OneWay(reparam.Planar):
        inverse = reparam.Reparameterization.inverse

    vae, dataset = trained_like(rng, posterior=OneWay(2))
    with pytest.raises(ValueError, match="has no inverse"):
        kl_decomposition(vae, dataset)


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_and_interruptions_change_nothing(threads, rng, tmp_path):
    vae, dataset = trained_like(rng)
    whole = kl_decomposition(vae, dataset, n_draws=200, threads=1)
    results = Results(200, tmp_path / "kl.npz")

    def interrupt(n):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kl_decomposition(vae, dataset, 200, results=results, threads=threads, progress=interrupt)
    assert 0 < results.done.sum() < 200
    again = Results(200, tmp_path / "kl.npz")
    rest = kl_decomposition(vae, dataset, 200, results=again, threads=threads)
    np.testing.assert_allclose(rest.information, whole.information, rtol=1e-12)


def test_float32_agrees_with_float64(rng):
    vae, dataset = trained_like(rng)
    double = kl_decomposition(vae, dataset, n_draws=4000)
    single = kl_decomposition(vae.astype("float32"), dataset, n_draws=4000)
    for name in ("information", "marginal", "total_correlation", "kl"):
        one, other = getattr(single, name), getattr(double, name)
        assert one.value == pytest.approx(other.value, abs=6 * other.standard_error)


@pytest.mark.parametrize("n_draws", [0, -3, 1.5])
def test_a_wrong_number_of_draws_is_a_clear_error(n_draws, rng):
    with pytest.raises(ValueError, match="n_draws must be a whole number of at least 1"):
        kl_decomposition(*trained_like(rng), n_draws=n_draws)


def test_the_text_gives_every_part_and_how_many_data_and_draws(rng):
    said = str(kl_decomposition(*trained_like(rng)))
    for part in ("information", "total correlation", "sum over dimensions", "log N = 2.833", "17 draws"):
        assert part in said
