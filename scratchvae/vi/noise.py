"""Noise eps ~ N(0, I): independent, or evenly spread."""

import math

import numpy as np

from scratchvae.validation import choose

#: Above this dimension evenly spread noise gains nothing that is worth its cost.
MAX_EVEN_DIMENSION = 1000
#: Points drawn at once; a power of two, as the sequence likes it.
BLOCK = 1024


def noise_source(kind, n_latent, rng):
    """Return a function n -> eps (n, L).

    "independent" draws are what they say. "even" ones are the points of a scrambled Sobol sequence
    through the normal quantile function: each point is N(0, I) by itself, so that every average over
    them is unbiased, but together they fill space more evenly than chance does, so that an average errs
    by about 1/n in place of 1/sqrt(n) (randomised quasi-Monte Carlo; in variational inference, Buchholz,
    Wenzel & Mandt 2018).
    """
    choose({"independent": 0, "even": 0}, kind, "kind of noise")
    if kind == "independent" or n_latent > MAX_EVEN_DIMENSION:
        return lambda n: rng.standard_normal((n, n_latent))
    return _Even(n_latent, rng)


class _Even:
    """Hands out the points of one sequence in their order."""

    def __init__(self, n_latent, rng):
        from scipy.stats import qmc

        self.sequence = qmc.Sobol(n_latent, scramble=True, seed=rng)
        self.waiting = np.empty((0, n_latent))

    def __call__(self, n):
        if len(self.waiting) < n:
            missing = math.ceil((n - len(self.waiting)) / BLOCK) * BLOCK
            self.waiting = np.concatenate([self.waiting, self._points(missing)])
        given, self.waiting = self.waiting[:n], self.waiting[n:]
        return given

    def _points(self, n):
        from scipy.special import ndtri

        blocks = [self.sequence.random(BLOCK) for _ in range(n // BLOCK)]
        u = np.concatenate(blocks)
        return ndtri(np.clip(u, 1e-12, 1 - 1e-12))  # u may be exactly zero
