"""Minibatches in random order, from a source that can be stopped and resumed exactly."""

import copy
import math

import numpy as np

from scratchvae.data.binarization import check_all_levels, dynamic
from scratchvae.data.dataset import as_dataset
from scratchvae.data.mapped import smallest_index
from scratchvae.data.seeds import plain
from scratchvae.parameters import real_dtype
from scratchvae.validation import choose, generator, positive_int


class Minibatches:
    """An endless source of minibatches: each epoch visits every row once, in an order drawn anew.

    The generator is shared with the caller's own draws. An epoch's order is drawn from it when the
    first batch of the epoch is asked for, and the bits of dynamic binarization with each batch. It is one
    permutation of all rows, also of a memory-mapped file: four bytes a row, 40 MB for ten million.

    Parameters
    ----------
    dataset : Dataset or array (N, D)
    batch_size : int
        The last batch of an epoch is smaller if it must be.
    rng : numpy.random.Generator
    binarization : {None, "dynamic"}
        None gives the pixels' values as they are; "dynamic" draws a 0 or 1 for each, every time anew.
    dtype : {"float32", "float64"}

    Attributes
    ----------
    epoch : int
        The number of epochs done.
    position : int
        The number of rows done in the present epoch; 0 at its boundary.
    rows : array (B,) of int, or None
        Which rows of the data set the last batch holds: their labels are ``dataset.labels[rows]``.

    Examples
    --------
    >>> import numpy as np
    >>> batches = Minibatches(np.eye(5), batch_size=2, rng=np.random.default_rng(0))
    >>> [len(x) for x in batches], batches.epoch
    ([2, 2, 1], 1)
    """

    def __init__(self, dataset, batch_size, rng, *, binarization=None, dtype="float32"):
        self.dataset = as_dataset(dataset)
        self.batch_size = positive_int(batch_size, "batch_size")
        self.rng = generator(rng)
        self._dynamic = choose({"none": False, "dynamic": True}, binarization or "none", "binarization")
        if self._dynamic:
            check_all_levels(self.dataset)
        self.dtype = real_dtype(dtype)
        self.epoch = 0
        self.position = 0
        self.rows = None
        self._start = None  # the generator's state from which the order of this epoch was drawn
        self._order = None

    def __len__(self):
        """The number of batches in an epoch."""
        return math.ceil(len(self.dataset) / self.batch_size)

    def __iter__(self):
        """Give the batches that are left of the present epoch: one whole epoch, if none is under way."""
        epoch = self.epoch
        while self.epoch == epoch:
            yield next(self)

    def __next__(self):
        """Return the next batch (B, D)."""
        if self.position == 0:
            self._start = self.rng.bit_generator.state
            self._order = self._permutation(self.rng)
        self.rows = self._order[self.position : self.position + self.batch_size]
        x = self._batch(self.rows)
        self.position += len(self.rows)
        if self.position == len(self.dataset):
            self.epoch, self.position = self.epoch + 1, 0
        return x

    def _batch(self, rows):
        if not self._dynamic:
            return self.dataset.pixels(rows, self.dtype)
        return dynamic(self.dataset.x[rows], self.dataset.scale, self.rng).astype(self.dtype)

    def state(self):
        """Return where the source stands, as a dict that JSON can hold.

        ``epoch``, ``position``, ``n_rows``, and ``order``: the generator's state from which this epoch's
        order was drawn, None at the boundary, where no order is drawn yet.
        """
        return {
            "epoch": self.epoch,
            "position": self.position,
            "n_rows": len(self.dataset),
            "order": plain(self._start) if self.position else None,
        }

    def restore(self, state):
        """Go to where a source over the same data stood when it gave `state`.

        The order is drawn again from the state in it; the shared generator is left as it is, and the
        caller sets it to where it was then. From there on batches and generator are the same, bit by bit.

        Raises
        ------
        ValueError
            If the state is of another number of rows or another kind of generator, or is no such state.
        """
        try:
            epoch, position, n_rows, start = (state[k] for k in ("epoch", "position", "n_rows", "order"))
        except (KeyError, TypeError):
            raise ValueError("This is no state of Minibatches; pass what its state() returned.") from None
        if n_rows != len(self.dataset):
            raise ValueError(f"The state is of {n_rows} rows, but the data has {len(self.dataset)}.")
        if not 0 <= position < n_rows or (position > 0) != (start is not None):
            raise ValueError(f"The state is damaged: position {position} of {n_rows} rows.")
        if position:
            self._order, self._start = self._redraw(start), start
        self.epoch, self.position = epoch, position

    def _redraw(self, start):
        other = copy.deepcopy(self.rng)  # so that the shared generator is not disturbed
        try:
            other.bit_generator.state = start
        except (ValueError, TypeError, KeyError):
            kind = type(self.rng.bit_generator).__name__
            raise ValueError(
                f"The state is not one of a {kind} generator; use the kind it was saved with."
            ) from None
        return self._permutation(other)

    def _permutation(self, rng):
        """``rng.permutation(N)``, by the same draws, in the smallest integers that hold it."""
        n = len(self.dataset)
        order = np.arange(n, dtype=smallest_index(n))
        rng.shuffle(order)
        return order
