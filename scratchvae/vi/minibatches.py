"""Rows of data, some at a time."""

import numpy as np


class RowBatches:
    """Index arrays of minibatches: each pass over the data is a new random order, cut into pieces.

    Within a pass no row comes twice, so the noise of the minibatches cancels over every whole pass.

    Parameters
    ----------
    n_data, size : int
        A pass has n_data / size batches, rounded up, of sizes that differ by one at most.
    rng : numpy.random.Generator
    """

    def __init__(self, n_data, size, rng):
        self.n_data, self.rng = n_data, rng
        self.n_batches = -(-n_data // size)
        self.waiting = []

    def __next__(self):
        if not self.waiting:
            self.waiting = np.array_split(self.rng.permutation(self.n_data), self.n_batches)
        return self.waiting.pop()


class WholeData:
    """The same for a fit without minibatches."""

    n_batches = 1

    def __next__(self):
        return None


class AnchoredModel:
    """A model whose minibatches vary less: a control variate at an anchor z_0, near where q draws.

    The whole data's log-likelihood l differs from that of a minibatch, scaled, l_B. Near z_0 most of the
    difference is that of their values and slopes at z_0, and this is known once l and its gradient are
    computed there, which takes one pass over the data:

        l(z) ~ l_B(z) + c + g^T (z - z_0),     c = l(z_0) - l_B(z_0),     g = grad l(z_0) - grad l_B(z_0)

    c and g have mean zero over minibatches, so this is as unbiased as l_B is; what remains of its noise
    is that of the curvature, times the posterior's small spread. (Johnson & Zhang 2013; in Bayesian
    inference Baker, Fearnhead, Fox & Nemeth 2019.)

    Parameters
    ----------
    model : BayesianModel
        With `n_data` and ``rows``.
    anchor : array (L,)
        z_0.
    """

    def __init__(self, model, anchor):
        self.model, self.anchor = model, anchor[None]  # (1, L)
        self.value, self.slope = self._at_anchor(None)

    def _at_anchor(self, rows):
        log_likelihood, _, cache = self.model.forward(self.anchor, rows)
        return log_likelihood[0], self.model.backward(cache, np.ones(1), np.zeros(1))[0]

    def forward(self, z, rows=None):
        """Return log p(x|z) with its control variate, log p(z) and the cache."""
        log_likelihood, log_prior, cache = self.model.forward(z, rows)
        if rows is None:
            return log_likelihood, log_prior, (cache, None)
        value, slope = self._at_anchor(rows)
        missing = self.slope - slope  # g, (L,)
        shifted = log_likelihood + (self.value - value) + (z - self.anchor) @ missing
        return shifted, log_prior, (cache, missing)

    def backward(self, cache, dlog_likelihood, dlog_prior):
        """Return dz: the model's, and g."""
        inner, missing = cache
        dz = self.model.backward(inner, dlog_likelihood, dlog_prior)
        return dz if missing is None else dz + dlog_likelihood[..., None] * missing

    def __getattr__(self, name):
        """Everything else is the model's own."""
        return getattr(self.model, name)
