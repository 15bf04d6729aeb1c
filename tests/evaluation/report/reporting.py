"""A model and data so small that a whole report takes a second."""

import numpy as np

from scratchvae.data import as_dataset
from scratchvae.evaluation import ReportSettings
from scratchvae.vae import VAE

N = 40
SMALL = ReportSettings(
    n_samples=30, n_fitted=4, n_steps=6, n_annealed=3, n_chains=4, n_temperatures=6, n_leapfrog=2, seed=3
)
#: Sections whose results are kept by datum.
KEPT = ("log_p", "kl", "amortization", "annealing", "bracket")


def model(**options):
    """A VAE of 3 x 3 pixels."""
    return VAE(9, 2, (5,), **{"dtype": "float64", "seed": 1, **options})


def images(n=N, labels=None):
    """n images of bits, two kinds of them."""
    rng = np.random.default_rng(5)
    kind = rng.integers(2, size=(n, 1, 1))
    return as_dataset((rng.random((n, 3, 3)) < 0.2 + 0.6 * kind).astype(np.uint8), "dots", labels=labels)


class InterruptAt:
    """A progress that is Ctrl-C in the section of this name, after so many calls."""

    def __init__(self, name, calls=1):
        self.name, self.calls, self.begun = name, calls, []

    def __call__(self, name, n):
        self.begun.append((name, n))
        return self._count if name == self.name else (lambda n_done: None)

    def _count(self, n_done):
        self.calls -= 1
        if self.calls <= 0:
            raise KeyboardInterrupt
