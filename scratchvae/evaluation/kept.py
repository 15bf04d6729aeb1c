"""What is known so far of each datum, in memory and in a file, so that an interrupted evaluation goes on."""

import threading
import time
import zlib

import numpy as np

from scratchvae.storage import load_npz, save_npz
from scratchvae.validation import in_range, path_like, positive_int

#: Of the order in which data are taken: a part that is done is then a random sample of them.
ORDER_SEED = 20160115
DONE = "done"


class Results:
    """Arrays with an entry for each of N data, filled some data at a time.

    Data are taken in a random order, so that those which are done are a sample of all: a mean over them
    estimates the mean over all, whatever the order of the data set (that of a test set is often by class).

    Parameters
    ----------
    n_data : int
        N.
    path : path, optional
        An npz file in which the results are kept on the way. If it exists, what is in it is known already.
    what : dict, optional
        What the results are of (model, data, settings), as JSON can hold it; see `fingerprint`. A file of
        anything else is refused.
    seconds : float
        How often the file is written, at most; it is always written at the end and at an interruption.

    Attributes
    ----------
    done : array (N,) of bool
    stop : threading.Event
        Set at an interruption, for work that takes long to look at.

    Raises
    ------
    ValueError
        If the file is damaged or of another evaluation.
    """

    def __init__(self, n_data, path=None, what=None, seconds=10.0):
        self.n_data = positive_int(n_data, "n_data")
        self.path = None if path is None else path_like(path, "the file of results")
        self.what, self.seconds = what, in_range(seconds, "seconds", 0, float("inf"))
        self.done = np.zeros(self.n_data, bool)
        self.arrays, self.is_frozen = {}, False
        self.stop = threading.Event()
        self.saved_at = time.monotonic()
        if self.path is not None and self.path.exists():
            self._load()

    def _load(self):
        arrays, what = load_npz(self.path)
        if what != self.what:
            raise ValueError(
                f"{self.path} holds results of another model, other data or other settings: choose another "
                "folder, or remove it."
            )
        done = arrays.pop(DONE, None)
        lengths = {len(array) for array in arrays.values() if array.ndim}
        if done is None or done.dtype != bool or done.shape != (self.n_data,) or lengths - {self.n_data}:
            raise ValueError(f"{self.path} is damaged: its arrays do not fit {self.n_data} data.")
        self.done, self.arrays = done, arrays

    def freeze(self):
        """From here on nothing counts as missing: what is called again with these results sums them up."""
        self.is_frozen = True

    def missing(self):
        """The rows that are not done yet, in random order, the same in every run."""
        if self.is_frozen:
            return np.empty(0, np.intp)
        order = np.random.default_rng([ORDER_SEED, self.n_data]).permutation(self.n_data)
        return order[~self.done[order]]

    def put(self, rows, found):
        """Enter arrays by name, the first axis that of `rows`; only then do these count as done."""
        for name, values in found.items():
            values = np.asarray(values)
            if name not in self.arrays:
                self.arrays[name] = np.zeros((self.n_data, *values.shape[1:]), values.dtype)
            self.arrays[name][rows] = values
        self.done[rows] = True

    @property
    def rows(self):
        """The rows that are done, in order."""
        return np.flatnonzero(self.done)

    def __getitem__(self, name):
        """The values by name of the rows that are done, (n, ...)."""
        return self.arrays[name][self.done]

    @property
    def is_complete(self):
        return bool(self.done.all())

    def save(self):
        """Write the file, if there is to be one and there is something to keep."""
        if self.path is not None and self.done.any():
            save_npz(self.path, {**self.arrays, DONE: self.done}, self.what)
        self.saved_at = time.monotonic()

    def save_if_due(self):
        """Write the file if it is old."""
        if time.monotonic() - self.saved_at > self.seconds:
            self.save()


def fingerprint(vae, dataset):
    """What tells this model and these rows from others, for `Results`: checksums, not the arrays."""
    labels = vae.labels_of(dataset)
    return {
        "model": vae.config,
        "parameters": zlib.crc32(np.ascontiguousarray(vae.parameters.value)),
        "data": dataset.checksum(),
        "shape": list(dataset.x.shape),
        "scale": dataset.scale,
        "labels": None if labels is None else zlib.crc32(labels.astype("<i8")),
    }
