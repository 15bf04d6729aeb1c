"""The variational autoencoder: lam is the output of an encoder."""

import copy
from typing import NamedTuple

import numpy as np

from scratchvae import reparam
from scratchvae.bounds import VAE_BOUNDS, Terms
from scratchvae.broadcasting import row_blocks
from scratchvae.distributions import LIKELIHOODS, StandardNormal
from scratchvae.nn import ACTIVATIONS, INITIALIZATIONS, MLP
from scratchvae.numerics import log_sum_exp
from scratchvae.parameters import Parameters, real_dtype
from scratchvae.vae_files import Stored
from scratchvae.validation import build as build_from_spec
from scratchvae.validation import (
    choose,
    finite,
    generator,
    has_shape,
    numeric_array,
    positive_int,
    whole_number,
)

#: How many rows, and values, the decoder makes at once where memory must not grow with the samples.
MAX_ROWS, MAX_VALUES = 4096, 2**22


class Cache(NamedTuple):
    """What the backward pass needs, the caches of the parts."""

    encoder: tuple
    posterior: tuple
    kl: tuple | None
    prior: np.ndarray | None
    decoder: tuple
    likelihood: tuple


class VAE(Stored):
    """Encoder q(z|x), decoder p(x|z), prior p(z), by default N(0, I) (Kingma & Welling 2014).

    encoder: MLP n_data -> hidden -> 2 n_latent, its output packs lam = (mu, log_sigma).
    decoder: MLP n_latent -> reversed(hidden) -> the likelihood's parameters.

    Parameters
    ----------
    n_data, n_latent : int
        D and L.
    hidden : sequence of int
        Widths of the encoder's hidden layers; the decoder has them in reverse. May be empty.
    activation : str
        After every hidden layer: tanh, relu, leaky_relu, elu, softplus, sigmoid, gelu, identity.
    likelihood : str or Likelihood
        p(x|z): "bernoulli" (the decoder gives logits), "normal" (mu and log_sigma for each entry,
        packed), "normal_fixed:0.1" (mu; the number is sigma), "normal_shared" (mu; one sigma for all is
        learned, from 1 or "normal_shared:0.1"), "categorical:256" (that many logits for each entry),
        "poisson" (log rates).
    posterior : str or Reparameterization
        The map from noise to z, whose parameters lam the encoder gives: "diagonal", "full_rank",
        "low_rank:2", "planar:8", "iaf:2", ... (`scratchvae.reparam.build`), or an object. A map's
        networks have weights of their own, the same for all data.
    dtype : {"float32", "float64"}
    seed : int
        Of the initial weights.
    initialization : str
        "auto", "glorot_uniform", "glorot_normal", "he_uniform", "he_normal" or "kingma_welling".
    prior : str or Reparameterization
        "standard_normal", or a map with an inverse, whose density of z is learned: "coupling:4".

    Attributes
    ----------
    parameters : Parameters
        Blocks encoder.{i}.weight (n_in, n_out), encoder.{i}.bias, decoder.{i}.weight,
        decoder.{i}.bias, where i counts linear maps.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> vae = VAE(n_data=6, n_latent=2, hidden=(8,), dtype="float64")
    >>> x = (rng.random((5, 6)) < 0.5).astype("float64")
    >>> loss = vae.loss_and_grad(x, eps=rng.standard_normal((1, 5, 2)))
    >>> vae.parameters.grad.shape
    (170,)
    """

    def __init__(
        self,
        n_data=784,
        n_latent=20,
        hidden=(500,),
        activation="tanh",
        likelihood="bernoulli",
        posterior="diagonal",
        dtype="float32",
        seed=0,
        initialization="auto",
        prior="standard_normal",
    ):
        self.n_data = positive_int(n_data, "n_data")
        self.n_latent = positive_int(n_latent, "n_latent")
        self.hidden = _widths(hidden)
        choose(ACTIVATIONS, activation, "activation")
        choose({"auto": None, **INITIALIZATIONS}, initialization, "initialization")
        self.activation, self.initialization = activation, initialization
        self.seed = whole_number(seed, "seed")
        self.likelihood = build_from_spec(LIKELIHOODS, likelihood, "likelihood")
        self.dtype = real_dtype(dtype)
        self.posterior = reparam.build(posterior, self.n_latent, "posterior", n_context=self.n_latent)
        self.prior = self._make_prior(prior)  # p(z)
        self.noise = StandardNormal()  # p(eps)
        self._build_networks()

    def _make_prior(self, prior):
        if isinstance(prior, str) and prior == StandardNormal.spec:
            return StandardNormal()
        return reparam.FlowPrior(reparam.build(prior, self.n_latent, "prior"), self.dtype)

    def _build_networks(self):
        encoder_sizes = (self.n_data, *self.hidden, self.posterior.n_params)
        decoder_sizes = (self.n_latent, *reversed(self.hidden), self.likelihood.n_params(self.n_data))
        shapes = MLP.shapes(encoder_sizes, "encoder.") | MLP.shapes(decoder_sizes, "decoder.")
        for part in ("posterior", "prior", "likelihood"):
            shapes |= {f"{part}.{name}": shape for name, shape in getattr(self, part).shapes().items()}
        self.parameters = Parameters(shapes, self.dtype)
        shared = {"activation": self.activation, "parameters": self.parameters}
        self.encoder = MLP(encoder_sizes, prefix="encoder.", **shared)
        self.decoder = MLP(decoder_sizes, prefix="decoder.", **shared)
        rng = np.random.default_rng(self.seed)
        self.encoder.initialize(rng, self.initialization)
        self.decoder.initialize(rng, self.initialization)
        for part in ("posterior", "prior", "likelihood"):
            getattr(self, part).attach(self.parameters, f"{part}.")
            getattr(self, part).initialize(rng)

    # --- the bound and its gradient -------------------------------------------------------------

    def loss_and_grad(self, x, eps, bound="elbo"):
        """Loss of a minibatch; its gradient goes to ``parameters.grad``.

        Parameters
        ----------
        x : array (B, D)
        eps : array (K, B, L)
            Noise from N(0, I), an argument so that the loss is a deterministic function.
        bound : str or bound
            "elbo" (Monte Carlo, Eq. 7), "analytic_kl" (KL in closed form), "iwae" (importance-weighted),
            "sticking_the_landing", or another of ``sv.bounds.VAE_BOUNDS``.

        Returns
        -------
        float
            Minus the bound, nats a datum.

        Raises
        ------
        ValueError
            If x or eps has another shape, is not finite, or x does not suit the likelihood.
        """
        bound = self.check_bound(bound)
        x = self.check_data(x)
        eps = self._check_noise(eps, x)
        bound.check_samples(len(eps))
        return self.loss_and_grad_unchecked(x, eps, bound)

    def loss(self, x, eps, bound="elbo"):
        """Loss of a minibatch without its gradient; arguments as for `loss_and_grad`."""
        bound = self.check_bound(bound)
        x = self.check_data(x)
        terms, _ = self.forward(x, self._check_noise(eps, x), bound.uses_kl)
        return float(bound.forward(terms)[0])

    def loss_and_grad_unchecked(self, x, eps, bound):
        """`loss_and_grad` without its checks, for arrays that are known to be right."""
        terms, cache = self.forward(x, eps, bound.uses_kl)
        loss, bound_cache = bound.forward(terms)
        self.backward(cache, bound.backward(bound_cache), bound.pathwise)
        return float(loss)

    def forward(self, x, eps, uses_kl=False):
        """The terms of Eq. (6) for x (B, D) and eps (K, B, L), and the cache.

        With `uses_kl` the prior, noise and log-determinant are left out for the closed-form KL.
        """
        lam, encoder = self.encoder.forward(self.likelihood.encoder_input(x))  # (B, n_params)
        z, log_det, posterior = self.posterior.forward(lam, eps)  # Eq. (6)
        decoded, decoder = self.decoder.forward(z)  # (K, B, n)
        log_likelihood, likelihood = self.likelihood.forward(x, decoded)  # (K, B)
        if uses_kl:
            kl, kl_cache = self.posterior.kl_forward(lam)  # (B,)
            terms = Terms(log_likelihood, kl=kl)
            return terms, Cache(encoder, posterior, kl_cache, None, decoder, likelihood)
        log_prior, prior = self.prior.forward(z)
        entropy = self.noise.entropy(self.n_latent)
        log_noise = self.noise.log_prob(eps)
        terms = Terms(log_likelihood, log_prior, log_noise, log_det, noise_entropy=entropy)
        return terms, Cache(encoder, posterior, None, prior, decoder, likelihood)

    def backward(self, cache, dterms, pathwise=True):
        """Fill ``parameters.grad`` from the loss's derivatives: `forward` in reverse.

        z reaches the loss along two ways, the decoder and the prior, so its gradient is their sum.
        lam reaches it through z (if the bound is `pathwise`), through the log-determinant, through the
        score of q, and through the closed-form KL.
        """
        _, ddecoded = self.likelihood.backward(cache.likelihood, dterms.log_likelihood, need_dx=False)
        dz = self.decoder.backward(cache.decoder, ddecoded)
        dlog_det = dterms.log_det
        if dterms.log_prior is not None:
            dz = dz + self.prior.backward(cache.prior, dterms.log_prior)
        if not pathwise:
            dz = np.zeros_like(dz)
        if dlog_det is None:
            dlog_det = np.zeros(dz.shape[:-1], dz.dtype)
        if dterms.score is not None:
            dz, dlog_det = self.posterior.add_score(cache.posterior, dterms.score, dz, dlog_det)
        dlam, _ = self.posterior.backward(cache.posterior, dz, dlog_det)  # Eq. (6')
        if dterms.kl is not None:
            dlam = dlam + self.posterior.kl_backward(cache.kl, dterms.kl)
        self.encoder.backward(cache.encoder, dlam, need_dx=False)

    def log_weights(self, x, eps):
        """log p(x, z) - log q(z|x), (K, B), nats, for x (B, D) and eps (K, B, L)."""
        x = self.check_data(x)
        lam, _ = self.encoder.forward(self.likelihood.encoder_input(x))
        return self._log_weights_given(lam, x, self._check_noise(eps, x))

    def elbo(self, x, eps):
        """The Monte Carlo ELBO of each datum, (B,), nats: the mean of its K log weights."""
        return self.log_weights(x, eps).mean(axis=0)  # Eq. (7)

    def log_likelihood(self, x, n_samples, rng, progress=None):
        """Importance-sampled log evidence log p(x) of each datum, nats (Rezende et al. 2014, appendix E).

        log p(x) is estimated by log (1/S) sum_s p(x, z_s) / q(z_s|x) with z_s drawn from q(z|x), a lower
        bound in expectation that tightens as S grows (Burda et al. 2016). Memory does not grow with S:
        a running log-sum-exp takes the samples some at a time. Not to be taken for log p(x|z), the
        likelihood of a decoded z.

        Parameters
        ----------
        x : array (N, D)
        n_samples : int
            S.
        rng : numpy.random.Generator
        progress : callable, optional
            Called with the number of data that are done since the last call.

        Returns
        -------
        array (N,)
        """
        x, n_samples = self.check_data(x), positive_int(n_samples, "n_samples")
        generator(rng)
        result = np.empty(len(x))
        for rows in row_blocks(len(x), self.rows_at_once):
            result[rows] = self._log_likelihood_of_block(x[rows], n_samples, rng)
            if progress is not None:
                progress(len(x[rows]))
        return result

    @property
    def rows_at_once(self):
        """How many rows the decoder may be given at once; fewer if each makes many values."""
        return max(1, min(MAX_ROWS, MAX_VALUES // self.likelihood.n_params(self.n_data)))

    def _log_likelihood_of_block(self, x, n_samples, rng):
        lam, _ = self.encoder.forward(self.likelihood.encoder_input(x))
        at_once = max(1, self.rows_at_once // len(x))
        log_sum = np.full(len(x), -np.inf)
        for done in range(0, n_samples, at_once):
            n_now = min(at_once, n_samples - done)
            eps = rng.standard_normal((n_now, len(x), self.n_latent), self.dtype)
            log_w = self._log_weights_given(lam, x, eps)  # (n_now, B)
            log_sum = np.logaddexp(log_sum, log_sum_exp(log_w.astype(np.float64), axis=0))
        return log_sum - np.log(n_samples)  # Eq. (17)

    def _log_weights_given(self, lam, x, eps):
        z, log_det, _ = self.posterior.forward(lam, eps)
        log_likelihood = self.likelihood.log_prob(x, self.decoder.forward(z)[0])
        return log_likelihood + self.prior.log_prob(z) - self.noise.log_prob(eps) + log_det  # Eq. (5)

    # --- encoder and decoder by themselves ------------------------------------------------------

    def encode(self, x):
        """Mean and standard deviation of q(z|x), (B, L) each."""
        lam, _ = self.encoder.forward(self.likelihood.encoder_input(self.check_data(x)))
        return self.posterior.mean_and_sigma(lam)

    def decode(self, z):
        """Mean of p(x|z), (..., D), for z (..., L)."""
        return self.likelihood.mean(self._decoded(z))

    def sample(self, n, rng):
        """Draw n data, (n, D): z from the prior, then x from p(x|z)."""
        return self.likelihood.sample(self._decoded(self._prior_draws(n, rng)), rng)

    def sample_mean(self, n, rng):
        """Like `sample`, but the mean of p(x|z) in place of a draw: what papers mostly show."""
        return self.decode(self._prior_draws(n, rng))

    def _prior_draws(self, n, rng):
        shape = (positive_int(n, "n"), self.n_latent)
        return self.prior.sample(shape, generator(rng), self.dtype)

    def reconstruct(self, x):
        """Mean of p(x|z) at the mean of q(z|x), (B, D)."""
        return self.decode(self.encode(x)[0])

    def _decoded(self, z):
        z = finite(numeric_array(z, "z"), "z")
        if z.ndim == 0 or z.shape[-1] != self.n_latent or z.size == 0:
            raise ValueError(f"z must have shape (..., L) = (..., {self.n_latent}), not {z.shape}.")
        return self.decoder.forward(self._in_own_dtype(z, "z"))[0]

    # --- what comes in --------------------------------------------------------------------------

    def check_bound(self, bound):
        """Return the bound that is named, or raise a ValueError if it does not suit this model."""
        bound = build_from_spec(VAE_BOUNDS, bound, "bound")
        has_closed_form = hasattr(self.posterior, "kl_forward") and isinstance(self.prior, StandardNormal)
        if bound.uses_kl and not has_closed_form:
            raise ValueError(
                "KL has a closed form for a Gaussian posterior and the standard normal prior only, not for "
                f"posterior={self.posterior.spec!r} with prior={self.prior.spec!r}: use bound='elbo'."
            )
        return bound

    def check_data(self, x):
        """Return x as (B, D) in the model's dtype, or raise a ValueError that says what is wrong."""
        x = has_shape(numeric_array(x, "x"), "x", (None, self.n_data), "(B, D)")
        self.likelihood.check(finite(x, "x"))
        if x.dtype == np.uint8 and x.max() > 1 and not self.likelihood.takes_levels:
            raise ValueError("x holds bytes up to 255, which training divides by 255: give x / 255.")
        return self._in_own_dtype(x, "x")

    def _check_noise(self, eps, x):
        eps = has_shape(numeric_array(eps, "eps"), "eps", (None, len(x), self.n_latent), "(K, B, L)")
        return self._in_own_dtype(finite(eps, "eps"), "eps")

    def _in_own_dtype(self, array, name):
        with np.errstate(over="ignore"):  # what float32 cannot hold is reported in words
            return finite(np.asarray(array, self.dtype, order="C"), f"{name} as {self.dtype}")

    # --- copies and files -----------------------------------------------------------------------

    @property
    def config(self):
        """The arguments that make this architecture again."""
        return {
            "n_data": self.n_data,
            "n_latent": self.n_latent,
            "hidden": list(self.hidden),
            "activation": self.activation,
            "likelihood": self.likelihood.spec,
            "posterior": self.posterior.spec,
            "dtype": self.dtype.name,
            "seed": self.seed,
            "initialization": self.initialization,
            "prior": self.prior.spec,
        }

    def astype(self, dtype):
        """A copy of this model in another precision, with the same parameters."""
        parts = {"likelihood": copy.copy(self.likelihood), "posterior": copy.deepcopy(self.posterior)}
        if not isinstance(self.prior, StandardNormal):
            parts["prior"] = copy.deepcopy(self.prior.map.reparam)
        other = VAE(**{**self.config, "dtype": dtype, **parts})
        other.parameters.value = self.parameters.value
        return other

    def __repr__(self):
        shown = ", ".join(f"{key}={value!r}" for key, value in self.config.items())
        return f"VAE({shown})  # {len(self.parameters):,} parameters"


def _widths(hidden):
    try:
        return tuple(positive_int(width, "a width in hidden") for width in hidden)
    except TypeError:
        raise ValueError(f"hidden must be a sequence of widths such as (500,), not {hidden!r}.") from None
