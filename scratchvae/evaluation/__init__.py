"""How good a model is."""

from scratchvae.evaluation.scores import Scores, evaluate, mean_bound

__all__ = ["Scores", "evaluate", "mean_bound"]
