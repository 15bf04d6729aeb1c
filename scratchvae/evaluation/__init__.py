"""How good a model is."""

from scratchvae.evaluation.calibration import Calibration, simulation_based_calibration
from scratchvae.evaluation.evidence import EvidenceOfEach, evidence_of_each, evidence_so_far
from scratchvae.evaluation.kept import Results, fingerprint
from scratchvae.evaluation.predictive import PredictiveCheck, predictive_check
from scratchvae.evaluation.scores import Scores, evaluate, mean_bound

__all__ = [
    "Calibration",
    "EvidenceOfEach",
    "PredictiveCheck",
    "Results",
    "Scores",
    "evaluate",
    "evidence_of_each",
    "evidence_so_far",
    "fingerprint",
    "mean_bound",
    "predictive_check",
    "simulation_based_calibration",
]
