"""How good a model is."""

from scratchvae.evaluation.calibration import Calibration, simulation_based_calibration
from scratchvae.evaluation.predictive import PredictiveCheck, predictive_check
from scratchvae.evaluation.scores import Scores, evaluate, mean_bound

__all__ = [
    "Calibration",
    "PredictiveCheck",
    "Scores",
    "evaluate",
    "mean_bound",
    "predictive_check",
    "simulation_based_calibration",
]
