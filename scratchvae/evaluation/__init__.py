"""How good a model is."""

from scratchvae.evaluation.predictive import PredictiveCheck, predictive_check
from scratchvae.evaluation.scores import Scores, evaluate, mean_bound

__all__ = ["PredictiveCheck", "Scores", "evaluate", "mean_bound", "predictive_check"]
