"""Training: `train`, its History, and checkpoints from which a run goes on bit by bit."""

from scratchvae.training.history import History
from scratchvae.training.preparation import prepare
from scratchvae.training.run import NotFiniteError
from scratchvae.training.trainer import train

__all__ = ["History", "NotFiniteError", "prepare", "train"]
