"""Active units by hand, and what is said of those that are not."""

import naive
import numpy as np
import pytest
from scipy import stats

from scratchvae.data import as_dataset
from scratchvae.evaluation.rate_distortion import RateDistortion, rate_distortion_curve
from scratchvae.evaluation.statistics import variance_and_error
from scratchvae.evaluation.units import latent_units
from scratchvae.vae import VAE


@pytest.fixture
def dataset(rng):
    return as_dataset((rng.random((80, 6)) < 0.5).astype("float64"))


def encoder(rows, biases, n_latent=3, **options):
    """A VAE with a linear encoder of these weights (L,) times the first pixel, and biases (2 L,)."""
    vae = VAE(6, n_latent, (), dtype="float64", **options)
    weight = np.zeros((6, 2 * n_latent))
    weight[0, :n_latent] = rows
    vae.parameters["encoder.0.weight"] = weight
    vae.parameters["encoder.0.bias"] = np.array(biases)
    return vae


def test_every_number_is_that_of_loops(dataset):
    vae = VAE(6, 3, (5,), dtype="float64", seed=1)
    found = latent_units(vae, dataset)
    mu, sigma = vae.encode(dataset.x)
    for i in range(3):
        assert found.variance_of_mean.value[i] == pytest.approx(np.mean((mu[:, i] - mu[:, i].mean()) ** 2))
        assert found.mean_of_variance.value[i] == pytest.approx(np.mean(sigma[:, i] ** 2))
        kl = [naive.kl_to_standard_normal([m], [s]) for m, s in zip(mu[:, i], sigma[:, i], strict=True)]
        assert found.kl.value[i] == pytest.approx(np.mean(kl))
        assert found.kl.standard_error[i] == pytest.approx(stats.sem(kl))


def test_the_error_of_a_variance_is_what_repetitions_show(rng):
    draws = rng.gamma(2.0, size=(4000, 200))
    found = variance_and_error(draws.T[:, :50])
    assert draws.T.shape == (200, 4000)
    repeated = draws.var(axis=1).std(ddof=1)
    assert np.median(found.standard_error) == pytest.approx(repeated, rel=0.2)


def test_units_are_active_collapsed_and_idle(dataset):
    vae = encoder([2.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0, 0.0, -1.0])
    found = latent_units(vae, dataset)
    assert found.states == ["active", "collapsed", "idle"]
    assert found.n_active == 1
    assert not found.uncertain.any()
    said = found.advice("bernoulli")
    assert said.startswith("2 of 3 units are inactive")
    assert "n_latent=1 would do as well" in said
    assert "1 of them cost nats all the same" in said
    assert "kl_warm_up" in said and "free_bits" in said
    table = str(found).splitlines()
    assert table[1].split()[0] == "0"  # the most active first
    assert table[-1] == "1 of 3 units are active, by 80 data"


def test_a_unit_near_the_threshold_is_uncertain(dataset):
    found = latent_units(encoder([0.2, 2.0, 0.0], np.zeros(6)), dataset)
    np.testing.assert_array_equal(found.uncertain, [True, False, False])
    assert "(uncertain)" in str(found)


def test_all_units_active_or_none(dataset):
    assert (
        latent_units(encoder([2.0] * 3, np.zeros(6)), dataset).advice().startswith("All 3 units are active")
    )
    none = latent_units(encoder([0.0] * 3, np.zeros(6)), dataset)
    assert none.advice().startswith("No unit is active: the decoder does without z")


def test_a_fixed_sigma_is_named_as_a_cause(dataset):
    vae = encoder([0.0] * 3, np.zeros(6), likelihood="normal_fixed:1.0")
    assert "normal_shared" in latent_units(vae, dataset).advice(vae.likelihood.spec)
    assert "normal_shared" not in latent_units(vae, dataset).advice("bernoulli")


def test_other_posteriors_and_priors_have_units_too(dataset):
    for options in ({"posterior": "planar:2"}, {"prior": "coupling:2"}, {"posterior": "full_rank"}):
        found = latent_units(VAE(6, 2, (5,), dtype="float64", seed=1, **options), dataset)
        assert (found.kl is None) == (options != {"posterior": "full_rank"})
        assert len(found.states) == 2
        assert "units are active" in str(found)


# --- rate and distortion ------------------------------------------------------------------------


def test_rate_and_distortion_add_up_and_are_sorted_by_rate(dataset):
    models = {f"beta {i}": VAE(6, 2, (5,), dtype="float64", seed=i) for i in range(3)}
    for i, vae in enumerate(models.values()):
        vae.parameters["encoder.1.weight"] = i * vae.parameters["encoder.1.weight"]
    points = rate_distortion_curve(models, dataset, 50)
    assert [point.name for point in points] == ["beta 0", "beta 1", "beta 2"]
    for point in points:
        assert point.rate.value + point.distortion.value == pytest.approx(-point.elbo.value, rel=1e-12)
        assert point.rate.standard_error > 0
        assert f"{point.n_samples} samples of each of 80 data" in str(point)
    assert isinstance(points[0], RateDistortion)
    assert points[0].rate.value == pytest.approx(0, abs=0.05)


def test_no_model_is_a_clear_error(dataset):
    with pytest.raises(ValueError, match="there is no model"):
        rate_distortion_curve({}, dataset)
