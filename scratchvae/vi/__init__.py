"""Variational inference: lam is a free vector."""

from scratchvae.vi.fit import fit
from scratchvae.vi.posterior import Posterior
from scratchvae.vi.stages import DivergedError, Stage
from scratchvae.vi.start import Laplace, find_mode, laplace
from scratchvae.vi.summary import Summary

__all__ = ["DivergedError", "Laplace", "Posterior", "Stage", "Summary", "find_mode", "fit", "laplace"]
