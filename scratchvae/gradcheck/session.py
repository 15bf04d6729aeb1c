"""One check's point and probes: which directions are looked at in a block, and how many."""

import numpy as np

from scratchvae.gradcheck.guards import called
from scratchvae.gradcheck.noise import holds_float32
from scratchvae.gradcheck.numerical import value_at
from scratchvae.gradcheck.probes import (
    FLOAT32_ATOL,
    FLOAT32_RTOL,
    Probes,
    gradient_direction,
    random_direction,
)
from scratchvae.validation import seeded

#: Above this many coordinates, or if they would take longer than so many seconds, "auto" probes some
#: coordinates and some directions of each block.
ALL_UP_TO, SECONDS = 2000, 3.0
#: How many of them, if nobody says and there is time.
N_PROBES = 10
#: Evaluations of the function for one coordinate of a right gradient.
EVALUATIONS = 4
#: The same of a wrong one.
WRONG = 12
#: How many coordinates are looked at before a block is held for lost in noise.
ENOUGH = 3


class Session:
    """One check: the function and its gradient, the point, the probes, and the random numbers.

    Attributes
    ----------
    analytic : array, flat
        The code's gradient.
    float32 : bool
        Whether it is of float32.
    rtol : float
        What passes, of which float32 needs more.
    seconds : float
        What one call of the function takes.
    """

    def __init__(self, function, gradient, theta, analytic, rtol, value, seed, seconds=0.0):
        self.rng, self.seconds = seeded(seed), seconds
        self.float32 = holds_float32(analytic)
        self.analytic = analytic.astype(np.float64).ravel()
        self.rtol = max(rtol, FLOAT32_RTOL) if self.float32 else rtol
        self.function, self.gradient, self.theta = function, gradient, theta
        self.probes = Probes(function, theta, self.analytic, self.rtol, value, self.rng)

    def planned(self, mode, n_probes, n_blocks):
        """(mode, number of probes): "auto", and a number that is not given, keep within their time."""
        if mode == "auto":
            short = self.theta.size <= ALL_UP_TO and self.theta.size * EVALUATIONS * self.seconds <= SECONDS
            if short:
                return "all", N_PROBES
            return "mixed", self._within(SECONDS / 2, n_blocks, n_probes or N_PROBES)
        return mode, n_probes or self._within(SECONDS, n_blocks, N_PROBES)

    def _within(self, seconds, n_blocks, most):
        """So many probes of each block as take no longer, two at least."""
        number = seconds / max(EVALUATIONS * self.seconds * n_blocks, 1e-9)
        return int(np.clip(number, min(2, most), most))

    def affordable(self, seconds, least, most, n_blocks=1):
        """How many coordinates of each of so many wrong blocks can be probed in a time."""
        number = int(seconds / max(WRONG * self.seconds * n_blocks, 1e-9))
        return int(np.clip(number, least, most))

    def probe(self, block, mode, n_probes):
        """(direction, Probe) of each probe of one block."""
        directions = self._directions(block, mode, n_probes)
        found = [(direction, self.along(direction, block)) for direction in directions]
        if len(found) >= ENOUGH and 2 * sum(result.is_lost for _, result in found) > len(found):
            found += self._against_noise(block)
        return found

    def along(self, direction, block, quick=False):
        """One probe, of a coordinate or a dense direction inside a block."""
        return self.probes.along(direction, block, self.atol(block), quick)

    def atol(self, block):
        """What is too small to be seen beside the block's other entries in float32."""
        if not self.float32:
            return 0.0
        entries = self.analytic[block]
        entries = entries[np.isfinite(entries)]
        return FLOAT32_ATOL * float(np.sqrt(np.mean(entries**2))) if entries.size else 0.0

    def _against_noise(self, block):
        """What is lost by coordinate may be seen along the gradient, where the slope is largest."""
        direction = gradient_direction(self.theta.ravel()[block], self.analytic[block])
        if direction is None:
            return []
        return [(direction, self.along(direction, block))]

    def _directions(self, block, mode, n_probes):
        """The directions to probe in a block: a coordinate's number, or a dense vector."""
        if mode == "all":
            return list(range(block.start, block.stop))
        size, directions = block.stop - block.start, []
        if mode in ("sample", "mixed"):
            chosen = self.rng.choice(size, min(n_probes, size), replace=False)
            directions += [int(block.start + i) for i in chosen]
        if mode in ("directions", "mixed"):
            theta = self.theta.ravel()[block]
            directions += [random_direction(theta, self.rng) for _ in range(n_probes)]
        return directions

    def elsewhere(self, theta):
        """The same check at another point, None if it cannot be made there."""
        if not callable(self.gradient):
            return None
        try:
            value = value_at(self.function, theta.copy())
            analytic = np.asarray(called(self.gradient, theta.copy()))
        except Exception:  # whatever a user's function raises where it was not meant to be called
            return None
        if not np.isfinite(value) or analytic.shape != self.theta.shape or analytic.dtype.kind not in "buif":
            return None
        return Session(self.function, self.gradient, theta, analytic, self.rtol, value, 0, self.seconds)
