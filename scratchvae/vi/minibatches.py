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
