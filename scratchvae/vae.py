"""The variational autoencoder: lam is the output of an encoder."""

import copy
from typing import NamedTuple

import numpy as np

from scratchvae import priors, reparam
from scratchvae.bounds import Terms
from scratchvae.broadcasting import beside
from scratchvae.distributions import LIKELIHOODS, StandardNormal
from scratchvae.nn import ACTIVATIONS, INITIALIZATIONS, MLP
from scratchvae.parameters import Parameters, real_dtype
from scratchvae.vae_evidence import Evidence
from scratchvae.vae_files import Stored
from scratchvae.vae_inputs import Inputs
from scratchvae.validation import build as build_from_spec
from scratchvae.validation import choose, generator, positive_int, whole_number


class Cache(NamedTuple):
    """What the backward pass needs, the caches of the parts."""

    encoder: tuple
    posterior: tuple
    kl: tuple | None
    prior: np.ndarray | None
    decoder: tuple
    likelihood: tuple


class VAE(Inputs, Evidence, Stored):
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
    prior : str, Reparameterization or MixturePrior
        "standard_normal"; or one that is learned: "mixture:10" (that many normals), "vamp:50" (the mean of
        q(z|u) over that many pseudo-inputs u), or the density of a map with an inverse, "coupling:4".
    n_classes : int, optional
        C, for a conditional model p(x|y) (Sohn et al. 2015): every call that takes x takes the labels y
        (B,) too, whole numbers from 0 to C - 1, and so do `decode` and `sample`. Encoder q(z|x, y) and
        decoder p(x|z, y) see y one-hot, beside x and beside z; p(z) does not depend on it. Without it
        there are no labels.

    Attributes
    ----------
    parameters : Parameters
        Blocks encoder.{i}.weight (n_in, n_out), encoder.{i}.bias, decoder.{i}.weight, decoder.{i}.bias,
        where i counts linear maps, then those of posterior, prior and likelihood, where they have some
        ("likelihood.log_sigma"). In a conditional model the last C rows of encoder.0.weight (D + C, n_out)
        and of decoder.0.weight (L + C, n_out) are those of the label.

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
        n_classes=None,
    ):
        self.n_data = positive_int(n_data, "n_data")
        self.n_latent = positive_int(n_latent, "n_latent")
        self.n_classes = None if n_classes is None else positive_int(n_classes, "n_classes")
        self.hidden = _widths(hidden)
        choose(ACTIVATIONS, activation, "activation")
        choose({"auto": None, **INITIALIZATIONS}, initialization, "initialization")
        self.activation, self.initialization = activation, initialization
        self.seed = whole_number(seed, "seed")
        self.likelihood = build_from_spec(LIKELIHOODS, likelihood, "likelihood")
        self.dtype = real_dtype(dtype)
        self.posterior = reparam.build(posterior, self.n_latent, "posterior", n_context=self.n_latent)
        self.prior = priors.build(prior, self)  # p(z)
        self.noise = StandardNormal()  # p(eps)
        self._build_networks()

    def _build_networks(self):
        n_classes, n_params = self.n_classes or 0, self.likelihood.n_params(self.n_data)
        encoder_sizes = (self.n_data + n_classes, *self.hidden, self.posterior.n_params)
        decoder_sizes = (self.n_latent + n_classes, *reversed(self.hidden), n_params)
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

    def fit_output_bias(self, x):
        """Let the decoder begin with the data's own statistics: set its output bias to them.

        At small weights p(x|z) is then nearly the best that there is without any z: each pixel's own mean.
        Otherwise the first epochs, and some latent dimensions, go to what is the same for all data.

        Parameters
        ----------
        x : array (N, D)
            The training data, or some: ``train_set.pixels()``. For a Bernoulli likelihood they may be gray.

        Raises
        ------
        ValueError
            If x has another width or is not finite.
        """
        self.parameters[f"decoder.{len(self.hidden)}.bias"] = self.likelihood.fit_params(self.check_rows(x))

    # --- the bound and its gradient -------------------------------------------------------------

    def loss_and_grad(self, x, eps, bound="elbo", y=None):
        """Loss of a minibatch; its gradient goes to ``parameters.grad``.

        Parameters
        ----------
        x : array (B, D)
        eps : array (K, B, L)
            Noise from N(0, I), an argument so that the loss is a deterministic function.
        bound : str or bound
            "elbo" (Monte Carlo, Eq. 7), "analytic_kl" (KL in closed form), "sticking_the_landing", "iwae"
            (importance-weighted) and "dreg" (the same with a better gradient), "renyi:0.5", "beta:4",
            "free_bits:0.25", or another of ``sv.bounds.VAE_BOUNDS``.
        y : array (B,) of int, optional
            The labels, for a conditional model.

        Returns
        -------
        float
            Minus the bound, nats a datum.

        Raises
        ------
        ValueError
            If x, eps or y has another shape, is not finite, or x does not suit the likelihood; if y is given
            to a model without labels, or is missing.
        """
        x, eps, bound, y = self._checked(x, eps, bound, y)
        return self.loss_and_grad_unchecked(x, eps, bound, y)

    def loss(self, x, eps, bound="elbo", y=None):
        """Loss of a minibatch without its gradient; arguments as for `loss_and_grad`."""
        x, eps, bound, y = self._checked(x, eps, bound, y)
        terms, _ = self.forward(x, eps, bound.uses_kl, y)
        return float(bound.forward(terms)[0])

    def loss_and_grad_unchecked(self, x, eps, bound, y=None):
        """`loss_and_grad` without its checks, for arrays that are known to be right."""
        terms, cache = self.forward(x, eps, bound.uses_kl, y)
        loss, bound_cache = bound.forward(terms)
        self.backward(cache, bound.backward(bound_cache), bound.pathwise)
        return float(loss)

    def forward(self, x, eps, uses_kl=False, y=None):
        """The terms of Eq. (6) for x (B, D), eps (K, B, L) and labels y (B,) if any, and the cache.

        With `uses_kl` the prior, noise and log-determinant are left out for the closed-form KL, (B,), or
        (B, L) if it is "by_coordinate".
        """
        c = self.one_hot(y)  # (B, C)
        lam, encoder = self.encoder.forward(beside(self.likelihood.encoder_input(x), c))  # (B, n_params)
        z, log_det, posterior = self.posterior.forward(lam, eps)  # Eq. (6)
        decoded, decoder = self.decoder.forward(beside(z, c))  # (K, B, n)
        log_likelihood, likelihood = self.likelihood.forward(x, decoded)  # (K, B)
        if uses_kl:
            parts = {"by_coordinate": True} if uses_kl == "by_coordinate" else {}
            kl, kl_cache = self.posterior.kl_forward(lam, **parts)  # (B,) or (B, L)
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
        dz = self.decoder.backward(cache.decoder, ddecoded)[..., : self.n_latent]  # Eq. (58')
        dlog_det = dterms.log_det
        if dterms.log_prior is not None:
            dz = dz + self.prior.backward(cache.prior, dterms.log_prior)
        if not pathwise:
            dz = np.zeros_like(dz)
        if dterms.path is not None:  # lam's derivative may weigh the draws otherwise than the decoder's
            dz = dterms.path[..., None] * dz
        if dlog_det is None:
            dlog_det = np.zeros(dz.shape[:-1], dz.dtype)
        with self.parameters.adding(self.prior.shared):  # a VampPrior goes through the encoder too
            if dterms.score is not None:
                dz, dlog_det = self.posterior.add_score(cache.posterior, dterms.score, dz, dlog_det)
            dlam, _ = self.posterior.backward(cache.posterior, dz, dlog_det)  # Eq. (6')
            if dterms.kl is not None:
                dlam = dlam + self.posterior.kl_backward(cache.kl, dterms.kl)
            self.encoder.backward(cache.encoder, dlam, need_dx=False)

    # --- encoder and decoder by themselves ------------------------------------------------------

    def encode(self, x, y=None):
        """Mean and standard deviation of q(z|x), (B, L) each."""
        x = self.check_data(x)
        c = self.one_hot(self.check_labels(y, x.shape[:1]))
        return self.posterior.mean_and_sigma(self._lam(x, c))

    def _lam(self, x, c):
        """The encoder's output (B, n_params)."""
        return self.encoder.forward(beside(self.likelihood.encoder_input(x), c))[0]

    def decode(self, z, y=None):
        """Mean of p(x|z), (..., D), for z (..., L); y: labels (...) or one for all, if conditional."""
        return self.likelihood.mean(self._decoded(z, y))

    def sample(self, n, rng, y=None):
        """Draw n data, (n, D): z from the prior, then x from p(x|z); y: n labels or one for all."""
        return self.likelihood.sample(self._decoded(self._prior_draws(n, rng), y), rng)

    def sample_mean(self, n, rng, y=None):
        """Like `sample`, but the mean of p(x|z) in place of a draw: what papers mostly show."""
        return self.decode(self._prior_draws(n, rng), y)

    def _prior_draws(self, n, rng):
        shape = (positive_int(n, "n"), self.n_latent)
        return self.prior.sample(shape, generator(rng), self.dtype)

    def reconstruct(self, x, y=None):
        """Mean of p(x|z) at the mean of q(z|x), (B, D)."""
        return self.decode(self.encode(x, y)[0], y)

    def _decoded(self, z, y):
        z = self.check_latents(z)
        c = self.one_hot(self.check_labels(y, z.shape[:-1], one_for_all=True))
        return self.decoder.forward(beside(z, c))[0]

    # --- copies and files -----------------------------------------------------------------------

    @property
    def config(self):
        """The arguments that make this architecture again."""
        labels = {} if self.n_classes is None else {"n_classes": self.n_classes}
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
            **labels,
        }

    def astype(self, dtype):
        """A copy of this model in another precision, with the same parameters."""
        parts = {"likelihood": copy.copy(self.likelihood), "posterior": copy.deepcopy(self.posterior)}
        if isinstance(self.prior, priors.FlowPrior):  # its map may be an object without a name
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
