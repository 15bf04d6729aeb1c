"""The contract of a bound: terms in, a loss and its derivatives by the terms out."""


class Bound:
    """``forward(terms) -> (loss, cache)``, ``backward(cache) -> Terms`` of derivatives.

    The loss is minus the bound averaged over the batch, nats a datum. What `backward` gives is the
    derivative of the loss at fixed noise if `exact`; else an estimate of the gradient of the loss's
    expectation, which agrees with finite differences on average only.
    """

    #: Whether `backward` is the derivative of `forward`, noise fixed.
    exact = True
    #: Whether the derivative reaches lam through z. The score function needs no gradient of the model.
    pathwise = True
    #: Whether the closed form of KL(q || p(z)) takes the place of three of the terms: False, True (one number
    #: a datum) or "by_coordinate" (one for each z_i, which only a factorised q has).
    uses_kl = False
    #: Whether it weighs log p(z) otherwise than log p(x|z), so that log p(x, z) alone will not do.
    needs_prior = False
    #: Whether it needs the terms of each coordinate of z, which only a factorised q has.
    uses_local = False
    #: Whether the K draws must be independent of each other.
    needs_independence = False
    #: Whether it remembers earlier steps, which a checkpoint does not hold.
    keeps_state = False
    #: The least K.
    least_samples = 1
    #: How many steps of training it changes for; see `at`.
    warm_up_steps = 0

    def forward(self, terms):
        """Return the loss, nats a datum, and the cache."""
        raise NotImplementedError

    def backward(self, cache):
        """Return the loss's derivative with respect to each term, as `Terms`."""
        raise NotImplementedError

    def at(self, t):
        """The bound of training's step t = 1, 2, ...; itself, but for one with a schedule."""
        return self

    def check_samples(self, n_samples):
        """Raise a ValueError if K = `n_samples` are too few."""
        if n_samples < self.least_samples:
            raise ValueError(
                f"the bound {type(self).__name__} compares draws with each other: it needs n_samples of at "
                f"least {self.least_samples}, not {n_samples}."
            )

    def observe(self, cache):
        """Take note of a step that is done; what keeps a running mean overrides this."""
