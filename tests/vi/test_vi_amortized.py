"""One datum of a VAE: the encoder's q(z|x), the best q of the same family, and the truth on a grid."""

import numpy as np
import pytest

import scratchvae as sv


@pytest.fixture(scope="module")
def problem():
    """A trained little VAE of two latent dimensions, and a datum that it has not seen."""
    rng = np.random.default_rng(0)
    centres = rng.random((4, 12)) < 0.5
    x = (centres[rng.integers(4, size=400)] ^ (rng.random((400, 12)) < 0.1)).astype("float64")
    vae = sv.VAE(n_data=12, n_latent=2, hidden=(16,), dtype="float64")
    sv.train(vae, x[:300], epochs=30, batch_size=50, optimizer=sv.optim.Adam(0.01), progress=False)
    return vae, x[350]


def elbo_of_the_encoder(vae, x):
    eps = np.random.default_rng(1).standard_normal((20_000, 1, 2))
    return float(vae.elbo(x[None], eps)[0])


def test_the_gaps_are_in_order(problem):
    """log p(x) >= ELBO of the best q >= ELBO of the encoder's: approximation gap, amortization gap.

    (Cremer, Li & Duvenaud 2018, Inference suboptimality in variational autoencoders.)
    """
    vae, x = problem
    model = sv.models.DecoderPosterior(vae, x)
    truth = sv.grid_posterior(model, space="free").log_evidence
    best = sv.fit(model, family="full_rank", steps=2000, progress=False)
    mean_field = sv.fit(model, family="mean_field", steps=2000, progress=False)
    amortized = elbo_of_the_encoder(vae, x)
    assert truth + 4 * best.elbo_error > best.elbo > mean_field.elbo - 0.01
    assert mean_field.elbo > amortized - 0.01
    assert truth == pytest.approx(best.corrected.log_evidence.value, abs=0.02)
    assert truth == pytest.approx(vae.log_likelihood(x[None], 20_000, np.random.default_rng(2))[0], abs=0.05)


def test_the_encoders_own_q_is_at_hand(problem):
    vae, x = problem
    model = sv.models.DecoderPosterior(vae, x)
    mu, sigma = model.amortized()
    expected = vae.encode(x[None])
    np.testing.assert_allclose(mu, expected[0][0], rtol=1e-12)
    np.testing.assert_allclose(sigma, expected[1][0], rtol=1e-12)
