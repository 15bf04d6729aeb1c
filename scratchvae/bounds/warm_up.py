"""A step of a warm-up."""

from scratchvae.bounds.base import Bound


class WarmingUp(Bound):
    """The gradient of one bound and the value of another: of now, and of the end of a warm-up.

    What training reports, and judges a model by, is the bound that it leads to. The value of now would
    fall as KL's weight rises, whatever the model learns, and call the first epochs the best.

    Parameters
    ----------
    now, end : Bound
        Of one kind.
    """

    exact = False

    def __init__(self, now, end):
        self.now, self.end = now, end
        self.uses_kl = end.uses_kl

    def forward(self, terms):
        """Return the loss at the end, nats a datum, and the cache of now."""
        return self.end.forward(terms)[0], self.now.forward(terms)[1]

    def backward(self, cache):
        """Return the derivatives of the loss of now."""
        return self.now.backward(cache)
