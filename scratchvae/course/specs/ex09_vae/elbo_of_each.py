"""The ELBO of each datum of a VAE, with one draw and the divergence in closed form."""

import numpy as np

from scratchvae.course.exercise import Case, Task, Wrong
from scratchvae.course.specs.random_inputs import size


def elbo_of_each(x, logits, mu, log_sigma):
    """log p(x|z) by the logits, minus KL(N(mu, sigma^2) || N(0, I)), (B,)."""
    return _reconstruction(x, logits) - _kl(mu, log_sigma)


def _reconstruction(x, logits):
    return np.sum(x * logits - np.logaddexp(0, logits), axis=-1)


def _kl(mu, log_sigma):
    return 0.5 * np.sum(mu**2 + np.exp(2 * log_sigma) - 1 - 2 * log_sigma, axis=-1)


def _cases(rng):
    cases = []
    for _ in range(3):
        b, d, n = size(rng, 4, 5), size(rng, 7, 9), size(rng, 2, 3)
        x = (rng.random((b, d)) < 0.5).astype(float)
        latent = {"mu": rng.normal(0, 1, (b, n)), "log_sigma": rng.normal(-0.5, 0.5, (b, n))}
        cases.append(Case({"x": x, "logits": rng.normal(0, 2, (b, d)), **latent}))
    return cases


TASK = Task(
    reference=elbo_of_each,
    cases=_cases,
    points=2,
    sizes=lambda inputs: {"D": inputs["x"].shape[1], "B": len(inputs["x"]), "L": inputs["mu"].shape[1]},
    wrong=(
        Wrong(
            "the divergence is added; it is what z costs, and is subtracted",
            lambda x, logits, mu, log_sigma: _reconstruction(x, logits) + _kl(mu, log_sigma),
        ),
        Wrong(
            "the sign is wrong: this is the loss, minus the ELBO",
            lambda x, logits, mu, log_sigma: -elbo_of_each(x, logits, mu, log_sigma),
        ),
        Wrong(
            "log_sigma is taken for the logarithm of the variance",
            lambda x, logits, mu, log_sigma: _reconstruction(x, logits) - _kl(mu, 0.5 * log_sigma),
        ),
        Wrong(
            "the divergence has sigma where it has its square: sigma^2 = e^(2 log_sigma)",
            lambda x, logits, mu, log_sigma: (
                elbo_of_each(x, logits, mu, log_sigma)
                + 0.5 * np.sum(np.exp(2 * log_sigma) - np.exp(log_sigma), axis=-1)
            ),
        ),
        Wrong(
            "the reconstruction is a mean over the pixels; the log-probability of all pixels is a sum",
            lambda x, logits, mu, log_sigma: _reconstruction(x, logits) / x.shape[1] - _kl(mu, log_sigma),
        ),
        Wrong(
            "the 1/2 of the divergence is missing",
            lambda x, logits, mu, log_sigma: _reconstruction(x, logits) - 2 * _kl(mu, log_sigma),
        ),
        Wrong(
            "the divergence is missing: this is the reconstruction alone",
            lambda x, logits, mu, log_sigma: _reconstruction(x, logits),
        ),
    ),
    hints=(
        "Two sums over the last axis: over the pixels, and over the latent dimensions.",
        "KL of one coordinate: (mu^2 + sigma^2 - 1)/2 - log sigma.",
    ),
)
