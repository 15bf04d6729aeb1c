"""A VAE's own posterior of one datum: its decoder and prior, with x fixed, as a Bayesian model."""

from typing import NamedTuple

import numpy as np

from scratchvae.broadcasting import beside
from scratchvae.models.base import BayesianModel
from scratchvae.validation import generator, has_shape, last_axis, numeric_array, positive_int

#: What the object handed in must have: this floor lies below the VAE and does not import it.
NEEDED = (
    "n_latent",
    "n_data",
    "prior",
    "decoder",
    "likelihood",
    "encoder",
    "posterior",
    "check_data",
    "check_labels",
    "astype",
)


class Cache(NamedTuple):
    """What `DecoderPosterior.backward` needs, the caches of the parts."""

    prior: np.ndarray
    decoder: tuple
    likelihood: tuple


class DecoderPosterior(BayesianModel):
    """p(z|x) proportional to p(x|z) p(z), the decoder's likelihood and the VAE's prior, for one datum x.

    The encoder gives q(z|x) from one network for all data. To take x alone and fit lam, or to sample, shows
    what that costs: the gap log p(x) - ELBO is KL(q || p(z|x)), of which a part is the family's and the rest
    the encoder's (Cremer, Li & Duvenaud 2018, Inference suboptimality in variational autoencoders, ICML).

    With l(d) = log p(x|d), d = decoder(z) and J = dd/dz,

        log p(x, z) = l(decoder(z)) + log p(z)        d/dz = J^T l'(d) + d log p(z) / dz

    where J^T l'(d) is the decoder's backward pass, which stops at its input. All is in float64, on a copy of
    the VAE made here: later training does not change this model, and the gradients by the weights that a
    backward pass writes on its way stay in the copy.

    Parameters
    ----------
    vae : VAE
    x : array (D,)
        One datum.
    y : int, optional
        Its label, for a conditional VAE: then all is given y, p(z|x, y).

    Raises
    ------
    ValueError
        If `vae` is no VAE, x has another shape or does not suit the likelihood, or y is missing or wrong.
    """

    def __init__(self, vae, x, y=None):
        missing = [name for name in NEEDED if not hasattr(vae, name)]
        if missing:
            raise ValueError(f"vae must be a VAE, but this {type(vae).__name__} has no {', '.join(missing)}.")
        self.vae = vae.astype("float64")  # a copy, whose gradients nobody else looks at
        self.n_latent = self.vae.n_latent
        x = has_shape(numeric_array(x, "x"), "x", (self.vae.n_data,), "(D,), one datum,")
        self.x = self.vae.check_data(x[None])[0]
        self.y = self.vae.check_labels(y, ())
        self.c = self.vae.one_hot(self.y)  # (C,), or None

    # --- the density ----------------------------------------------------------------------------

    def log_prior(self, z):
        """log p(z), (...), by the VAE's prior."""
        return self.vae.prior.forward(self._checked(z))[0]

    def grad_log_prior(self, z):
        """Its gradient, (..., L)."""
        z = self._checked(z)
        return self.vae.prior.backward(self.vae.prior.forward(z)[1], np.ones(z.shape[:-1]))

    def log_likelihood(self, z):
        """log p(x|z), (...)."""
        return self._decode(self._checked(z))[0]

    def grad_log_likelihood(self, z):
        """Its gradient, (..., L)."""
        z = self._checked(z)
        _, decoder, likelihood = self._decode(z)
        return self._decode_backward(decoder, likelihood, np.ones(z.shape[:-1]))

    def _decode(self, z):
        decoded, decoder = self.vae.decoder.forward(beside(z, self.c))  # (..., n_params)
        log_likelihood, likelihood = self.vae.likelihood.forward(self.x, decoded)
        return log_likelihood, decoder, likelihood

    def _decode_backward(self, decoder, likelihood, dlog_likelihood):
        _, ddecoded = self.vae.likelihood.backward(likelihood, dlog_likelihood, need_dx=False)
        dinput = self.vae.decoder.backward(decoder, ddecoded, need_weights=False)  # (..., L + C)
        return dinput[..., : self.n_latent]  # Eq. (58')

    def _checked(self, z):
        return last_axis(np.asarray(numeric_array(z, "z"), np.float64), "z", self.n_latent)

    # --- both at once, the decoder run once -----------------------------------------------------

    def forward(self, z, rows=None):
        """Return log p(x|z), log p(z) and the cache."""
        if rows is not None:
            raise ValueError("a DecoderPosterior is of one datum: it has no rows to choose from.")
        z = self._checked(z)
        log_likelihood, decoder, likelihood = self._decode(z)
        log_prior, prior = self.vae.prior.forward(z)
        return log_likelihood, log_prior, Cache(prior, decoder, likelihood)

    def backward(self, cache, dlog_likelihood, dlog_prior):
        """Return dz (..., L): z reaches log p(x, z) through the decoder and through the prior."""
        dz = self._decode_backward(cache.decoder, cache.likelihood, dlog_likelihood)
        if dlog_prior is None:
            return dz
        return dz + self.vae.prior.backward(cache.prior, dlog_prior)

    # --- what the encoder says ------------------------------------------------------------------

    def amortized_lam(self):
        """The encoder's output for x, (n_params,): the lam of its q(z|x), where a fit may begin."""
        seen = self.vae.likelihood.encoder_input(self.x[None])
        return self.vae.encoder.forward(beside(seen, self.c))[0][0]

    def amortized(self):
        """Mean and standard deviation of the encoder's q(z|x), (L,) each."""
        return self.vae.posterior.mean_and_sigma(self.amortized_lam())

    # --- simulation -----------------------------------------------------------------------------

    def sample_prior(self, n, rng):
        """Draw z (n, L) from the VAE's prior."""
        return self.vae.prior.sample((positive_int(n, "n"), self.n_latent), generator(rng))

    def simulate(self, z, rng):
        """Draw a datum (..., D) from p(x|z) for each z (..., L)."""
        decoded, _ = self.vae.decoder.forward(beside(self._checked(z), self.c))
        return self.vae.likelihood.sample(decoded, generator(rng))

    @property
    def data(self):
        """The data, of the form that `simulate` gives."""
        return self.x

    def with_data(self, x):
        """The posterior of another datum (D,), of the same label, under the same VAE."""
        return DecoderPosterior(self.vae, x, self.y)
