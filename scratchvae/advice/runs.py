"""Numbers in a run's state that are so small that the processor takes its slow path for each."""

import numpy as np

from scratchvae.advice.checks import Advice
from scratchvae.storage import load_npz

#: From this share of an array on they are worth a word.
WORTH = 0.001


def denormals(array):
    """How many entries of an array of floats are denormal: not 0, and below the smallest normal number."""
    if array.dtype.kind != "f":
        return 0
    return int(((array != 0) & (np.abs(array) < np.finfo(array.dtype).tiny)).sum())


def look_at_run(path):
    """Return an `Advice` for each array of a checkpoint, ``last.npz``, of which many entries are denormal.

    They come about where a gradient was not 0 once and is 0 ever since: Adam's averages of it and of its
    square shrink by a tenth and a thousandth a step, past 1.2e-38 after some 800 and 90,000 steps.

    Raises
    ------
    OSError, ValueError
        If there is no such file; if it is damaged.
    """
    arrays, _ = load_npz(path)
    found = {name: (denormals(array), array.size) for name, array in arrays.items()}
    return [
        Advice(
            f"{n:,} of {size:,} entries of {name} are denormal: arithmetic with them can take many times as "
            "long (scratchvae doctor --measure says how many).",
            "Go on in double precision (--dtype float64), or from best.npz with a new optimizer.",
        )
        for name, (n, size) in found.items()
        if n > WORTH * size
    ]
