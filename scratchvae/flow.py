"""A map as a density of its own: fitted to data by maximum likelihood, sampled, evaluated."""

import numpy as np

from scratchvae import optim, reparam
from scratchvae.validation import finite, generator, has_shape, numeric_array, positive_int, whole_number


class Flow:
    """A normalizing flow x = m + s g(eps; lam), eps ~ N(0, I), as a density of x (Rezende & Mohamed 2015).

        log q(x) = log p(eps) - log|det dg/deps| - sum_i log s_i,     eps = g^-1((x - m) / s)

    The same maps that serve as posteriors: for a given x their inverse is needed, and no derivative of
    it. m and s are the data's mean and standard deviation, so that g works on numbers of size one.

    Parameters
    ----------
    family : str or Reparameterization
        "spline:4", "coupling:8", "full_rank", ... (`scratchvae.reparam.build`).
    n_latent : int
        D, the number of entries of x.
    seed : int
        Of the initial weights.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((2000, 2)) @ [[1.0, 2.0], [0.0, 1.0]] + 5.0
    >>> flow = Flow("full_rank", n_latent=2)
    >>> losses = flow.fit(x, steps=800, rng=rng)
    >>> flow.sample(3, rng).shape, flow.log_prob(x).shape
    ((3, 2), (2000,))
    """

    def __init__(self, family, n_latent, seed=0):
        self.n_latent = positive_int(n_latent, "n_latent")
        self.map = reparam.Free(reparam.build(family, self.n_latent, "family"))
        self.lam = self.map.initial(np.random.default_rng(whole_number(seed, "seed")))
        self.shift, self.scale = np.zeros(self.n_latent), np.ones(self.n_latent)

    def log_prob(self, x):
        """log q(x), (...), nats, for x (..., D)."""
        return self.map.log_prob(self.lam, self._standard(x)) - np.log(self.scale).sum()

    def _standard(self, x):
        x = finite(np.asarray(numeric_array(x, "x"), np.float64), "x")
        if x.ndim == 0 or x.shape[-1] != self.n_latent:
            raise ValueError(f"x must have shape (..., {self.n_latent}), not {x.shape}.")
        return (x - self.shift) / self.scale

    def sample(self, n, rng):
        """Draw x (n, D)."""
        eps = generator(rng).standard_normal((positive_int(n, "n"), self.n_latent))
        return self.shift + self.scale * self.map.forward(self.lam, eps)[0]

    def fit(self, x, steps=2000, *, rng, batch_size=256, optimizer=None):
        """Maximise the mean of log q over data x (N, D).

        The gradient by lam of log q at a given x is the score of Eq. (32).

        Parameters
        ----------
        x : array (N, D)
        steps : int
        rng : numpy.random.Generator
            Draws the minibatches.
        batch_size : int
        optimizer : scratchvae.optim optimizer, optional
            By default Adam at 0.01 with a cosine schedule to zero, and a gradient of norm 10 at most.

        Returns
        -------
        array (steps,)
            Minus the mean log q of each minibatch, nats.
        """
        x = has_shape(numeric_array(x, "x"), "x", (None, self.n_latent), "(N, D)")
        generator(rng)
        x, steps, size = finite(x, "x"), positive_int(steps, "steps"), positive_int(batch_size, "batch_size")
        self.shift, self.scale = x.mean(axis=0), np.maximum(x.std(axis=0), np.finfo(np.float64).tiny)
        y, losses = self._standard(x), np.empty(steps)
        optimizer = optim.Adam(optim.Cosine(0.01, total=steps)) if optimizer is None else optimizer
        for i in range(steps):
            rows = rng.integers(len(y), size=min(size, len(y)))
            loss, dlam = self.loss_and_grad(y[rows])
            optim.clip_by_norm(dlam, 10.0)
            optimizer.step(self.lam, dlam)
            losses[i] = loss + np.log(self.scale).sum()
        return losses

    def loss_and_grad(self, y):
        """Minus the mean log-density of standardised data y (B, D), and dlam."""
        log_q, cache = self.map.density_forward(self.lam, y)
        _, dlam = self.map.density_backward(cache, np.full(len(y), -1 / len(y)))
        return float(-log_q.mean()), dlam
