"""Each likelihood trained on data that suits it: bits, gray levels, counts, measurements."""

import numpy as np
import pytest
from scipy import stats

import scratchvae as sv
from scratchvae.distributions import LIKELIHOODS

N_TRAIN, N_TEST, LEVELS = 600, 300, 4


def small_glyphs(n, split):
    """Digits of 7 x 7 pixels (n, 49), each the mean of 4 x 4: gray values in [0, 1]."""
    images = sv.data.load("glyphs", split, n=n).pixels().reshape(n, 7, 4, 7, 4)
    return images.mean(axis=(2, 4)).reshape(n, -1)


def bits(n, split):
    return (small_glyphs(n, split) > 0.3).astype("float32")


def gray_levels(n, split):
    """0, 1, 2 or 3."""
    return np.minimum(LEVELS * small_glyphs(n, split), LEVELS - 1).astype(int)


def gray_values(n, split):
    """With a little noise, as of a camera: no pixel is constant, so that no sigma can run to zero."""
    x = small_glyphs(n, split)
    return x + 0.05 * np.random.default_rng(len(split)).standard_normal(x.shape)


def counts(n, split):
    """Counts of six species, whose rates go up and down together with where one looks."""
    rng = np.random.default_rng(len(split))
    place = rng.standard_normal((n, 1))
    return rng.poisson(np.exp(1.2 + place * [0.9, 0.7, 0.5, -0.5, -0.8, 0.0]))


NOISE = 0.3


def measurements(n, split):
    """Five measurements, equally noisy, of a point on a curve."""
    rng = np.random.default_rng(len(split))
    t = rng.uniform(-2, 2, (n, 1))
    curve = np.concatenate([t, t**2 - 1, np.sin(2 * t), -t, t**3 / 4], axis=1)
    return curve + NOISE * rng.standard_normal((n, 5))


#: likelihood: (data, latents)
CASES = {
    "bernoulli": (bits, 6),
    "categorical:4": (gray_levels, 6),
    "normal": (gray_values, 6),
    f"normal_fixed:{NOISE}": (measurements, 1),
    "normal_shared": (measurements, 1),
    "poisson": (counts, 1),
}


def test_there_is_a_case_for_every_likelihood():
    assert {name.partition(":")[0] for name in CASES} == set(LIKELIHOODS)


class Trained:
    """A model before and after training, and its data."""

    def __init__(self, likelihood):
        self.likelihood = likelihood
        make, n_latent = CASES[likelihood]
        self.x, self.test = make(N_TRAIN, "train"), make(N_TEST, "valid")
        self.vae = sv.VAE(self.x.shape[1], n_latent, (32,), likelihood=likelihood)
        self.before = self.log_p()
        rate = sv.optim.Adam(sv.optim.Cosine(0.01, total=80 * N_TRAIN // 50))
        self.history = sv.train(self.vae, self.x, epochs=80, batch_size=50, optimizer=rate, progress=False)
        self.after = self.log_p()
        self.drawn = self.vae.sample(4000, np.random.default_rng(2))

    def log_p(self):
        """Held-out log p(x), nats a datum."""
        return self.vae.log_likelihood(self.test, 64, np.random.default_rng(1)).mean()


@pytest.fixture(scope="module", params=CASES)
def trained(request):
    return Trained(request.param)


def log_p_of_independent_columns(likelihood, x, test):
    """Held-out log p(x) of the best model without a latent variable: each column on its own."""
    name = likelihood.partition(":")[0]
    if name == "poisson":
        return stats.poisson.logpmf(test, x.mean(axis=0)).sum(axis=1).mean()
    if name in ("bernoulli", "categorical"):
        levels = 2 if name == "bernoulli" else LEVELS
        shares = np.stack([(x == level).mean(axis=0) for level in range(levels)])
        shares = (shares * len(x) + 1) / (len(x) + levels)  # no level that did not occur is impossible
        return np.log(shares[test.astype(int), np.arange(x.shape[1])]).sum(axis=1).mean()
    return stats.norm.logpdf(test, x.mean(axis=0), x.std(axis=0)).sum(axis=1).mean()


def test_training_raises_the_held_out_evidence(trained):
    assert np.isfinite(trained.history["train_elbo"]).all()
    assert trained.after > trained.before + 1
    independent = log_p_of_independent_columns(trained.likelihood, trained.x, trained.test)
    assert trained.after > independent + 0.5


def test_draws_are_such_data_with_their_means_and_spreads(trained):
    trained.vae.likelihood.check(trained.drawn)
    spread = trained.x.std(axis=0)
    error = np.abs(trained.drawn.mean(axis=0) - trained.x.mean(axis=0))
    assert (error < 0.15 * spread.max() + 0.05).all()
    ratio = trained.drawn.std(axis=0)[spread > 0.3 * spread.max()] / spread[spread > 0.3 * spread.max()]
    assert (ratio > 0.75).all()
    assert (ratio < 1.7).all()


def test_draws_have_the_correlations_of_the_data(trained):
    """Which a model without a latent variable has not: its correlations are zero."""
    varied = trained.x.std(axis=0) > 0.3 * trained.x.std(axis=0).max()
    of_data, of_draws = (np.corrcoef(x[:, varied].T.astype(float)) for x in (trained.x, trained.drawn))
    pairs = np.triu_indices(len(of_data), 1)
    assert np.corrcoef(of_data[pairs], of_draws[pairs])[0, 1] > 0.75
    assert np.sqrt(np.mean((of_data - of_draws)[pairs] ** 2)) < 0.7 * np.sqrt(np.mean(of_data[pairs] ** 2))


def test_reconstructions_are_nearer_than_the_mean(trained):
    """By what a latent variable knows of x: a quarter of the variance at least."""
    error = np.mean((trained.vae.reconstruct(trained.test) - trained.test) ** 2)
    assert error < 0.75 * np.mean((trained.test - trained.x.mean(axis=0)) ** 2)


# --- what each alone can say --------------------------------------------------------------------


def test_counts_vary_more_than_a_poisson_of_one_rate():
    """p(x) is a mixture of Poissons over z: its variance is above its mean."""
    drawn = Trained("poisson").drawn
    varied = [0, 1, 4]
    assert (drawn.var(axis=0) > 1.3 * drawn.mean(axis=0))[varied].all()


def test_the_shared_sigma_is_that_of_the_noise():
    vae = Trained("normal_shared").vae
    assert np.exp(vae.likelihood.log_sigma) == pytest.approx(NOISE, rel=0.15)


def test_a_sigma_for_each_entry_finds_the_noisy_ones():
    """Three of five measurements of one number are good, two are six times as noisy."""
    rng, noise = np.random.default_rng(0), np.array([0.1, 0.1, 0.1, 0.6, 0.6])
    x = rng.standard_normal((N_TRAIN, 1)) * [1, -1, 0.5, 1, 0.5] + noise * rng.standard_normal((N_TRAIN, 5))
    vae = sv.VAE(5, 1, (8,), likelihood="normal")
    sv.train(vae, x, epochs=150, batch_size=50, optimizer=sv.optim.Adam(0.01), progress=False)
    sigma = np.exp(vae.decoder.forward(np.zeros((1, 1), "float32"))[0][0, 5:])  # at z = 0
    np.testing.assert_allclose(sigma, noise, rtol=0.3)
