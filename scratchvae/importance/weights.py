"""What every function of importance weights asks of them."""

import numpy as np

from scratchvae.validation import numeric_array


def log_weights(log_w, axis=0, least=1):
    """Return a float64 copy of `log_w`, or raise a ValueError.

    Logarithms of weights are real numbers or minus infinity, a weight of zero; not all of one set are
    that. `axis` is the samples' and must hold at least `least` of them.
    """
    log_w = np.array(numeric_array(log_w, "log_w"), np.float64)
    n_samples = log_w.shape[_existing(axis, log_w)]
    if n_samples < least or log_w.size == 0:
        raise ValueError(
            f"log_w has shape {log_w.shape}, {n_samples} samples along axis {axis}; "
            f"it takes at least {least}: draw more."
        )
    bad = np.isnan(log_w) | (log_w == np.inf)
    if bad.any():
        first = tuple(map(int, np.argwhere(bad)[0]))
        raise ValueError(
            f"log_w has {int(bad.sum())} entries that are NaN or +inf, the first at index {first} "
            f"({log_w[first]}); find the z that gives it."
        )
    if (log_w.max(axis=axis) == -np.inf).any():
        raise ValueError("log_w is -inf for every sample: none has any posterior density; look at q.")
    return log_w


def _existing(axis, log_w):
    if not isinstance(axis, int) or not -log_w.ndim <= axis < log_w.ndim:
        raise ValueError(f"log_w has shape {log_w.shape} and no axis {axis!r}: name the samples' axis.")
    return axis
