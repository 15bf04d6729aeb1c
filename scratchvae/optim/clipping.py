"""Clipping a gradient by its norm."""

import math

import numpy as np

from scratchvae.optim.checks import writable_vector
from scratchvae.validation import in_range


def clip_by_norm(grad, max_norm):
    """Shorten `grad` in place to the length `max_norm` if it is longer; its direction stays.

    grad <- grad max_norm / ||grad||  where ||grad|| > max_norm  (Pascanu et al. 2013, Algorithm 1)

    Parameters
    ----------
    grad : array (P,)
        A gradient whose norm is NaN or infinite is left as it is.
    max_norm : float
        Above zero. Infinity only measures.

    Returns
    -------
    norm : float
        The Euclidean norm before clipping.

    Examples
    --------
    >>> grad = np.array([3.0, 4.0])
    >>> clip_by_norm(grad, max_norm=1.0)
    5.0
    >>> grad
    array([0.6, 0.8])
    """
    writable_vector(grad, "grad")
    max_norm = in_range(max_norm, "max_norm", 0, math.inf, low_open=True)
    largest = float(np.abs(grad).max(initial=0))
    if largest == 0 or not math.isfinite(largest):
        return largest
    scaled = np.divide(grad, largest, dtype=np.float64)  # in [-1, 1], so that no square overflows
    # scaled @ scaled in one thread: the last bits of @ depend on the number of threads.
    length = math.sqrt(np.einsum("i,i", scaled, scaled))
    norm = largest * length
    if max_norm < norm < math.inf:
        grad[...] = scaled * (max_norm / length)
    return norm
